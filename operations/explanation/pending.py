"""A claim that is not Bound: what it waits for, from its class, the driver, and the driver's words."""

import re

from botocore.exceptions import ClientError

from operations.events import words
from operations.explanation.driver import CONTROLLER, controller_of, namespace_of
from operations.explanation.named_volume import explain_named_volume
from operations.explanation.reading import Reader
from operations.explanation.records import Kind, Link, Thing
from operations.trace import DRIVER

MAKE_VOLUME = "make a volume with the same handle and claimRef, or a new claim: the data is still there"


def explain_pending(reader: Reader, claim: Thing, storage_class: Thing | None) -> None:
    """Say what a claim waits for, whose class is given where it is there."""
    phase = (claim.get("status") or {}).get("phase", "Pending")
    if phase == "Lost":
        reader.add(
            Link.VOLUME,
            Kind.VOLUME_MISSING,
            what=f"the claim has lost its volume {claim['spec'].get('volumeName')}",
            why="somebody has deleted the PersistentVolume",
            cure=MAKE_VOLUME,
        )
        return
    if explain_named_volume(reader, claim):
        return
    class_name = claim["spec"].get("storageClassName")
    if not class_name:
        reader.add(
            Link.CLASS,
            Kind.CLASS_MISSING,
            what="the claim names no class, and the cluster has no default class"
            if class_name is None
            else "the claim asks for no class, and for a volume that somebody makes by hand",
            why="the claim waits for a volume that somebody makes by hand",
            cure="make the claim again with storageClassName; kubectl get storageclass shows the classes",
        )
    elif storage_class is None:
        events = reader.events("PersistentVolumeClaim", reader.name)
        reader.add(
            Link.CLASS,
            Kind.CLASS_MISSING,
            what=f"there is no class {class_name}",
            why="the class was never made in this cluster, has another name, or was deleted",
            cure=f"make the class {class_name}, and the claim binds by itself; "
            "a claim's own class cannot be changed",
            said=words(events[:1]),
        )
    elif storage_class["provisioner"] != DRIVER:
        reader.add(
            Link.CLASS,
            Kind.CLASS_OF_ANOTHER_DRIVER,
            what=f"class {class_name} is of {storage_class['provisioner']}, not of {DRIVER}",
            why="another driver makes its volumes, and says in the events why it does not",
            cure="read the events below, or make the claim with a class of EFS",
            said=words(reader.events("PersistentVolumeClaim", reader.name)[:1]),
        )
    else:
        _explain_unprovisioned(reader, class_name, storage_class)


def _explain_unprovisioned(reader: Reader, class_name: str, storage_class: Thing) -> None:
    events = reader.events("PersistentVolumeClaim", reader.name)
    failures = [event for event in events if event.get("reason") == "ProvisioningFailed"]
    controller = controller_of(reader)
    system = (storage_class.get("parameters") or {}).get("fileSystemId", "")
    if controller is None or controller["spec"].get("replicas", 1) == 0:
        gone = "is not there" if controller is None else "is scaled to zero"
        reader.add(
            Link.DRIVER,
            Kind.DRIVER_MISSING,
            what=f"the driver's controller {gone}: nobody makes a volume for the claim",
            why="the driver was never installed, or was removed, as by destroying its stack",
            cure="deploy the environment"
            if controller is None
            else f"kubectl -n {namespace_of(controller)} scale deployment {CONTROLLER} --replicas=2",
            said=words(events[:1]),
        )
    elif not _exists(reader, system):
        reader.add(
            Link.FILE_SYSTEM,
            Kind.WRONG_FILE_SYSTEM,
            what=f"class {class_name} names the file system {system}, which does not exist here",
            why="it was deleted, or is in another account or region",
            cure="make a class of another name with the file system that is there, and the claim with it",
            said=words(failures[:1]),
        )
    elif failures:
        _explain_failure(reader, failures[0], class_name, storage_class, namespace_of(controller))
    elif storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
        reader.add(
            Link.POD,
            Kind.WAITS_FOR_A_POD,
            what=f"class {class_name} makes a volume when a pod uses the claim, and none is scheduled",
            why="its binding mode is WaitForFirstConsumer",
            cure="start the pod, or use a class with Immediate",
            said=words(events[:1]),
        )
    else:
        reader.add(
            Link.DRIVER,
            Kind.DRIVER_SILENT,
            what="the driver has not answered yet",
            why="the controller is starting, or its provisioner does not reach the API server",
            cure=f"wait half a minute; then kubectl -n {namespace_of(controller)} logs "
            f"deployment/{CONTROLLER} -c csi-provisioner",
            said=words(events[:1]),
        )


