"""What EFS refuses when a file system or a mount target is made or changed, and moto lets pass.

A creation token that is used again; a performance or throughput mode that cannot be; more than one mount
target in a zone, or one outside the zone of a One Zone file system; more than five security groups. Every
refusal comes before anything is made, whether by a call or by a stack.

Not here: EFS lets a throughput mode change, or provisioned throughput decrease, once in 24 hours. A rehearsal
takes minutes, for changes that lie days apart.
"""

from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.subnets import Subnet
from moto.efs.exceptions import (
    FileSystemInUse,
    MountTargetConflict,
    SecurityGroupLimitExceeded,
)
from moto.efs.models import EFSBackend, FileSystem, MountTarget
from moto.efs.responses import EFSResponse
from moto.efs.urls import response, url_paths

from rehearsal.account.cloudformation.concurrency import MOTO
from rehearsal.account.efs.errors import ServiceError, bad_request
from rehearsal.account.efs.life_cycle import answer, available, available_target, existing

_MOST_GROUPS = 5
_MOST_PROVISIONED = 3414
"""MiB/s that EFS provisions at most; in some regions fewer."""
_ONE_ZONE_PERFORMANCE = "generalPurpose"


def install() -> None:
    """Put the refusals before moto's own work, and add the calls that change a file system."""
    backend: Any = EFSBackend
    backend.create_file_system = _guarded_creation(backend.create_file_system)
    backend.create_mount_target = _guarded_mount_target(backend.create_mount_target)
    backend.modify_mount_target_security_groups = _guarded_groups(backend.modify_mount_target_security_groups)
    backend.delete_file_system = _guarded_deletion(backend.delete_file_system)
    FileSystem.described = property(_described)  # type: ignore[attr-defined]
    responses: Any = EFSResponse
    responses.update_file_system = _update_file_system
    responses.update_file_system_protection = _update_protection
    url_paths["/2015-02-01/file-systems/<file_system_id>/protection"] = response.dispatch


def check_throughput(*, mode: str, performance: str, provisioned: float | None) -> None:
    """Refuse a throughput that a file system cannot have.

    Args:
        mode: bursting, elastic or provisioned.
        performance: generalPurpose or maxIO.
        provisioned: MiB/s.

    Raises:
        ServiceError: BadRequest, or ThroughputLimitExceeded.
    """
    if mode == "provisioned":
        if not provisioned:
            raise bad_request("ProvisionedThroughputInMibps is required when ThroughputMode is provisioned.")
        if provisioned < 1:
            raise bad_request("ProvisionedThroughputInMibps must be at least 1.")
        if provisioned > _MOST_PROVISIONED:
            raise ServiceError(
                "ThroughputLimitExceeded",
                f"The throughput limit of {_MOST_PROVISIONED} MiB/s has been reached.",
                status=400,
            )
    elif provisioned:
        raise bad_request("ProvisionedThroughputInMibps needs the ThroughputMode provisioned.")
    if mode == "elastic" and performance == "maxIO":
        raise bad_request("Elastic throughput is not supported with the performance mode maxIO.")


def update_throughput(system: FileSystem, *, mode: str, provisioned: float | None) -> None:
    """Change how a file system's throughput is had.

    Raises:
        ServiceError: it cannot be so; nothing was changed.
    """
    check_throughput(mode=mode, performance=system.performance_mode, provisioned=provisioned)
    if mode != "elastic" and any("TransitionToArchive" in one for one in system.lifecycle_policies):
        raise bad_request("The Archive storage class needs the ThroughputMode elastic.")
    system.throughput_mode = mode
    system.provisioned_throughput_in_mibps = provisioned  # type: ignore[assignment]


def _described(self: FileSystem) -> dict[str, Any]:
    provisioned = self.provisioned_throughput_in_mibps if self.throughput_mode == "provisioned" else None
    protection = getattr(self, "_overwrite_protection", "ENABLED")
    return {
        "ProvisionedThroughputInMibps": provisioned,
        "FileSystemProtection": {"ReplicationOverwriteProtection": protection},
    }


def _guarded_creation(create: Any) -> Any:
    def create_file_system(self: EFSBackend, creation_token: str, **parameters: Any) -> FileSystem:
        performance = parameters["performance_mode"] or "generalPurpose"
        zone = parameters["availability_zone_name"]
        with MOTO:
            for system in self.file_systems_by_id.values():
                if system.creation_token == creation_token:
                    raise ServiceError(
                        "FileSystemAlreadyExists",
                        f"File system '{system.file_system_id}' already exists with creation token "
                        f"'{creation_token}'",
                        status=409,
                        FileSystemId=system.file_system_id,
                    )
            check_throughput(
                mode=parameters["throughput_mode"] or "bursting",
                performance=performance,
                provisioned=parameters["provisioned_throughput_in_mibps"],
            )
            if zone:
                _check_zone(self, zone, performance)
            return create(self, creation_token, **parameters)  # type: ignore[no-any-return]

    return create_file_system


