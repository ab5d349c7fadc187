"""EKS access entries, which moto has not: who may reach a cluster, in which groups, with which policies.

One store for the API (`access_api`), for stacks (AWS::EKS::AccessEntry) and for the authentication of
tokens (`cluster_identity`). The words of errors are those of EKS.
"""

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.eks.exceptions import (
    InvalidParameterException,
    InvalidRequestException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.eks.models import Cluster
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal.account.cloudformation.stack_model import StackModel
from rehearsal.account.eks.clusters import cluster_named
from rehearsal.account.eks.refusals import shown_by_cloudformation
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.account.tags import tags_of

ACCESS_POLICIES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}
"""Access policy -> the ClusterRole of Kubernetes that grants the same.
https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
"""

MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""Authentication modes, in the order in which a cluster may take them."""

_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")


@dataclass(frozen=True, kw_only=True)
class AssociatedPolicy:
    """An access policy and where it holds."""

    arn: str
    namespaces: tuple[str, ...]
    """Names, or patterns that end with `*`; none for the whole cluster."""
    associated_at: datetime

    @property
    def name(self) -> str:
        """The policy's name, the end of its ARN."""
        return self.arn.rpartition("/")[2]

    def scope(self) -> dict[str, Any]:
        """The scope as EKS describes it."""
        kind = "namespace" if self.namespaces else "cluster"
        return {"type": kind, "namespaces": list(self.namespaces)}


@dataclass(kw_only=True)
class AccessEntry:
    """One principal that may reach one cluster."""

    cluster: str
    principal_arn: str
    arn: str
    username: str
    groups: tuple[str, ...]
    kind: str
    tags: dict[str, str]
    created_at: datetime
    modified_at: datetime
    policies: dict[str, AssociatedPolicy] = field(default_factory=dict)
    """By ARN."""


