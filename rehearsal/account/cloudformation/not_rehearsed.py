"""What a template may not contain, because the emulated account would do something else than CloudFormation.

moto leaves an intrinsic that it does not know in its place, as if it were a value; it passes over a property
that it does not know, and over whole sections. A change set that has such a thing is refused before anything
is made, and everything is named at once. An attribute that a model lacks shows in the event of what uses it.
"""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException, ValidationError
from moto.cloudformation.parsing import ResourceMap

from rehearsal.account.cloudformation.resource_schema import resource_schema
from rehearsal.account.cloudformation.template_forms import intrinsics
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.treatment import CUSTOM, RESOURCE_TYPES, Treated, Treatment

_SECTIONS = ("Hooks", "Transform")
_ATTRIBUTES = ("CreationPolicy", "UpdatePolicy")
_INTRINSICS = frozenset(
    {
        "Fn::Base64",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
        "Ref",
    }
)
"""What moto, with the additions of `template_forms`, evaluates as CloudFormation does."""

_CONDITIONS = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
"""Besides those, in the section `Conditions`; `template_rules` says what a rule may have."""

_WAY_OUT = (
    "Rehearse without it, or teach it to the emulated account: see the beginning of rehearsal/treatment.py"
)


def refuse_template(template: dict[str, Any], wanted: dict[str, Any], region: str) -> None:
    """Refuse a template with parts that the emulated account does not do.

    Args:
        template: the whole of it, in long form.
        wanted: the resources that it has under its conditions, with the branches that these take.
        region: whose schemas of resource types to ask.

    Raises:
        ValidationError: "not rehearsed: …", with each part, where it is, and what to do.
    """
    if found := list(dict.fromkeys(_parts(template, wanted, region))):
        raise ValidationError(message=f"not rehearsed: {'; '.join(found)}. {_WAY_OUT}")


def _parts(template: dict[str, Any], wanted: dict[str, Any], region: str) -> Iterator[str]:
    for section in _SECTIONS:
        if section in template:
            yield f"the section {section}"
    for block, known in (
        ("Conditions", _INTRINSICS | _CONDITIONS),
        ("Resources", _INTRINSICS),
        ("Outputs", _INTRINSICS),
    ):
        for name, body in template.get(block, {}).items():
            yield from (f"{part} in {block}/{name}" for part in _unknown_intrinsics(body, known))
    for name, body in wanted.items():
        for attribute in _ATTRIBUTES:
            if attribute in body:
                yield f"the {attribute} of {name}"
        kind = str(body["Type"])
        treated = RESOURCE_TYPES.get(CUSTOM if kind.startswith("Custom::") else kind)
        if treated is None:
            yield f"a resource of type {kind}, {name}"
        elif treated.by not in (Treatment.REAL, Treatment.RECORDED):
            schema = resource_schema(kind, region)
            # What the type itself has not, CloudFormation refuses when it makes the resource.
            properties = {
                key: value
                for key, value in body.get("Properties", {}).items()
                if schema is None or key in schema.schema["properties"]
            }
            for path in unknown_properties(treated, properties):
                yield f"the property {path} of {kind}, in {name}"


def unknown_properties(treated: Treated, properties: dict[str, Any]) -> Iterator[str]:
    """The properties that a type has in a template and that its treatment does not name, as `A.B`."""
    declared = {*treated.heeds.split(), *treated.passes_over.split()}
    for name, value in properties.items():
        yield from _unknown(name, value, declared)


def _unknown(path: str, value: Any, declared: set[str]) -> Iterator[str]:
    if path in declared:
        return
    if not any(one.startswith(f"{path}.") for one in declared):
        yield path
        return
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and not any(key == "Ref" or key.startswith("Fn::") for key in item):
            for key, inner in item.items():
                yield from _unknown(f"{path}.{key}", inner, declared)


def _unknown_intrinsics(node: Any, known: frozenset[str]) -> Iterator[str]:
    for name, value in intrinsics(node):
        if name not in known:
            yield name
        elif name == "Fn::GetAtt" and not isinstance(value[1], str):
            yield "Fn::GetAtt with a reference for the attribute"
        elif name == "Ref" and value == "AWS::NotificationARNs":
            yield str(value)
    if "{{resolve:" in str(node):
        yield "{{resolve:…}}"


def refuse_unknown_attributes(body: Any, resources: ResourceMap) -> None:
    """Refuse a part of a template that takes an attribute which the model of its resource has not.

    Args:
        body: the properties of a resource, or outputs.
        resources: in which it would be evaluated; moto drops such an attribute.

    Raises:
        NotRehearsedError: names the attribute and its type.
    """
    for name, value in intrinsics(body):
        if name == "Fn::GetAtt":
            _refuse_unknown_attribute(value[0], value[1], resources)


def _refuse_unknown_attribute(name: str, attribute: str, resources: ResourceMap) -> None:
    resource: Any = resources._parsed_resources.get(name)
    if resource is None:
        return
    try:
        resource.get_cfn_attribute(attribute)
    except (NotImplementedError, AttributeError, UnformattedGetAttTemplateException) as error:
        kind = getattr(resource, "cf_resource_type", type(resource).__name__)
        raise NotRehearsedError(f"not rehearsed: the attribute {attribute} of {kind}") from error
