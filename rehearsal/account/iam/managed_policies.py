"""Managed policies whose end and whose changes a stack can make: moto knows only how to create them.

CloudFormation detaches a policy before it deletes it, and gives a changed document to a new default version.
"""

import json
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, iam_backends
from moto.utilities.utils import get_partition


def install() -> None:
    """Add deletion and change in place; what cannot be attached leaves nothing behind."""
    create = ManagedPolicy.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]

    def create_or_leave_nothing(
        cls: type[ManagedPolicy],
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> ManagedPolicy:
        backend: IAMBackend = iam_backends[account_id][get_partition(region_name)]
        before = set(backend.managed_policies)
        try:
            made: ManagedPolicy = create(
                cls, resource_name, cloudformation_json, account_id, region_name, **kwargs
            )
        except Exception:
            for arn in backend.managed_policies.keys() - before:
                _delete(backend.managed_policies[arn], account_id, region_name)
            raise
        return made

    ManagedPolicy.create_from_cloudformation_json = classmethod(create_or_leave_nothing)  # type: ignore
    ManagedPolicy.delete = _delete  # type: ignore[attr-defined]
    ManagedPolicy.update_from_cloudformation_json = classmethod(_update)  # type: ignore


def _delete(self: ManagedPolicy, account_id: str, region_name: str) -> None:
    backend: IAMBackend = iam_backends[account_id][get_partition(region_name)]
    for role in _attached(backend, self):
        backend.detach_role_policy(self.arn, role)
    backend.delete_policy(self.arn)


def _update(
    cls: type[ManagedPolicy],  # noqa: ARG001
    original_resource: ManagedPolicy,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> ManagedPolicy:
    backend: IAMBackend = iam_backends[account_id][get_partition(region_name)]
    policy, properties = original_resource, cloudformation_json["Properties"]
    former = policy.default_version_id
    backend.create_policy_version(policy.arn, json.dumps(properties["PolicyDocument"]), True)
    backend.delete_policy_version(policy.arn, former)
    before, after = set(_attached(backend, policy)), set(properties.get("Roles", []))
    for role in before - after:
        backend.detach_role_policy(policy.arn, role)
    for role in after - before:
        backend.attach_role_policy(policy.arn, role)
    return policy


def _attached(backend: IAMBackend, policy: ManagedPolicy) -> list[str]:
    return [role.name for role in backend.roles.values() if policy.arn in role.managed_policies]
