"""What a template may not contain, because the emulated account would do something else than CloudFormation.

moto leaves an intrinsic that it does not know in its place, as if it were a value, and drops an attribute
that it does not know. Both fail here, in the event of the resource that has them.
"""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.parsing import ResourceMap

from rehearsal.account.recorded_only import NotRehearsedError

_INTRINSICS = frozenset(
    {
        "Fn::Base64",
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::GetAZs",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
        "Fn::ToJsonString",
    }
)
"""What moto evaluates as CloudFormation does."""


def refuse_unknown_parts(body: Any, resources: ResourceMap) -> None:
    """Refuse a part of a template that cannot be evaluated.

    Args:
        body: the properties of a resource, or an output.
        resources: in which it would be evaluated.

    Raises:
        NotRehearsedError: names the intrinsic, or the attribute and its type.
    """
    for key, value in _intrinsics(body):
        if key not in _INTRINSICS:
            raise NotRehearsedError(f"not rehearsed: {key}")
        if key == "Fn::GetAtt" and isinstance(value, list):
            _refuse_unknown_attribute(value[0], value[1], resources)


def _refuse_unknown_attribute(name: str, attribute: Any, resources: ResourceMap) -> None:
    resource: Any = resources._parsed_resources.get(name)
    if resource is None or not isinstance(attribute, str):
        return
    try:
        resource.get_cfn_attribute(attribute)
    except UnformattedGetAttTemplateException:
        return  # moto finds the service's own words for it
    except (NotImplementedError, AttributeError) as error:
        kind = getattr(resource, "cf_resource_type", type(resource).__name__)
        raise NotRehearsedError(f"not rehearsed: the attribute {attribute} of {kind}") from error


def _intrinsics(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, str) and "{{resolve:" in node:
        yield "{{resolve:…}}", node
    elif isinstance(node, list):
        for item in node:
            yield from _intrinsics(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key.startswith("Fn::"):
                yield key, value
            yield from _intrinsics(value)
