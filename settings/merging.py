"""Values over values, as helm merges them."""

from collections.abc import Mapping
from typing import Any


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, and `above` where they disagree: mappings are merged, everything else is replaced, lists too."""
    result = dict(below)
    for key, value in above.items():
        was = result.get(key)
        both = isinstance(was, Mapping) and isinstance(value, Mapping)
        result[key] = merged(was, value) if both else value  # type: ignore[arg-type]
    return result
