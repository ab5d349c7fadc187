"""What keeps an object of Kubernetes from going that is being deleted."""

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