class AccessEntries:
    """The access entries of all clusters of an account in one region."""

    _of: dict[tuple[str, str], "AccessEntries"] = {}  # noqa: RUF012  # one for each account and region

    def __init__(self, account: str, region: str) -> None:
        """Begin with none."""
        self._account, self._region = account, region
        self._entries: dict[tuple[str, str], AccessEntry] = {}

    @classmethod
    def of(cls, account: str, region: str) -> "AccessEntries":
        """Those of an account and region."""
        return cls._of.setdefault((account, region), cls(account, region))

    def create(
        self,
        cluster_name: str,
        principal_arn: str,
        *,
        kind: str = "STANDARD",
        username: str | None = None,
        groups: tuple[str, ...] = (),
        tags: dict[str, str] | None = None,
    ) -> AccessEntry:
        """Let a role or user in.

        Raises:
            EKSError: as EKS refuses: the cluster's mode, an entry of the principal, a reserved group.
        """
        self._cluster(cluster_name)
        _check_groups(groups)
        _check_username(username)
        if kind != "STANDARD":
            raise NotRehearsedError(f"not rehearsed: access entries of the type {kind}")
        if (cluster_name, principal_arn) in self._entries:
            raise ResourceInUseException(
                message="The specified access entry resource is already in use on this cluster."
            )
        if not self._exists(principal_arn):
            raise InvalidParameterException(
                message="The specified principalArn is invalid: invalid principal."
            )
        now = datetime.now(UTC)
        path = principal_arn.rpartition(":")[2]
        partition = get_partition(self._region)
        entry = AccessEntry(
            cluster=cluster_name,
            principal_arn=principal_arn,
            arn=f"arn:{partition}:eks:{self._region}:{self._account}:access-entry/{cluster_name}/"
            f"{path.split('/')[0]}/{self._account}/{path.rpartition('/')[2]}/{uuid.uuid4()}",
            username=username or _default_username(principal_arn),
            groups=groups,
            kind=kind,
            tags=tags or {},
            created_at=now,
            modified_at=now,
        )
        self._entries[(cluster_name, principal_arn)] = entry
        return entry

    def get(self, cluster_name: str, principal_arn: str) -> AccessEntry:
        """The entry of a principal.

        Raises:
            EKSError: there is none.
        """
        self._cluster(cluster_name)
        entry = self._entries.get((cluster_name, principal_arn))
        if entry is None:
            raise ResourceNotFoundException(
                message="The specified principalArn could not be found. "
                "You can view your available access entries with 'list-access-entries'."
            )
        return entry

    def find(self, cluster_name: str, principal_arn: str) -> AccessEntry | None:
        """The entry of a principal, or None."""
        return self._entries.get((cluster_name, principal_arn))

    def list(self, cluster_name: str, policy_arn: str | None = None) -> list[str]:
        """The principals of a cluster's entries; with `policy_arn`, of those that have that policy."""
        self._cluster(cluster_name)
        return [
            entry.principal_arn
            for entry in self._entries.values()
            if entry.cluster == cluster_name and (policy_arn is None or policy_arn in entry.policies)
        ]

    def update(
        self,
        cluster_name: str,
        principal_arn: str,
        *,
        username: str | None = None,
        groups: tuple[str, ...] | None = None,
    ) -> AccessEntry:
        """Change the user name or the groups; None leaves them as they are."""
        entry = self.get(cluster_name, principal_arn)
        if groups is not None:
            _check_groups(groups)
        _check_username(username)
        if groups is not None:
            entry.groups = groups
        entry.username = username or entry.username
        entry.modified_at = datetime.now(UTC)
        return entry

    def delete(self, cluster_name: str, principal_arn: str) -> None:
        """Let the principal in no more."""
        self.get(cluster_name, principal_arn)
        del self._entries[(cluster_name, principal_arn)]

    def associate(
        self, cluster_name: str, principal_arn: str, policy_arn: str, scope: dict[str, Any]
    ) -> AssociatedPolicy:
        """Give an entry the rights of an access policy, in place of a former scope of the same policy."""
        entry = self.get(cluster_name, principal_arn)
        name = policy_arn.rpartition("/")[2]
        if not re.fullmatch(r"arn:[a-z-]+:eks::aws:cluster-access-policy/AmazonEKS\w+Policy", policy_arn):
            raise InvalidParameterException(message="The policyArn parameter format is not valid")
        if name not in ACCESS_POLICIES:
            raise NotRehearsedError(f"not rehearsed: the access policy {name}")
        namespaces = tuple(scope.get("namespaces") or ())
        if (scope.get("type") == "namespace") != bool(namespaces):
            raise InvalidParameterException(
                message="The namespaces must be given for, and only for, an access scope of type namespace."
            )
        policy = AssociatedPolicy(arn=policy_arn, namespaces=namespaces, associated_at=datetime.now(UTC))
        entry.policies = {**entry.policies, policy_arn: policy}
        return policy

    def disassociate(self, cluster_name: str, principal_arn: str, policy_arn: str) -> None:
        """Take an access policy away from an entry.

        Raises:
            EKSError: the entry does not have it.
        """
        entry = self.get(cluster_name, principal_arn)
        if policy_arn not in entry.policies:
            raise ResourceNotFoundException(
                message=f"No policy association found for policyArn: {policy_arn}"
            )
        entry.policies = {arn: policy for arn, policy in entry.policies.items() if arn != policy_arn}

    def _cluster(self, name: str) -> Cluster:
        cluster = cluster_named(name, account=self._account, region=self._region)
        if authentication_mode(cluster) == "CONFIG_MAP":
            raise InvalidRequestException(
                message="The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
                "to perform this operation."
            )
        return cluster

    def _exists(self, principal_arn: str) -> bool:
        iam = iam_backends[self._account][get_partition(self._region)]
        arns = {role.arn for role in iam.roles.values()} | {user.arn for user in iam.users.values()}
        return principal_arn in arns


