"""What CloudFormation refuses in a template before it makes anything, in its own words.

moto finds a name that nothing has when it evaluates it: in the middle of a deployment, as a KeyError. These
checks look at the whole text, also at what a condition leaves out, as CloudFormation does.
"""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from rehearsal.account.cloudformation.resource_schema import resource_schema
from rehearsal.account.cloudformation.template_forms import (
    VARIABLE,
    intrinsics,
    parts_of_get_att,
    parts_of_sub,
)
from rehearsal.account.cloudformation.template_order import creation_order, depended_on

_SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Hooks",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
        "Rules",
        "Transform",
    }
)

_ATTRIBUTES = frozenset(
    {
        "Condition",
        "CreationPolicy",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdatePolicy",
        "UpdateReplacePolicy",
    }
)

_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)
"""What a template may refer to without declaring it."""


def check_template(template: dict[str, Any], region: str) -> None:
    """Refuse a template that CloudFormation would not take.

    Args:
        template: as it was written, with short forms.
        region: whose resource types to ask for their attributes.

    Raises:
        ValidationError: the first thing that is wrong, in the words of the service.
    """
    for sentence in _faults(template, region):
        raise ValidationError(message=sentence)
    creation_order(template["Resources"])


def _faults(template: dict[str, Any], region: str) -> Iterator[str]:
    if unknown := sorted(template.keys() - _SECTIONS):
        yield f"Invalid template property or properties [{', '.join(unknown)}]"
    resources = template.get("Resources")
    if not resources:
        yield "Template format error: At least one Resources member must be defined."
        return
    yield from (
        f"Template format error: [{path}] 'null' values are not allowed in templates"
        for path in _nulls(template, "")
    )
    for name, body in resources.items():
        if "Type" not in body:
            yield (
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type "
                "member."
            )
        for attribute in sorted(body.keys() - _ATTRIBUTES):
            yield f"Invalid template resource property '{attribute}'"
        for attribute, values in _POLICIES.items():
            if (policy := body.get(attribute, "Delete")) not in values:
                yield f"Template format error: Unrecognized {attribute} {policy} for resource {name}"
            if policy == "Snapshot":  # no type that is rehearsed has snapshots
                kind = body["Type"]
                yield f"Template error: resource type {kind} does not support deletion policy Snapshot"
    parameters = template.get("Parameters", {}).keys() | PSEUDO_PARAMETERS
    if missing := sorted(_missing(template.get("Conditions", {}), parameters)):
        yield (
            f"Template format error: Unresolved dependencies [{', '.join(missing)}]. Cannot reference "
            "resources in the Conditions block of the template"
        )
    known = resources.keys() | parameters
    for block in ("Resources", "Outputs"):
        yield from _faults_of_block(block, template, known, region)


def _nulls(node: Any, path: str) -> Iterator[str]:
    if node is None:
        yield path
    elif isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _nulls(value, f"{path}/{key}")


def _faults_of_block(block: str, template: dict[str, Any], known: set[str], region: str) -> Iterator[str]:
    bodies, resources = template.get(block, {}), template["Resources"]
    depended = {name for body in bodies.values() for name in depended_on(body)} - resources.keys()
    if missing := sorted(depended | _missing(bodies, known)):
        yield (
            f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {block} "
            "block of the template"
        )
    conditions = template.get("Conditions", {})
    for body in bodies.values():
        if "Condition" in body and body["Condition"] not in conditions:
            yield (
                f"Template format error: Unresolved condition dependency {body['Condition']} in the {block} "
                "block of the template"
            )
    for intrinsic, value in intrinsics(bodies):
        if intrinsic == "Fn::If" and value[0] not in conditions:
            yield f"Template error: unresolved condition dependency {value[0]} in Fn::If"
        elif intrinsic == "Fn::GetAtt":
            yield from _faults_of_attribute(value, resources, region)
        elif intrinsic == "Fn::Sub":
            for name in _variables(value):
                owner, dot, attribute = name.partition(".")
                if dot and owner not in resources:
                    yield f"Template error: instance of Fn::Sub references invalid resource attribute {name}"
                elif dot:
                    yield from _faults_of_attribute([owner, attribute], resources, region)


def _faults_of_attribute(value: Any, resources: dict[str, Any], region: str) -> Iterator[str]:
    parts = parts_of_get_att(value)
    if len(parts) == 1 or not all(parts):
        yield (
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name "
            "and the resource attribute"
        )
        return
    name, attribute = parts
    if name not in resources:
        yield f"Template error: instance of Fn::GetAtt references undefined resource {name}"
        return
    schema = resource_schema(resources[name]["Type"], region)
    if schema is not None and isinstance(attribute, str) and attribute not in schema.get_atts:
        yield f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"


def _missing(node: Any, known: set[str]) -> set[str]:
    """The names that a part of a template refers to by Ref, or by Fn::Sub without an attribute."""
    names: set[str] = set()
    for intrinsic, value in intrinsics(node):
        if intrinsic == "Ref" and isinstance(value, str):
            names.add(value)
        elif intrinsic == "Fn::Sub":
            names |= {name for name in _variables(value) if "." not in name}
    return names - known


def _variables(value: Any) -> Iterator[str]:
    text, own = parts_of_sub(value)
    for name in VARIABLE.findall(text):
        if not name.startswith("!") and name not in own:
            yield name
