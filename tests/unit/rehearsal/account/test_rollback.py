"""The way back from an operation that failed, by the API that the CLI calls."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

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


def test_a_rollback_that_cannot_delete_says_so_and_can_be_repeated(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM, **failing("F")}, no_rollback=True)
    efs = aws_client("efs")
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    target = efs.create_mount_target(FileSystemId=file_systems()[0], SubnetId=subnet)
    stacks.client.rollback_stack(StackName="stack")
    assert stacks.wait("stack") == "ROLLBACK_FAILED"
    assert stack_statuses(stacks)[-1][1] == "The following resource(s) failed to delete: [F]. "
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    stacks.client.rollback_stack(StackName="stack")
    assert stacks.wait("stack") == "ROLLBACK_COMPLETE"
    assert file_systems() == []


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
