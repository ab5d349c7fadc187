"""What is in the account or the cluster already, and in the way of a deployment."""

from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.installation import DRIVER_NAMESPACE, Installation, Thing
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


@check("driver-installed", Severity.ERROR, "Is the cluster without an EFS CSI driver?", when=When.BEFORE)
def driver(installation: Installation) -> Iterator[Problem]:
    """Two installations of the driver have the same names, and the second one fails."""
    storage = kubernetes.StorageV1Api(installation.api)
    parts = {
        f"CSIDriver {DRIVER}": installation.read(storage.read_csi_driver, DRIVER),
        f"Deployment {DRIVER_NAMESPACE}/efs-csi-controller": installation.driver_controller,
        f"DaemonSet {DRIVER_NAMESPACE}/efs-csi-node": installation.driver_nodes,
    }
    there = {name: thing for name, thing in parts.items() if thing is not None}
    if set(there) == {f"CSIDriver {DRIVER}"}:
        return  # the chart keeps it at its end and takes it over again
    if there:
        yield Problem(
            what=f"the cluster has an EFS CSI driver already, {_origin(list(there.values()))}",
            where=", ".join(there),
            cure="remove that installation first; claims that are Bound stay Bound",
        )


@check("class-exists", Severity.ERROR, "Are the names of the classes free?")
def classes(installation: Installation) -> Iterator[Problem]:
    """A class of the environment that is there, and not by its stack."""
    for index, declared in enumerate(installation.environment.storage_classes):
        if declared.name in installation.classes and not _is_ours(installation, declared.name):
            yield Problem(
                what=f"there is a StorageClass {declared.name} already, which the stack did not make",
                where=f"field storage_classes[{index}].name",
                cure="choose another name, or delete the class: volumes made with it stay",
            )


@check("claim-exists", Severity.ERROR, "Are the names of the claims free?", when=When.BEFORE)
def claims(installation: Installation) -> Iterator[Problem]:
    """A claim of the environment that somebody has made."""
    there = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in installation.claims}
    for index, declared in enumerate(installation.environment.claims):
        if (declared.namespace, declared.name) in there:
            yield Problem(
                what=f"there is a claim {declared.namespace}/{declared.name} already",
                where=f"field claims[{index}].name",
                cure="choose another name, or take the claim out of the environment and use it as it is",
            )


@check("namespace-missing", Severity.ERROR, "Do the namespaces of the claims exist?")
def namespaces(installation: Installation) -> Iterator[Problem]:
    """The deployment makes no namespaces."""
    core = kubernetes.CoreV1Api(installation.api)
    for name in sorted({claim.namespace for claim in installation.environment.claims}):
        if installation.read(core.read_namespace, name) is None:
            yield Problem(
                what=f"there is no namespace {name}",
                where="field claims.namespace",
                cure=f"kubectl create namespace {name}",
            )


@check("two-default-classes", Severity.WARNING, "Is there one default class at most?")
def default_class(installation: Installation) -> Iterator[Problem]:
    """A default class of the environment beside another one of the cluster."""
    declared = {one.name for one in installation.environment.storage_classes if one.default}
    others = [
        name
        for name, one in sorted(installation.classes.items())
        if (one["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true" and name not in declared
    ]
    if declared and others:
        yield Problem(
            what=f"{', '.join(others)} is the cluster's default class beside {', '.join(sorted(declared))}; "
            "the newer one wins",
            where="field storage_classes.default",
            cure=f"kubectl annotate storageclass {others[0]} {_DEFAULT_CLASS}=false --overwrite, "
            "or take default out of the environment",
        )


@check("name-taken", Severity.ERROR, "Are the fixed names in the account free?", when=When.BEFORE)
def names(installation: Installation) -> Iterator[Problem]:
    """Roles, policies and the security group that the environment names itself."""
    assert installation.caller  # noqa: S101
    environment = installation.environment
    iam = installation.client("iam")
    prefix = f"arn:{environment.partition}:iam::{environment.account}:policy/"
    for half in ("controller", "node"):
        names = getattr(environment.driver, half)
        if names.role_name and _exists(iam, iam.get_role, RoleName=names.role_name):
            yield _taken(f"role {names.role_name}", f"driver.{half}.role_name")
        if names.policy_name and _exists(iam, iam.get_policy, PolicyArn=prefix + names.policy_name):
            yield _taken(f"policy {names.policy_name}", f"driver.{half}.policy_name")
    if group := environment.file_system.security_group_name:
        found = installation.client("ec2").describe_security_groups(
            Filters=[
                {"Name": "group-name", "Values": [group]},
                {"Name": "vpc-id", "Values": [environment.cluster.vpc.id]},
            ]
        )
        if found["SecurityGroups"]:
            yield _taken(f"security group {group}", "file_system.security_group_name")


def _exists(iam: object, get: object, **arguments: str) -> bool:
    try:
        get(**arguments)  # type: ignore[operator]
    except iam.exceptions.NoSuchEntityException:  # type: ignore[attr-defined]
        return False
    return True


def _taken(what: str, name: str) -> Problem:
    return Problem(
        what=f"there is a {what} already",
        where=f"field {name}",
        cure="choose another name, leave the field out, or delete what has it",
    )


def _is_ours(installation: Installation, name: str) -> bool:
    return name in installation.outputs.get("StorageClassNames", "").split(",")


def _origin(parts: list[Thing]) -> str:
    for one in parts:
        metadata = one["metadata"]
        annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
        if release := annotations.get("meta.helm.sh/release-name"):
            return f"by the Helm release {annotations.get('meta.helm.sh/release-namespace')}/{release}"
        managers = {field.get("manager") for field in metadata.get("managedFields") or []}
        if "eks" in managers or labels.get("app.kubernetes.io/managed-by") == "EKS":
            return "by the EKS add-on aws-efs-csi-driver"
    return "made by hand"
