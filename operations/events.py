"""Events of Kubernetes: when one was seen last, and what it says."""

from collections.abc import Iterable, Mapping
from typing import Any


def seen_last(event: Mapping[str, Any]) -> str:
    """When an event was seen last, as text that sorts; one that repeats says so in its series."""
    metadata = event.get("metadata") or {}
    return str(
        (event.get("series") or {}).get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or metadata.get("creationTimestamp")
        or ""
    )


def words(events: Iterable[Mapping[str, Any]]) -> str:
    """What some events say, in a line."""
    return "; ".join(" ".join(f"{one.get('reason')}: {one.get('message')}".split()) for one in events)