def _explain_failure(
    reader: Reader, event: Thing, class_name: str, storage_class: Thing, namespace: str
) -> None:
    said = words([event])
    parameters = storage_class.get("parameters") or {}
    for expression, link, kind, what, why, cure in _FAILURES:
        if re.search(expression, said):
            values = {
                "storage_class": class_name,
                "system": parameters.get("fileSystemId", ""),
                "range": f"{parameters.get('gidRangeStart', '50000')} to "
                f"{parameters.get('gidRangeEnd', '60000')}",
            }
            reader.add(
                link,
                kind,
                what=what.format(**values),
                why=why.format(**values),
                cure=cure.format(**values),
                said=said,
            )
            return
    reader.add(
        Link.DRIVER,
        Kind.REFUSED,
        what="the driver could not make the volume",
        why="see its words",
        cure=f"kubectl -n {namespace} logs deployment/{CONTROLLER} -c efs-plugin says more",
        said=said,
    )


def _exists(reader: Reader, file_system_id: str) -> bool:
    try:
        reader.efs.describe_file_systems(FileSystemId=file_system_id)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("FileSystemNotFound", "BadRequest", "ValidationException"):
            return False
        raise
    return True


_FAILURES: tuple[tuple[str, Link, Kind, str, str, str], ...] = (
    (
        r"AssumeRoleWithWebIdentity|InvalidIdentityToken|No OpenIDConnect provider",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "AWS does not let the driver take its role",
        "the role's trust policy names another service account, cluster or audience, or IAM has no OIDC "
        "provider for the cluster's issuer",
        "airflow-efs doctor ENVIRONMENT says which: oidc-provider-missing, oidc-issuer-mismatch, "
        "driver-role-trust",
    ),
    (
        r"AccessPointLimitExceeded|maximum number of access points",
        Link.ACCESS_POINT,
        Kind.QUOTA,
        "the file system {system} has all the access points that its quota allows",
        "each claim takes an access point, and EFS allows 10,000 for a file system",
        "delete claims and access points that are not used (airflow-efs doctor lists the latter), "
        "ask for a higher quota, or use a second file system",
    ),
    (
        r"free GID|allocator failed to find available GID",
        Link.ACCESS_POINT,
        Kind.GID_EXHAUSTED,
        "every GID of class {storage_class}, {range}, is taken by an access point of {system}",
        "the driver gives each volume a GID of its own from the class's range",
        "make a class with a wider gid_range, or with a fixed owner, which takes no GID; "
        "a class's own range cannot be changed",
    ),
    (
        r"File System does not exist|FileSystemNotFound",
        Link.FILE_SYSTEM,
        Kind.WRONG_FILE_SYSTEM,
        "the driver finds no file system {system}, which class {storage_class} names",
        "it was deleted, or is in another account or region",
        "make a class with the file system that is there, under another name, and the claim with it",
    ),
    (
        r"Access ?Denied|not authorized|UnauthorizedOperation",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "the driver's role may not do in AWS what the claim needs",
        "its policy is detached or changed, or is for another file system than {system}; CloudTrail shows "
        "the call that was refused",
        "airflow-efs doctor ENVIRONMENT says which right is missing: driver-role-rights",
    ),
    (
        r"NoCredentialProviders|failed to refresh cached credentials|no EC2 IMDS role",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "the driver has no AWS credentials",
        "its service account has no role: the annotation eks.amazonaws.com/role-arn is missing, or the pods "
        "were started before it was there",
        "airflow-efs doctor ENVIRONMENT looks at the annotation; then restart the driver's pods",
    ),
    (
        r"exceeds EFS limit|EFS limit of 4 subdirectories",
        Link.ACCESS_POINT,
        Kind.PATH_TOO_LONG,
        "the path that class {storage_class} gives the volume is longer than EFS allows",
        "base path and pattern make it, with the names of the claim and its namespace",
        "make a class with a shorter base_path or sub_path_pattern",
    ),
)
"""Words of the driver -> link, kind, what, why, cure; the first that fits."""
