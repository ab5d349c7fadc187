"""What is in the account or the cluster already, and in the way of a deployment."""

from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.class_fields import class_differences, class_fields
from operations.doctor.installation import DRIVER_NAMESPACE, Installation, Thing
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER
from settings.claim import Claim
from settings.kubernetes import quantity_in_bytes
from settings.storage_class import StorageClass
from settings.volume import Volume

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


_RELEASE = "aws-efs-csi-driver"
"""The stack's own release of the driver, in `kube-system`."""


@check("driver-installed", Severity.ERROR, "Is no EFS CSI driver in the way?", when=When.BEFORE)
def driver(installation: Installation) -> Iterator[Problem]:
    """Two installations have the same names, and the second fails, unless it takes the first over."""
    settings = installation.environment.driver
    if settings.install == "existing" or (
        settings.install == "addon" and settings.resolve_conflicts == "overwrite"
    ):
        return
    storage = kubernetes.StorageV1Api(installation.api)
    parts = {
        f"CSIDriver {DRIVER}": installation.read(storage.read_csi_driver, DRIVER),
        f"Deployment {DRIVER_NAMESPACE}/efs-csi-controller": installation.driver_controller,
        f"DaemonSet {DRIVER_NAMESPACE}/efs-csi-node": installation.driver_nodes,
    }
    there = {name: thing for name, thing in parts.items() if thing is not None}
    if set(there) == {f"CSIDriver {DRIVER}"}:
        return  # the chart keeps it at its end and takes it over again
    if settings.install == "helm" and settings.removal == "retain" and _is_the_release(installation):
        return
    if there:
        yield Problem(
            what=f"the cluster has an EFS CSI driver already, {_origin(list(there.values()))}",
            where=", ".join(there),
            cure="write driver.install: existing to use it, or remove that installation first; claims that "
            "are Bound stay Bound",
        )


@check("driver-not-installed", Severity.ERROR, "Is the existing driver there?", when=When.BEFORE)
def existing_driver(installation: Installation) -> Iterator[Problem]:
    """`install: existing` refers to a driver that somebody has installed."""
    if installation.environment.driver.install != "existing":
        return
    if installation.driver_controller is None and installation.driver_nodes is None:
        yield Problem(
            what="there is no EFS CSI driver in the cluster",
            where="field driver.install",
            cure="install one, or write helm or addon in the place of existing",
        )


@check("class-exists", Severity.ERROR, "Are the names of the classes free?")
def classes(installation: Installation) -> Iterator[Problem]:
    """A class of the environment that is there, not by its stack, and not to be taken over."""
    for index, declared in enumerate(installation.environment.storage_classes):
        if _is_foreign(installation, declared) and not declared.adopt:
            yield Problem(
                what=f"there is a StorageClass {declared.name} already, which the stack did not make",
                where=f"field storage_classes[{index}].name",
                cure="choose another name, write adopt: true to take the class over, or delete it: volumes "
                "made with it stay",
            )


@check("claim-exists", Severity.ERROR, "Are the names of the claims free?", when=When.BEFORE)
def claims(installation: Installation) -> Iterator[Problem]:
    """A claim of the environment that somebody has made, and that is not to be taken over."""
    there = _claims_by_name(installation)
    environment = installation.environment
    leave = "take it out of the environment and use it as it is"
    declared: list[tuple[str, Claim | Volume, str]] = [
        *(
            (f"claims[{index}]", one, f"write adopt: true to take the claim over, or {leave}")
            for index, one in enumerate(environment.claims)
            if not one.adopt
        ),
        *((f"volumes[{index}]", one, f"or {leave}") for index, one in enumerate(environment.volumes)),
    ]
    for field, one, instead in declared:
        if (one.namespace, one.name) in there:
            yield Problem(
                what=f"there is a claim {one.namespace}/{one.name} already",
                where=f"field {field}.name",
                cure=f"choose another name, {instead}",
            )


