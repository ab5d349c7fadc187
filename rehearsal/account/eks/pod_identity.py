"""EKS Pod Identity, which moto has not: which role the pods of a service account get.

One store for the API (`pod_identity_api`), for stacks (AWS::EKS::PodIdentityAssociation), for add-ons and
for the agent (`pod_identity_agent`). What EKS tells the webhook of its clusters, which gives new pods their
variables, is written to a file. The words of errors are those of EKS.
"""

import json
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.eks.exceptions import (
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal.account.cloudformation.stack_model import StackModel
from rehearsal.account.eks.clusters import cluster_named
from rehearsal.account.eks.refusals import shown_by_cloudformation
from rehearsal.account.tags import tags_of


@dataclass(kw_only=True)
class Association:
    """A role for the pods of one service account."""

    cluster: str
    namespace: str
    service_account: str
    role_arn: str
    id: str
    arn: str
    tags: dict[str, str]
    created_at: datetime
    modified_at: datetime
    owner_arn: str | None = None
    """The add-on that made it, and that alone may change it."""
    session_tags: bool = True
    """Whether sessions get EKS's tags."""


class Associations:
    """The associations of all clusters of an account in one region."""

    _of: dict[tuple[str, str], "Associations"] = {}  # noqa: RUF012  # one for each account and region

    changed: Callable[["Associations"], None] = staticmethod(lambda _: None)
    """Called after every change; set once, when the account starts."""

    def __init__(self, account: str, region: str) -> None:
        """Begin with none."""
        self._account, self._region = account, region
        self._associations: dict[str, Association] = {}

    @classmethod
    def of(cls, account: str, region: str) -> "Associations":
        """Those of an account and region."""
        return cls._of.setdefault((account, region), cls(account, region))

    def create(
        self,
        cluster_name: str,
        namespace: str,
        service_account: str,
        role_arn: str,
        *,
        tags: dict[str, str] | None = None,
        owner_arn: str | None = None,
        session_tags: bool = True,
    ) -> Association:
        """Associate a role with a service account, which need not exist.

        Raises:
            EKSError: as EKS refuses: no such cluster or role, or the account has an association.
        """
        self._check_cluster(cluster_name)
        self._check_role(role_arn)
        if former := self.find(cluster_name, namespace, service_account):
            raise ResourceInUseException(message=f"Association already exists: {former.id}")
        now = datetime.now(UTC)
        letters = string.ascii_lowercase + string.digits
        identifier = "a-" + "".join(secrets.choice(letters) for _ in range(17))
        association = Association(
            cluster=cluster_name,
            namespace=namespace,
            service_account=service_account,
            role_arn=role_arn,
            id=identifier,
            arn=f"arn:{get_partition(self._region)}:eks:{self._region}:{self._account}:"
            f"podidentityassociation/{cluster_name}/{identifier}",
            tags=tags or {},
            created_at=now,
            modified_at=now,
            owner_arn=owner_arn,
            session_tags=session_tags,
        )
        self._associations[identifier] = association
        self.changed(self)
        return association

    def get(self, cluster_name: str, identifier: str) -> Association:
        """An association by its id.

        Raises:
            EKSError: there is none.
        """
        self._check_cluster(cluster_name)
        association = self._associations.get(identifier)
        if association is None or association.cluster != cluster_name:
            raise ResourceNotFoundException(message=f"Association not found: {identifier}")
        return association

    def find(self, cluster_name: str, namespace: str, service_account: str) -> Association | None:
        """The association of a service account, or None."""
        wanted = (cluster_name, namespace, service_account)
        return next(
            (one for one in self._associations.values() if (one.cluster, *_account(one)) == wanted), None
        )

    def all(self) -> list[Association]:
        """Every association, of any cluster."""
        return [*self._associations.values()]

    def list(
        self, cluster_name: str, *, namespace: str | None = None, service_account: str | None = None
    ) -> list[Association]:
        """The associations of a cluster; with a namespace or an account, only theirs."""
        self._check_cluster(cluster_name)
        return [
            one
            for one in self._associations.values()
            if one.cluster == cluster_name
            and namespace in (None, one.namespace)
            and service_account in (None, one.service_account)
        ]

    def update(
        self, association: Association, *, role_arn: str | None = None, session_tags: bool | None = None
    ) -> Association:
        """Give the account another role, or its sessions other tags; None leaves it as it is."""
        if role_arn is not None:
            self._check_role(role_arn)
            association.role_arn = role_arn
        if session_tags is not None:
            association.session_tags = session_tags
        association.modified_at = datetime.now(UTC)
        self.changed(self)
        return association

    def delete(self, association: Association) -> None:
        """Take the role away from pods that start from now on."""
        self._associations.pop(association.id, None)
        self.changed(self)

    def _check_cluster(self, name: str) -> None:
        cluster_named(name, account=self._account, region=self._region)

    def _check_role(self, role_arn: str) -> None:
        iam = iam_backends[self._account][get_partition(self._region)]
        if role_arn not in {role.arn for role in iam.roles.values()}:
            raise InvalidParameterException(message="Role provided in the request does not exist.")


def _account(association: Association) -> tuple[str, str]:
    return association.namespace, association.service_account


def webhook_configuration(associations: list[Association]) -> str:
    """What the webhook of a cluster is told: whose pods get the variables and the token of Pod Identity."""
    identities = [{"namespace": one.namespace, "serviceAccount": one.service_account} for one in associations]
    return json.dumps({"identities": identities})


class StackAssociation(StackModel, CloudFormationModel):
    """AWS::EKS::PodIdentityAssociation: made, changed and removed by a stack."""

    kind = "AWS::EKS::PodIdentityAssociation"

    def __init__(self, association: Association) -> None:
        """Remember what was made."""
        self.association = association

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives."""
        return self.association.arn

    @property
    def attributes(self) -> dict[str, str]:
        """The association's ARN and id."""
        return {"AssociationArn": self.association.arn, "AssociationId": self.association.id}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:  # noqa: ARG003
        """Make the association."""
        with shown_by_cloudformation():
            association = Associations.of(account, region).create(
                properties["ClusterName"],
                properties["Namespace"],
                properties["ServiceAccount"],
                properties["RoleArn"],
                tags=tags_of(properties),
                session_tags=not properties.get("DisableSessionTags", False),
            )
        return cls(association)

    def change(
        self,
        properties: dict[str, Any],
        former: dict[str, Any],  # noqa: ARG002
        *,
        account: str,
        region: str,
    ) -> None:
        """Change the role, the session tags or the tags in place; all else needs a new association."""
        with shown_by_cloudformation():
            self.association = Associations.of(account, region).update(
                self.association,
                role_arn=properties["RoleArn"],
                session_tags=not properties.get("DisableSessionTags", False),
            )
        self.association.tags = tags_of(properties)

    def delete(self, account_id: str, region_name: str) -> None:
        """Remove the association; one that somebody has removed already is no failure."""
        Associations.of(account_id, region_name).delete(self.association)
