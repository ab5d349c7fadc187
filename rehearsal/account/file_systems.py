"""What moto's EFS lacks for a stack: the ARN attribute, the policy, and changes in place.

Of the properties that can change without replacement, most are applied here. A change of any other is
refused, rather than reported and not made.
"""

import json
from typing import Any

import botocore.session
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.efs.models import EFSBackend, FileSystem, MountTarget, efs_backends

from rehearsal.account.recorded_only import NotRehearsedError

_CHANGEABLE = (
    "BackupPolicy",
    "BypassPolicyLockoutSafetyCheck",
    "FileSystemPolicy",
    "FileSystemTags",
    "LifecyclePolicies",
    "ProvisionedThroughputInMibps",
    "ThroughputMode",
)
"""Properties whose change is made in place."""


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
        _set_policy(system, properties)
        return system

    FileSystem.create_from_cloudformation_json = classmethod(create_with_policy)  # type: ignore
    FileSystem.update_from_cloudformation_json = classmethod(_update)  # type: ignore
    FileSystem.has_cfn_attr = staticmethod(lambda attribute: attribute in ("Arn", "FileSystemId"))  # type: ignore
    FileSystem.get_cfn_attribute = _attribute  # type: ignore[attr-defined]
    _answer_as_the_service(FileSystem, "FileSystemDescription")
    _answer_as_the_service(MountTarget, "MountTargetDescription")


def _answer_as_the_service(model: type[FileSystem | MountTarget], shape: str) -> None:
    # moto answers with every field of its object; the service's answer has the members of its shape.
    structure: Any = botocore.session.get_session().get_service_model("efs").shape_for(shape)
    info = model.info_json

    def info_of_the_service(self: Any) -> dict[str, Any]:
        return {key: value for key, value in info(self).items() if key in structure.members}

    model.info_json = info_of_the_service  # type: ignore[method-assign]


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
    for name in sorted(former.keys() | properties.keys()):
        if former.get(name) == properties.get(name):
            continue
        if name not in _CHANGEABLE:
            raise NotRehearsedError(f"not rehearsed: a change of {name} of a file system")
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
    backend.tag_resource(system.file_system_id, {tag["Key"]: tag["Value"] for tag in tags})
    _set_policy(system, properties)
    return system


def _set_policy(system: FileSystem, properties: dict[str, Any]) -> None:
    policy = properties.get("FileSystemPolicy")
    system.file_system_policy = json.dumps(policy) if policy else None
