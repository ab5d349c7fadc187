"""Replication of a file system into another region, or into another file system: moto has none.

A destination that is not named is made in its region, encrypted, as on AWS; it stays when the configuration
goes. No data is copied: nothing of a rehearsal has any.
"""

import time
import uuid
from typing import Any

from moto.efs.models import EFSBackend, FileSystem, efs_backends
from moto.efs.responses import EFSResponse
from moto.efs.urls import response, url_paths

from rehearsal.account.cloudformation.concurrency import MOTO
from rehearsal.account.efs.errors import ServiceError
from rehearsal.account.efs.life_cycle import answer, available, existing


def install() -> None:
    """Add the three calls."""
    responses: Any = EFSResponse
    responses.create_replication_configuration = _create
    responses.describe_replication_configurations = _describe
    responses.delete_replication_configuration = _delete
    url_paths["/2015-02-01/file-systems/<file_system_id>/replication-configuration"] = response.dispatch
    url_paths["/2015-02-01/file-systems/replication-configurations"] = response.dispatch


def replicate(system: FileSystem, destinations: list[dict[str, Any]]) -> dict[str, Any]:
    """Begin to replicate a file system.

    Args:
        system: the source.
        destinations: one, with a `Region`, an `AvailabilityZoneName` or a `FileSystemId`.

    Returns:
        The configuration, as the service describes it.

    Raises:
        ServiceError: it is part of a replication already, or the destination cannot be.
    """
    with MOTO:
        if _replication(system):
            raise ServiceError(
                "ConflictException",
                f"File system {system.file_system_id} is already in a replication configuration.",
                status=409,
            )
        if len(destinations) != 1:
            raise ServiceError("ValidationException", "Exactly one destination is needed.", status=400)
        wanted = destinations[0]
        home = system.file_system_arn.split(":")[3]
        region = wanted.get("Region") or home
        target = _destination(system, wanted, region)
        target._overwrite_protection = "REPLICATING"  # type: ignore[attr-defined]
        configuration = {
            "SourceFileSystemId": system.file_system_id,
            "SourceFileSystemRegion": home,
            "SourceFileSystemArn": system.file_system_arn,
            "OriginalSourceFileSystemArn": system.file_system_arn,
            "SourceFileSystemOwnerId": system.owner_id,
            "CreationTime": time.time(),
            "Destinations": [
                {
                    "Status": "ENABLED",
                    "FileSystemId": target.file_system_id,
                    "Region": region,
                    "OwnerId": target.owner_id,
                    "LastReplicatedTimestamp": time.time(),
                    **({"RoleArn": wanted["RoleArn"]} if wanted.get("RoleArn") else {}),
                }
            ],
        }
        system._replication = configuration  # type: ignore[attr-defined]
        target._replication = configuration  # type: ignore[attr-defined]
        return configuration


def end_replication(system: FileSystem) -> None:
    """Take the configuration of a source away; its destination stays and can be written to."""
    with MOTO:
        configuration = _replication(system)
        if not configuration:
            return
        (destination,) = configuration["Destinations"]
        backend: EFSBackend = efs_backends[system.owner_id][destination["Region"]]
        target: Any = backend.file_systems_by_id.get(destination["FileSystemId"])
        source: Any = system
        for part in (source, target):
            if part is not None:
                part._replication = None
                if getattr(part, "_overwrite_protection", "") == "REPLICATING":
                    part._overwrite_protection = "ENABLED"


def _replication(system: FileSystem) -> dict[str, Any] | None:
    return getattr(system, "_replication", None)


def _destination(system: FileSystem, wanted: dict[str, Any], region: str) -> FileSystem:
    backend: EFSBackend = efs_backends[system.owner_id][region]
    if named := wanted.get("FileSystemId"):
        target = available(backend, named.rpartition("/")[2])
        if _replication(target) or target is system:
            raise ServiceError(
                "ConflictException",
                f"File system {target.file_system_id} is already in a replication configuration.",
                status=409,
            )
        if getattr(target, "_overwrite_protection", "ENABLED") != "DISABLED":
            raise ServiceError(
                "ConflictException",
                f"Replication overwrite protection of {target.file_system_id} is enabled.",
                status=409,
            )
        return target
    return backend.create_file_system(
        str(uuid.uuid4()),
        performance_mode="generalPurpose",
        encrypted=True,
        kms_key_id=wanted.get("KmsKeyId", ""),
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name=wanted.get("AvailabilityZoneName", ""),
        backup=False,
        tags=[],
    )


def _create(self: EFSResponse) -> Any:
    system = available(self.efs_backend, self._get_param("SourceFileSystemId"))
    return answer(replicate(system, self._get_param("Destinations")))


def _describe(self: EFSResponse) -> Any:
    file_system_id = self._get_param("FileSystemId")
    if file_system_id:
        found = _replication(existing(self.efs_backend, file_system_id.rpartition("/")[2]))
        if found is None:
            raise ServiceError(
                "ReplicationNotFound", f"No replication configuration of {file_system_id}.", status=404
            )
        return answer({"Replications": [found]})
    systems = list(self.efs_backend.file_systems_by_id.values())
    # A source and its destination in one region hold the same configuration.
    every = {one["SourceFileSystemId"]: one for system in systems if (one := _replication(system))}
    return answer({"Replications": list(every.values())})


def _delete(self: EFSResponse) -> Any:
    system = existing(self.efs_backend, self._get_param("SourceFileSystemId"))
    configuration = _replication(system)
    if configuration is None:
        raise ServiceError(
            "ReplicationNotFound", f"No replication configuration of {system.file_system_id}.", status=404
        )
    source: EFSBackend = efs_backends[system.owner_id][configuration["SourceFileSystemRegion"]]
    end_replication(source.file_systems_by_id[configuration["SourceFileSystemId"]])
    return answer({}, status=204)
