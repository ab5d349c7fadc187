"""EKS add-ons, which moto has not: one that installs the EFS CSI driver, and one that is there already.

One store for the API (`addon_api`) and for stacks (AWS::EKS::Addon). Nothing takes time here: an add-on
is ACTIVE as soon as its objects are applied, although no pod of theirs runs. The words are those of EKS.
"""

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.eks.exceptions import (
    EKSError,
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from moto.utilities.utils import get_partition

from rehearsal.account.cloudformation.stack_model import StackModel
from rehearsal.account.eks.addon_objects import AddonObjects, AddonObjectsError
from rehearsal.account.eks.clusters import cluster_named
from rehearsal.account.eks.pod_identity import Associations
from rehearsal.account.eks.refusals import EksRefusalError, shown_by_cloudformation
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.account.tags import tags_of

DRIVER = "aws-efs-csi-driver"
"""The one add-on that is installed in a rehearsal."""

POD_IDENTITY_AGENT = "eks-pod-identity-agent"
"""The add-on that answers pods; its work is done by `pod_identity_agent`."""

_NAMESPACE = "kube-system"


@dataclass(kw_only=True)
class Addon:
    """An add-on of one cluster."""

    cluster: str
    name: str
    arn: str
    version: str
    configuration: str | None = None
    """The user's values as JSON text."""
    role_arn: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "CREATING"
    issue: tuple[str, str] | None = None
    """Code and words of what is wrong with it."""
    objects: list[dict[str, Any]] = field(default_factory=list)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Addons:
    """The add-ons of all clusters of an account in one region."""

    _of: dict[tuple[str, str], "Addons"] = {}  # noqa: RUF012  # one for each account and region

    driver_objects: AddonObjects
    """How the driver gets into the cluster; set once, when the account starts."""

    def __init__(self, account: str, region: str) -> None:
        """Begin with none."""
        self._account, self._region = account, region
        self._addons: dict[tuple[str, str], Addon] = {}

    @classmethod
    def of(cls, account: str, region: str) -> "Addons":
        """Those of an account and region."""
        return cls._of.setdefault((account, region), cls(account, region))

    def note(self, cluster_name: str, name: str, *, version: str) -> None:
        """Count an add-on as installed, whose work the rehearsal does in another way."""
        addon = Addon(cluster=cluster_name, name=name, arn=self._arn(cluster_name, name), version=version)
        addon.status = "ACTIVE"
        self._addons[(cluster_name, name)] = addon

    def create(
        self,
        cluster_name: str,
        name: str,
        *,
        version: str | None,
        configuration: str | None = None,
        role_arn: str | None = None,
        associations: dict[str, str] | None = None,
        resolve_conflicts: str | None = None,
        tags: dict[str, str] | None = None,
    ) -> Addon:
        """Install an add-on; one that cannot be applied is there nevertheless, as CREATE_FAILED.

        Args:
            cluster_name: the cluster.
            name: the add-on.
            version: its version.
            configuration: JSON text.
            role_arn: for the service accounts (IRSA).
            associations: service account -> role, for EKS Pod Identity.
            resolve_conflicts: NONE, the default, or OVERWRITE.
            tags: of the add-on.

        Raises:
            EKSError: as EKS refuses the call.
        """
        self._check_cluster(cluster_name)
        if (cluster_name, name) in self._addons:
            raise ResourceInUseException(message="Addon already exists.")
        if name == POD_IDENTITY_AGENT:
            self.note(cluster_name, name, version=_checked_version(version))
            return self.get(cluster_name, name)
        if name != DRIVER:
            raise NotRehearsedError(f"not rehearsed: the add-on {name}")
        if resolve_conflicts == "PRESERVE":
            raise InvalidParameterException(
                message="Resolve conflicts option preserve is not supported for operation CreateAddon"
            )
        addon = Addon(
            cluster=cluster_name,
            name=name,
            arn=self._arn(cluster_name, name),
            version=_checked_version(version),
            configuration=_checked_configuration(configuration),
            role_arn=role_arn,
            tags=tags or {},
        )
        try:
            self._associate(addon, associations or {})
        except EKSError:
            self._associate(addon, {})  # those before the one that was refused
            raise
        self._addons[(cluster_name, name)] = addon
        self._bring_about(addon, "CREATE", overwrite=resolve_conflicts == "OVERWRITE")
        return addon

    def get(self, cluster_name: str, name: str) -> Addon:
        """An add-on.

        Raises:
            EKSError: it is not installed.
        """
        self._check_cluster(cluster_name)
        addon = self.find(cluster_name, name)
        if addon is None:
            raise ResourceNotFoundException(message=f"No addon: {name} found in cluster: {cluster_name}")
        return addon

    def find(self, cluster_name: str, name: str) -> Addon | None:
        """An add-on, or None."""
        return self._addons.get((cluster_name, name))

    def associations_of(self, addon: Addon) -> list[str]:
        """The ARNs of the Pod Identity associations that an add-on owns."""
        found = Associations.of(self._account, self._region).list(addon.cluster)
        return [association.arn for association in found if association.owner_arn == addon.arn]

    def list(self, cluster_name: str) -> list[str]:
        """The names of a cluster's add-ons."""
        self._check_cluster(cluster_name)
        return sorted(name for cluster, name in self._addons if cluster == cluster_name)

    def update(
        self,
        cluster_name: str,
        name: str,
        *,
        version: str | None = None,
        configuration: str | None = None,
        role_arn: str | None = None,
        associations: dict[str, str] | None = None,
        resolve_conflicts: str | None = None,
    ) -> Addon:
        """Change an add-on; None leaves version, role and associations as they are.

        A configuration that is not given is the default again.

        Raises:
            EKSError: as EKS refuses the call.
        """
        addon = self.get(cluster_name, name)
        if name != DRIVER:
            raise NotRehearsedError(f"not rehearsed: a change of the add-on {name}")
        if resolve_conflicts == "PRESERVE":
            raise NotRehearsedError("not rehearsed: the conflict resolution PRESERVE")
        wanted_version = addon.version if version is None else _checked_version(version)
        wanted_configuration = _checked_configuration(configuration)
        if associations is not None:
            self._associate(addon, associations)
        addon.version, addon.configuration = wanted_version, wanted_configuration
        addon.role_arn = addon.role_arn if role_arn is None else role_arn
        addon.modified_at = datetime.now(UTC)
        self._bring_about(addon, "UPDATE", overwrite=resolve_conflicts == "OVERWRITE")
        return addon

    def delete(self, cluster_name: str, name: str, *, preserve: bool) -> Addon:
        """Remove an add-on; `preserve` leaves in the cluster what it has installed, with its roles.

        Raises:
            EKSError: it is not installed.
        """
        addon = self.get(cluster_name, name)
        if not preserve:
            if addon.objects:
                self.driver_objects.delete(addon.objects)
            self._associate(addon, {})
        del self._addons[(cluster_name, name)]
        return addon

    def _bring_about(self, addon: Addon, verb: str, *, overwrite: bool) -> None:
        objects = self.driver_objects.rendered(
            version=addon.version,
            configuration=json.loads(addon.configuration or "{}"),
            role_arn=addon.role_arn,
            region=self._region,
        )
        try:
            self.driver_objects.apply(objects, overwrite=overwrite)
        except AddonObjectsError as error:
            addon.status, addon.issue = f"{verb}_FAILED", (error.code, error.message)
            return
        addon.status, addon.issue, addon.objects = "ACTIVE", None, objects

    def _associate(self, addon: Addon, wanted: dict[str, str]) -> None:
        store = Associations.of(self._account, self._region)
        mine = [one for one in store.list(addon.cluster) if one.owner_arn == addon.arn]
        for association in mine:
            if association.service_account not in wanted:
                store.delete(association)
        for account, role in wanted.items():
            former = next((one for one in mine if one.service_account == account), None)
            if former is None:
                store.create(addon.cluster, _NAMESPACE, account, role, owner_arn=addon.arn)
            elif former.role_arn != role:
                store.update(former, role_arn=role)

    def _check_cluster(self, name: str) -> None:
        cluster_named(name, account=self._account, region=self._region)

    def _arn(self, cluster_name: str, name: str) -> str:
        return (
            f"arn:{get_partition(self._region)}:eks:{self._region}:{self._account}:"
            f"addon/{cluster_name}/{name}/{uuid.uuid4()}"
        )


def _checked_version(version: str | None) -> str:
    if version is None:
        raise NotRehearsedError("not rehearsed: an add-on without a version, for which EKS chooses one")
    if re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", version) is None:
        raise InvalidParameterException(message="Addon version specified is not supported")
    return version


def _checked_configuration(text: str | None) -> str | None:
    try:
        configuration = json.loads(text or "{}")
    except ValueError as error:
        raise NotRehearsedError("not rehearsed: a configuration of an add-on in YAML") from error
    unknown = sorted(configuration.keys() - {"controller", "node", "sidecars"})
    if unknown:
        raise InvalidParameterException(
            message="ConfigurationValue provided in request is not supported: Json schema validation failed "
            f"with error: [$.{unknown[0]}: is not defined in the schema and the schema does not allow "
            "additional properties]"
        )
    return text


class StackAddon(StackModel, CloudFormationModel):
    """AWS::EKS::Addon: an add-on that a stack installs, changes and removes."""

    kind = "AWS::EKS::Addon"

    def __init__(self, addon: Addon, *, preserve: bool) -> None:
        """Remember what was installed.

        Args:
            addon: the add-on.
            preserve: whether its objects stay when it is deleted.
        """
        self.addon = addon
        self._preserve = preserve

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives: cluster and name, the two that identify an add-on."""
        return f"{self.addon.cluster}|{self.addon.name}"

    @property
    def attributes(self) -> dict[str, str]:
        """The add-on's ARN."""
        return {"Arn": self.addon.arn}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:  # noqa: ARG003
        """Install the add-on; one that could not be installed is removed again by the rollback, at once."""
        addons = Addons.of(account, region)
        which = (properties["ClusterName"], properties["AddonName"])
        with shown_by_cloudformation():
            addon = addons.create(*which, **_wanted(properties), tags=tags_of(properties))
        if addon.issue is not None:
            addons.delete(*which, preserve=False)
            raise EksRefusalError(": ".join(addon.issue))
        return cls(addon, preserve=_preserve(properties))

    def change(
        self,
        properties: dict[str, Any],
        former: dict[str, Any],  # noqa: ARG002
        *,
        account: str,
        region: str,
    ) -> None:
        """Change the add-on in place; another cluster or name needs a new one."""
        with shown_by_cloudformation():
            addon = Addons.of(account, region).update(
                properties["ClusterName"],
                properties["AddonName"],
                # What has left the template is taken away, where EKS has a value that says so.
                **{**_wanted(properties), "associations": _associations(properties)},
            )
        if addon.issue is not None:
            raise EksRefusalError(": ".join(addon.issue))
        addon.tags = tags_of(properties)
        self.addon, self._preserve = addon, _preserve(properties)

    def delete(self, account_id: str, region_name: str) -> None:
        """Remove the add-on; one that somebody has removed already is no failure."""
        addons = Addons.of(account_id, region_name)
        if addons.find(self.addon.cluster, self.addon.name):
            addons.delete(self.addon.cluster, self.addon.name, preserve=self._preserve)


def _preserve(properties: dict[str, Any]) -> bool:
    return bool(properties.get("PreserveOnDelete", False))


def _wanted(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": properties.get("AddonVersion"),
        "configuration": properties.get("ConfigurationValues"),
        "role_arn": properties.get("ServiceAccountRoleArn"),
        "associations": _associations(properties),
        "resolve_conflicts": properties.get("ResolveConflicts"),
    }


def _associations(properties: dict[str, Any]) -> dict[str, str]:
    return {one["ServiceAccount"]: one["RoleArn"] for one in properties.get("PodIdentityAssociations", [])}
