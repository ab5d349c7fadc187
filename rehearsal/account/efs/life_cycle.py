"""The life cycle of file systems and mount targets: `creating` for a time, then `available`.

moto makes both available at once. On AWS a file system takes seconds and a mount target a minute or two;
until then EFS refuses what needs them, and CloudFormation waits with what refers to them (`stack_resources`).
"""

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from moto.efs.exceptions import FileSystemNotFound, MountTargetNotFound
from moto.efs.models import AccessPoint, EFSBackend, FileSystem, MountTarget

from rehearsal.account.efs.conditions import EfsConditions
from rehearsal.account.efs.errors import wrong_state
from rehearsal.aws_sdk import botocore_session


def install() -> None:
    """Let the state of a file system and of a mount target follow the time since it was made."""
    for model, shape in (
        (FileSystem, "FileSystemDescription"),
        (MountTarget, "MountTargetDescription"),
        (AccessPoint, "AccessPointDescription"),
    ):
        _answer_as_the_service(model, shape)
    for model in (FileSystem, MountTarget):
        model.life_cycle_state = property(_state, _begin)  # type: ignore[assignment]


def existing(backend: EFSBackend, file_system_id: str) -> FileSystem:
    """A file system, in whatever state.

    Raises:
        FileSystemNotFound: there is none of this id.
    """
    if file_system_id not in backend.file_systems_by_id:
        raise FileSystemNotFound(file_system_id)
    return backend.file_systems_by_id[file_system_id]


def available(backend: EFSBackend, file_system_id: str) -> FileSystem:
    """A file system that can be used.

    Raises:
        FileSystemNotFound: there is none of this id.
        ServiceError: IncorrectFileSystemLifeCycleState, while it is being created.
    """
    system = existing(backend, file_system_id)
    if system.life_cycle_state != "available":
        raise wrong_state("IncorrectFileSystemLifeCycleState")
    return system


def available_target(backend: EFSBackend, mount_target_id: str) -> MountTarget:
    """A mount target that can be used.

    Raises:
        MountTargetNotFound: there is none of this id.
        ServiceError: IncorrectMountTargetState, while it is being created.
    """
    if mount_target_id not in backend.mount_targets_by_id:
        raise MountTargetNotFound(mount_target_id)
    target = backend.mount_targets_by_id[mount_target_id]
    if target.life_cycle_state != "available":
        raise wrong_state("IncorrectMountTargetState")
    return target


def _begin(self: Any, _state: str) -> None:
    # moto's constructor says `available`.
    self._available_at = time.monotonic() + EfsConditions.creating_seconds()


def _state(self: Any) -> str:
    return "available" if time.monotonic() >= self._available_at else "creating"


@cache
def _description_of_efs() -> Any:
    return botocore_session().get_service_model("efs")


def _answer_as_the_service(model: type[Any], shape: str) -> None:
    # moto answers with every field of its object; the service's answer has the members of its shape.
    structure: Any = _description_of_efs().shape_for(shape)
    info: Callable[[Any], dict[str, Any]] = model.info_json

    def info_of_the_service(self: Any) -> dict[str, Any]:
        state = {"LifeCycleState": self.life_cycle_state} if hasattr(self, "_available_at") else {}
        extra = getattr(self, "described", {})
        found = {**info(self), **state, **extra}
        return {key: value for key, value in found.items() if key in structure.members and value is not None}

    model.info_json = info_of_the_service


def answer(content: dict[str, Any], *, status: int = 200) -> tuple[str, dict[str, str | int]]:
    """What a call of moto's EFS returns."""
    return json.dumps(content), {"status": status, "Content-Type": "application/json"}
