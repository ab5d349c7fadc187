"""The operations on a whole stack: create, update, delete, and the way back from one that failed.

moto applies a template, and where that fails leaves what it has made. CloudFormation goes back to the last
state in which everything was done: after a failed create to nothing, after a failed update to the former
properties, outputs and exports. What an update replaced or removed is deleted only when everything else is
done, so that a way back exists until then.

Not as in CloudFormation: the resources under way when another fails are let end, not cancelled; and a
deletion in the clean-up phase is tried once, not three times.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack

from rehearsal.account.cloudformation.concurrency import run_in_order
from rehearsal.account.cloudformation.exports import publish, refuse_taken, refuse_to_remove_used
from rehearsal.account.cloudformation.not_rehearsed import refuse_unknown_attributes
from rehearsal.account.cloudformation.stack_events import stack_event, words
from rehearsal.account.cloudformation.stack_resources import Made, StackResources
from rehearsal.account.cloudformation.template_order import creation_order, dependencies, references

_log = logging.getLogger(__name__)


class OperationFailedError(Exception):
    """Resources failed; the text names them as CloudFormation does."""


@dataclass(frozen=True)
class Stable:
    """The state of a stack after an operation that went well: what a rollback goes back to."""

    template: dict[str, Any]
    parameters: dict[str, Any]
    made: dict[str, Made]


def resources_of(stack: Stack) -> StackResources:
    """What exists of a stack."""
    if not hasattr(stack, "rehearsed"):
        stack.rehearsed = StackResources(stack)  # type: ignore[attr-defined]
    return stack.rehearsed  # type: ignore[no-any-return,attr-defined]


def stable_of(stack: Stack) -> Stable:
    """The last state of a stack in which everything was done; empty before its creation."""
    return getattr(stack, "stable", None) or Stable({}, {}, {})


def begin(stack: Stack, status: str, reason: str = "User Initiated") -> None:
    """Let a stack enter a status that ends in IN_PROGRESS."""
    stack_event(stack, status, reason or None)
    stack.status = status


def run(stack: Stack, course: Callable[[], tuple[str, str | None]]) -> None:
    """Run an operation in the background; it returns the status that the stack ends with, and the reason."""

    def work() -> None:
        try:
            status, reason = course()
        except Exception as error:
            _log.exception("the emulated CloudFormation failed at %s", stack.name)
            status, reason = stack.status.removesuffix("_IN_PROGRESS") + "_FAILED", words(error)
        stack_event(stack, status, reason)
        stack.status_reason = reason  # type: ignore[attr-defined]
        stack.status = status  # last: the CLI stops looking as soon as it sees it

    threading.Thread(target=work, name=stack.name).start()


def deploy(
    backend: CloudFormationBackend,
    change_set: ChangeSet,
    *,
    disable_rollback: bool,
    keep_nothing_new: bool = False,
) -> tuple[str, str | None]:
    """Apply a change set, and go back when that fails.

    Args:
        backend: whose change set it is.
        change_set: what to apply.
        disable_rollback: whether to stop where it fails instead.
        keep_nothing_new: see `roll_back`.
    """
    stack: Stack = change_set.stack
    verb = "CREATE" if change_set.change_set_type == "CREATE" else "UPDATE"
    try:
        outdated = _apply(backend, change_set)
        # The others were compared with what the stack is no more: CloudFormation deletes them.
        for other in [one for one in backend.change_sets.values() if one.stack is stack]:
            if other is not change_set:
                del backend.change_sets[other.change_set_id]
    except Exception as error:
        _log.exception("%s of %s failed", verb, stack.name)
        change_set.execution_status = "EXECUTE_FAILED"
        # Something that can be parsed, or the next change set could not be compared with it.
        stack.template = stack.template or "{}"
        reason = words(error)
        if disable_rollback:
            return f"{verb}_FAILED", reason
        return roll_back(stack, reason, keep_nothing_new=keep_nothing_new)
    change_set.execution_status = "EXECUTE_COMPLETE"
    if verb == "UPDATE":
        begin(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "")
        _clean_up(stack, outdated)
        _settle(stack)
    return f"{verb}_COMPLETE", None


def roll_back(stack: Stack, reason: str, *, keep_nothing_new: bool = False) -> tuple[str, str | None]:
    """Go back to the last state in which everything was done.

    Args:
        stack: what to bring back.
        reason: why; what its event says.
        keep_nothing_new: whether what was just made is deleted even where its DeletionPolicy is Retain:
            `RetainExceptOnCreate` of the API.
    """
    former = stable_of(stack)
    if not former.template:
        begin(stack, "ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
        return _take_back_creation(stack, keep_nothing_new=keep_nothing_new)
    begin(stack, "UPDATE_ROLLBACK_IN_PROGRESS", reason)
    return _take_back_update(stack, former, keep_nothing_new=keep_nothing_new)


def _take_back_creation(stack: Stack, *, keep_nothing_new: bool) -> tuple[str, str | None]:
    resources, made = resources_of(stack), _Outdated({}, {})
    for name, one in resources.begun.items():
        made.add(name, one, policy="" if keep_nothing_new else _policy_of_creation(one))
    failures = resources.remove(made.doomed, retained=made.retained, keep_going=False)
    if failures:
        return "ROLLBACK_FAILED", _failed(dict.fromkeys(failures, "delete"))
    return "ROLLBACK_COMPLETE", None


def _take_back_update(stack: Stack, former: Stable, *, keep_nothing_new: bool) -> tuple[str, str | None]:
    resources, outdated = resources_of(stack), _Outdated({}, {})
    resources.load(former.template, former.parameters, stack.tags)

    def restore(name: str) -> None:
        if replacement := _restored(resources, name, former.made[name]):
            outdated.add(name, replacement, policy="")

    failures = run_in_order(dependencies({n: made.body for n, made in former.made.items()}), restore)
    if failures:
        return "UPDATE_ROLLBACK_FAILED", _failed(dict.fromkeys(failures, "update"))
    begin(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "")
    for name, made in resources.begun.items():
        if name not in former.made:
            outdated.add(name, made, policy="" if keep_nothing_new else _policy_of_creation(made))
    _clean_up(stack, outdated)
    return "UPDATE_ROLLBACK_COMPLETE", None


def _restored(resources: StackResources, name: str, was: Made) -> Made | None:
    """Bring a resource back to what it was; returns what had taken its place, if anything had."""
    now = resources.made[name]
    handled = now.kind.startswith("Custom::")  # its handler decides about physical ids
    if now.physical_id != was.physical_id and not handled:
        return resources.restore(name, was)
    if now.resolved != was.resolved or name in resources.attempted:
        return resources.apply(name, was.body, was.resolved)
    return None


def _policy_of_creation(made: Made) -> str:
    """What retains a resource when the operation that has made it is rolled back."""
    policy = str(made.body.get("DeletionPolicy", ""))
    return "Delete" if policy == "RetainExceptOnCreate" else policy


def delete(backend: CloudFormationBackend, stack: Stack) -> tuple[str, str | None]:
    """Delete a stack with all that it does not retain."""
    resources = resources_of(stack)
    try:
        refuse_to_remove_used(backend, stack, [])
    except Exception as error:
        return "DELETE_FAILED", words(error)
    doomed = resources.begun
    retained = {name: made.body.get("DeletionPolicy", "") for name, made in doomed.items()}
    failures = resources.remove(doomed, retained=retained, keep_going=False)
    if failures:
        return "DELETE_FAILED", _failed(dict.fromkeys(failures, "delete"))
    publish(backend, stack, [])
    for change_set in [one for one in backend.change_sets.values() if one.stack is stack]:
        del backend.change_sets[change_set.change_set_id]
    backend.deleted_stacks[stack.stack_id] = backend.stacks.pop(stack.stack_id)
    return "DELETE_COMPLETE", None


class _Outdated:
    """What is deleted in a clean-up phase, with the policies that may retain it."""

    def __init__(self, doomed: dict[str, Made], retained: dict[str, str]) -> None:
        self.doomed, self.retained = doomed, retained

    def add(self, name: str, made: Made, *, policy: str) -> None:
        self.doomed[name], self.retained[name] = made, policy


def _apply(backend: CloudFormationBackend, change_set: ChangeSet) -> _Outdated:
    stack: Stack = change_set.stack
    resources, template = resources_of(stack), change_set.template_dict
    stack.resource_map.cross_stack_resources = backend.exports
    parameters = change_set.parameters or stack.resource_map.input_parameters
    wanted = resources.load(template, parameters, change_set.tags or {})
    creation_order(wanted)  # a circle is an error before anything is made
    outdated = _Outdated({}, {})
    verbs = {name: "update" if name in resources.made else "create" for name in wanted}

    def bring_about(name: str) -> None:
        if name not in resources.made:
            resources.create(name, wanted[name])
        elif former := resources.update(name, wanted[name]):
            outdated.add(name, former, policy=wanted[name].get("UpdateReplacePolicy", ""))

    failures = run_in_order(dependencies(wanted), bring_about)
    if failures:
        raise OperationFailedError(_failed({name: verbs[name] for name in failures}))
    outputs = parsing.OutputMap(stack.resource_map, template, stack.stack_id)
    refuse_unknown_attributes(template.get("Outputs", {}), stack.resource_map)
    dict(outputs)  # an output that cannot be had fails the operation, not the next look at the stack
    _mask(outputs, template, resources)
    refuse_taken(backend, stack, outputs.exports)
    refuse_to_remove_used(backend, stack, outputs.exports)
    publish(backend, stack, outputs.exports)
    for name, made in resources.made.items():
        if name not in wanted:
            outdated.add(name, made, policy=made.body.get("DeletionPolicy", ""))
    stack.template = change_set.template
    stack.template_dict = template
    stack.description = template.get("Description")
    stack.output_map = outputs
    stack.parameters = change_set.parameters
    stack.tags = change_set.tags or {}
    _settle(stack)
    return outdated


def _clean_up(stack: Stack, outdated: _Outdated) -> None:
    resources = resources_of(stack)
    failures = resources.remove(outdated.doomed, retained=outdated.retained, keep_going=True)
    for name in failures:
        if resources.begun.get(name) is outdated.doomed[name]:
            resources.forget(name)  # it is left behind, and no longer the stack's


def _mask(outputs: parsing.OutputMap, template: dict[str, Any], resources: StackResources) -> None:
    for name, output in outputs._parsed_outputs.items():
        value = template["Outputs"][name]["Value"]
        made = [resources.made[one].resource for one in references(value) if one in resources.made]
        is_id = isinstance(value, dict) and value.keys() == {"Ref"}
        if not is_id and any(getattr(resource, "no_echo", False) for resource in made):
            output.value = "****"


def _settle(stack: Stack) -> None:
    resources = resources_of(stack)
    names = stack.template_dict["Resources"]
    made = {name: made for name, made in resources.made.items() if name in names}
    stack.stable = Stable(  # type: ignore[attr-defined]
        stack.template_dict, dict(stack.resource_map.input_parameters), made
    )


def _failed(verbs: dict[str, str]) -> str:
    sentences = []
    for verb in ("create", "update", "delete"):
        if names := sorted(name for name, done in verbs.items() if done == verb):
            sentences.append(f"The following resource(s) failed to {verb}: [{', '.join(names)}]. ")
    return "".join(sentences)
