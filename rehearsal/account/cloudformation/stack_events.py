"""The events of a stack: what the CDK CLI shows as progress and takes its error text from.

moto has an event for the stack only. Here each resource has IN_PROGRESS before and COMPLETE, or FAILED with
the reason, after each of its operations.
"""

import threading
from datetime import timedelta
from typing import Any

from moto.cloudformation.models import Event, Stack

_appending = threading.Lock()


class ResourceEvents:
    """The events around one resource's operation; a context manager."""

    def __init__(
        self,
        stack: Stack,
        verb: str,
        name: str,
        kind: str,
        *,
        resource: Any = None,
        beginning: str | None = None,
    ) -> None:
        """Prepare the events of an operation.

        Args:
            stack: whose events they are.
            verb: CREATE, UPDATE or DELETE.
            name: the logical id.
            kind: the resource's type.
            resource: what has the physical id; set it when it is known.
            beginning: what the IN_PROGRESS event says besides.
        """
        self._stack, self._verb, self._name, self._kind = stack, verb, name, kind
        self._beginning = beginning
        self.resource = resource
        self.reason: str | None = None
        """What the COMPLETE event says besides."""

    def _event(self, status: str, reason: str | None = None) -> None:
        resource_event(
            self._stack, f"{self._verb}_{status}", self._name, self._kind, self.resource, reason=reason
        )

    def __enter__(self) -> "ResourceEvents":
        self._event("IN_PROGRESS", self._beginning)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._event("COMPLETE", self.reason)
        else:
            self._event("FAILED", words(error))


def words(error: BaseException) -> str:
    """What an error says for a person."""
    # The text of moto's exceptions is the whole answer of the service, in JSON or XML.
    return str(getattr(error, "message", None) or error) or type(error).__name__


def resource_event(
    stack: Stack, status: str, name: str, kind: str, resource: Any, *, reason: str | None = None
) -> None:
    """Add the event of a resource."""
    _append(stack, status, name, getattr(resource, "physical_resource_id", "") or "", kind, reason)


def stack_event(stack: Stack, status: str, reason: str | None = None) -> None:
    """Add the event of a stack."""
    _append(stack, status, stack.name, stack.stack_id, "AWS::CloudFormation::Stack", reason)


def _append(stack: Stack, status: str, name: str, physical_id: str, kind: str, reason: str | None) -> None:
    event = Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=name,
        physical_resource_id=physical_id,
        resource_type=kind,
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    with _appending:
        if stack.events:
            # The CLI sorts events by their time; two of the same millisecond would change places.
            event.timestamp = max(event.timestamp, stack.events[-1].timestamp + timedelta(milliseconds=1))
        stack.events.append(event)
