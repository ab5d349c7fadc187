"""Which changed properties need a new physical resource, by CloudFormation's own schemas of its types.

moto leaves that to each of its models, and most do not ask.
"""

from functools import lru_cache
from typing import Any

from rehearsal.account.cloudformation.resource_schema import resource_schema

_ANY = "*"


def changed_properties(former: dict[str, Any], properties: dict[str, Any]) -> list[str]:
    """The names of the properties that differ, sorted."""
    names = former.keys() | properties.keys()
    return sorted(name for name in names if former.get(name) != properties.get(name))


def recreation(kind: str, name: str, former: dict[str, Any], properties: dict[str, Any], region: str) -> str:
    """Whether the change of a property needs a new resource: CloudFormation's Always, Conditionally, Never.

    Args:
        kind: the resource's type.
        name: a property that differs.
        former: the properties that the resource has.
        properties: those that it is to have.
        region: whose schemas to ask.
    """
    always, conditionally = _pointers(kind, region)
    for pointers, answer in ((always, "Always"), (conditionally, "Conditionally")):
        for pointer in pointers:
            if pointer[0] == name and _at(former, pointer) != _at(properties, pointer):
                return answer
    return "Never"


def replaces(kind: str, former: dict[str, Any], properties: dict[str, Any], region: str) -> list[str]:
    """The changed properties that always need a new resource."""
    return [
        name
        for name in changed_properties(former, properties)
        if recreation(kind, name, former, properties, region) == "Always"
    ]


@lru_cache
def _pointers(kind: str, region: str) -> tuple[list[list[str]], list[list[str]]]:
    found = resource_schema(kind, region)
    if found is None:
        return [], []  # a custom resource's handler decides, by the physical id that it answers with
    schema = found.schema
    return (
        _parsed(schema.get("createOnlyProperties", [])),
        _parsed(schema.get("conditionalCreateOnlyProperties", [])),
    )


def _parsed(pointers: list[str]) -> list[list[str]]:
    return [pointer.removeprefix("/properties/").split("/") for pointer in pointers]


def _at(value: Any, pointer: list[str]) -> Any:
    for part in pointer:
        if part == _ANY or not isinstance(value, dict):
            return value
        value = value.get(part)
    return value