def authentication_mode(cluster: Cluster) -> str:
    """API, API_AND_CONFIG_MAP or CONFIG_MAP: where a cluster looks for who may reach it."""
    config: dict[str, str] = cluster.access_config  # type: ignore[attr-defined]
    return config["authenticationMode"]


def _check_groups(groups: tuple[str, ...]) -> None:
    for group in groups:
        for prefix in _RESERVED:
            if group.startswith(prefix):
                raise InvalidParameterException(
                    message=f"The kubernetes group name {group} is invalid, it cannot start with {prefix}"
                )


def _check_username(username: str | None) -> None:
    # The same words are reserved: https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    for prefix in _RESERVED:
        if username and username.startswith(prefix):
            raise InvalidParameterException(
                message=f"The username {username} is invalid, it cannot start with {prefix}"
            )


def _default_username(principal_arn: str) -> str:
    arn, _, name = principal_arn.partition(":role/")
    if not name:
        return principal_arn
    return f"{arn.replace(':iam:', ':sts:')}:assumed-role/{name.rpartition('/')[2]}/{{{{SessionName}}}}"


class StackAccessEntry(StackModel, CloudFormationModel):
    """AWS::EKS::AccessEntry: an entry and its policies, made, changed and removed by a stack."""

    kind = "AWS::EKS::AccessEntry"

    def __init__(self, entry: AccessEntry) -> None:
        """Remember what was made."""
        self.entry = entry

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives: principal and cluster, the two that identify an entry."""
        return f"{self.entry.principal_arn}|{self.entry.cluster}"

    @property
    def attributes(self) -> dict[str, str]:
        """The entry's ARN."""
        return {"AccessEntryArn": self.entry.arn}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:  # noqa: ARG003
        """Make the entry and associate its policies."""
        entries = AccessEntries.of(account, region)
        with shown_by_cloudformation():
            entry = entries.create(
                properties["ClusterName"],
                properties["PrincipalArn"],
                kind=properties.get("Type", "STANDARD"),
                username=properties.get("Username"),
                groups=tuple(properties.get("KubernetesGroups", ())),
                tags=tags_of(properties),
            )
            try:
                for policy in properties.get("AccessPolicies", []):
                    entries.associate(
                        entry.cluster, entry.principal_arn, policy["PolicyArn"], _scope(policy["AccessScope"])
                    )
            except Exception:
                entries.delete(entry.cluster, entry.principal_arn)
                raise
        return cls(entry)

    def change(
        self, properties: dict[str, Any], former: dict[str, Any], *, account: str, region: str
    ) -> None:
        """Change user name, groups, tags and policies in place."""
        for name in ("ClusterName", "PrincipalArn", "Type"):
            if properties.get(name) != former.get(name):
                raise NotRehearsedError(f"not rehearsed: the replacement of an access entry ({name} changed)")
        entries = AccessEntries.of(account, region)
        key = (properties["ClusterName"], properties["PrincipalArn"])
        wanted = {policy["PolicyArn"]: policy for policy in properties.get("AccessPolicies", [])}
        with shown_by_cloudformation():
            entry = entries.update(
                *key,
                username=properties.get("Username") or _default_username(properties["PrincipalArn"]),
                groups=tuple(properties.get("KubernetesGroups", ())),
            )
            for policy_arn in entry.policies.keys() - wanted.keys():
                entries.disassociate(*key, policy_arn)
            for policy_arn, policy in wanted.items():
                entries.associate(*key, policy_arn, _scope(policy["AccessScope"]))
        entry.tags = tags_of(properties)
        self.entry = entry

    def delete(self, account_id: str, region_name: str) -> None:
        """Remove the entry; one that somebody has removed already is no failure."""
        entries = AccessEntries.of(account_id, region_name)
        if entries.find(self.entry.cluster, self.entry.principal_arn):
            entries.delete(self.entry.cluster, self.entry.principal_arn)


def _scope(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": properties["Type"], "namespaces": properties.get("Namespaces", [])}
