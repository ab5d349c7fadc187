"""Stacks of the account in moto, deployed as the CLI does: by change sets."""

import itertools
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
REGION = "ap-northeast-2"


# One session for all tests: to load the descriptions of services takes longer than most tests.
_session = boto3.Session(
    aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal", region_name="ap-northeast-2"
)


@cache
def aws_client(service: str, region: str = "ap-northeast-2") -> Any:
    """A client of the account; only of use while moto is on."""
    return _session.client(service, region_name=region)  # type: ignore[call-overload]


def key_of_role(name: str, *, account: str = ACCOUNT) -> dict[str, str]:
    """The key of a session of a role, as boto3 takes it; moto does not ask whether there is such a role."""
    session = aws_client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="test"
    )["Credentials"]
    return {
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }


@dataclass(frozen=True)
class Happened:
    """One event of a stack."""

    resource: str
    status: str
    reason: str | None
    physical_id: str


def parameter(value: Any = "1", **attributes: Any) -> dict[str, Any]:
    """A resource that costs nothing."""
    return {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": value},
        **attributes,
    }


def after(*names: str) -> dict[str, Any]:
    return parameter(DependsOn=list(names))


class Stacks:
    """Deploys and deletes, and waits for the end."""

    def __init__(self) -> None:
        self.client = aws_client("cloudformation")
        self._spaces = itertools.count()

    def prepare(
        self, resources: dict[str, Any], *, stack: str = "stack", name: str = "changes", **sections: Any
    ) -> str:
        """Make a change set; returns its ARN."""
        parameters = sections.pop("values", {})
        on_failure = {"OnStackFailure": "DO_NOTHING"} if sections.pop("no_rollback", False) else {}
        tags = sections.pop("tags", {})
        for logical_id, body in resources.items():
            if body.get("Type") == "AWS::SSM::Parameter":  # moto makes up no name for it
                body["Properties"]["Name"] = f"{stack}-{logical_id}"
        exists = any(
            one["StackName"] == stack and one["StackStatus"] != "REVIEW_IN_PROGRESS"
            for one in self.client.describe_stacks()["Stacks"]
        )
        return str(
            self.client.create_change_set(
                StackName=stack,
                ChangeSetName=name,
                ChangeSetType="UPDATE" if exists else "CREATE",
                # Never the same text twice, or moto refuses it before it compares anything.
                TemplateBody=json.dumps({"Resources": resources, **sections}) + " " * next(self._spaces),
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
                Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                **on_failure,
            )["Id"]
        )

    def refused(self, resources: dict[str, Any], **sections: Any) -> str:
        """Why a change set is refused; there is no stack then, if there was none before."""
        before = self.client.describe_stacks()["Stacks"]
        with pytest.raises(ClientError) as caught:
            self.prepare(resources, **sections)
        assert caught.value.response["Error"]["Code"] == "ValidationError"
        assert self.client.describe_stacks()["Stacks"] == before
        return str(caught.value.response["Error"]["Message"])

    def deploy(self, resources: dict[str, Any], *, stack: str = "stack", **sections: Any) -> str:
        """Make and execute a change set; returns the status that it ends with."""
        change_set = self.prepare(resources, stack=stack, **sections)
        self.client.execute_change_set(ChangeSetName=change_set, StackName=stack)
        return self.wait(stack)

    def delete(self, stack: str = "stack") -> str:
        """Delete a stack; returns the status that it ends with."""
        stack_id = self.describe(stack)["StackId"]
        self.client.delete_stack(StackName=stack)
        return self.wait(stack_id)

    def wait(self, stack: str) -> str:
        deadline = time.monotonic() + 10
        while (status := str(self.describe(stack)["StackStatus"])).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, f"{stack} stays {status}"
            time.sleep(0.01)
        return status

    def describe(self, stack: str = "stack") -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_stacks(StackName=stack)["Stacks"][0]
        return found

    def raw_events(self, stack: str = "stack") -> list[dict[str, Any]]:
        events = self.client.describe_stack_events(StackName=stack)["StackEvents"]
        return sorted(events, key=lambda event: event["Timestamp"])

    def events(self, stack: str = "stack") -> list[Happened]:
        """What happened to the resources, the oldest first."""
        return [
            Happened(
                event["LogicalResourceId"],
                event["ResourceStatus"],
                event.get("ResourceStatusReason"),
                event.get("PhysicalResourceId", ""),
            )
            for event in self.raw_events(stack)
            if event["ResourceType"] != "AWS::CloudFormation::Stack"
        ]

    def with_status(self, status: str, stack: str = "stack") -> list[str]:
        """The resources that had a status, in the order in which they had it."""
        return [event.resource for event in self.events(stack) if event.status == status]

    def reason(self, resource: str, status: str, stack: str = "stack") -> str | None:
        """What the last such event of a resource says."""
        return next(
            event.reason
            for event in reversed(self.events(stack))
            if (event.resource, event.status) == (resource, status)
        )
