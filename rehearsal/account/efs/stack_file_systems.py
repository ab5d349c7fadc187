"""`AWS::EFS::FileSystem` in a stack: its attributes, its policies and replication, its changes in place.

What the service refuses is refused here too (`refusals`, `policies`, `replication`).
"""

import json
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.efs.models import EFSBackend, FileSystem, efs_backends

from rehearsal.account.efs import (
    access_points,
    errors,
    life_cycle,
    policies,
    refusals,
    replication,
)
from rehearsal.account.efs.policies import check_policy, set_backup, set_lifecycle
from rehearsal.account.efs.refusals import set_protection, update_throughput
from rehearsal.account.efs.replication import end_replication, replicate
from rehearsal.account.tags import tags_of


def install() -> None:
    """Complete moto's EFS: the service itself, and its file system in a stack."""
    for part in (
        errors,
        life_cycle,
        refusals,
        access_points,
        policies,
        replication,
    ):
        part.install()
    model: Any = FileSystem
    model.create_from_cloudformation_json = classmethod(_create)
    model.update_from_cloudformation_json = classmethod(_update)
    model.delete = _delete
    model.has_cfn_attr = staticmethod(lambda attribute: attribute in ("Arn", "FileSystemId"))
    model.get_cfn_attribute = _attribute


def _create(
    _cls: type[FileSystem],
    /,
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_more: Any,
) -> FileSystem:
    properties = cloudformation_json["Properties"]
    backend: EFSBackend = efs_backends[account_id][region_name]
    system = backend.create_file_system(
        resource_name,
        performance_mode=properties.get("PerformanceMode", "generalPurpose"),
        encrypted=properties.get("Encrypted", False),
        kms_key_id=properties.get("KmsKeyId", ""),
        throughput_mode=properties.get("ThroughputMode", "bursting"),
        provisioned_throughput_in_mibps=properties.get("ProvisionedThroughputInMibps", 0),
        availability_zone_name=properties.get("AvailabilityZoneName", ""),
        backup=False,
        tags=properties.get("FileSystemTags", []),
    )
    try:
        _settle(backend, system, properties, {})
    except Exception:
        end_replication(system)
        backend.delete_file_system(system.file_system_id)
        raise
    return system


def _update(
    _cls: type[FileSystem],
    /,
    original_resource: FileSystem,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> FileSystem:
    system = original_resource
    properties = cloudformation_json["Properties"]
    former: dict[str, Any] = system.declared_properties  # type: ignore[attr-defined]
    # Every other property that a rehearsal heeds replaces the file system.
    _settle(efs_backends[account_id][region_name], system, properties, former)
    return system


def _settle(
    backend: EFSBackend, system: FileSystem, properties: dict[str, Any], former: dict[str, Any]
) -> None:
    """Bring what can change to what the properties say."""
    policy = properties.get("FileSystemPolicy")
    if policy:
        check_policy(json.dumps(policy))
    # Archive needs elastic throughput: the lifecycle goes first where throughput is given up.
    lifecycle = properties.get("LifecyclePolicies", [])
    mode = properties.get("ThroughputMode", "bursting")
    if mode != "elastic":
        set_lifecycle(system, lifecycle)
    update_throughput(system, mode=mode, provisioned=properties.get("ProvisionedThroughputInMibps"))
    if mode == "elastic":
        set_lifecycle(system, lifecycle)
    system.file_system_policy = json.dumps(policy) if policy else None
    set_backup(system, properties.get("BackupPolicy", {}).get("Status"))
    tags = tags_of(properties, "FileSystemTags")
    gone = tags_of(former, "FileSystemTags").keys() - tags.keys()
    backend.untag_resource(system.file_system_id, list(gone))
    backend.tag_resource(system.file_system_id, tags)
    _settle_replication(system, properties, former)


def _settle_replication(system: FileSystem, properties: dict[str, Any], former: dict[str, Any]) -> None:
    wanted = properties.get("ReplicationConfiguration", {}).get("Destinations", [])
    if wanted != former.get("ReplicationConfiguration", {}).get("Destinations", []):
        end_replication(system)
        if wanted:
            replicate(system, wanted)
    protection = properties.get("FileSystemProtection", {}).get("ReplicationOverwriteProtection", "ENABLED")
    if properties.get("FileSystemProtection") != former.get("FileSystemProtection"):
        set_protection(system, protection)


def _delete(self: FileSystem, account_id: str, region_name: str) -> None:
    # CloudFormation ends the replication of what it deletes; the destination is not the stack's.
    end_replication(self)
    backend: EFSBackend = efs_backends[account_id][region_name]
    backend.delete_file_system(self.file_system_id)


def _attribute(self: FileSystem, attribute_name: str) -> str:
    if attribute_name == "Arn":
        return self.file_system_arn
    if attribute_name == "FileSystemId":
        return self.file_system_id
    raise UnformattedGetAttTemplateException()
