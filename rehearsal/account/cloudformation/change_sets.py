"""Change sets that belong to a stack, as on AWS: a name means the one of the stack that the call names.

moto looks a name up among all change sets of the region, and the CDK CLI gives each the same name. A
deleted change set is gone, and deleting one that does not exist succeeds. The former value of a parameter
is what was given for it, and not, where it names a parameter of Systems Manager, what that resolved to.
What a change set lists comes from `planned_changes`; how it deals with a failure is kept with it. A template
that CloudFormation would not take, or that is not rehearsed, gets no change set.
"""

from typing import Any

from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import ChangeSet, Stack
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ssm.models import ssm_backends

from rehearsal.account.call_options import refuse_options
from rehearsal.account.cloudformation.planned_changes import PlannedChange, planned_changes
from rehearsal.account.cloudformation.stack_calls import refuse_update
from rehearsal.account.cloudformation.stack_operations import resources_of
from rehearsal.account.cloudformation.template_check import check_template
from rehearsal.account.cloudformation.template_forms import in_long_form
from rehearsal.account.cloudformation.template_parameters import check_parameters, check_stored_parameters
from rehearsal.account.recorded_only import NotRehearsedError


class ChangeSetNotFoundError(CloudFormationError):
    """The service's error of the same name."""

    code = "ChangeSetNotFound"


def install() -> None:
    """Put this module's look-up in the place of moto's."""
    CloudFormationResponse.describe_change_set = _describe  # type: ignore[method-assign]
    CloudFormationResponse.delete_change_set = _delete  # type: ignore[method-assign]
    CloudFormationResponse.execute_change_set = _execute  # type: ignore[method-assign]
    ChangeSet.diff = _planned  # type: ignore[assignment,method-assign]
    create = CloudFormationResponse.create_change_set

    def create_change_set(self: CloudFormationResponse) -> ActionResult:
        refuse_options(self)
        if self._get_param("ChangeSetType") == "UPDATE":
            stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
            refuse_update(stack)
            if self._get_param("Tags") is None:  # which means that they stay
                self.params["Tags"] = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
        else:
            _refuse_second_creation(self)
        stacks = self.cloudformation_backend.stacks
        before = set(stacks)
        try:
            answer = create(self)
        except Exception as error:
            for stack_id in set(stacks) - before:
                del stacks[stack_id]  # moto makes the stack before it looks at the template
            if isinstance(error, NotRehearsedError):
                raise ValidationError(message=str(error)) from error
            raise
        made: Any = answer.result
        change_set: Any = self.cloudformation_backend.change_sets[made["Id"]]
        if change_set.status == "FAILED" and change_set.tags != change_set.stack.tags:
            # moto compares template and parameters only.
            change_set.status, change_set.execution_status = "CREATE_COMPLETE", "AVAILABLE"
            change_set.status_reason = None
        change_set.disable_rollback = self._get_param("OnStackFailure") == "DO_NOTHING"
        return answer

    CloudFormationResponse.create_change_set = create_change_set  # type: ignore[method-assign]
    Stack.stack_parameters = property(_given_parameters)  # type: ignore[assignment, method-assign]
    Stack.parameter_list = property(_shown_parameters)  # type: ignore[assignment, method-assign]


def _refuse_second_creation(call: CloudFormationResponse) -> None:
    name, change_set = call._get_param("StackName"), call._get_param("ChangeSetName")
    for stack in call.cloudformation_backend.stacks.values():
        if name in (stack.name, stack.stack_id) and stack.status != "REVIEW_IN_PROGRESS":
            raise ValidationError(
                message=f"Stack [{stack.name}] already exists and cannot be created again with the changeSet "
                f"[{change_set}]."
            )


def _given_parameters(self: Stack) -> dict[str, Any]:
    defaults = {
        name: parameter["Default"]
        for name, parameter in self.template_dict.get("Parameters", {}).items()
        if "Default" in parameter
    }
    return {**defaults, **self.resource_map.input_parameters}


def _shown_parameters(self: Stack) -> list[dict[str, Any]]:
    # moto looks for a value among the names of those that are not to be shown.
    values, hidden = self.resource_map.resolved_parameters, self.resource_map.no_echo_parameter_keys
    return [
        {"ParameterKey": name, "ParameterValue": "****" if name in hidden else value}
        for name, value in values.items()
    ]


def _planned(self: ChangeSet) -> list[PlannedChange]:
    check_template(self.template_dict, self.stack.region_name)
    if self.parameters or self.change_set_type == "CREATE":
        check_parameters(self.template_dict, self.parameters)
        check_stored_parameters(
            self.template_dict,
            self.parameters,
            ssm_backends[self.stack.account_id][self.stack.region_name],
        )
    self.template_dict = in_long_form(self.template_dict)
    resources = resources_of(self.stack)
    return planned_changes(self.stack, resources, self.template_dict, self.parameters, self.tags or {})


def _describe(self: CloudFormationResponse) -> ActionResult:
    return ActionResult(_existing(self))


def _delete(self: CloudFormationResponse) -> EmptyResult:
    if change_set := _find(self):
        del self.cloudformation_backend.change_sets[change_set.change_set_id]
    return EmptyResult()


def _execute(self: CloudFormationResponse) -> EmptyResult:
    change_set: Any = _existing(self)
    if self._get_bool_param("DisableRollback", False):
        change_set.disable_rollback = True
    change_set.keep_nothing_new = self._get_bool_param("RetainExceptOnCreate", False)
    self.cloudformation_backend.execute_change_set(
        change_set_name=change_set.change_set_id, stack_name=change_set.stack_name
    )
    return EmptyResult()


def _existing(self: CloudFormationResponse) -> ChangeSet:
    change_set = _find(self)
    if change_set is None:
        raise ChangeSetNotFoundError(f"ChangeSet [{self._get_param('ChangeSetName')}] does not exist")
    return change_set


def _find(self: CloudFormationResponse) -> ChangeSet | None:
    name, stack = self._get_param("ChangeSetName"), self._get_param("StackName")
    for change_set in self.cloudformation_backend.change_sets.values():
        if change_set.change_set_id == name:
            return change_set
        if change_set.change_set_name == name and stack in (change_set.stack_name, change_set.stack_id):
            return change_set
    return None
