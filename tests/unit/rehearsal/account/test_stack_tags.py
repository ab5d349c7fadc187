"""The tags of a stack, on the stack and on its resources."""

import json
from typing import Any

import pytest

from rehearsal.account.cloudformation.stack_tags import with_stack_tags
from tests.unit.rehearsal.account.stacks import REGION, Stacks, aws_client, parameter

BUCKET = {"Type": "AWS::S3::Bucket"}
SYSTEM = {"Type": "AWS::EFS::FileSystem"}


def tags_of_system() -> dict[str, str]:
    (system,) = aws_client("efs").describe_file_systems()["FileSystems"]
    return {tag["Key"]: tag["Value"] for tag in system["Tags"]}


def tags_of_stack(stacks: Stacks) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in stacks.describe()["Tags"]}


def test_a_resource_is_made_with_the_tags_of_its_stack(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM}, tags={"team": "data"})
    assert tags_of_system() == {"team": "data"}


def test_a_resources_own_tag_wins(stacks: Stacks) -> None:
    properties = {"FileSystemTags": [{"Key": "team", "Value": "own"}]}
    stacks.deploy({"F": {**SYSTEM, "Properties": properties}}, tags={"team": "data", "cost": "1"})
    assert tags_of_system() == {"team": "own", "cost": "1"}


def test_a_change_of_tags_alone_is_an_update_in_place(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM, "A": parameter()}, tags={"team": "data", "old": "1"})
    seen = len(stacks.events())
    assert stacks.deploy({"F": SYSTEM, "A": parameter()}, tags={"team": "ml"}) == "UPDATE_COMPLETE"
    assert [(one.resource, one.status) for one in stacks.events()[seen:]] == [
        ("F", "UPDATE_IN_PROGRESS"),
        ("F", "UPDATE_COMPLETE"),
    ]
    assert tags_of_system() == {"team": "ml"}
    assert tags_of_stack(stacks) == {"team": "ml"}


def test_a_change_set_lists_what_a_change_of_tags_changes(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM, "A": parameter()}, tags={"team": "data"})
    change_set = stacks.prepare({"F": SYSTEM, "A": parameter()}, tags={"team": "ml"})
    described = stacks.client.describe_change_set(ChangeSetName=change_set)
    assert (described["Status"], described["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    (change,) = [one["ResourceChange"] for one in described["Changes"]]
    assert (change["LogicalResourceId"], change["Replacement"], change["Scope"]) == ("F", "False", ["Tags"])
    assert change["Details"] == [
        {
            "Target": {"Attribute": "Tags", "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
    ]


def test_the_same_tags_again_are_no_change(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM}, tags={"team": "data"})
    change_set = stacks.prepare({"F": SYSTEM}, tags={"team": "data"})
    assert stacks.client.describe_change_set(ChangeSetName=change_set)["Status"] == "FAILED"


def test_tags_that_a_call_does_not_speak_of_stay(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM}, tags={"team": "data"})
    stacks.client.create_change_set(
        StackName="stack",
        ChangeSetName="later",
        ChangeSetType="UPDATE",
        TemplateBody=json.dumps({"Resources": {"F": SYSTEM, "Another": BUCKET}}),
    )
    stacks.client.execute_change_set(StackName="stack", ChangeSetName="later")
    assert stacks.wait("stack") == "UPDATE_COMPLETE"
    assert tags_of_stack(stacks) == {"team": "data"}


def test_no_tags_take_the_former_ones_away(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM}, tags={"team": "data"})
    assert stacks.deploy({"F": SYSTEM}, tags={}) == "UPDATE_COMPLETE"
    assert tags_of_stack(stacks) == {}
    assert tags_of_system() == {}


def test_a_failed_update_leaves_the_former_tags(stacks: Stacks) -> None:
    stacks.deploy({"F": SYSTEM}, tags={"team": "data"})
    broken = {"Type": "AWS::EFS::MountTarget", "Properties": {"FileSystemId": "fs-1", "SubnetId": "no"}}
    broken["Properties"] |= {"SecurityGroups": []}  # type: ignore[operator]
    resources = {"F": SYSTEM, "Broken": {**broken, "DependsOn": "F"}}
    assert stacks.deploy(resources, tags={"team": "ml"}) == "UPDATE_ROLLBACK_COMPLETE"
    assert tags_of_system() == {"team": "data"}
    assert tags_of_stack(stacks) == {"team": "data"}


@pytest.mark.parametrize(
    ("kind", "properties", "expected"),
    [
        ("AWS::IAM::Role", {}, {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}),
        ("AWS::Backup::BackupVault", {}, {"BackupVaultTags": {"a": "1", "b": "2"}}),
        (
            "AWS::Backup::BackupVault",
            {"BackupVaultTags": {"a": "own"}},
            {"BackupVaultTags": {"a": "own", "b": "2"}},
        ),
        ("AWS::EFS::MountTarget", {}, {}),
        ("AWS::SNS::Topic", {}, {}),
        ("Custom::Any", {}, {}),
    ],
)
def test_tags_are_where_the_type_has_them(
    kind: str, properties: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_stack_tags(kind, properties, {"b": "2", "a": "1"}, REGION) == expected
