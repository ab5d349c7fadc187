"""Changes that need a new physical resource: which, in what order, and how a change set lists them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter
from tests.unit.rehearsal.account.test_cloudformation import FILE_SYSTEM
from tests.unit.rehearsal.account.test_rollback import file_systems, values

UNENCRYPTED: dict[str, Any] = {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": False}}


def test_the_new_resource_is_made_first_and_the_old_one_deleted_last(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM, "A": parameter({"Ref": "F"})})
    (before,) = file_systems()
    seen = len(stacks.events())
    assert stacks.deploy({"F": UNENCRYPTED, "A": parameter({"Ref": "F"})}) == "UPDATE_COMPLETE"
    (now,) = file_systems()
    happened = [(one.resource, one.status, one.physical_id) for one in stacks.events()[seen:]]
    assert happened == [
        ("F", "UPDATE_IN_PROGRESS", before),
        ("F", "UPDATE_COMPLETE", now),
        ("A", "UPDATE_IN_PROGRESS", "stack-A"),
        ("A", "UPDATE_COMPLETE", "stack-A"),
        ("F", "DELETE_IN_PROGRESS", before),
        ("F", "DELETE_COMPLETE", before),
    ]


def test_what_refers_to_a_replaced_resource_follows_it(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM, "A": parameter({"Fn::Sub": "id ${F}"})})
    stacks.deploy({"F": UNENCRYPTED, "A": parameter({"Fn::Sub": "id ${F}"})})
    assert values() == {"stack-A": f"id {file_systems()[0]}"}


def test_the_old_resource_stays_where_the_policy_says_so(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM})
    stacks.deploy({"F": {**UNENCRYPTED, "UpdateReplacePolicy": "Retain"}})
    assert len(file_systems()) == 2
    assert stacks.with_status("DELETE_SKIPPED") == ["F"]


def test_an_old_resource_that_cannot_be_deleted_does_not_fail_the_update(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM})
    efs = aws_client("efs")
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    efs.create_mount_target(FileSystemId=file_systems()[0], SubnetId=subnet)
    assert stacks.deploy({"F": UNENCRYPTED}) == "UPDATE_COMPLETE"
    assert stacks.with_status("DELETE_FAILED") == ["F"]
    assert len(file_systems()) == 2


def test_a_resource_with_a_name_of_its_own_cannot_be_replaced(stacks: Stacks) -> None:
    def role(path: str) -> dict[str, Any]:
        trust = {"Version": "2012-10-17", "Statement": []}
        properties = {"RoleName": "own", "Path": path, "AssumeRolePolicyDocument": trust}
        return {"Type": "AWS::IAM::Role", "Properties": properties}

    stacks.deploy({"R": role("/a/")})
    assert stacks.deploy({"R": role("/b/")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("R", "UPDATE_FAILED") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename own and update the stack again."
    )


def test_a_change_set_lists_what_is_added_changed_replaced_and_removed(stacks: Stacks) -> None:
    target = {
        "Type": "AWS::EFS::MountTarget",
        "Properties": {
            "FileSystemId": {"Ref": "F"},
            "SubnetId": aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"],
            "SecurityGroups": [],
        },
    }
    stacks.deploy({"F": FILE_SYSTEM, "T": target, "A": parameter("1"), "Gone": parameter()})
    change_set = stacks.prepare({"F": UNENCRYPTED, "T": target, "A": parameter("2"), "New": parameter()})
    described = stacks.client.describe_change_set(ChangeSetName=change_set)
    changes = {
        one["ResourceChange"]["LogicalResourceId"]: one["ResourceChange"] for one in described["Changes"]
    }
    assert {name: (one["Action"], one.get("Replacement")) for name, one in changes.items()} == {
        "F": ("Modify", "True"),
        "T": ("Modify", "Conditional"),
        "A": ("Modify", "False"),
        "New": ("Add", None),
        "Gone": ("Remove", None),
    }
    assert changes["F"]["PolicyAction"] == "ReplaceAndDelete"
    assert changes["F"]["PhysicalResourceId"] == file_systems()[0]
    assert changes["T"]["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "FileSystemId",
                "RequiresRecreation": "Always",
            },
            "Evaluation": "Dynamic",
            "ChangeSource": "ResourceReference",
            "CausingEntity": "F",
        }
    ]


def test_a_protected_stack_is_not_deleted(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    stacks.client.update_termination_protection(StackName="stack", EnableTerminationProtection=True)
    with pytest.raises(ClientError) as caught:
        stacks.client.delete_stack(StackName="stack")
    assert caught.value.response["Error"]["Message"] == (
        "Stack [stack] cannot be deleted while TerminationProtection is enabled"
    )
    stacks.client.update_termination_protection(StackName="stack", EnableTerminationProtection=False)
    assert stacks.delete() == "DELETE_COMPLETE"


def test_an_export_that_is_in_use_stays(stacks: Stacks) -> None:
    export = {"One": {"Value": "v1", "Export": {"Name": "one"}}}
    stacks.deploy({"A": parameter()}, Outputs=export)
    stacks.deploy({"B": parameter({"Fn::ImportValue": "one"})}, stack="other")
    assert stacks.deploy({"A": parameter("2")}) == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason") for event in stacks.raw_events()]
    assert "Export one cannot be deleted as it is in use by other" in reasons
    assert stacks.delete() == "DELETE_FAILED"
    stacks.delete("other")
    assert stacks.delete() == "DELETE_COMPLETE"


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_change_set_lists_a_change_of_a_policy(stacks: Stacks, attribute: str) -> None:
    stacks.deploy({"A": parameter()})
    stacks.prepare({"A": parameter(**{attribute: "Retain"})}, name="kept")
    answer = stacks.client.describe_change_set(StackName="stack", ChangeSetName="kept")
    (change,) = (one["ResourceChange"] for one in answer["Changes"])
    assert (change["Action"], change["Replacement"], change["Scope"]) == ("Modify", "False", [attribute])


def test_a_changed_deletion_policy_alone_is_kept(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter(), "B": parameter()})
    assert stacks.deploy({"A": parameter(DeletionPolicy="Retain"), "B": parameter()}) == "UPDATE_COMPLETE"
    stacks.deploy({"B": parameter()})
    assert values().keys() == {"stack-A", "stack-B"}
