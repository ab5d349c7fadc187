"""How a node mounts a volume."""

from operations.explanation.records import Mount, Thing
from operations.trace import VolumeHandle


def mount_of(volume: Thing, handle: VolumeHandle) -> Mount:
    """How a node mounts a volume, as the driver does it (pkg/driver/node.go).

    Args:
        volume: the PersistentVolume.
        handle: its handle.
    """
    attributes = {
        key.lower(): str(value)
        for key, value in (volume["spec"]["csi"].get("volumeAttributes") or {}).items()
    }
    options = [f"accesspoint={handle.access_point_id}"] if handle.access_point_id else []
    asked = [option.lower() for option in volume["spec"].get("mountOptions") or []]
    # An access point needs TLS, so the driver adds it; without one it does unless it is told not to.
    tls = bool(handle.access_point_id) or attributes.get("encryptintransit", "true").lower() != "false"
    if tls or "tls" in asked:
        options.append("tls")
    options += [option for option in asked if option not in options]
    encrypted = "tls" in options
    return Mount(
        source=f"{handle.file_system_id}:{handle.path}",
        options=tuple(options),
        tls=encrypted,
        on_node=f"127.0.0.1:{handle.path}, type nfs4; the proxy of efs-utils at that address speaks TLS"
        if encrypted
        else f"the mount target's address, or that of efs-utils' proxy, and {handle.path}, type nfs4",
        unseen="whether the mount of a running pod has these options: airflow-efs prove looks from inside",
    )
