"""The calls of EKS about Pod Identity associations: moto has none of them."""

from typing import Any

from moto.core.responses import ActionResult
from moto.eks import urls
from moto.eks.exceptions import InvalidRequestException
from moto.eks.responses import EKSResponse

from rehearsal.account.eks.pod_identity import Association, Associations
from rehearsal.account.recorded_only import NotRehearsedError


def install() -> None:
    """Add the calls; before the server starts, because it reads its routes once."""
    for method in (
        create_pod_identity_association,
        describe_pod_identity_association,
        list_pod_identity_associations,
        update_pod_identity_association,
        delete_pod_identity_association,
    ):
        setattr(EKSResponse, method.__name__, method)
    associations = "{0}/clusters/(?P<name>[^/]+)/pod-identity-associations"
    urls.url_paths[f"{associations}$"] = EKSResponse.dispatch
    urls.url_paths[f"{associations}/(?P<associationId>[^/]+)$"] = EKSResponse.dispatch


def create_pod_identity_association(self: EKSResponse) -> ActionResult:
    """CreatePodIdentityAssociation."""
    _refuse_what_is_not_rehearsed(self)
    association = _associations(self).create(
        self._get_param("name"),
        self._get_param("namespace"),
        self._get_param("serviceAccount"),
        self._get_param("roleArn"),
        tags=self._get_param("tags"),
        session_tags=not self._get_param("disableSessionTags"),
    )
    return ActionResult({"association": _described(association)})


def describe_pod_identity_association(self: EKSResponse) -> ActionResult:
    """DescribePodIdentityAssociation."""
    return ActionResult({"association": _described(_named(self))})


def list_pod_identity_associations(self: EKSResponse) -> ActionResult:
    """ListPodIdentityAssociations; all on one page."""
    found = _associations(self).list(
        self._get_param("name"),
        namespace=self._get_param("namespace"),
        service_account=self._get_param("serviceAccount"),
    )
    return ActionResult({"associations": [_summary(association) for association in found]})


def update_pod_identity_association(self: EKSResponse) -> ActionResult:
    """UpdatePodIdentityAssociation."""
    _refuse_what_is_not_rehearsed(self)
    disabled = self._get_param("disableSessionTags")
    association = _associations(self).update(
        _own(_named(self)),
        role_arn=self._get_param("roleArn"),
        session_tags=None if disabled is None else not disabled,
    )
    return ActionResult({"association": _described(association)})


def delete_pod_identity_association(self: EKSResponse) -> ActionResult:
    """DeletePodIdentityAssociation."""
    association = _own(_named(self))
    _associations(self).delete(association)
    return ActionResult({"association": _described(association)})


def _associations(call: EKSResponse) -> Associations:
    return Associations.of(call.current_account, call.region)


def _named(call: EKSResponse) -> Association:
    return _associations(call).get(call._get_param("name"), call._get_param("associationId"))


def _own(association: Association) -> Association:
    if association.owner_arn is not None:
        raise InvalidRequestException(
            message=f"Association {association.id} is owned by {association.owner_arn} and can only be "
            "changed through it."
        )
    return association


def _refuse_what_is_not_rehearsed(call: EKSResponse) -> None:
    for name in ("policy", "targetRoleArn"):
        if call._get_param(name) is not None:
            raise NotRehearsedError(f"not rehearsed: {name} of a Pod Identity association")


def _summary(association: Association) -> dict[str, Any]:
    summary = {
        "clusterName": association.cluster,
        "namespace": association.namespace,
        "serviceAccount": association.service_account,
        "associationArn": association.arn,
        "associationId": association.id,
    }
    return summary | ({"ownerArn": association.owner_arn} if association.owner_arn else {})


def _described(association: Association) -> dict[str, Any]:
    return {
        **_summary(association),
        "roleArn": association.role_arn,
        "tags": association.tags,
        "createdAt": association.created_at,
        "modifiedAt": association.modified_at,
        "disableSessionTags": not association.session_tags,
    }
