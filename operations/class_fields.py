"""A StorageClass as Kubernetes has it: the fields that nobody can change, and how two classes differ."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from settings.storage_class import StorageClass

_DEFAULTS: Mapping[str, Any] = {
    "mountOptions": [],
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "Immediate",
    "allowedTopologies": [],
    "parameters": {},
}
"""These fields, with what stands for absence."""


def class_fields(settings: StorageClass, file_system_id: str) -> Mapping[str, Any]:
    """A class of the environment as Kubernetes has it: the fields that cannot change.

    Args:
        settings: the class.
        file_system_id: the file system of its volumes.
    """
    parameters = {
        "provisioningMode": "efs-ap",
        "fileSystemId": file_system_id,
        "directoryPerms": settings.directory_permissions,
    }
    if settings.base_path != "/":
        parameters["basePath"] = settings.base_path
    if settings.owner is not None:
        parameters |= {"uid": str(settings.owner.uid), "gid": str(settings.owner.gid)}
    if settings.gid_range is not None:
        parameters |= {
            "gidRangeStart": str(settings.gid_range.start),
            "gidRangeEnd": str(settings.gid_range.end),
        }
    if settings.sub_path_pattern is not None:
        parameters["subPathPattern"] = settings.sub_path_pattern
    if not settings.ensure_unique_directory:
        parameters["ensureUniqueDirectory"] = "false"
    if settings.reuse_access_point:
        parameters["reuseAccessPoint"] = "true"
    return {
        "parameters": parameters,
        "mountOptions": list(settings.mount_options),
        "reclaimPolicy": settings.reclaim_policy,
        "volumeBindingMode": settings.volume_binding_mode,
    }


def class_differences(former: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """What of the fields that cannot change differs between two classes: name, former and wanted value."""
    for field, absent in _DEFAULTS.items():
        one, other = former.get(field) or absent, wanted.get(field) or absent
        if not isinstance(absent, dict):
            if one != other:
                yield f"{field} from {_shown(one)} to {_shown(other)}"
            continue
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                yield f"{key} from {_shown(one.get(key))} to {_shown(other.get(key))}"


def _shown(value: Any) -> str:
    if value in (None, []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(one if isinstance(one, str) else json.dumps(one) for one in value)
    return str(value)
