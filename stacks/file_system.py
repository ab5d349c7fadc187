"""The file system of an environment, with everything that is its own: security group, key, backups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from constructs import Construct

from airflow_efs.encryption_key import EncryptionKey
from airflow_efs.existing_file_system import ExistingFileSystem
from airflow_efs.file_system_backup import FileSystemBackup
from airflow_efs.file_system_policy import Statement, file_system_policy
from airflow_efs.mount_target_subnet import MountTargetSubnet
from airflow_efs.nfs_client_rules import NfsClientRules
from airflow_efs.nfs_security_group import NfsSecurityGroup
from airflow_efs.shared_file_system import Lifecycle, Replica, SharedFileSystem
from settings import Environment
from settings.file_system import ExistingFileSystem as ExistingSettings
from stacks.removal import removal_policy


@dataclass(frozen=True, kw_only=True)
class FileSystemParts:
    """What the rest of a stack needs to know of its file system."""

    file_system: SharedFileSystem | ExistingFileSystem
    outputs: Mapping[str, str]
    """What the stack says of it, by the names of the outputs."""
    parts: Sequence[Construct]
    """Everything that was made for it."""


class _Clients(TypedDict):
    client_security_group_ids: tuple[str, ...]
    client_cidrs: tuple[str, ...]
    client_prefix_list_ids: tuple[str, ...]


def file_system_of(scope: Construct, *, environment: Environment, vpc: ec2.IVpc) -> FileSystemParts:
    """Make the file system of an environment, or refer to the one that exists.

    Args:
        scope: the stack. The parts are its children, so that their logical ids do not name this module.
        environment: the validated environment.
        vpc: the VPC of the mount targets.
    """
    existing = environment.file_system.existing
    before = scope.node.children
    file_system: SharedFileSystem | ExistingFileSystem
    if existing is None:
        outputs: dict[str, str] = {}
        file_system = _new(scope, environment, vpc, outputs)
    else:
        outputs = {"SecurityGroupId": existing.security_group}
        file_system = _existing(scope, environment, existing)
    outputs["FileSystemId"] = file_system.file_system_id
    outputs["FileSystemArn"] = file_system.file_system_arn
    parts = [child for child in scope.node.children[len(before) :] if isinstance(child, Construct)]
    return FileSystemParts(file_system=file_system, outputs=outputs, parts=parts)


def _existing(scope: Construct, environment: Environment, existing: ExistingSettings) -> ExistingFileSystem:
    if existing.add_client_rules:
        NfsClientRules(
            scope, "NfsClientRules", security_group_id=existing.security_group, **_clients(environment)
        )
    return ExistingFileSystem(
        scope,
        "FileSystem",
        file_system_id=existing.id,
        security_group_id=existing.security_group,
        new_mount_targets=_subnets(environment) if existing.make_mount_targets else (),
    )


def _new(
    scope: Construct, environment: Environment, vpc: ec2.IVpc, outputs: dict[str, str]
) -> SharedFileSystem:
    settings = environment.file_system
    assert settings.name is not None  # noqa: S101 - the settings have checked it; narrows the type
    nfs = NfsSecurityGroup(
        scope, "NfsSecurityGroup", vpc=vpc, name=settings.security_group_name, **_clients(environment)
    )
    outputs["SecurityGroupId"] = nfs.security_group.security_group_id
    replica = settings.replication
    file_system = SharedFileSystem(
        scope,
        "FileSystem",
        vpc=vpc,
        subnets=_subnets(environment),
        security_group=nfs.security_group,
        name=settings.name,
        policy=file_system_policy(
            iam_authorization=settings.iam_authorization,
            root_access=settings.policy.root_access,
            root_access_roles=settings.policy.root_access_roles,
            statements=[Statement(**dict(item)) for item in settings.policy.statements],
        ),
        performance_mode=settings.performance_mode,
        throughput=settings.throughput,
        provisioned_throughput=settings.provisioned_throughput,
        availability_zone=settings.availability_zone,
        encryption_key=_encryption_key(scope, environment, outputs),
        lifecycle=Lifecycle(**dict(settings.lifecycle)),
        backups=settings.backups,
        replica=(
            Replica(
                region=replica.region,
                encryption_key_arn=replica.encryption_key,
                availability_zone=replica.availability_zone,
            )
            if replica
            else None
        ),
        removal_policy=removal_policy(settings.removal),
    )
    _add_backup_plan(scope, environment, file_system)
    return file_system


def _subnets(environment: Environment) -> list[MountTargetSubnet]:
    return [
        MountTargetSubnet(subnet_id=subnet.id, availability_zone=subnet.availability_zone)
        for subnet in environment.cluster.subnets
    ]


def _clients(environment: Environment) -> _Clients:
    clients = environment.file_system.nfs_clients
    return {
        "client_security_group_ids": clients.security_group_ids(environment.cluster.node_security_groups),
        "client_cidrs": (*clients.cidrs, *clients.public_cidrs),
        "client_prefix_list_ids": clients.prefix_lists,
    }


def _encryption_key(scope: Construct, environment: Environment, outputs: dict[str, str]) -> kms.IKey | None:
    settings = environment.file_system
    if settings.encryption_key == "aws-managed":
        return None
    if settings.encryption_key != "new":
        return kms.Key.from_key_arn(scope, "EncryptionKey", settings.encryption_key)
    own = EncryptionKey(
        scope,
        "EncryptionKey",
        description=f"Encrypts the EFS file system {settings.name} of the EKS cluster "
        f"{environment.cluster.name}",
    )
    outputs["EncryptionKeyArn"] = own.key_arn
    return own.key


def _add_backup_plan(scope: Construct, environment: Environment, file_system: SharedFileSystem) -> None:
    settings = environment.file_system.backup_plan
    if settings is not None:
        FileSystemBackup(
            scope,
            "Backup",
            file_system_arn=file_system.file_system_arn,
            name=settings.name,
            schedule=settings.schedule,
            retention_days=settings.retention_days,
            cold_storage_after_days=settings.cold_storage_after_days,
            existing_vault=settings.vault,
            new_vault=settings.new_vault,
        )
