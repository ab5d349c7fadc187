"""The way back from an operation that failed, by the API that the CLI calls."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ssm.models import Parameter

from rehearsal.account.cloudformation import stack_operations
from tests.unit.rehearsal.account.stacks import Stacks, after, aws_client, parameter
from tests.unit.rehearsal.account.test_cloudformation import BROKEN, FILE_SYSTEM


def values() -> dict[str, str]:
    """The parameters of Systems Manager that exist."""
    ssm = aws_client("ssm")
    names = [one["Name"] for one in ssm.describe_parameters()["Parameters"]]
    return {name: ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in names}


def file_systems() -> list[str]:
    efs = aws_client("efs")
    return [one["FileSystemId"] for one in efs.describe_file_systems()["FileSystems"]]


def stack_statuses(stacks: Stacks) -> list[tuple[str, str | None]]:
    return [
        (event["ResourceStatus"], event.get("ResourceStatusReason"))
        for event in stacks.raw_events()
        if event["ResourceType"] == "AWS::CloudFormation::Stack"
    ]


def failing(*names: str) -> dict[str, Any]:
    return {"Broken": {**BROKEN, "DependsOn": list(names)}}


def test_a_failed_creation_deletes_what_was_made_in_reverse_order(stacks: Stacks) -> None:
    resources = {"A": parameter(), "B": after("A"), **failing("B")}
    assert stacks.deploy(resources) == "ROLLBACK_COMPLETE"
    assert stacks.with_status("DELETE_COMPLETE") == ["B", "A"]
    assert values() == {}
    assert stack_statuses(stacks)[-2:] == [
        (
            "ROLLBACK_IN_PROGRESS",
            "The following resource(s) failed to create: [Broken]. Rollback requested by user.",
        ),
        ("ROLLBACK_COMPLETE", None),
    ]


@pytest.mark.parametrize(("policy", "left"), [("Retain", 1), ("RetainExceptOnCreate", 0), ("Delete", 0)])
def test_a_failed_creation_keeps_only_what_is_always_retained(stacks: Stacks, policy: str, left: int) -> None:
    assert stacks.deploy({"F": {**FILE_SYSTEM, "DeletionPolicy": policy}, **failing("F")}) == (
        "ROLLBACK_COMPLETE"
    )
    assert len(file_systems()) == left


def test_a_stack_whose_creation_was_rolled_back_can_only_be_deleted(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter(), **failing("A")})
    stack_id = stacks.describe()["StackId"]
    with pytest.raises(ClientError) as caught:
        stacks.prepare({"A": parameter()})
    assert caught.value.response["Error"]["Message"] == (
        f"Stack:{stack_id} is in ROLLBACK_COMPLETE state and can not be updated."
    )
    assert stacks.delete() == "DELETE_COMPLETE"
    assert stacks.deploy({"A": parameter()}) == "CREATE_COMPLETE"


def test_a_failed_update_has_the_state_before(stacks: Stacks) -> None:
    outputs = {"Out": {"Value": {"Ref": "A"}, "Export": {"Name": "out"}}}
    stacks.deploy({"A": parameter("1"), "Gone": parameter("1")}, Outputs=outputs)
    template = stacks.client.get_template(StackName="stack")["TemplateBody"]
    changed = {"A": parameter("2"), "New": parameter(), **failing("A", "New")}
    assert stacks.deploy(changed, Outputs={}) == "UPDATE_ROLLBACK_COMPLETE"
    assert values() == {"stack-A": "1", "stack-Gone": "1"}
    assert stacks.client.get_template(StackName="stack")["TemplateBody"] == template
    assert stacks.describe()["Outputs"][0]["OutputKey"] == "Out"
    assert [one["Name"] for one in stacks.client.list_exports()["Exports"]] == ["out"]
    listed = stacks.client.list_stack_resources(StackName="stack")["StackResourceSummaries"]
    assert {one["LogicalResourceId"] for one in listed} == {"A", "Gone"}
    assert [status for status, _ in stack_statuses(stacks)[-4:]] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]


def test_a_failed_update_puts_a_replaced_resource_back(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM})
    before = file_systems()
    replaced = {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": False}}
    assert stacks.deploy({"F": replaced, **failing("F")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert file_systems() == before
    assert stacks.deploy({"F": FILE_SYSTEM, "A": parameter({"Ref": "F"})}) == "UPDATE_COMPLETE"
    assert values() == {"stack-A": before[0]}


def test_without_rollback_what_was_done_stays_until_it_is_asked_for(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter("1")})
    changed = {"A": parameter("2"), "New": parameter(), **failing("A", "New")}
    assert stacks.deploy(changed, no_rollback=True) == "UPDATE_FAILED"
    assert values() == {"stack-A": "2", "stack-New": "1"}
    stacks.client.rollback_stack(StackName="stack")
    assert stacks.wait("stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert values() == {"stack-A": "1"}


def test_a_rollback_of_a_creation_is_never_said_to_be_one_of_an_update(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks.deploy(failing(), no_rollback=True)
    monkeypatch.setattr(stack_operations, "run", lambda *_: None)  # as looked at before it has begun
    stacks.client.rollback_stack(StackName="stack")
    assert stacks.describe()["StackStatus"] == "ROLLBACK_IN_PROGRESS"


@pytest.mark.parametrize(("except_on_create", "left"), [(True, 0), (False, 1)])
def test_a_rollback_can_be_told_to_keep_nothing_of_what_was_just_made(
    stacks: Stacks, except_on_create: bool, left: int
) -> None:
    retained = {**FILE_SYSTEM, "DeletionPolicy": "Retain"}
    stacks.deploy({"F": retained, **failing("F")}, no_rollback=True)
    stacks.client.rollback_stack(StackName="stack", RetainExceptOnCreate=except_on_create)
    assert stacks.wait("stack") == "ROLLBACK_COMPLETE"
    assert len(file_systems()) == left


def test_such_a_rollback_keeps_what_was_there_before_the_update(stacks: Stacks) -> None:
    retained = {**FILE_SYSTEM, "DeletionPolicy": "Retain"}
    stacks.deploy({"F": retained})
    before = file_systems()
    stacks.deploy({"F": retained, "New": retained, **failing("New")}, no_rollback=True)
    stacks.client.rollback_stack(StackName="stack", RetainExceptOnCreate=True)
    assert stacks.wait("stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert file_systems() == before


def test_an_execution_can_be_told_the_same(stacks: Stacks) -> None:
    change_set = stacks.prepare({"F": {**FILE_SYSTEM, "DeletionPolicy": "Retain"}, **failing("F")})
    stacks.client.execute_change_set(ChangeSetName=change_set, RetainExceptOnCreate=True)
    assert stacks.wait("stack") == "ROLLBACK_COMPLETE"
    assert file_systems() == []


@pytest.mark.parametrize(
    ("call", "options", "named"),
    [
        ("continue_update_rollback", {"ResourcesToSkip": ["A"]}, "ResourcesToSkip of ContinueUpdateRollback"),
        ("continue_update_rollback", {"ForceRollback": True}, "ForceRollback of ContinueUpdateRollback"),
        ("delete_stack", {"RetainResources": ["A"]}, "RetainResources of DeleteStack"),
        ("delete_stack", {"DeletionMode": "FORCE_DELETE_STACK"}, "DeletionMode of DeleteStack"),
        ("delete_stack", {"DeploymentConfig": {"Mode": "EXPRESS"}}, "DeploymentConfig of DeleteStack"),
        ("rollback_stack", {"DeploymentConfig": {"Mode": "EXPRESS"}}, "DeploymentConfig of RollbackStack"),
    ],
)
def test_what_a_call_wants_otherwise_is_refused_and_nothing_is_changed(
    stacks: Stacks, call: str, options: dict[str, Any], named: str
) -> None:
    stacks.deploy({"A": parameter(), **failing("A")}, no_rollback=True)
    before = stacks.describe()
    with pytest.raises(ClientError) as caught:
        getattr(stacks.client, call)(StackName="stack", **options)
    assert caught.value.response["Error"]["Message"] == f"not rehearsed: {named}"
    assert stacks.describe() == before


@pytest.mark.parametrize(
    ("call", "options"),
    [
        ("rollback_stack", {"RetainExceptOnCreate": True}),
        ("rollback_stack", {"DeploymentConfig": {"Mode": "STANDARD"}}),
        ("delete_stack", {"DeploymentConfig": {"Mode": "STANDARD"}}),
        ("delete_stack", {"DeletionMode": "STANDARD"}),
    ],
)
def test_what_the_cli_says_of_the_usual_way_is_taken(
    stacks: Stacks, call: str, options: dict[str, Any]
) -> None:
    stacks.deploy({"A": parameter(), **failing("A")}, no_rollback=True)
    stack_id = stacks.describe()["StackId"]
    getattr(stacks.client, call)(StackName="stack", **options)
    assert stacks.wait(stack_id) in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
    assert values() == {}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"DeploymentMode": "REVERT_DRIFT"}, "DeploymentMode of CreateChangeSet"),
        ({"OnStackFailure": "DELETE"}, "OnStackFailure of CreateChangeSet"),
        ({"DeploymentConfig": {"Mode": "EXPRESS"}}, "DeploymentConfig of CreateChangeSet"),
    ],
)
def test_a_change_set_that_wants_it_otherwise_is_refused_and_leaves_no_stack(
    stacks: Stacks, options: dict[str, Any], named: str
) -> None:
    template = json.dumps({"Resources": {"F": FILE_SYSTEM}})
    with pytest.raises(ClientError) as caught:
        stacks.client.create_change_set(
            StackName="stack", ChangeSetName="one", ChangeSetType="CREATE", TemplateBody=template, **options
        )
    assert caught.value.response["Error"]["Message"] == f"not rehearsed: {named}"
    assert stacks.client.describe_stacks()["Stacks"] == []


def test_a_rollback_of_a_creation_that_cannot_delete_says_so_and_only_a_deletion_is_left(
    stacks: Stacks,
) -> None:
    stacks.deploy({"F": FILE_SYSTEM, **failing("F")}, no_rollback=True)
    efs = aws_client("efs")
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    target = efs.create_mount_target(FileSystemId=file_systems()[0], SubnetId=subnet)
    stacks.client.rollback_stack(StackName="stack")
    assert stacks.wait("stack") == "ROLLBACK_FAILED"
    assert stack_statuses(stacks)[-1][1] == "The following resource(s) failed to delete: [F]. "
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    for call in (stacks.client.rollback_stack, stacks.client.continue_update_rollback):
        with pytest.raises(ClientError, match="is in ROLLBACK_FAILED state and can not be rolled back"):
            call(StackName="stack")
    assert stacks.delete() == "DELETE_COMPLETE"
    assert file_systems() == []


def test_a_rollback_of_an_update_that_fails_can_be_continued(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks.deploy({"A": parameter("1")})

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("not now")

    stacks.deploy({"A": parameter("2"), **failing("A")}, no_rollback=True)
    with monkeypatch.context() as patch:
        patch.setattr(Parameter, "update_from_cloudformation_json", refuse)
        stacks.client.rollback_stack(StackName="stack", RetainExceptOnCreate=True)
        assert stacks.wait("stack") == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ClientError, match="is in UPDATE_ROLLBACK_FAILED state and can not be rolled back"):
        stacks.client.rollback_stack(StackName="stack")
    stacks.client.continue_update_rollback(StackName="stack", ResourcesToSkip=[])
    assert stacks.wait("stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert values() == {"stack-A": "1"}


def test_a_failed_update_takes_back_what_it_made_and_keeps_what_was_there(stacks: Stacks) -> None:
    kept = {**FILE_SYSTEM, "DeletionPolicy": "RetainExceptOnCreate"}
    stacks.deploy({"F": kept})
    before = file_systems()
    assert stacks.deploy({"F": kept, "New": kept, **failing("New")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert file_systems() == before


def test_what_goes_only_when_its_creation_fails_is_retained_by_a_deletion(stacks: Stacks) -> None:
    stacks.deploy({"F": {**FILE_SYSTEM, "DeletionPolicy": "RetainExceptOnCreate"}})
    assert stacks.delete() == "DELETE_COMPLETE"
    assert len(file_systems()) == 1


def test_a_policy_that_cannot_be_attached_leaves_nothing(stacks: Stacks) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Roles": ["of-nobody"],
        },
    }
    assert stacks.deploy({"P": policy}) == "ROLLBACK_COMPLETE"
    assert "of-nobody" in str(stacks.reason("P", "CREATE_FAILED"))
    assert aws_client("iam").list_policies(Scope="Local")["Policies"] == []