def _check_zone(backend: EFSBackend, zone: str, performance: str) -> None:
    zones = ec2_backends[backend.account_id][backend.region_name].describe_availability_zones()
    if zone not in [one.name for one in zones]:
        raise ServiceError(
            "UnsupportedAvailabilityZone", f"{zone} is not a zone of {backend.region_name}.", status=400
        )
    if performance != _ONE_ZONE_PERFORMANCE:
        raise bad_request("Max I/O performance mode is not supported with One Zone file systems.")


def _guarded_mount_target(create: Any) -> Any:
    def create_mount_target(
        self: EFSBackend,
        file_system_id: str,
        subnet_id: str,
        ip_address: str | None = None,
        security_groups: list[str] | None = None,
    ) -> MountTarget:
        with MOTO:
            subnet = _subnet(self, subnet_id)
            system = available(self, file_system_id)
            _check_place(system, subnet)
            _check_groups(self, security_groups or [], vpc=subnet.vpc_id)
            return create(  # type: ignore[no-any-return]
                self, file_system_id, subnet_id, ip_address=ip_address, security_groups=security_groups
            )

    return create_mount_target


def _subnet(backend: EFSBackend, subnet_id: str) -> Subnet:
    try:
        return ec2_backends[backend.account_id][backend.region_name].get_subnet(subnet_id)
    except InvalidSubnetIdError as error:
        text = f"The subnet ID '{subnet_id}' does not exist"
        raise ServiceError("SubnetNotFound", text, status=400) from error


def _check_place(system: FileSystem, subnet: Subnet) -> None:
    if any(other.subnet_vpc_id != subnet.vpc_id for other in system.iter_mount_targets()):
        raise MountTargetConflict(
            "requested subnet for new mount target is not in the same VPC as existing mount targets"
        )
    if system.has_mount_target(subnet):
        raise MountTargetConflict("mount target already exists in this AZ")
    if system.availability_zone_name not in (None, "", subnet.availability_zone):
        raise ServiceError(
            "AvailabilityZonesMismatch",
            f"The subnet's zone is {subnet.availability_zone}; the One Zone file system's is "
            f"{system.availability_zone_name}.",
            status=400,
        )


def _guarded_groups(modify: Any) -> Any:
    def modify_groups(self: EFSBackend, mount_target_id: str, security_groups: list[str]) -> None:
        with MOTO:
            target = available_target(self, mount_target_id)
            _check_groups(self, security_groups, vpc=target.subnet_vpc_id)
            modify(self, mount_target_id, security_groups)

    return modify_groups


def _check_groups(backend: EFSBackend, groups: list[str], *, vpc: str) -> None:
    if len(groups) > _MOST_GROUPS:
        raise SecurityGroupLimitExceeded(
            "The maximum number of security groups per interface has been reached."
        )
    known = ec2_backends[backend.account_id][backend.region_name].describe_security_groups()
    in_the_vpc = {group.id for group in known if group.vpc_id == vpc}
    for group in groups:
        if group not in in_the_vpc:
            raise ServiceError(
                "SecurityGroupNotFound", f"The SecurityGroup ID '{group}' does not exist", status=400
            )


def _guarded_deletion(delete: Any) -> Any:
    def delete_file_system(self: EFSBackend, file_system_id: str) -> None:
        with MOTO:
            system = existing(self, file_system_id)
            if getattr(system, "_replication", None):
                raise FileSystemInUse("The file system is part of a replication configuration.")
            delete(self, file_system_id)
            self.access_points = {
                name: point
                for name, point in self.access_points.items()
                if point.file_system_id != file_system_id
            }

    return delete_file_system


def _update_file_system(self: EFSResponse) -> Any:
    with MOTO:
        system = available(self.efs_backend, self._get_param("FileSystemId"))
        mode = self._get_param("ThroughputMode") or system.throughput_mode
        provisioned = self._get_param("ProvisionedThroughputInMibps")
        if provisioned is None and mode == system.throughput_mode:
            provisioned = system.provisioned_throughput_in_mibps
        update_throughput(system, mode=mode, provisioned=provisioned)
        return answer(system.info_json(), status=202)


def _update_protection(self: EFSResponse) -> Any:
    with MOTO:
        system = available(self.efs_backend, self._get_param("FileSystemId"))
        protection = set_protection(system, self._get_param("ReplicationOverwriteProtection"))
        return answer({"ReplicationOverwriteProtection": protection})


def set_protection(system: FileSystem, protection: str) -> str:
    """Say whether a file system may become the destination of a replication: `DISABLED` lets it.

    Raises:
        ServiceError: ReplicationAlreadyExists, while it is one.
    """
    if getattr(system, "_overwrite_protection", "ENABLED") == "REPLICATING":
        raise ServiceError(
            "ReplicationAlreadyExists",
            f"File system {system.file_system_id} is the destination of a replication configuration.",
            status=409,
        )
    system._overwrite_protection = protection  # type: ignore[attr-defined]
    return protection
