"""CloudFormation's course of an operation, which moto does not keep: order, events and failure.

moto knows how to make each resource. What is added here: resources are created after what they refer to and
deleted before it, for create, update and delete alike; each gets its events; an operation runs in the
background, so that the CLI shows progress; and a failure ends the operation with the reason that the
resource gave. There is no rollback: a failed stack stays as after `cdk deploy --no-rollback`. A type that
moto does not know is recorded, and its event says that it is no more than that.
"""

import copy
import logging
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.core.common_models import CloudFormationModel
from moto.ec2.models import ec2_backends
from moto.ec2.models.core import TaggedEC2Resource

from rehearsal.account.custom_resources import CustomResource
from rehearsal.account.recorded_only import RecordedOnly

_log = logging.getLogger(__name__)

_SUB_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")

_beginning = threading.Lock()
"""Held while a stack's status is looked at and changed: requests come in threads."""


def install() -> None:
    """Put this module's operations in the place of moto's."""
    original = parsing.resource_class_from_type

    def resource_class_from_type(resource_type: str) -> type[CloudFormationModel]:
        if resource_type.startswith("Custom::"):
            return CustomResource
        return original(resource_type) or RecordedOnly

    parsing.resource_class_from_type = resource_class_from_type
    CloudFormationBackend.execute_change_set = _execute_change_set  # type: ignore[method-assign]
    CloudFormationBackend.delete_stack = _delete_stack  # type: ignore[method-assign]
    # moto's own answer would create, while it lists them, the resources that are not made yet.
    Stack.stack_resources = property(_made_resources)  # type: ignore[assignment,method-assign]


