"""CloudFormation's course of an operation, which moto does not keep: order, events and failure.

moto knows how to make each resource. What is added here: resources are created after what they refer to and
deleted before it, for create, update and delete alike; each gets its events; an operation runs in the
background, so that the CLI shows progress; and a failure ends the operation with the reason that the
resource gave. There is no rollback: a failed stack stays as after `cdk deploy --no-rollback`.
"""

import logging
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from graphlib import TopologicalSorter
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Event, Stack
from moto.core.common_models import CloudFormationModel

from rehearsal.account.custom_resources import CustomResource

_log = logging.getLogger(__name__)

_SUB_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")


def install() -> None:
    """Put this module's operations in the place of moto's."""
    original = parsing.resource_class_from_type

    def resource_class_from_type(resource_type: str) -> type[CloudFormationModel]:
        return CustomResource if resource_type.startswith("Custom::") else original(resource_type)

    parsing.resource_class_from_type = resource_class_from_type
    CloudFormationBackend.execute_change_set = _execute_change_set  # type: ignore[method-assign]
    CloudFormationBackend.delete_stack = _delete_stack  # type: ignore[method-assign]


def creation_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids, each after all that it refers to (Ref, Fn::GetAtt, Fn::Sub) or depends on (DependsOn)."""
    graph = {name: set(_references(body)) & resources.keys() - {name} for name, body in resources.items()}
    return list(TopologicalSorter(graph).static_order())


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in ("Ref", "DependsOn"):
            yield from [value] if isinstance(value, str) else value
        elif key == "Fn::GetAtt":
            yield value.split(".")[0] if isinstance(value, str) else value[0]
        elif key == "Fn::Sub":
            yield from _SUB_VARIABLE.findall(value if isinstance(value, str) else value[0])
            yield from _references(value)
        else:
            yield from _references(value)


def _execute_change_set(
    self: CloudFormationBackend, change_set_name: str, stack_name: str | None = None
) -> None:
    change_set = next(
        (c for c in self.change_sets.values() if change_set_name in (c.change_set_id, c.change_set_name)),
        None,
    )
    if change_set is None:
        raise ValidationError(stack_name)
    stack = self.stacks[change_set.stack_id]
    verb = "CREATE" if change_set.change_set_type == "CREATE" else "UPDATE"

    def apply() -> None:
        _apply(stack, verb, change_set.template_dict, change_set.parameters)
        stack.template = change_set.template
        stack.template_dict = change_set.template_dict
        stack.description = change_set.template_dict.get("Description")
        stack.output_map = stack._create_output_map()
        for export in stack.exports:
            self.exports[export.name] = export
        change_set.execution_status = "EXECUTE_COMPLETE"

    _run(stack, verb, apply)


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    stack = next((s for s in self.stacks.values() if name_or_stack_id in (s.stack_id, s.name)), None)
    if stack is None:
        return  # as on AWS: deleting what does not exist succeeds
    exports = [export.name for export in stack.exports]

    def delete() -> None:
        _delete_resources(stack)
        for name in exports:
            self.exports.pop(name, None)
        self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)

    _run(stack, "DELETE", delete)


def _run(stack: Stack, verb: str, operation: Any) -> None:
    stack.status = f"{verb}_IN_PROGRESS"
    _stack_event(stack, stack.status, "User Initiated")

    def run() -> None:
        reason: str | None = None
        try:
            operation()
        except Exception as error:
            _log.exception("%s of %s failed", verb, stack.name)
            outcome, reason = f"{verb}_FAILED", str(error)
        else:
            outcome = f"{verb}_COMPLETE"
        _stack_event(stack, outcome, reason)
        stack.status_reason = reason  # type: ignore[attr-defined]
        stack.status = outcome  # last: the CLI stops looking as soon as it sees it

    threading.Thread(target=run, name=f"{verb} {stack.name}").start()


def _apply(stack: Stack, verb: str, template: dict[str, Any], parameters: dict[str, Any] | None) -> None:
    resources: parsing.ResourceMap = stack.resource_map
    changes = resources.build_resource_diff(template, parameters)
    former = dict(resources._resource_json_map)
    resources._template = template
    resources._resource_json_map = template["Resources"]
    if parameters:
        resources.input_parameters = parameters
    if verb == "CREATE":
        resources.tags.update(
            {"aws:cloudformation:stack-name": stack.name, "aws:cloudformation:stack-id": stack.stack_id}
        )
    resources.load()
    for name in creation_order(template["Resources"]):
        if name in changes["Add"]:
            with _Events(stack, "CREATE", name, template["Resources"][name]):
                resources[name]
        elif name in changes["Modify"]:
            with _Events(stack, "UPDATE", name, template["Resources"][name]):
                _update(resources, name)
    for name in reversed(creation_order(former)):
        if name in changes["Remove"]:
            _delete_one(stack, name, former[name])


def _update(resources: parsing.ResourceMap, name: str) -> None:
    original = resources._parsed_resources.get(name)
    if original is None:
        return
    changed = parsing.parse_and_update_resource(
        name,
        resources._resource_json_map[name],
        resources,
        account_id=resources._account_id,
        region_name=resources._region_name,
    )
    if changed is None:
        _log.warning("%s: moto does not apply this update; the change is recorded only", name)
        return
    resources._parsed_resources[name] = changed


def _delete_resources(stack: Stack) -> None:
    templates = stack.resource_map._resource_json_map
    for name in reversed(creation_order(templates)):
        _delete_one(stack, name, templates[name])


def _delete_one(stack: Stack, name: str, template: dict[str, Any]) -> None:
    resources: parsing.ResourceMap = stack.resource_map
    resource = resources._parsed_resources.get(name)
    if template.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
        _event(stack, "DELETE_SKIPPED", name, template)
    elif resource is not None:
        with _Events(stack, "DELETE", name, template):
            resources._delete_resource(resource, template)
    resources._parsed_resources.pop(name, None)


class _Events:
    """The IN_PROGRESS event before, COMPLETE or FAILED with the reason after, one resource's operation."""

    def __init__(self, stack: Stack, verb: str, name: str, template: dict[str, Any]) -> None:
        self._stack, self._verb, self._name, self._template = stack, verb, name, template

    def _event(self, status: str, reason: str | None = None) -> None:
        _event(self._stack, f"{self._verb}_{status}", self._name, self._template, reason)

    def __enter__(self) -> None:
        self._event("IN_PROGRESS")

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._event("COMPLETE")
        else:
            self._event("FAILED", str(error))


def _event(stack: Stack, status: str, name: str, template: dict[str, Any], reason: str | None = None) -> None:
    resource = stack.resource_map._parsed_resources.get(name)
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
