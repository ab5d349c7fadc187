"""What is kept with a file system: its own policy, its backup policy, its lifecycle policies.

moto cannot delete the first, cannot put the second and forgets that it was switched off, takes any text for a
policy, and fails within itself for an unknown file system.
"""

import json
from typing import Any

from moto.efs.exceptions import PolicyNotFound
from moto.efs.models import EFSBackend, FileSystem
from moto.efs.responses import EFSResponse

from rehearsal.account.efs.errors import ServiceError, bad_request
from rehearsal.account.efs.life_cycle import answer, available, existing

_MALFORMED = "One or more LifecyclePolicy objects specified are malformed."
_TRANSITIONS = ("TransitionToIA", "TransitionToArchive", "TransitionToPrimaryStorageClass")


def install() -> None:
    """Add the calls that moto lacks, and the refusals."""
    backend: Any = EFSBackend
    backend.describe_file_system_policy = _describe_policy
    backend.put_file_system_policy = _put_policy
    backend.describe_backup_policy = _describe_backup
    backend.put_lifecycle_configuration = _put_lifecycle
    responses: Any = EFSResponse
    responses.delete_file_system_policy = _delete_policy
    responses.put_backup_policy = _put_backup


def check_policy(text: str) -> None:
    """Refuse what is no policy document.

    Raises:
        ServiceError: InvalidPolicyException.
    """
    try:
        document = json.loads(text)
        statements = document["Statement"]
        well_formed = isinstance(statements, list | dict)
    except (ValueError, KeyError, TypeError):
        well_formed = False
    if not well_formed:
        raise ServiceError(
            "InvalidPolicyException",
            "The policy is not a JSON document with a Statement.",
            status=400,
        )


def set_backup(system: FileSystem, status: str | None) -> None:
    """Switch automatic backups on or off.

    Args:
        system: whose backups.
        status: ENABLED or DISABLED; None as long as nobody has said either.
    """
    system._backup = status == "ENABLED"
    system._backup_said = status is not None  # type: ignore[attr-defined]


def set_lifecycle(system: FileSystem, policies: list[dict[str, str]]) -> None:
    """Say when files move between storage classes.

    Raises:
        ServiceError: BadRequest; nothing was changed.
    """
    named = [name for policy in policies for name in policy]
    if any(len(policy) != 1 for policy in policies) or len(named) != len(set(named)):
        raise bad_request(_MALFORMED)
    if not set(named) <= set(_TRANSITIONS):
        raise bad_request(_MALFORMED)
    if "TransitionToArchive" in named and system.throughput_mode != "elastic":
        raise bad_request("The Archive storage class needs the ThroughputMode elastic.")
    system.lifecycle_policies = policies


def _describe_policy(self: EFSBackend, file_system_id: str) -> str:
    policy = existing(self, file_system_id).file_system_policy
    if not policy:
        raise PolicyNotFound("None")
    return policy


def _put_policy(
    self: EFSBackend,
    file_system_id: str,
    policy: str,
    bypass_policy_lockout_safety_check: bool,  # noqa: ARG001  # moto's signature
) -> None:
    system = available(self, file_system_id)
    check_policy(policy)
    system.file_system_policy = policy


def _delete_policy(self: EFSResponse) -> Any:
    available(self.efs_backend, self._get_param("FileSystemId")).file_system_policy = None
    return answer({})


def _describe_backup(self: EFSBackend, file_system_id: str) -> dict[str, str]:
    system = existing(self, file_system_id)
    if system._backup:
        return {"Status": "ENABLED"}
    if getattr(system, "_backup_said", False):
        return {"Status": "DISABLED"}
    raise PolicyNotFound("None")


def _put_backup(self: EFSResponse) -> Any:
    policy = self._get_param("BackupPolicy")
    set_backup(available(self.efs_backend, self._get_param("FileSystemId")), policy["Status"])
    return answer({"BackupPolicy": policy})


def _put_lifecycle(self: EFSBackend, file_system_id: str, policies: list[dict[str, str]]) -> None:
    set_lifecycle(available(self, file_system_id), policies)
