"""The links of a claim's chain, the kinds of break, and what is said of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from operations.findings import Record
from operations.trace import VolumeHandle

Thing = Mapping[str, Any]
"""An object as an API returns it."""


class Link(StrEnum):
    """The links of the chain, in its order."""

    CLAIM = "claim"
    CLASS = "storage class"
    DRIVER = "driver"
    VOLUME = "volume"
    ACCESS_POINT = "access point"
    FILE_SYSTEM = "file system"
    MOUNT_TARGET = "mount target"
    POD = "pod"


class Kind(StrEnum):
    """The kinds of break; docs/commands-checks.md says what each means."""

    CLAIM_MISSING = "claim-missing"
    CLAIM_BEING_DELETED = "claim-being-deleted"
    CLASS_MISSING = "class-missing"
    CLASS_OF_ANOTHER_DRIVER = "class-of-another-driver"
    DRIVER_MISSING = "driver-missing"
    DRIVER_SILENT = "driver-silent"
    NO_ACCESS = "no-access"
    WRONG_FILE_SYSTEM = "wrong-file-system"
    QUOTA = "quota"
    GID_EXHAUSTED = "gid-exhausted"
    PATH_TOO_LONG = "path-too-long"
    REFUSED = "refused"
    WAITS_FOR_A_POD = "waits-for-a-pod"
    VOLUME_MISSING = "volume-missing"
    VOLUME_TAKEN = "volume-taken"
    VOLUME_BEING_DELETED = "volume-being-deleted"
    VOLUME_OF_ANOTHER_DRIVER = "volume-of-another-driver"
    WRONG_HANDLE = "wrong-handle"
    ACCESS_POINT_MISSING = "access-point-missing"
    MISSING_MOUNT_TARGET = "missing-mount-target"
    POD_NOT_SCHEDULED = "pod-not-scheduled"
    UNREACHABLE = "unreachable"
    MOUNT_FAILED = "mount-failed"


class Break(Record):
    """Where the chain breaks, why, and what mends it."""

    link: Link
    kind: Kind
    what: str
    why: str
    cure: str
    said: str
    """The words of the event or of the service; empty where the links themselves say it."""


class Pod(Record):
    """A pod that uses the claim."""

    name: str
    phase: str
    node: str | None
    zone: str | None
    """The node's zone."""
    mount_target: str | None
    """The mount target of that zone."""
    driver_on_node: bool | None
    """Whether the driver is registered with the node's kubelet; None for a pod without a node."""


class Mount(Record):
    """How a node mounts the volume: what the driver is asked for. What the kernel has, only a pod can see."""

    source: str
    """What the driver mounts: file system and path."""
    options: tuple[str, ...]
    """The options that the driver gives to mount.efs."""
    tls: bool
    on_node: str
    """What /proc/mounts of a pod then begins with."""
    unseen: str
    """What cannot be seen from outside, and how to see it."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Every link that there is, and the breaks."""

    name: str
    namespace: str
    claim: Thing | None = None
    storage_class: Thing | None = None
    volume: Thing | None = None
    handle: VolumeHandle | None = None
    access_point: Thing | None = None
    file_system: Thing | None = None
    mount_targets: tuple[Thing, ...] = ()
    pods: tuple[Pod, ...] = ()
    mount: Mount | None = None
    breaks: tuple[Break, ...] = ()
