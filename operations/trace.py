"""How a claim reaches its data: claim, volume, access point, file system and mount targets, link by link."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from kubernetes import client as kubernetes
from rich.console import Group
from rich.table import Table
from rich.text import Text
from urllib3.exceptions import HTTPError

DRIVER = "efs.csi.aws.com"
"""The provisioner's and the CSI driver's name, which volumes and classes carry."""

_HANDLE = re.compile(r"(?:efs:)?(fs-[0-9a-z]+)(?::([^:]*))?(?::(fsap-[0-9a-z]+)?)?")


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
        found = _HANDLE.fullmatch(handle)
        if not found:
            raise TraceError(f"the volume handle {handle!r} is not one of the EFS CSI driver (fs-…::fsap-…)")
        return cls(file_system_id=found[1], path=found[2] or "/", access_point_id=found[3])


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
    volume = _volume(api, claim)
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


def _volume(api: kubernetes.ApiClient, claim: Mapping[str, Any]) -> Mapping[str, Any]:
    name, metadata = claim["spec"]["volumeName"], claim["metadata"]
    return _read(
        api,
        lambda: kubernetes.CoreV1Api(api).read_persistent_volume(name),
        missing=f"claim {metadata['namespace']}/{metadata['name']} names the volume {name}, which is gone",
    )


def _read(api: kubernetes.ApiClient, read: Callable[[], Any], *, missing: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = api.sanitize_for_serialization(read())
    except kubernetes.ApiException as error:
        if error.status == 404:
            raise TraceError(missing) from error
        raise TraceError(f"the cluster refuses to be read: {error.status} {error.reason}") from error
    except HTTPError as error:
        raise TraceError(f"the cluster does not answer: {error}") from error
    return found


def _claim(api: kubernetes.ApiClient, name: str, namespace: str) -> Mapping[str, Any]:
    core = kubernetes.CoreV1Api(api)
    claim = _read(
        api,
        lambda: core.read_namespaced_persistent_volume_claim(name, namespace),
        missing=f"there is no claim {name} in namespace {namespace}",
    )
    if (phase := claim["status"].get("phase")) != "Bound":
        selector = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={name}"
        events = core.list_namespaced_event(namespace, field_selector=selector).items
        words = "; ".join(f"{event.reason}: {event.message}" for event in events[-3:]) or "it has no events"
        raise TraceError(f"claim {namespace}/{name} is {phase}, not Bound. {words}")
    return claim


def as_table(chain: Chain) -> Group:
    """The chain for a person: one entry a link, then one row a mount target.

    On a terminal of 80 columns no id is cut or broken; only a path that is longer than a line is.
    """
    claim, volume, system = chain.claim, chain.volume, chain.file_system
    name = f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
    links = _table(f"Claim {name}", "link", "what it is")
    _add(
        links,
        "claim",
        name,
        f"{claim['status']['phase']}, {', '.join(claim['spec']['accessModes'])}, "
        f"class {claim['spec'].get('storageClassName') or '-'}",
    )
    _add(
        links,
        "volume",
        volume["metadata"]["name"],
        f"reclaim {volume['spec']['persistentVolumeReclaimPolicy']}",
        f"handle {volume['spec']['csi']['volumeHandle']}",
    )
    if chain.access_point:
        root = chain.access_point.get("RootDirectory") or {}
        owner = chain.access_point.get("PosixUser") or {}
        created = root.get("CreationInfo") or {}
        _add(
            links,
            "access point",
            chain.access_point["AccessPointId"],
            f"uid {owner.get('Uid', '-')}, gid {owner.get('Gid', '-')}, "
            f"permissions {created.get('Permissions', '-')}",
            f"path {root.get('Path', '/')}",
        )
    label = f" ({system['Name']})" if system.get("Name") else ""
    encryption = "encrypted" if system.get("Encrypted") else "NOT encrypted"
    _add(
        links,
        "file system",
        f"{system['FileSystemId']}{label}",
        f"{system['LifeCycleState']}, {encryption}, {system.get('ThroughputMode', '-')} throughput",
    )
    targets = _table("Mount targets", "zone", "mount target", "subnet, address, state")
    for target in chain.mount_targets:
        address = target.get("IpAddress") or target.get("Ipv6Address") or "-"
        targets.add_row(
            target["AvailabilityZoneName"],
            target["MountTargetId"],
            f"{target['SubnetId']} {address} {target['LifeCycleState']}",
        )
    return Group(links, targets)


def _add(table: Table, link: str, *lines: str) -> None:
    table.add_row(link, Text("\n".join(lines)))  # a name may hold what rich would take for markup


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column != columns[-1])
    return table