@check("adopted-class-differs", Severity.ERROR, "Are the classes to be taken over as the environment says?")
def adopted_classes(installation: Installation) -> Iterator[Problem]:
    """A class is taken over as it is, on the environment's file system."""
    system = installation.file_system_id
    for index, declared in enumerate(installation.environment.storage_classes):
        if not (declared.adopt and _is_foreign(installation, declared)):
            continue
        there, where = installation.classes[declared.name], f"field storage_classes[{index}]"
        on = (there.get("parameters") or {}).get("fileSystemId", "no file system")
        if there["provisioner"] != DRIVER or on != system:
            of = f"on {on}" if there["provisioner"] == DRIVER else f"of {there['provisioner']}"
            yield Problem(
                what=f"class {declared.name} is {of}, the environment's file system is "
                f"{system or 'one that the stack will make'}",
                where=f"{where}.adopt",
                cure="refer to that file system by file_system.existing, or give the class another name",
            )
            continue
        for change in class_differences(there, class_fields(declared, on)):
            yield Problem(
                what=f"class {declared.name} is not as the environment says: {change}",
                where=where,
                cure="write what is there, and change it in a later deployment",
            )


@check(
    "adopted-claim-differs",
    Severity.ERROR,
    "Are the claims to be taken over as the environment says?",
    when=When.BEFORE,
)
def adopted_claims(installation: Installation) -> Iterator[Problem]:
    """A claim is taken over as it is, with a volume on the environment's file system."""
    there = _claims_by_name(installation)
    volumes = {one["metadata"]["name"]: one["spec"]["csi"]["volumeHandle"] for one in installation.volumes}
    for index, declared in enumerate(installation.environment.claims):
        claim = there.get((declared.namespace, declared.name))
        if claim is None or not declared.adopt:
            continue
        spec, where = claim["spec"], f"field claims[{index}]"
        size = spec["resources"]["requests"]["storage"]
        found = {
            "storage_class": (declared.storage_class, spec.get("storageClassName") or "none"),
            "access_mode": (declared.access_mode, ", ".join(spec["accessModes"])),
        }
        if quantity_in_bytes(size) != quantity_in_bytes(declared.size):
            found["size"] = (declared.size, size)
        for field, (wanted, has) in found.items():
            if wanted != has:
                yield Problem(
                    what=f"claim {declared.namespace}/{declared.name} has {has}, the environment "
                    f"says {wanted}",
                    where=f"{where}.{field}",
                    cure="write what is there",
                )
        if volume := spec.get("volumeName"):
            on = volumes.get(volume, "no volume of the driver").split(":")[0]
            if on != installation.file_system_id:
                yield Problem(
                    what=f"claim {declared.namespace}/{declared.name} is bound to a volume on {on}",
                    where=f"{where}.adopt",
                    cure="refer to that file system by file_system.existing, or take the claim out of the "
                    "environment",
                )


@check("namespace-missing", Severity.ERROR, "Do the namespaces of the claims exist?")
def namespaces(installation: Installation) -> Iterator[Problem]:
    """The deployment makes no namespaces."""
    core = kubernetes.CoreV1Api(installation.api)
    environment = installation.environment
    fields = {one.namespace: "volumes" for one in environment.volumes}
    fields |= {one.namespace: "claims" for one in environment.claims}
    for name, field in sorted(fields.items()):
        if installation.read(core.read_namespace, name) is None:
            yield Problem(
                what=f"there is no namespace {name}",
                where=f"field {field}.namespace",
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


def _is_foreign(installation: Installation, declared: StorageClass) -> bool:
    """Whether a class is there that the stack has not made, nor taken over."""
    ours = installation.outputs.get("StorageClassNames", "").split(",")
    return declared.name in installation.classes and declared.name not in ours


def _claims_by_name(installation: Installation) -> dict[tuple[str, str], Thing]:
    return {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in installation.claims}


def _is_the_release(installation: Installation) -> bool:
    """Whether what is there of the driver is of the release that the stack would upgrade."""
    workloads = (installation.driver_controller, installation.driver_nodes)
    annotations = [one["metadata"].get("annotations") or {} for one in workloads if one is not None]
    return all(
        one.get("meta.helm.sh/release-name") == _RELEASE
        and one.get("meta.helm.sh/release-namespace") == DRIVER_NAMESPACE
        for one in annotations
    )


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