def creation_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids, each after all that it refers to (Ref, Fn::GetAtt, Fn::Sub) or depends on (DependsOn).

    Raises:
        ValidationError: resources wait for each other in a circle.
    """
    graph = {name: _needs(body) & resources.keys() - {name} for name, body in resources.items()}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{circle}]") from error


def _needs(body: dict[str, Any]) -> set[str]:
    depends_on = body.get("DependsOn", [])
    named = [depends_on] if isinstance(depends_on, str) else depends_on
    # DependsOn has this meaning here only: an ECS container, for one, has a property of the same name.
    return {*named, *_references({key: value for key, value in body.items() if key != "DependsOn"})}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt" and isinstance(value, str):
                yield value.split(".")[0]
            elif key == "Fn::GetAtt":
                yield value[0]
                yield from _references(value[1:])
            elif key == "Fn::Sub":
                text, own = value if isinstance(value, list) else (value, {})
                yield from (name for name in _SUB_VARIABLE.findall(text) if name not in own)
                yield from _references(own)
            else:
                yield from _references(value)


def _made_resources(self: Stack) -> list[Any]:
    made = self.resource_map._parsed_resources
    return [made[name] for name in list(self.resource_map._resource_json_map) if made.get(name) is not None]


def _execute_change_set(
    self: CloudFormationBackend,
    change_set_name: str,
    stack_name: str | None = None,  # noqa: ARG001  # moto's signature
) -> None:
    change_set = self.change_sets[change_set_name]  # its id: `change_sets` has looked it up
    stack = change_set.stack
    verb = "CREATE" if change_set.change_set_type == "CREATE" else "UPDATE"

    def apply() -> None:
        try:
            stack.resource_map.cross_stack_resources = self.exports
            _apply(stack, change_set.template_dict, change_set.parameters)
            outputs = parsing.OutputMap(stack.resource_map, change_set.template_dict, stack.stack_id)
            dict(outputs)  # an output that cannot be had fails the operation, not the next look at the stack
            _publish(self, stack, outputs.exports)
        except Exception:
            change_set.execution_status = "EXECUTE_FAILED"
            # Something that can be parsed, or the next change set could not be compared with it.
            stack.template = stack.template or "{}"
            raise
        stack.template = change_set.template
        stack.template_dict = change_set.template_dict
        stack.description = change_set.template_dict.get("Description")
        stack.output_map = outputs
        stack.parameters = change_set.parameters
        stack.tags = change_set.tags if change_set.tags is not None else stack.tags
        change_set.execution_status = "EXECUTE_COMPLETE"

    with _beginning:
        if change_set.execution_status != "AVAILABLE":
            raise CloudFormationError(
                "InvalidChangeSetStatusException",
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current execution status "
                f"of [{change_set.execution_status}]",
            )
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
            )
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        _begin(stack, verb)
    _run(stack, verb, apply)


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    stack = next((s for s in self.stacks.values() if name_or_stack_id in (s.stack_id, s.name)), None)
    if stack is None:
        return  # as on AWS: deleting what does not exist succeeds

    def delete() -> None:
        _delete_resources(stack)
        _publish(self, stack, [])
        for change_set in [one for one in self.change_sets.values() if one.stack is stack]:
            del self.change_sets[change_set.change_set_id]
        self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    with _beginning:
        if stack.status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            return
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}"
            )
        _begin(stack, "DELETE")
    _run(stack, "DELETE", delete)


def _publish(backend: CloudFormationBackend, stack: Stack, exports: list[parsing.Export]) -> None:
    """Make these the exports of the stack; those that it had before and has no longer disappear."""
    for export in list(backend.exports.values()):
        if export.exporting_stack_id == stack.stack_id:
            del backend.exports[export.name]
    backend.exports.update({export.name: export for export in exports})


def _begin(stack: Stack, verb: str) -> None:
    stack.status = f"{verb}_IN_PROGRESS"
    _stack_event(stack, stack.status, "User Initiated")


def _run(stack: Stack, verb: str, operation: Callable[[], None]) -> None:
    def run() -> None:
        reason: str | None = None
        try:
            operation()
        except Exception as error:
            _log.exception("%s of %s failed", verb, stack.name)
            outcome, reason = f"{verb}_FAILED", _words(error)
        else:
            outcome = f"{verb}_COMPLETE"
        _stack_event(stack, outcome, reason)
        stack.status_reason = reason  # type: ignore[attr-defined]
        stack.status = outcome  # last: the CLI stops looking as soon as it sees it

    threading.Thread(target=run, name=f"{verb} {stack.name}").start()


def _words(error: BaseException) -> str:
    # The text of moto's exceptions is the whole answer of the service, in JSON or XML.
    return str(getattr(error, "message", None) or error) or type(error).__name__


def _apply(stack: Stack, template: dict[str, Any], parameters: dict[str, Any] | None) -> None:
    resources: parsing.ResourceMap = stack.resource_map
    changes = resources.build_resource_diff(template, parameters)
    former: dict[str, Any] = resources._resource_json_map
    made = dict(former)
    bodies: dict[str, Any] = template["Resources"]
    resources._template = template
    # A copy: moto adds `Properties` to a resource that has none, and would find it changed ever after.
    resources._resource_json_map = copy.deepcopy(bodies)
    if parameters:
        resources.input_parameters = parameters
    replaced: list[tuple[str, CustomResource]] = []
    try:
        resources.load()
        wanted = [name for name in creation_order(bodies) if _condition_holds(resources, bodies[name])]
        for name in wanted:
            if name not in former:
                with _Events(stack, "CREATE", name, bodies[name]) as events:
                    events.reason = _create(stack, name)
            elif name in changes["Modify"]:
                before = resources._parsed_resources.get(name)
                with _Events(stack, "UPDATE", name, bodies[name]) as events:
                    events.reason = _update(resources, name)
                if isinstance(before, CustomResource) and before is not resources._parsed_resources[name]:
                    replaced.append((name, before))
            made[name] = bodies[name]
        for name, before in reversed(replaced):
            with _Events(stack, "DELETE", name, former[name], before):
                before.delete(stack.account_id, stack.region_name)
        for name in reversed(creation_order(former)):
            if name not in wanted:
                _delete_one(stack, name, former[name])
                del made[name]
    finally:
        # What exists is what the next change set is compared with, also after a failure in the middle.
        resources._resource_json_map = made


def _condition_holds(resources: parsing.ResourceMap, body: dict[str, Any]) -> bool:
    return "Condition" not in body or bool(resources.lazy_condition_map[body["Condition"]])


def _create(stack: Stack, name: str) -> str | None:
    resource: Any = stack.resource_map[name]
    if isinstance(resource, TaggedEC2Resource):
        tags = {
            **stack.tags,
            "aws:cloudformation:stack-name": stack.name,
            "aws:cloudformation:stack-id": stack.stack_id,
            "aws:cloudformation:logical-id": name,
        }
        backend = ec2_backends[stack.account_id][stack.region_name]
        backend.create_tags([resource.physical_resource_id], tags)  # type: ignore[attr-defined]
    return resource.reason if isinstance(resource, RecordedOnly) else None


def _update(resources: parsing.ResourceMap, name: str) -> str | None:
    changed: Any = parsing.parse_and_update_resource(
        name,
        resources._resource_json_map[name],
        resources,
        account_id=resources._account_id,
        region_name=resources._region_name,
    )
    if changed is None:
        kind = resources._resource_json_map[name]["Type"]
        return f"recorded only: the emulated account cannot change a {kind}"
    resources._parsed_resources[name] = changed
    return changed.reason if isinstance(changed, RecordedOnly) else None


def _delete_resources(stack: Stack) -> None:
    bodies = stack.resource_map._resource_json_map
    for name in reversed(creation_order(bodies)):
        _delete_one(stack, name, bodies[name])
        del bodies[name]  # a deletion that fails further on does not find it again


def _delete_one(stack: Stack, name: str, template: dict[str, Any]) -> None:
    resources: parsing.ResourceMap = stack.resource_map
    resource = resources._parsed_resources.get(name)
    if template.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
        _event(stack, "DELETE_SKIPPED", name, template)
    elif resource is not None:
        with _Events(stack, "DELETE", name, template):
            if isinstance(resource, CustomResource | RecordedOnly):
                resource.delete(stack.account_id, stack.region_name)
            else:
                resources._delete_resource(resource, template)
    resources._parsed_resources.pop(name, None)


class _Events:
    """The IN_PROGRESS event before, COMPLETE or FAILED with the reason after, one resource's operation."""

    def __init__(
        self, stack: Stack, verb: str, name: str, template: dict[str, Any], resource: Any = None
    ) -> None:
        self._stack, self._verb, self._name, self._template = stack, verb, name, template
        self._resource = resource
        self.reason: str | None = None
        """What the COMPLETE event says besides."""

    def _event(self, status: str, reason: str | None = None) -> None:
        _event(self._stack, f"{self._verb}_{status}", self._name, self._template, reason, self._resource)

    def __enter__(self) -> "_Events":
        self._event("IN_PROGRESS")
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._event("COMPLETE", self.reason)
        else:
            self._event("FAILED", _words(error))


def _event(
    stack: Stack,
    status: str,
    name: str,
    template: dict[str, Any],
    reason: str | None = None,
    resource: Any = None,
) -> None:
    resource = resource or stack.resource_map._parsed_resources.get(name)
    physical_id = getattr(resource, "physical_resource_id", "") or ""
    _append(stack, status, name, physical_id, template["Type"], reason)


def _stack_event(stack: Stack, status: str, reason: str | None = None) -> None:
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
    if stack.events:
        # The CLI sorts events by their time; two of the same millisecond would change places.
        event.timestamp = max(event.timestamp, stack.events[-1].timestamp + timedelta(milliseconds=1))
    stack.events.append(event)
