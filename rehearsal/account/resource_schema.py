"""CloudFormation's own schemas of its resource types: which properties and attributes a type has.

They are those that CloudFormation publishes; they come with cfn-lint, which moto needs anyway.
"""

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


def refuse_extraneous(name: str, kind: str, properties: dict[str, Any], region: str) -> None:
    """Refuse properties that a type does not have, as CloudFormation does before it makes the resource.

    Args:
        name: the resource's logical id.
        kind: its type.
        properties: those that it is to have.
        region: whose schemas to ask.

    Raises:
        ValidationError: names the resource and the properties.
    """
    schema = resource_schema(kind, region)
    if schema is None or schema.schema.get("additionalProperties", True):
        return
    if unknown := sorted(properties.keys() - schema.schema["properties"].keys()):
        faults = ", ".join(f"#: extraneous key [{key}] is not permitted" for key in unknown)
        raise ValidationError(
            message=f"Properties validation failed for resource {name} with message:\n[{faults}]"
        )
