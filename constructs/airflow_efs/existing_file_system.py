"""A file system that exists already."""

from aws_cdk import ArnFormat, Stack
from constructs import Construct, DependencyGroup


class ExistingFileSystem(Construct):
    """A file system that is used and never changed: nothing in the template is, or belongs to, it.

    Its mount targets exist, too. EFS has room for one in a zone, and one of a stack of ours would be taken
    away together with that stack.

    Args:
        file_system_id: the id, ``fs-…``, in this account and region.
    """

    def __init__(self, scope: Construct, construct_id: str, *, file_system_id: str) -> None:
        super().__init__(scope, construct_id)

        self._file_system_id = file_system_id

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
        """Nothing: they are available already."""
        return DependencyGroup()
