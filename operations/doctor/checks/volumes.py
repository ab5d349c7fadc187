"""Volumes and access points: does each have its other half."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.doctor.events import last_event
from operations.doctor.installation import Installation, Thing
from operations.doctor.registry import When, check
from operations.finalizers import is_going, others_of
from operations.findings import Problem, Severity
from operations.trace import TraceError, VolumeHandle

_DRIVER_TAG = "efs.csi.aws.com/cluster"
_CLUSTER_TAG = "airflow-efs/cluster"
"""The tag by which an access point says of which cluster it is, where a stack has installed the driver."""

_LET_THE_DRIVER = (
    "the driver's controller deletes the access point first, and tries again by itself: see that it runs and "
    "that its role may call elasticfilesystem:DeleteAccessPoint for it"
)


@check("volume-stranded", Severity.WARNING, "Is every volume in use?", when=When.AFTER)
def stranded(installation: Installation) -> Iterator[Problem]:
    """Volumes whose claim is gone, and volumes that do not go away."""
    for volume in _ours(installation):
        name, phase = volume["metadata"]["name"], (volume.get("status") or {}).get("phase")
        if is_going(volume):
            waits, cure = _what_keeps(installation, volume)
            yield Problem(
                what=f"volume {name} is being deleted and does not go away{waits}",
                where=f"PersistentVolume {name}",
                cure=cure,
            )
        elif phase in ("Released", "Failed") and _deletes(volume):
            yield Problem(
                what=f"volume {name} is {phase}, and the driver has not deleted it with its claim "
                f"{_claim_name(volume)}: {last_event(installation, volume)}",
                where=f"PersistentVolume {name}",
                cure=_LET_THE_DRIVER,
            )
        elif phase in ("Released", "Failed"):
            yield Problem(
                what=f"volume {name} is {phase}: its claim {_claim_name(volume)} is gone",
                where=f"PersistentVolume {name}",
                cure=f"kubectl delete pv {name} when its data is not needed by this name; "
                "the data stays in the file system",
            )


@check("volume-without-access-point", Severity.ERROR, "Has every volume its access point?", when=When.AFTER)
def without_access_point(installation: Installation) -> Iterator[Problem]:
    """Volumes whose access point somebody has deleted."""
    for volume in _ours(installation):
        handle = None if is_going(volume) else _handle(volume)  # the driver deletes the access point first
        if handle and handle.access_point_id and handle.access_point_id not in installation.access_points:
            name = volume["metadata"]["name"]
            yield Problem(
                what=f"the access point {handle.access_point_id} of volume {name} "
                f"(claim {_claim_name(volume)}) is gone; pods cannot mount it",
                where=f"PersistentVolume {name}",
                cure="the data is still there: make an access point with the same path and owner, "
                "and a volume and claim that name it. An id cannot be had again",
            )


@check(
    "volume-wrong-file-system",
    Severity.ERROR,
    "Is every volume on a file system that exists?",
    when=When.AFTER,
)
def wrong_file_system(installation: Installation) -> Iterator[Problem]:
    """Volumes of this environment's classes on another file system, and of any class on none."""
    names = {one.name for one in installation.environment.storage_classes}
    ours = installation.file_system["FileSystemId"]
    for volume in installation.volumes:
        handle, name = _handle(volume), volume["metadata"]["name"]
        if handle is None or handle.file_system_id == ours:
            continue
        if not _exists(installation, handle.file_system_id):
            yield Problem(
                what=f"volume {name} is on {handle.file_system_id}, which does not exist",
                where=f"PersistentVolume {name}",
                cure="restore the file system's data from AWS Backup, and make a claim on the new one",
            )
        elif volume["spec"].get("storageClassName") in names:
            yield Problem(
                what=f"volume {name} of class {volume['spec']['storageClassName']} is on "
                f"{handle.file_system_id}, an earlier file system; the class now makes volumes on {ours}",
                where=f"PersistentVolume {name}",
                cure="copy its data into a new claim, or keep the earlier file system and its mount targets",
            )


@check("access-point-without-volume", Severity.WARNING, "Has every access point its volume?", when=When.AFTER)
def without_volume(installation: Installation) -> Iterator[Problem]:
    """Access points that the driver made and that no volume of the cluster names."""
    here = installation.environment.cluster.name
    used = {handle.access_point_id for volume in installation.volumes if (handle := _handle(volume))}
    for access_point_id, access_point in sorted(installation.access_points.items()):
        tags = {tag["Key"]: tag["Value"] for tag in access_point.get("Tags", [])}
        another = tags.get(_CLUSTER_TAG, here) != here
        if tags.get(_DRIVER_TAG) == "true" and access_point_id not in used and not another:
            path = (access_point.get("RootDirectory") or {}).get("Path", "/")
            yield Problem(
                what=f"access point {access_point_id} ({path}) belongs to no volume of the cluster",
                where=access_point_id,
                cure=f"aws efs delete-access-point --access-point-id {access_point_id} "
                "when no other cluster uses it; the data stays in the file system",
            )


def _deletes(volume: Thing) -> bool:
    return bool(volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete")


def _what_keeps(installation: Installation, volume: Thing) -> tuple[str, str]:
    """What a volume waits for that is being deleted, and the cure."""
    name, others = volume["metadata"]["name"], ", ".join(others_of(volume))
    if (volume.get("status") or {}).get("phase") == "Bound":
        return (
            f": it waits for its claim {_claim_name(volume)}",
            "copy the data into another claim and delete this one: a deletion cannot be called back; "
            "the data stays in the file system",
        )
    if others:
        return (
            f": it waits for the finalizer {others}",
            f"let what has set it finish; where that is gone, kubectl edit pv {name} takes it out",
        )
    return f": {last_event(installation, volume)}", _LET_THE_DRIVER


def _ours(installation: Installation) -> Iterator[Thing]:
    """The volumes on the stack's file system."""
    system = installation.file_system["FileSystemId"]
    for volume in installation.volumes:
        handle = _handle(volume)
        if handle and handle.file_system_id == system:
            yield volume


def _handle(volume: Thing) -> VolumeHandle | None:
    try:
        return VolumeHandle.parse(volume["spec"]["csi"]["volumeHandle"])
    except TraceError:
        return None


def _claim_name(volume: Thing) -> str:
    claim = volume["spec"].get("claimRef") or {}
    return f"{claim.get('namespace')}/{claim.get('name')}"


def _exists(installation: Installation, file_system_id: str) -> bool:
    try:
        installation.client("efs").describe_file_systems(FileSystemId=file_system_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "FileSystemNotFound":
            raise
        return False
    return True
