"""What moto's EFS lacks for a stack: the ARN attribute, the policy, and changes in place.

CloudFormation's documentation of AWS::EFS::FileSystem says which properties can change without replacement;
those are applied here. A change of any other property is refused, rather than reported and not made.
"""

import json
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.efs.models import EFSBackend, FileSystem, efs_backends

_FIXED = ("AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode")
"""Properties whose change replaces the file system."""


class NotRehearsedError(Exception):
    """The emulated account does not know how to do this, and says so instead of pretending."""


def install() -> None:
    """Add to moto's file system what a stack needs."""
    create = FileSystem.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_with_policy(
        cls: type[FileSystem],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> FileSystem:
        system: FileSystem = create(
            cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        properties = cloudformation_json["Properties"]
        system.declared_properties = properties  # type: ignore[attr-defined]
        _set_policy(system, properties)
        return system

    FileSystem.create_from_cloudformation_json = classmethod(create_with_policy)  # type: ignore
    FileSystem.update_from_cloudformation_json = classmethod(_update)  # type: ignore
    FileSystem.has_cfn_attr = staticmethod(lambda attribute: attribute in ("Arn", "FileSystemId"))  # type: ignore
    FileSystem.get_cfn_attribute = _attribute  # type: ignore[attr-defined]
    info = FileSystem.info_json

    def info_of_the_service(self: FileSystem) -> dict[str, Any]:
        # moto answers with every field of its object; the service's answer has no such members.
        extra = ("DeclaredProperties", "FileSystemPolicy", "LifecyclePolicies")
        return {key: value for key, value in info(self).items() if key not in extra}

    FileSystem.info_json = info_of_the_service  # type: ignore[method-assign]


def _attribute(self: FileSystem, attribute_name: str) -> str:
    if attribute_name == "Arn":
        return self.file_system_arn
    if attribute_name == "FileSystemId":
        return self.file_system_id
    raise UnformattedGetAttTemplateException()


def _update(
    cls: type[FileSystem],  # noqa: ARG001
    original_resource: FileSystem,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> FileSystem:
    system = original_resource
    properties = cloudformation_json["Properties"]
    former: dict[str, Any] = system.declared_properties  # type: ignore[attr-defined]
    for name in _FIXED:
        if former.get(name) != properties.get(name):
            raise NotRehearsedError(f"not rehearsed: the replacement of a file system ({name} changed)")
    backend: EFSBackend = efs_backends[account_id][region_name]
    system.throughput_mode = properties.get("ThroughputMode", "bursting")
    system.provisioned_throughput_in_mibps = properties.get("ProvisionedThroughputInMibps", 0)
    system._backup = properties.get("BackupPolicy", {}).get("Status") == "ENABLED"
    backend.put_lifecycle_configuration(
        file_system_id=system.file_system_id, policies=properties.get("LifecyclePolicies", [])
    )
    tags = properties.get("FileSystemTags", [])
    gone = {tag["Key"] for tag in former.get("FileSystemTags", [])} - {tag["Key"] for tag in tags}
    backend.untag_resource(system.file_system_id, list(gone))
    backend.tag_resource(system.file_system_id, tags)
    _set_policy(system, properties)
    system.declared_properties = properties  # type: ignore[attr-defined]
    return system


def _set_policy(system: FileSystem, properties: dict[str, Any]) -> None:
    policy = properties.get("FileSystemPolicy")
    system.file_system_policy = json.dumps(policy) if policy else None
