"""A file system that exists already."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_efs as efs
from constructs import Construct, DependencyGroup

from airflow_efs.mount_target_subnet import MountTargetSubnet, check_subnets


class ExistingFileSystem(Construct):
    """A file system that is used and never changed: nothing in the template owns it.

    Args:
        file_system_id: the id, ``fs-…``, in this account and region.
        security_group_id: guards the mount targets that are made. It is not changed.
        new_mount_targets: one subnet for each zone that gets a mount target, which goes with the stack. EFS
            has room for one in a zone. Default: they exist already.

    Raises:
        ValueError: when a zone comes twice.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        file_system_id: str,
        security_group_id: str,
        new_mount_targets: Sequence[MountTargetSubnet] = (),
    ) -> None:
        if new_mount_targets:
            check_subnets(new_mount_targets)
        super().__init__(scope, construct_id)

        self._file_system_id = file_system_id
        self._mount_targets = DependencyGroup()
        for subnet in new_mount_targets:
            self._mount_targets.add(
                efs.CfnMountTarget(
                    self,
                    f"EfsMountTarget-{subnet.availability_zone}",
                    file_system_id=file_system_id,
                    subnet_id=subnet.subnet_id,
                    security_groups=[security_group_id],
                )
            )

    @property
    def file_system_id(self) -> str:
        """The id, ``fs-…``."""
        return self._file_system_id

    @property
    def file_system_arn(self) -> str:
        """The ARN, for IAM policies."""
        return Stack.of(self).format_arn(
            service="elasticfilesystem",
            resource="file-system",
            resource_name=self._file_system_id,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    @property
    def mount_targets_available(self) -> DependencyGroup:
        """The mount targets that are made; those that exist are available already."""
        return self._mount_targets
