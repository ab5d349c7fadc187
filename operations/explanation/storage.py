"""The links of a claim that is Bound: its volume's handle, file system, access point and mount targets."""

from botocore.exceptions import ClientError

from operations.explanation.reading import Reader
from operations.explanation.records import Kind, Link, Thing
from operations.trace import DRIVER, TraceError, VolumeHandle


def handle_of(reader: Reader, volume: Thing) -> VolumeHandle | None:
    """The handle of a volume; None, and a break, where it is none of the driver's."""
    name, source = volume["metadata"]["name"], volume["spec"].get("csi") or {}
    if source.get("driver") != DRIVER:
        reader.add(
            Link.VOLUME,
            Kind.VOLUME_OF_ANOTHER_DRIVER,
            what=f"volume {name} is not of {DRIVER}, but of {source.get('driver', 'no CSI driver')}",
            why="its class is of another driver, or it was made by hand",
            cure="make the claim with a class of EFS",
        )
        return None
    try:
        return VolumeHandle.parse(source["volumeHandle"])
    except TraceError as error:
        reader.add(
            Link.VOLUME,
            Kind.WRONG_HANDLE,
            what=str(error),
            why="the volume was made by hand",
            cure="make it again with a handle such as fs-…::fsap-…",
        )
        return None


def file_system_of(reader: Reader, volume: Thing, handle: VolumeHandle) -> Thing | None:
    """The file system of a volume; None, and a break, where there is none."""
    try:
        found: Thing = reader.efs.describe_file_systems(FileSystemId=handle.file_system_id)["FileSystems"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "FileSystemNotFound":
            raise
        reader.add(
            Link.FILE_SYSTEM,
            Kind.WRONG_FILE_SYSTEM,
            what=f"volume {volume['metadata']['name']} is on {handle.file_system_id}, "
            "which does not exist here",
            why="it was deleted, or is in another account or region",
            cure="restore its data from AWS Backup, and make a volume and claim for it; "
            "for a volume made by hand, mend its handle",
            said=str(error),
        )
        return None
    return found


def access_point_of(reader: Reader, handle: VolumeHandle) -> Thing | None:
    """The access point of a handle; None where it names none, or, with a break, where it is gone."""
    if handle.access_point_id is None:
        return None
    try:
        found: Thing = reader.efs.describe_access_points(AccessPointId=handle.access_point_id)[
            "AccessPoints"
        ][0]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessPointNotFound":
            raise
        reader.add(
            Link.ACCESS_POINT,
            Kind.ACCESS_POINT_MISSING,
            what=f"the access point {handle.access_point_id} of the volume is gone",
            why="somebody has deleted it; its directory, with the data, is still in the file system",
            cure="make an access point with the same path and owner, and a volume and claim that name it",
            said=str(error),
        )
        return None
    if found.get("FileSystemId") != handle.file_system_id:
        reader.add(
            Link.ACCESS_POINT,
            Kind.WRONG_FILE_SYSTEM,
            what=f"the access point {handle.access_point_id} is of {found.get('FileSystemId')}, "
            f"the volume names {handle.file_system_id}",
            why="the volume was made by hand, with halves of two handles",
            cure=f"make it again with {found.get('FileSystemId')}::{handle.access_point_id}",
        )
    return found


def mount_targets_of(reader: Reader, handle: VolumeHandle) -> tuple[Thing, ...]:
    """The mount targets of the file system, in the order of their zones."""
    pages = reader.efs.get_paginator("describe_mount_targets").paginate(FileSystemId=handle.file_system_id)
    found = [target for page in pages for target in page["MountTargets"]]
    return tuple(sorted(found, key=lambda target: str(target["AvailabilityZoneName"])))
