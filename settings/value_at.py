"""A value in a tree of values, by its path."""

from collections.abc import Mapping
from typing import Any, Final

from settings.faults import Path

ABSENT: Final = object()
"""In the place of a value where there is none; null would be one."""


def value_at(values: Any, path: Path) -> Any:
    """What stands at a path; ABSENT where nothing does."""
    for step in path:
        if isinstance(values, Mapping):
            there = step in values
        else:
            there = isinstance(values, list) and isinstance(step, int) and step < len(values)
        if not there:
            return ABSENT
        values = values[step]
    return values
