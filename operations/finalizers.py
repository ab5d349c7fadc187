"""What keeps an object of Kubernetes from going that is being deleted, and what of it can still be kept."""

from collections.abc import Mapping
from typing import Any, Final

_OWN: Final = ("kubernetes.io/", "external-provisioner.volume.kubernetes.io/")
"""Beginnings of finalizers that Kubernetes and csi-provisioner set, and take away by themselves."""


def is_going(thing: Mapping[str, Any]) -> bool:
    """Whether an object is being deleted."""
    return bool(thing["metadata"].get("deletionTimestamp"))


def others_of(thing: Mapping[str, Any]) -> tuple[str, ...]:
    """The finalizers of an object that are neither Kubernetes' own nor csi-provisioner's."""
    return tuple(one for one in thing["metadata"].get("finalizers") or () if not one.startswith(_OWN))


def keep_volume_of(claim: Mapping[str, Any]) -> str:
    """How the volume of a claim that goes is kept, as the beginning of a cure; empty where it has none.

    While the claim is there, its volume's reclaim policy can be changed: by Delete the access point would go.
    """
    name = claim["spec"].get("volumeName")
    if not name:
        return ""
    policy = '\'{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}\''
    return f"to keep its volume and data for a new claim, first kubectl patch pv {name} -p {policy}; then "
