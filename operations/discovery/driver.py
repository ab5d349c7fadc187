"""Which EFS CSI driver is in the cluster, how it came there, and as whom it speaks to AWS."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from operations.aws_errors import code_of
from operations.discovery.account import Account, tags_of
from operations.discovery.cluster_view import NAMESPACE, TRUSTED_ACCOUNT, ClusterView
from operations.discovery.findings import DriverFound, Problem

ADDON = "aws-efs-csi-driver"
ENVIRONMENT_TAG = "airflow-efs:environment"
"""The tag that the stacks put on what they make."""

_ROLE = "eks.amazonaws.com/role-arn"
_RELEASE = "meta.helm.sh/release-name"


def read_driver(account: Account, cluster: str, view: ClusterView) -> DriverFound:
    """The driver, from the add-ons of EKS and the objects in the cluster."""
    addon = account.attempt("the add-ons", lambda: _addon(account, cluster), cure="allow eks:DescribeAddon")
    workload = view.controller or view.node_plugin
    role = _annotations(view.controller_account).get(_ROLE)
    associated = account.attempt(
        "the Pod Identity associations",
        lambda: _associated_role(account, cluster, view),
        cure="allow eks:ListPodIdentityAssociations and eks:DescribePodIdentityAssociation",
    )
    common: dict[str, Any] = {
        "service_account": "/".join(view.controller_account_name) if view.controller else None,
        # An association comes first in the AWS SDK's chain only where no token of IRSA is mounted.
        "identity": "irsa" if role else "pod-identity" if associated else None,
        "role_arn": role or associated,
        "environment": _environment(account, role or associated),
    }
    if addon:
        return DriverFound(
            install="addon", version=addon["addonVersion"], detail=f"status {addon['status']}", **common
        )
    if view.csi_driver is None:
        return DriverFound(install="unknown", **common)
    if not workload:
        return DriverFound(install="leftover" if view.csi_driver else "none")
    release = _annotations(workload).get(_RELEASE)
    namespace = _annotations(workload).get("meta.helm.sh/release-namespace", NAMESPACE)
    return DriverFound(
        install="helm" if release else "manual",
        version=_version(workload),
        detail=f"release {release} in {namespace}" if release else None,
        **common,
    )


def why_no_roles(driver: DriverFound) -> Problem | None:
    """Why the stack makes no roles for a driver that is there: it could not take them. None: it could."""
    if driver.service_account in (None, TRUSTED_ACCOUNT):
        return None
    return Problem(
        severity="warning",
        field="driver.make_roles",
        what=f"the driver runs as {driver.service_account}, and roles of the stack would trust "
        f"{TRUSTED_ACCOUNT} alone, so it makes none",
        cure="let the driver's own role make access points on the file system",
    )


def _annotations(found: Mapping[str, Any] | None) -> Mapping[str, str]:
    return ((found or {}).get("metadata") or {}).get("annotations") or {}


def _version(workload: Mapping[str, Any]) -> str | None:
    for container in workload["spec"]["template"]["spec"]["containers"]:
        image, _, tag = container["image"].partition("@")[0].rpartition(":")
        if image.endswith(ADDON):
            return str(tag)
    return None


def _addon(account: Account, cluster: str) -> Any | None:
    try:
        return account.eks.describe_addon(clusterName=cluster, addonName=ADDON)["addon"]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise


def _associated_role(account: Account, cluster: str, view: ClusterView) -> str | None:
    namespace, name = view.controller_account_name
    there = account.eks.list_pod_identity_associations(
        clusterName=cluster, namespace=namespace, serviceAccount=name
    )["associations"]
    if not there:
        return None
    described = account.eks.describe_pod_identity_association(
        clusterName=cluster, associationId=there[0]["associationId"]
    )
    return str(described["association"]["roleArn"])


def _environment(account: Account, role_arn: str | None) -> str | None:
    """The environment of this project whose stack made the role."""
    if not role_arn:
        return None
    name = role_arn.rpartition("/")[2]
    tags = account.attempt(
        f"the tags of the role {name}",
        lambda: tags_of(account.iam.list_role_tags(RoleName=name)),
        cure="allow iam:ListRoleTags",
    )
    return (tags or {}).get(ENVIRONMENT_TAG)
