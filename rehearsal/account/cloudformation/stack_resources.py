"""The resources of one stack: made, changed, replaced and deleted, each with its events.

moto keeps a template and an object for each resource. What is kept besides is the properties with which a
resource was really made: a resource is changed when those differ, whatever the text of the template says, so
that everything that refers to a replaced resource follows it; and a rollback can apply them again.
"""

import copy
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource

from rehearsal.account.cloudformation.changes_in_place import refuse_what_is_lost
from rehearsal.account.cloudformation.concurrency import MOTO, run_in_order
from rehearsal.account.cloudformation.custom_resource_responses import UnusableResponseError
from rehearsal.account.cloudformation.custom_resources import CustomResource
from rehearsal.account.cloudformation.not_rehearsed import refuse_unknown_attributes
from rehearsal.account.cloudformation.replacement import replaces
from rehearsal.account.cloudformation.resource_schema import as_typed, refuse_invalid
from rehearsal.account.cloudformation.stack_events import ResourceEvents, resource_event
from rehearsal.account.cloudformation.stack_tags import with_stack_tags
from rehearsal.account.cloudformation.template_forms import as_taken
from rehearsal.account.cloudformation.template_order import dependents
from rehearsal.account.recorded_only import RecordedOnly

_LOOK = 0.05
"""Seconds between two looks at a resource that is being created."""


@dataclass(frozen=True)
class Made:
    """A resource that exists."""

    body: dict[str, Any]
    """Its part of the template."""
    resolved: dict[str, Any]
    """Its `Type`, and its `Properties` with every reference replaced by what it stood for."""
    resource: Any
    """moto's object."""

    @property
    def kind(self) -> str:
        """The resource's type."""
        return str(self.resolved["Type"])

    @property
    def physical_id(self) -> str:
        """The id of what exists."""
        return str(getattr(self.resource, "physical_resource_id", ""))


