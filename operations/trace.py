"""How a claim reaches its data: claim, volume, access point, file system and mount targets, link by link."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from kubernetes import client as kubernetes
from rich.console import Group
from rich.table import Table

DRIVER = "efs.csi.aws.com"
"""The provisioner's and the CSI driver's name, which volumes and classes carry."""


class TraceError(Exception):
    """The chain is broken; the text names the link and what it says."""


@dataclass(frozen=True, kw_only=True)
class VolumeHandle:
    """What a CSI volume handle of the EFS driver says."""

    file_system_id: str
    path: str
    access_point_id: str | None

    @classmethod
    def parse(cls, handle: str) -> "VolumeHandle":
        """Read a handle in either form: `fs-1::fsap-2`, or `efs:fs-1::fsap-2` as driver 3 writes it.

        Raises:
            TraceError: it is neither.
        """
        parts = handle.removeprefix("efs:").split(":")
        parts += [""] * (3 - len(parts))
        file_system, path, access_point = parts[:3]
        if len(parts) > 3 or not file_system.startswith("fs-"):
            raise TraceError(f"the volume handle {handle!r} is not one of the EFS CSI driver (fs-…::fsap-…)")
        return cls(file_system_id=file_system, path=path or "/", access_point_id=access_point or None)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Every link from a claim to its mount targets, as the two APIs return them."""

    claim: Mapping[str, Any]
    volume: Mapping[str, Any]
    handle: VolumeHandle
    access_point: Mapping[str, Any] | None
    file_system: Mapping[str, Any]
    mount_targets: tuple[Mapping[str, Any], ...]


def trace(api: kubernetes.ApiClient, efs: Any, *, name: str, namespace: str) -> Chain:
    """Follow a claim to its mount targets.

    Args:
        api: a client of the cluster.
        efs: a boto3 client of EFS in the file system's region.
        name: the claim.
        namespace: its namespace.

    Raises:
        TraceError: a link is missing; the text says which, and what the events or the service say of it.
    """
    claim = _claim(api, name, namespace)
    volume = _volume(api, claim["spec"]["volumeName"])
    volume_name, source = volume["metadata"]["name"], volume["spec"].get("csi", {})
    if source.get("driver") != DRIVER:
        raise TraceError(f"volume {volume_name} of claim {namespace}/{name} is not of {DRIVER}")
    handle = VolumeHandle.parse(source["volumeHandle"])
    try:
        file_system = efs.describe_file_systems(FileSystemId=handle.file_system_id)["FileSystems"][0]
        access_point = (
            efs.describe_access_points(AccessPointId=handle.access_point_id)["AccessPoints"][0]
            if handle.access_point_id
            else None
        )
        targets = efs.describe_mount_targets(FileSystemId=handle.file_system_id)["MountTargets"]
    except ClientError as error:
        raise TraceError(f"volume {volume_name} names {source['volumeHandle']}, but {error}") from error
    return Chain(
        claim=claim,
        volume=volume,
        handle=handle,
        access_point=access_point,
        file_system=file_system,
        mount_targets=tuple(sorted(targets, key=lambda target: str(target["AvailabilityZoneName"]))),
    )


def _volume(api: kubernetes.ApiClient, name: str) -> Mapping[str, Any]:
    volume: Mapping[str, Any] = api.sanitize_for_serialization(
        kubernetes.CoreV1Api(api).read_persistent_volume(name)
    )
    return volume


def _claim(api: kubernetes.ApiClient, name: str, namespace: str) -> Mapping[str, Any]:
    core = kubernetes.CoreV1Api(api)
    try:
        claim: Mapping[str, Any] = api.sanitize_for_serialization(
            core.read_namespaced_persistent_volume_claim(name, namespace)
        )
    except kubernetes.ApiException as error:
        if error.status != 404:
            raise
        raise TraceError(f"there is no claim {name} in namespace {namespace}") from error
    if (phase := claim["status"].get("phase")) != "Bound":
        selector = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={name}"
        events = core.list_namespaced_event(namespace, field_selector=selector).items
        words = "; ".join(f"{event.reason}: {event.message}" for event in events[-3:]) or "it has no events"
        raise TraceError(f"claim {namespace}/{name} is {phase}, not Bound. {words}")
    return claim


def as_table(chain: Chain) -> Group:
    """The chain for a person: one row a link, then one row a mount target."""
    claim, volume = chain.claim, chain.volume
    links = _table(f"Claim {claim['metadata']['name']}", "link", "name", "details")
    links.add_row(
        "claim",
        f"{claim['metadata']['namespace']}/{claim['metadata']['name']}",
        f"{claim['status']['phase']}, {', '.join(claim['spec']['accessModes'])}, "
        f"class {claim['spec']['storageClassName']}",
    )
    links.add_row(
        "volume",
        volume["metadata"]["name"],
        f"reclaim {volume['spec']['persistentVolumeReclaimPolicy']}, "
        f"handle {volume['spec']['csi']['volumeHandle']}",
    )
    if chain.access_point:
        root = chain.access_point["RootDirectory"]
        owner = chain.access_point.get("PosixUser", {})
        created = root.get("CreationInfo", {})
        links.add_row(
            "access point",
            chain.access_point["AccessPointId"],
            f"uid {owner.get('Uid', '-')}, gid {owner.get('Gid', '-')}, "
            f"permissions {created.get('Permissions', '-')}, path {root['Path']}",
        )
    system = chain.file_system
    encryption = "encrypted" if system.get("Encrypted") else "NOT encrypted"
    links.add_row(
        "file system",
        f"{system['FileSystemId']} ({system.get('Name', '')})",
        f"{system['LifeCycleState']}, {encryption}, {system.get('ThroughputMode', '-')} throughput",
    )
    targets = _table("Mount targets", "zone", "mount target", "address", "subnet", "state")
    for target in chain.mount_targets:
        targets.add_row(
            target["AvailabilityZoneName"],
            target["MountTargetId"],
            target["IpAddress"],
            target["SubnetId"],
            target["LifeCycleState"],
        )
    return Group(links, targets)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")  # an id that is cut short is of no use
    return table
