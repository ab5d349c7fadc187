"""The calls of EKS about access entries, and the `accessConfig` of a cluster: moto has neither."""

from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.eks import urls
from moto.eks.exceptions import InvalidParameterException
from moto.eks.models import Cluster
from moto.eks.responses import EKSResponse

from rehearsal.account.eks.access_entries import MODES, AccessEntries, AccessEntry, AssociatedPolicy

_made_by_moto: Final = EKSResponse.create_cluster


def install() -> None:
    """Add the calls; before the server starts, because it reads its routes once."""
    Cluster.access_config = {"authenticationMode": "API_AND_CONFIG_MAP"}  # type: ignore[attr-defined]
    for method in (
        create_cluster,
        create_access_entry,
        describe_access_entry,
        list_access_entries,
        update_access_entry,
        delete_access_entry,
        associate_access_policy,
        disassociate_access_policy,
        list_associated_access_policies,
    ):
        setattr(EKSResponse, method.__name__, method)
    entries = "{0}/clusters/(?P<name>[^/]+)/access-entries"
    urls.url_paths[f"{entries}$"] = EKSResponse.dispatch
    # An ARN has slashes of its own, so everything after the folder is one thing for the server's routes.
    urls.url_paths[f"{entries}/(?P<rest>.+)$"] = EKSResponse.dispatch


def create_cluster(self: EKSResponse) -> ActionResult:
    """CreateCluster, with the mode that its caller names: without one EKS takes the ConfigMap only.

    Its creator gets no access entry; EKS gives one, unless it is told not to.
    """
    mode = (self._get_param("accessConfig") or {}).get("authenticationMode") or "CONFIG_MAP"
    if mode not in MODES:
        raise InvalidParameterException(message=f"Unsupported authentication mode: {mode}")
    answer = _made_by_moto(self)
    result: Any = answer.result
    result["cluster"].access_config = {"authenticationMode": mode}
    return answer


def create_access_entry(self: EKSResponse) -> ActionResult:
    """CreateAccessEntry."""
    entry = _entries(self).create(
        self._get_param("name"),
        self._get_param("principalArn"),
        kind=self._get_param("type") or "STANDARD",
        username=self._get_param("username"),
        groups=tuple(self._get_param("kubernetesGroups") or ()),
        tags=self._get_param("tags"),
    )
    return ActionResult({"accessEntry": _described(entry)})


def describe_access_entry(self: EKSResponse) -> ActionResult:
    """DescribeAccessEntry."""
    return ActionResult({"accessEntry": _described(_entries(self).get(*_key(self)))})


def list_access_entries(self: EKSResponse) -> ActionResult:
    """ListAccessEntries; all on one page."""
    principals = _entries(self).list(self._get_param("name"), self._get_param("associatedPolicyArn"))
    return ActionResult({"accessEntries": principals})


def update_access_entry(self: EKSResponse) -> ActionResult:
    """UpdateAccessEntry."""
    groups = self._get_param("kubernetesGroups")
    entry = _entries(self).update(
        *_key(self),
        username=self._get_param("username"),
        groups=None if groups is None else tuple(groups),
    )
    return ActionResult({"accessEntry": _described(entry)})


def delete_access_entry(self: EKSResponse) -> EmptyResult:
    """DeleteAccessEntry."""
    _entries(self).delete(*_key(self))
    return EmptyResult()


def associate_access_policy(self: EKSResponse) -> ActionResult:
    """AssociateAccessPolicy."""
    name, principal = _key(self)
    policy = _entries(self).associate(
        name, principal, self._get_param("policyArn"), self._get_param("accessScope")
    )
    return ActionResult(
        {
            "clusterName": name,
            "principalArn": principal,
            "associatedAccessPolicy": _described_policy(policy),
        }
    )


def disassociate_access_policy(self: EKSResponse) -> EmptyResult:
    """DisassociateAccessPolicy."""
    _entries(self).disassociate(*_key(self), self._get_param("policyArn"))
    return EmptyResult()


def list_associated_access_policies(self: EKSResponse) -> ActionResult:
    """ListAssociatedAccessPolicies; all on one page."""
    name, principal = _key(self)
    policies = _entries(self).get(name, principal).policies.values()
    return ActionResult(
        {
            "clusterName": name,
            "principalArn": principal,
            "associatedAccessPolicies": [_described_policy(policy) for policy in policies],
        }
    )


def _entries(call: EKSResponse) -> AccessEntries:
    return AccessEntries.of(call.current_account, call.region)


def _key(call: EKSResponse) -> tuple[str, str]:
    return call._get_param("name"), call._get_param("principalArn")


def _described(entry: AccessEntry) -> dict[str, Any]:
    return {
        "clusterName": entry.cluster,
        "principalArn": entry.principal_arn,
        "kubernetesGroups": list(entry.groups),
        "accessEntryArn": entry.arn,
        "createdAt": entry.created_at,
        "modifiedAt": entry.modified_at,
        "tags": entry.tags,
        "username": entry.username,
        "type": entry.kind,
    }


def _described_policy(policy: AssociatedPolicy) -> dict[str, Any]:
    return {
        "policyArn": policy.arn,
        "accessScope": policy.scope(),
        "associatedAt": policy.associated_at,
        "modifiedAt": policy.associated_at,
    }
