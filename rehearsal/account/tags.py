"""Tags, as a template or a call lists them."""

from typing import Any


def tags_of(properties: dict[str, Any], name: str = "Tags") -> dict[str, str]:
    """The tags of a resource.

    Args:
        properties: its properties, or the parameters of a call.
        name: the property that lists them.
    """
    return {tag["Key"]: tag["Value"] for tag in properties.get(name) or []}
