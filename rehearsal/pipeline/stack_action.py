"""The deploy actions: CodePipeline's calls of CloudFormation, with the role of the action."""

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

from rehearsal.pipeline.artifacts import Artifacts
from rehearsal.pipeline.definition import Action
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError

_KNOWN = {"ActionMode", "Capabilities", "ChangeSetName", "RoleArn", "StackName", "TemplatePath"}
_LOOK = 0.3
"""Seconds between two looks at a stack."""


def run_stack_action(
    action: Action, *, session: Session, roles: Roles, artifacts: Artifacts, say: Callable[[str], None]
) -> None:
    """Prepare a change set of a stack, or execute it, in the account and region of the session.

    Raises:
        StepFailedError: the deployment failed, or the action says what is not rehearsed.
    """
    wanted = action.configuration
    if unknown := sorted(wanted.keys() - _KNOWN):
        raise StepFailedError(f"not rehearsed: {', '.join(unknown)} of an action of CloudFormation")
    client = session.client("cloudformation")
    try:
        if wanted["ActionMode"] == "CHANGE_SET_REPLACE":
            roles.require(
                session,
                "iam:PassRole",
                wanted["RoleArn"],
                {"iam:PassedToService": "cloudformation.amazonaws.com"},
            )
            _replace(client, action, _template(action, artifacts, session))
        elif wanted["ActionMode"] == "CHANGE_SET_EXECUTE":
            _execute(client, action, say)
        else:
            raise StepFailedError(f"not rehearsed: the mode {wanted['ActionMode']} of an action")
    except client.exceptions.ClientError as error:
        raise StepFailedError(str(error)) from error


def _template(action: Action, artifacts: Artifacts, session: Session) -> str:
    name, _, path = action.configuration["TemplatePath"].partition("::")
    if name not in action.inputs:
        raise StepFailedError(f"{name} is no input artefact of the action")
    with zipfile.ZipFile(io.BytesIO(artifacts.get(name, session, region=session.region))) as archive:
        if path not in archive.namelist():
            raise StepFailedError(f"the artefact {name} has no file {path}")
        return archive.read(path).decode()


def _replace(client: Any, action: Action, template: str) -> None:
    wanted = action.configuration
    stack, name = wanted["StackName"], wanted["ChangeSetName"]
    exists = _status(client, stack) not in (None, "REVIEW_IN_PROGRESS")
    if exists:
        client.delete_change_set(StackName=stack, ChangeSetName=name)
    client.create_change_set(
        StackName=stack,
        ChangeSetName=name,
        ChangeSetType="UPDATE" if exists else "CREATE",
        TemplateBody=template,
        Capabilities=wanted["Capabilities"].split(",") if "Capabilities" in wanted else [],
        RoleARN=wanted["RoleArn"],
    )
    while (made := client.describe_change_set(StackName=stack, ChangeSetName=name))["Status"].endswith(
        ("_PENDING", "_IN_PROGRESS")
    ):
        time.sleep(_LOOK)
    if made["Status"] == "FAILED" and not _is_empty(made):
        raise StepFailedError(f"the change set of {stack} failed: {made.get('StatusReason')}")


def _execute(client: Any, action: Action, say: Callable[[str], None]) -> None:
    stack, name = action.configuration["StackName"], action.configuration["ChangeSetName"]
    made = client.describe_change_set(StackName=stack, ChangeSetName=name)
    if _is_empty(made):
        say(f"{stack} has no changes")
        return
    client.execute_change_set(StackName=stack, ChangeSetName=name)
    said: set[str] = set()
    while (status := _status(client, stack)) is None or status.endswith("_IN_PROGRESS"):
        for event in reversed(client.describe_stack_events(StackName=stack)["StackEvents"]):
            if event["EventId"] not in said and event["ResourceStatus"].endswith("_COMPLETE"):
                say(f"{event['LogicalResourceId']} {event['ResourceStatus']}")
            said.add(event["EventId"])
        time.sleep(_LOOK)
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise StepFailedError(f"the stack {stack} is {status}: {_reasons(client, stack)}")


def _reasons(client: Any, stack: str) -> str:
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return "; ".join(
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
    )


def _is_empty(change_set: Any) -> bool:
    # CodePipeline takes a change set without changes for a success, and executes it for nothing.
    return change_set["Status"] == "FAILED" and "didn't contain changes" in change_set.get("StatusReason", "")


def _status(client: Any, stack: str) -> str | None:
    try:
        return str(client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except client.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
