"""Changes and deletions of moto's resources that a stack makes in place, and a refusal of all others.

moto's models take a change of any property and apply those that they know; some know none, and some make a
new resource for it. What a rehearsed stack may change is added here; a change that would be lost is refused.
"""

import base64
import json
from typing import Any

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.utils import get_backend
from moto.core.common_models import CloudFormationModel
from moto.efs.models import MountTarget, efs_backends
from moto.iam.models import Role, iam_backends
from moto.utilities.utils import get_partition

from rehearsal.account import security_group_rules
from rehearsal.account.cloudformation.replacement import changed_properties
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.account.tags import tags_of

_MADE: dict[str, frozenset[str]] = {
    "AWS::EC2::SecurityGroup": frozenset({"SecurityGroupIngress", "Tags"}),
    "AWS::EFS::MountTarget": frozenset({"SecurityGroups"}),
    "AWS::IAM::Policy": frozenset({"Groups", "PolicyDocument", "PolicyName", "Roles", "Users"}),
    "AWS::IAM::Role": frozenset({"AssumeRolePolicyDocument", "Description", "MaxSessionDuration", "Tags"}),
    "AWS::Lambda::Function": frozenset(
        {
            "Code",
            "Description",
            "Environment",
            "Handler",
            "Layers",
            "MemorySize",
            "Role",
            "Runtime",
            "Tags",
            "Timeout",
            "VpcConfig",
        }
    ),
    "AWS::S3::Bucket": frozenset({"BucketEncryption"}),
    "AWS::SSM::Parameter": frozenset(
        {"AllowedPattern", "DataType", "Description", "Policies", "Tags", "Tier", "Type", "Value"}
    ),
}
"""The properties whose change moto, with the additions of this module, really makes."""


def install() -> None:
    """Add to moto's models what they cannot change or delete."""
    Role.update_from_cloudformation_json = classmethod(_update_role)  # type: ignore
    Role.put_policy = _put_policy  # type: ignore[method-assign]
    MountTarget.update_from_cloudformation_json = classmethod(_update_mount_target)  # type: ignore
    LambdaFunction.update_from_cloudformation_json = classmethod(_update_function)  # type: ignore
    security_group_rules.install()
    LayerVersion.delete = _delete_layer  # type: ignore[attr-defined]


def refuse_what_is_lost(
    kind: str, model: type[CloudFormationModel], former: dict[str, Any], properties: dict[str, Any]
) -> None:
    """Refuse the change of a property that the emulated account would not make.

    Raises:
        NotRehearsedError: names the properties and the type.
    """
    update: Any = model.update_from_cloudformation_json
    if kind not in _MADE and update.__module__.startswith("rehearsal."):
        return  # it says by itself what it cannot do
    lost = [name for name in changed_properties(former, properties) if name not in _MADE.get(kind, ())]
    if lost:
        raise NotRehearsedError(f"not rehearsed: a change of {', '.join(lost)} of {kind}")


def _update_role(
    cls: type[Role],  # noqa: ARG001
    original_resource: Role,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> Role:
    iam = iam_backends[account_id][get_partition(region_name)]
    role, properties = original_resource, cloudformation_json["Properties"]
    # IAM takes a document without a version, as `cdk bootstrap` has them, and moto only when a role is made.
    trust = {"Version": "2012-10-17", **properties["AssumeRolePolicyDocument"]}
    iam.update_assume_role_policy(role.name, json.dumps(trust))
    iam.update_role(role.name, properties.get("Description", ""), properties.get("MaxSessionDuration", 3600))
    role.tags = properties.get("Tags", [])
    return role


def _put_policy(self: Role, policy_name: str, policy_json: Any) -> None:
    # From a template it is no text, and moto would describe it in Python's words.
    text = policy_json if isinstance(policy_json, str) else json.dumps(policy_json)
    self.policies[policy_name] = text


def _update_function(
    cls: type[LambdaFunction],
    original_resource: LambdaFunction,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,  # noqa: ARG001
    region_name: str,  # noqa: ARG001
) -> LambdaFunction:
    function, properties = original_resource, cloudformation_json["Properties"]
    code = properties["Code"]
    if "ZipFile" in code:  # in a template it is the text of the module, which moto packs at creation only
        code = {"ZipFile": base64.b64encode(cls._create_zipfile_from_plaintext_code(code["ZipFile"]))}
    function.update_configuration(properties)
    function._vpc_config = properties.get("VpcConfig")  # which moto cannot take away
    function.update_function_code(code)
    function.tags = tags_of(properties)
    return function


def _update_mount_target(
    cls: type[MountTarget],  # noqa: ARG001
    original_resource: MountTarget,
    new_resource_name: str,  # noqa: ARG001
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
) -> MountTarget:
    groups = cloudformation_json["Properties"]["SecurityGroups"]
    efs_backends[account_id][region_name].modify_mount_target_security_groups(
        original_resource.mount_target_id, groups
    )
    return original_resource


def _delete_layer(self: LayerVersion, account_id: str, region_name: str) -> None:
    get_backend(account_id, region_name).delete_layer_version(self.name, str(self.version))
