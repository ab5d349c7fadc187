"""`AWS::KMS::Key` in a stack as CloudFormation has it: rotation, tags, changes in place, a waiting period.

moto's key takes `Tags` for something else, changes in no property, and is gone at once when its stack is. On
AWS a deleted key is only scheduled for deletion: for 30 days what it encrypted can still be saved.
"""

import json
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.kms.models import Key, KmsBackend, kms_backends

from rehearsal.account.cloudformation.replacement import changed_properties
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.account.tags import tags_of

_FIXED = frozenset({"KeySpec", "KeyUsage", "MultiRegion", "Origin"})
"""What CloudFormation refuses to change, without a replacement."""

_CHANGEABLE = frozenset(
    {
        "BypassPolicyLockoutSafetyCheck",
        "Description",
        "EnableKeyRotation",
        "Enabled",
        "KeyPolicy",
        "PendingWindowInDays",
        "RotationPeriodInDays",
        "Tags",
    }
)

_LONGEST_WINDOW = 30
"""Days for which a key waits to be deleted, unless its properties say fewer."""


def install() -> None:
    """Put this module's life of a key in the place of moto's."""
    model: Any = Key
    model.create_from_cloudformation_json = classmethod(_create)
    model.update_from_cloudformation_json = classmethod(_update)
    model.delete = _schedule_deletion
    model.has_cfn_attr = staticmethod(lambda attribute: attribute in ("Arn", "KeyId"))
    model.get_cfn_attribute = _attribute


def _create(
    _cls: type[Key],
    /,
    resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **_more: Any,
) -> Key:
    properties = cloudformation_json["Properties"]
    backend: KmsBackend = kms_backends[account_id][region_name]
    key = backend.create_key(
        policy=None,
        key_usage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        key_spec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        description=properties.get("Description", ""),
        tags=[],
        multi_region=properties.get("MultiRegion", False),
        origin=properties.get("Origin", "AWS_KMS"),
    )
    _settle(backend, key, properties, {})
    return key


def _update(
    _cls: type[Key],
    /,
    original_resource: Key,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> Key:
    key, properties = original_resource, cloudformation_json["Properties"]
    former: dict[str, Any] = key.declared_properties  # type: ignore[attr-defined]
    changed = set(changed_properties(former, properties))
    if fixed := sorted(changed & _FIXED):
        raise ValidationError(message=f"You cannot change the {', '.join(fixed)} of a KMS key.")
    if unknown := sorted(changed - _CHANGEABLE):
        raise NotRehearsedError(f"not rehearsed: a change of {', '.join(unknown)} of AWS::KMS::Key")
    _settle(kms_backends[account_id][region_name], key, properties, former)
    return key


def _settle(backend: KmsBackend, key: Key, properties: dict[str, Any], former: dict[str, Any]) -> None:
    if policy := properties.get("KeyPolicy"):
        key.policy = policy if isinstance(policy, str) else json.dumps(policy)
    key.description = properties.get("Description", "")
    key.key_rotation_status = properties.get("EnableKeyRotation", False)
    key.enabled = properties.get("Enabled", True)
    key.key_state = "Enabled" if key.enabled else "Disabled"
    key.pending_window = properties.get("PendingWindowInDays", _LONGEST_WINDOW)  # type: ignore[attr-defined]
    tags = tags_of(properties)
    gone = [tag["Key"] for tag in former.get("Tags", []) if tag["Key"] not in tags]
    backend.untag_resource(key.arn, gone)
    backend.tag_resource(key.arn, tags)


def _schedule_deletion(self: Key, account_id: str, region_name: str) -> None:
    backend: KmsBackend = kms_backends[account_id][region_name]
    backend.schedule_key_deletion(self.id, self.pending_window)  # type: ignore[attr-defined]


def _attribute(self: Key, attribute_name: str) -> str:
    if attribute_name == "Arn":
        return self.arn
    if attribute_name == "KeyId":
        return self.id
    raise UnformattedGetAttTemplateException()
