"""The tags of a stack, which CloudFormation gives to each of its resources that can have tags.

moto keeps them with the stack only. Here they join the resource's own tags before it is made or changed, so
that a change of them alone changes the resources. A resource's own tag wins over the stack's of the same key.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""

from typing import Any

from rehearsal.account.cloudformation.resource_schema import resource_schema
from rehearsal.account.tags import tags_of
from rehearsal.treatment import RESOURCE_TYPES


def tag_property(kind: str, region: str) -> str | None:
    """The property that has the tags of a type; None where the type has none, or they are without effect.

    Args:
        kind: the type.
        region: whose schemas to ask.
    """
    treated, schema = RESOURCE_TYPES.get(kind), resource_schema(kind, region)
    if treated is None or schema is None:
        return None
    pointer = str(schema.schema.get("tagging", {}).get("tagProperty", ""))
    name = pointer.rpartition("/")[2]
    return name if name in treated.heeds.split() else None


def with_stack_tags(
    kind: str, properties: dict[str, Any], tags: dict[str, str], region: str
) -> dict[str, Any]:
    """The properties of a resource with the tags of its stack.

    Args:
        kind: the resource's type.
        properties: those of the template, every reference resolved.
        tags: of the stack.
        region: whose schemas to ask.
    """
    name = tag_property(kind, region)
    if name is None or not tags:
        return properties
    own = properties.get(name)
    if own is None:
        schema: Any = resource_schema(kind, region)
        own = {} if schema.schema["properties"][name]["type"] == "object" else []
    if isinstance(own, dict):
        return {**properties, name: {**tags, **own}}
    if not isinstance(own, list):
        return properties  # a placeholder of a change set
    mine = tags_of(properties, name)
    more = [{"Key": key, "Value": value} for key, value in sorted(tags.items()) if key not in mine]
    return {**properties, name: [*own, *more]}
