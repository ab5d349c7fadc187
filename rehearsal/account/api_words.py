"""A template's properties in the words of the service's API, which begin with a small letter."""

from typing import Any


def as_the_api_says(properties: Any, *, verbatim: frozenset[str] = frozenset()) -> Any:
    """Properties with their names as in the API.

    Args:
        properties: a part of a template, every reference resolved.
        verbatim: names, as in a template, below which nothing is renamed: the keys are a person's.
    """
    if isinstance(properties, list):
        return [as_the_api_says(item, verbatim=verbatim) for item in properties]
    if not isinstance(properties, dict):
        return properties
    return {
        name[0].lower() + name[1:]: value if name in verbatim else as_the_api_says(value, verbatim=verbatim)
        for name, value in properties.items()
    }
