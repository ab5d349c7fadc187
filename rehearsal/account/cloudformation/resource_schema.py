"""CloudFormation's own schemas of its resource types: which properties and attributes a type has.

They are those that CloudFormation publishes; they come with cfn-lint, which moto needs anyway.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from moto.cloudformation.exceptions import ValidationError


@lru_cache
def resource_schema(kind: str, region: str) -> Any | None:
    """The schema of a type, as cfn-lint reads it.

    Args:
        kind: the type.
        region: whose schemas to ask.

    Returns:
        None for a type without one: a custom resource, or what only CDK knows.
    """
    if kind.startswith("Custom::"):
        return None
    # Imported here: it takes a while, and most that import this module never ask.
    from cfnlint.schema import (  # type: ignore[import-untyped]
        PROVIDER_SCHEMA_MANAGER,
        ResourceNotFoundError,
    )

    try:
        return PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind)
    except ResourceNotFoundError:
        return None


def refuse_invalid(name: str, kind: str, properties: dict[str, Any], region: str) -> None:
    """Refuse properties that do not fit their type, as CloudFormation does before it makes the resource.

    Checked are names, required keys, types and enumerations; what an intrinsic stands for is not looked at.

    Args:
        name: the resource's logical id.
        kind: its type.
        properties: those that it is to have.
        region: whose schemas to ask.

    Raises:
        ValidationError: names the resource, and each place with what is wrong there.
    """
    found = resource_schema(kind, region)
    if found is None:
        return
    if faults := list(_faults(found.schema, found.schema, properties, "#")):
        raise ValidationError(
            message=f"Properties validation failed for resource {name} with message:\n[{', '.join(faults)}]"
        )


def as_typed(kind: str, properties: dict[str, Any], region: str) -> dict[str, Any]:
    """Properties with the text of a boolean or number replaced by it, as CloudFormation does.

    Args:
        kind: the resource's type.
        properties: without intrinsics, and fit for the type.
        region: whose schemas to ask.
    """
    found = resource_schema(kind, region)
    return properties if found is None else dict(_typed(found.schema, found.schema, properties))


def _typed(root: dict[str, Any], schema: dict[str, Any], value: Any) -> Any:
    while "$ref" in schema:
        schema = _at(root, schema["$ref"])
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return {key: _typed(root, known.get(key, {}), item) for key, item in value.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_typed(root, schema["items"], item) for item in value]
    expected = schema.get("type")
    if not isinstance(value, str) or not isinstance(expected, str) or not _fits(expected, value):
        return value
    if expected == "boolean":
        return value.lower() == "true"
    return int(value) if expected == "integer" else float(value) if expected == "number" else value


def _faults(root: dict[str, Any], schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
    while "$ref" in schema:
        schema = _at(root, schema["$ref"])
    if isinstance(value, dict) and value.keys() and all(_is_intrinsic(key) for key in value):
        return
    expected = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(expected, str) and expected in _WORDS and not _fits(expected, value):
        yield f"{path}: expected type: {_WORDS[expected]}, found: {_word(value)}"
    elif "enum" in schema and str(value) not in [str(one) for one in schema["enum"]]:
        yield f"{path}: {value} is not a valid enum value"
    elif isinstance(value, dict):
        yield from _faults_of_object(root, schema, value, path)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, item in enumerate(value):
            yield from _faults(root, schema["items"], item, f"{path}/{index}")


def _faults_of_object(
    root: dict[str, Any], schema: dict[str, Any], value: dict[str, Any], path: str
) -> Iterator[str]:
    known = schema.get("properties", {})
    for key in schema.get("required", []):
        if key not in value:
            yield f"{path}: required key [{key}] not found"
    for key in sorted(value):
        if key in known:
            yield from _faults(root, known[key], value[key], f"{path}/{key}")
        elif schema.get("additionalProperties", True) is False and not schema.get("patternProperties"):
            yield f"{path}: extraneous key [{key}] is not permitted"


_WORDS = {"array": "JSONArray", "boolean": "Boolean", "integer": "Integer", "number": "Number"}
"""The types that are checked, in the words of CloudFormation: a policy, for one, may be an object or text."""


def _fits(expected: str, value: Any) -> bool:
    # CloudFormation takes the text of a number or of a boolean for it.
    if expected == "array":
        return isinstance(value, list)
    if expected == "boolean":
        return str(value).lower() in ("true", "false")
    if expected not in ("integer", "number"):
        return False
    pattern = r"-?\d+" if expected == "integer" else r"-?\d+(\.\d+)?([eE][+-]?\d+)?"
    return re.fullmatch(pattern, str(value)) is not None


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "JSONObject"
    return {list: "JSONArray", bool: "Boolean", int: "Integer", float: "Number"}.get(type(value), "String")


def _is_intrinsic(key: str) -> bool:
    return key == "Ref" or key.startswith("Fn::")


def _at(root: dict[str, Any], pointer: str) -> dict[str, Any]:
    node: Any = root
    for part in pointer.removeprefix("#/").split("/"):
        node = node.get(part, {}) if isinstance(node, dict) else {}
    return dict(node)