class StackResources:
    """What exists of a stack, and the operations on it; kept with the stack from one to the next."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._map: parsing.ResourceMap = stack.resource_map
        self._tags: dict[str, str] = {}
        self.made: dict[str, Made] = {}
        self.attempted: set[str] = set()
        """Resources whose last change failed, perhaps half-way."""
        self.unanswered: dict[str, Made] = {}
        """Custom resources whose handler was asked to make them, and whose answer cannot be used."""

    @property
    def begun(self) -> dict[str, Made]:
        """What exists, and what may exist although nobody has said so: all that has to be deleted."""
        return {**self.unanswered, **self.made}

    def load(
        self, template: dict[str, Any], parameters: dict[str, Any], tags: dict[str, str]
    ) -> dict[str, Any]:
        """Make this the template by which references are evaluated, and these the tags of the stack.

        Returns:
            Its resources, without those whose condition does not hold.
        """
        # A copy: moto adds `Properties` to a resource that has none, and would find it changed ever after.
        bodies = copy.deepcopy(template.get("Resources", {}))
        with MOTO:
            self._map._template = template
            self._map._resource_json_map = bodies
            self._map.input_parameters = parameters
            self._tags = tags
            try:
                self._map.load()
            finally:
                self._show()
            conditions = self._map.lazy_condition_map
            return {
                name: body
                for name, body in bodies.items()
                if "Condition" not in body or conditions[body["Condition"]]
            }

    def create(self, name: str, body: dict[str, Any]) -> None:
        """Make a resource."""
        with ResourceEvents(self._stack, "CREATE", name, body["Type"]) as events:
            resolved = self._resolve(name, body)
            try:
                made = self._make(name, body, resolved)
            except UnusableResponseError as error:
                events.resource = error.resource
                self.unanswered[name] = Made(body, resolved, error.resource)
                raise
            events.resource, events.reason = made.resource, _remark(made)
            self._keep(name, made)

    def update(self, name: str, body: dict[str, Any]) -> Made | None:
        """Bring a resource to what the template says now, if it is not so already.

        Returns:
            What was replaced and is to be deleted when everything else is done.
        """
        former = self.made[name]
        try:
            resolved = self._resolve(name, body)
            if resolved == former.resolved:
                self._keep(name, replace(former, body=body))
                return None
            new_needed = self._replacement_needed(name, former, resolved)
        except Exception:
            # The events that CloudFormation has for a change that it refuses.
            with ResourceEvents(self._stack, "UPDATE", name, former.kind, resource=former.resource):
                raise
        if new_needed:
            return self._replace(name, body, resolved)
        return self.apply(name, body, resolved)

    def apply(self, name: str, body: dict[str, Any], resolved: dict[str, Any]) -> Made | None:
        """Change a resource in place.

        Returns:
            The former resource, where a handler answered with another physical id.
        """
        former = self.made[name]
        with ResourceEvents(self._stack, "UPDATE", name, former.kind, resource=former.resource) as events:
            model = parsing.resource_class_from_type(former.kind)
            refuse_what_is_lost(former.kind, model, former.resolved["Properties"], resolved["Properties"])
            self.attempted.add(name)
            # moto's models are told what they are to have, and not what they had.
            former.resource.declared_properties = former.resolved["Properties"]
            with _exclusively(former.kind):
                changed: Any = parsing.parse_and_update_resource(
                    name, copy.deepcopy(resolved), self._map, self._stack.account_id, self._stack.region_name
                )
            now = Made(body, resolved, changed)
            events.resource, events.reason = changed, _remark(now)
            self.attempted.discard(name)
            self._keep(name, now)
        return former if now.physical_id != former.physical_id else None

    def restore(self, name: str, was: Made) -> Made:
        """Put a resource that was replaced back in its place.

        Returns:
            What had replaced it, and is to be deleted.
        """
        now = self.made[name]
        with ResourceEvents(self._stack, "UPDATE", name, was.kind, resource=was.resource):
            self.attempted.discard(name)
            self._keep(name, was)
        return now

    def remove(
        self, doomed: dict[str, Made], *, retained: dict[str, str], keep_going: bool
    ) -> dict[str, Exception]:
        """Delete resources, each before what it refers to.

        Args:
            doomed: what to delete, by logical ids; not necessarily what these ids stand for now.
            retained: for each, the policy that decides: DeletionPolicy or UpdateReplacePolicy's value.
            keep_going: delete also what the failed ones refer to.

        Returns:
            What could not be deleted, and why.
        """
        failures: dict[str, Exception] = {}

        def delete(name: str) -> None:
            made = doomed[name]
            try:
                self._delete(name, made, retain=retained.get(name) in ("Retain", "RetainExceptOnCreate"))
            except Exception as error:
                if not keep_going:
                    raise
                failures[name] = error

        graph = dependents({name: made.body for name, made in doomed.items()})
        return run_in_order(graph, delete, keep_going=True) | failures

    def _delete(self, name: str, made: Made, *, retain: bool) -> None:
        if retain:
            resource_event(self._stack, "DELETE_SKIPPED", name, made.kind, made.resource)
        else:
            with (
                ResourceEvents(self._stack, "DELETE", name, made.kind, resource=made.resource),
                _exclusively(made.kind),
            ):
                if isinstance(made.resource, CustomResource | RecordedOnly):
                    made.resource.delete(self._stack.account_id, self._stack.region_name)
                else:
                    self._map._delete_resource(made.resource, copy.deepcopy(made.resolved))
        with MOTO:
            if self.begun.get(name) is made:
                self.forget(name)

    def forget(self, name: str) -> None:
        """Count a resource no longer among those of the stack."""
        with MOTO:
            self.made.pop(name, None)
            self.unanswered.pop(name, None)
            self.attempted.discard(name)
            self._map._parsed_resources.pop(name, None)
            self._show()

    def _replacement_needed(self, name: str, former: Made, resolved: dict[str, Any]) -> bool:
        if resolved["Type"] != former.kind:
            raise ValidationError(
                message="Update of resource type is not permitted. The new template modifies resource type "
                f"of the following resources: [{name}]"
            )
        old, new = former.resolved["Properties"], resolved["Properties"]
        if not replaces(former.kind, old, new, self._stack.region_name):
            return False
        naming = parsing.resource_name_property_from_type(former.kind)
        if naming and naming in new and old.get(naming) == new[naming]:
            raise ValidationError(
                message="CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {new[naming]} and update the stack again."
            )
        return True

    def _replace(self, name: str, body: dict[str, Any], resolved: dict[str, Any]) -> Made:
        former = self.made[name]
        with ResourceEvents(
            self._stack,
            "UPDATE",
            name,
            former.kind,
            resource=former.resource,
            beginning="Requested update requires the creation of a new physical resource; "
            "hence creating one.",
        ) as events:
            made = self._make(name, body, resolved)
            events.resource, events.reason = made.resource, _remark(made)
            self._keep(name, made)
        return former

    def _resolve(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        with MOTO:
            # moto would leave AWS::NoValue in a list, as null.
            properties = as_taken(body.get("Properties", {}), self._map.lazy_condition_map)
            refuse_invalid(name, body["Type"], properties, self._stack.region_name)
            refuse_unknown_attributes(properties, self._map)
            values = parsing.clean_json(properties, self._map) or {}
            typed = as_typed(body["Type"], values, self._stack.region_name)
            tagged = with_stack_tags(body["Type"], typed, self._tags, self._stack.region_name)
            return {"Type": body["Type"], "Properties": tagged}

    def _make(self, name: str, body: dict[str, Any], resolved: dict[str, Any]) -> Made:
        stack = self._stack
        with _exclusively(resolved["Type"]):
            resource: Any = parsing.parse_and_create_resource(
                name, copy.deepcopy(resolved), self._map, stack.account_id, stack.region_name
            )
            if isinstance(resource, TaggedEC2Resource):
                tags = {
                    "aws:cloudformation:stack-name": stack.name,
                    "aws:cloudformation:stack-id": stack.stack_id,
                    "aws:cloudformation:logical-id": name,
                }
                physical_id = resource.physical_resource_id  # type: ignore[attr-defined]
                ec2_backends[stack.account_id][stack.region_name].create_tags([physical_id], tags)
        while getattr(resource, "life_cycle_state", None) == "creating":
            time.sleep(_LOOK)  # what refers to it needs it available
        return Made(body, resolved, resource)

    def _keep(self, name: str, made: Made) -> None:
        with MOTO:
            self.made[name] = made
            self.unanswered.pop(name, None)
            self._map._parsed_resources[name] = made.resource
            self._show()

    def _show(self) -> None:
        # moto makes a resource that its map names when something asks for it: name only what exists.
        self._map._resource_json_map = {name: made.body for name, made in self.made.items()}


def _exclusively(kind: str) -> AbstractContextManager[Any]:
    return nullcontext() if kind.startswith("Custom::") else MOTO


def _remark(made: Made) -> str | None:
    return made.resource.reason if isinstance(made.resource, RecordedOnly) else None
