"""CloudFormation's operations on stacks, in the place of moto's, as the CDK CLI calls them.

moto carries an operation out within the call. Here the call checks whether the stack may be changed now, and
the operation runs in the background (`stack_operations`), so that the CLI shows progress.
"""

import threading
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.common_models import CloudFormationModel
from moto.core.responses import ActionResult, EmptyResult

from rehearsal.account.call_options import refuse_options
from rehearsal.account.cloudformation import changes_in_place, stack_operations
from rehearsal.account.cloudformation.custom_resources import CustomResource
from rehearsal.account.cloudformation.stack_operations import resources_of
from rehearsal.account.recorded_only import recorded_only

_beginning = threading.Lock()
"""Held while a stack's status is looked at and changed: requests come in threads."""


def install() -> None:
    """Put this module's operations in the place of moto's."""
    original = parsing.resource_class_from_type

    def resource_class_from_type(resource_type: str) -> type[CloudFormationModel]:
        if resource_type.startswith("Custom::"):
            return CustomResource
        return original(resource_type) or recorded_only(resource_type)

    parsing.resource_class_from_type = resource_class_from_type
    CloudFormationBackend.execute_change_set = _execute_change_set  # type: ignore[method-assign]
    CloudFormationBackend.delete_stack = _delete_stack  # type: ignore[method-assign]
    responses: Any = CloudFormationResponse
    responses.create_stack = _only_by_change_sets
    responses.update_stack = _only_by_change_sets
    responses.delete_stack = _delete_all_of_a_stack(responses.delete_stack)
    responses.rollback_stack = _rollback_stack
    responses.continue_update_rollback = _rollback_stack
    responses.update_termination_protection = _update_termination_protection
    # moto's own answer would create, while it lists them, the resources that are not made yet.
    Stack.stack_resources = property(_made_resources)  # type: ignore[assignment,method-assign]
    changes_in_place.install()


def _made_resources(self: Stack) -> list[Any]:
    return [made.resource for made in resources_of(self).made.values()]


def _execute_change_set(
    self: CloudFormationBackend,
    change_set_name: str,
    stack_name: str | None = None,  # noqa: ARG001  # moto's signature
) -> None:
    change_set = self.change_sets[change_set_name]  # its id: `change_sets` has looked it up
    stack = change_set.stack
    with _beginning:
        if change_set.execution_status != "AVAILABLE":
            raise CloudFormationError(
                "InvalidChangeSetStatusException",
                f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current execution status "
                f"of [{change_set.execution_status}]",
            )
        refuse_update(stack)
        change_set.execution_status = "EXECUTE_IN_PROGRESS"
        verb = "CREATE" if change_set.change_set_type == "CREATE" else "UPDATE"
        stack_operations.begin(stack, f"{verb}_IN_PROGRESS")
    disable_rollback = bool(getattr(change_set, "disable_rollback", False))
    keep_nothing_new = bool(getattr(change_set, "keep_nothing_new", False))
    stack_operations.run(
        stack,
        lambda: stack_operations.deploy(
            self, change_set, disable_rollback=disable_rollback, keep_nothing_new=keep_nothing_new
        ),
    )


def refuse_update(stack: Stack) -> None:
    """Refuse to change a stack that is being changed, or that can only be deleted or brought back.

    Raises:
        ValidationError: names the stack and its status.
    """
    under_way = stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS"
    if under_way or stack.status.endswith("ROLLBACK_FAILED") or stack.status in _ONLY_TO_DELETE:
        raise ValidationError(
            message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated."
        )


_ONLY_TO_DELETE = ("ROLLBACK_COMPLETE", "DELETE_FAILED", "DELETE_COMPLETE")


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    stack = next((s for s in self.stacks.values() if name_or_stack_id in (s.stack_id, s.name)), None)
    if stack is None:
        return  # as on AWS: deleting what does not exist succeeds
    with _beginning:
        if stack.enable_termination_protection:
            raise ValidationError(
                message=f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE"):
            return
        if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack.stack_id}] cannot be deleted while in status {stack.status}"
            )
        stack_operations.begin(stack, "DELETE_IN_PROGRESS")
    stack_operations.run(stack, lambda: stack_operations.delete(self, stack))


def _delete_all_of_a_stack(delete: Any) -> Any:
    def delete_stack(self: CloudFormationResponse) -> EmptyResult:
        refuse_options(self)
        answer: EmptyResult = delete(self)
        return answer

    return delete_stack


_ROLLED_BACK = {
    "ContinueUpdateRollback": ("UPDATE_ROLLBACK_FAILED",),
    "RollbackStack": ("CREATE_FAILED", "UPDATE_FAILED"),
}
"""Call -> the statuses in which it is taken."""


def _rollback_stack(self: CloudFormationResponse) -> ActionResult:
    refuse_options(self)
    keep_nothing_new = bool(self._get_param("RetainExceptOnCreate"))
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    with _beginning:
        if stack.status not in _ROLLED_BACK[self._get_action()]:
            raise ValidationError(
                message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back."
            )
        updated = bool(stack_operations.stable_of(stack).template)
        stack.status = f"{'UPDATE_' if updated else ''}ROLLBACK_IN_PROGRESS"
    stack_operations.run(
        stack, lambda: stack_operations.roll_back(stack, "", keep_nothing_new=keep_nothing_new)
    )
    return ActionResult({"StackId": stack.stack_id})


def _update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection", False)
    return ActionResult({"StackId": stack.stack_id})


def _only_by_change_sets(self: CloudFormationResponse) -> EmptyResult:
    raise ValidationError(message=f"not rehearsed: {self._get_action()} without a change set")
