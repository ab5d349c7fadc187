"""The file system of a stack: its attribute, its policy, its changes in place."""

import json
from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, Stacks, aws_client, parameter

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}


@pytest.fixture
def efs(stacks: Stacks) -> Any:  # noqa: ARG001  # moto is on
    return aws_client("efs")


def file_system(**properties: Any) -> dict[str, Any]:
    return {"F": {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": True, **properties}}}


def described(efs: Any) -> dict[str, Any]:
    (found,) = efs.describe_file_systems()["FileSystems"]
    return dict(found)


def test_its_arn_is_an_attribute(stacks: Stacks, efs: Any) -> None:
    stacks.deploy({**file_system(), "A": parameter({"Fn::GetAtt": ["F", "Arn"]})})
    found = aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"]
    file_system_id = described(efs)["FileSystemId"]
    assert found == f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{file_system_id}"


def test_its_id_is_an_attribute_and_others_are_refused(stacks: Stacks, efs: Any) -> None:
    stacks.deploy({**file_system(), "A": parameter({"Fn::GetAtt": ["F", "FileSystemId"]})})
    found = aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"]
    assert found == described(efs)["FileSystemId"]
    refused = {**file_system(), "B": parameter({"Fn::GetAtt": ["F", "Name"]})}
    assert stacks.deploy(refused) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("B", "CREATE_FAILED") == (
        "Template error: resource F does not support attribute type Name in Fn::GetAtt"
    )


def test_its_policy_is_stored_changed_and_removed(stacks: Stacks, efs: Any) -> None:
    def stored() -> Any:
        answer = efs.describe_file_system_policy(FileSystemId=described(efs)["FileSystemId"])
        return json.loads(answer["Policy"])

    stacks.deploy(file_system(FileSystemPolicy=POLICY))
    assert stored() == POLICY
    changed = {**POLICY, "Statement": []}
    stacks.deploy(file_system(FileSystemPolicy=changed))
    assert stored() == changed
    stacks.deploy(file_system())
    with pytest.raises(efs.exceptions.PolicyNotFound):
        stored()


def test_throughput_changes_in_place(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(file_system(ThroughputMode="bursting"))
    before = described(efs)["FileSystemId"]
    assert stacks.deploy(file_system(ThroughputMode="elastic")) == "UPDATE_COMPLETE"
    found = described(efs)
    assert (found["FileSystemId"], found["ThroughputMode"]) == (before, "elastic")
    stacks.deploy(file_system(ThroughputMode="provisioned", ProvisionedThroughputInMibps=5))
    assert described(efs)["ProvisionedThroughputInMibps"] == 5


def test_its_lifecycle_changes_in_place(stacks: Stacks, efs: Any) -> None:
    for policies in ([{"TransitionToIA": "AFTER_30_DAYS"}], [{"TransitionToIA": "AFTER_7_DAYS"}], []):
        stacks.deploy(file_system(LifecyclePolicies=policies))
        answer = efs.describe_lifecycle_configuration(FileSystemId=described(efs)["FileSystemId"])
        assert answer["LifecyclePolicies"] == policies


def test_backups_change_in_place(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(file_system(BackupPolicy={"Status": "DISABLED"}))
    stacks.deploy(file_system(BackupPolicy={"Status": "ENABLED"}))
    answer = efs.describe_backup_policy(FileSystemId=described(efs)["FileSystemId"])
    assert answer["BackupPolicy"]["Status"] == "ENABLED"


def test_its_tags_change_in_place(stacks: Stacks, efs: Any) -> None:
    def tagged(**tags: str) -> dict[str, Any]:
        return file_system(FileSystemTags=[{"Key": key, "Value": value} for key, value in tags.items()])

    stacks.deploy(tagged(Name="one", team="data"))
    assert stacks.deploy(tagged(Name="two", cost="1")) == "UPDATE_COMPLETE"
    found = described(efs)
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"Name": "two", "cost": "1"}
    assert found["Name"] == "two"


@pytest.mark.parametrize(
    ("name", "value"),
    [("Encrypted", False), ("PerformanceMode", "maxIO"), ("AvailabilityZoneName", "ap-northeast-2a")],
)
def test_a_property_that_cannot_change_replaces_it(stacks: Stacks, efs: Any, name: str, value: Any) -> None:
    stacks.deploy(file_system())
    before = described(efs)
    assert stacks.deploy(file_system(**{name: value})) == "UPDATE_COMPLETE"
    assert described(efs)["FileSystemId"] != before["FileSystemId"]


def test_a_change_that_would_not_be_made_is_refused(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(file_system())
    protection = {"ReplicationOverwriteProtection": "DISABLED"}
    assert stacks.deploy(file_system(FileSystemProtection=protection)) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("F", "UPDATE_FAILED") == (
        "not rehearsed: a change of FileSystemProtection of a file system"
    )
    assert described(efs)["LifeCycleState"] == "available"


@pytest.mark.parametrize("listed", ["FileSystems", "MountTargets", "AccessPoints"])
def test_the_service_answers_with_its_own_members_only(stacks: Stacks, efs: Any, listed: str) -> None:
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    of_it = {"FileSystemId": {"Ref": "F"}}
    target = {"Type": "AWS::EFS::MountTarget", "Properties": {**of_it, "SubnetId": subnet}}
    point = {"Type": "AWS::EFS::AccessPoint", "Properties": of_it}
    system = file_system(FileSystemPolicy=POLICY, LifecyclePolicies=[{"TransitionToIA": "AFTER_7_DAYS"}])
    assert stacks.deploy({**system, "T": target, "P": point}) == "CREATE_COMPLETE"
    seen: dict[str, Any] = {}

    def see(response_dict: dict[str, Any], **_: Any) -> None:
        seen.update(response_dict)

    efs.meta.events.register("before-parse.efs.*", see)
    if listed == "FileSystems":
        efs.describe_file_systems()
    elif listed == "MountTargets":
        efs.describe_mount_targets(FileSystemId=described(efs)["FileSystemId"])
    else:
        efs.describe_access_points()
    efs.meta.events.unregister("before-parse.efs.*", see)
    (answer,) = json.loads(seen["body"])[listed]
    shape = efs.meta.service_model.operation_model(f"Describe{listed}").output_shape
    assert answer.keys() - shape.members[listed].member.members.keys() == set()
    assert {"FileSystemId", "LifeCycleState"} <= answer.keys()
