"""The file system of a stack: its attribute, its policy, its changes in place."""

import json
from typing import Any

import pytest

from rehearsal.account.efs.conditions import EfsConditions
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


def test_its_id_is_an_attribute(stacks: Stacks, efs: Any) -> None:
    stacks.deploy({**file_system(), "A": parameter({"Fn::GetAtt": ["F", "FileSystemId"]})})
    found = aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"]
    assert found == described(efs)["FileSystemId"]


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


def test_a_refused_file_system_leaves_nothing(stacks: Stacks, efs: Any) -> None:
    malformed = [{"TransitionToIA": "AFTER_7_DAYS", "TransitionToArchive": "AFTER_90_DAYS"}]
    assert stacks.deploy(file_system(LifecyclePolicies=malformed)) == "ROLLBACK_COMPLETE"
    assert stacks.reason("F", "CREATE_FAILED") == (
        "One or more LifecyclePolicy objects specified are malformed."
    )
    assert efs.describe_file_systems()["FileSystems"] == []


def test_a_stack_waits_until_a_file_system_and_its_mount_targets_are_available(
    stacks: Stacks, efs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EfsConditions, "creating_seconds", staticmethod(lambda: 0.3))
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    target = {
        "Type": "AWS::EFS::MountTarget",
        "Properties": {"FileSystemId": {"Ref": "F"}, "SubnetId": subnet, "SecurityGroups": []},
    }
    assert stacks.deploy({**file_system(), "T": target, "A": parameter(DependsOn="T")}) == "CREATE_COMPLETE"
    took = {
        (event["LogicalResourceId"], event["ResourceStatus"]): event["Timestamp"]
        for event in stacks.raw_events()
    }
    for name in "FT":
        seconds = (took[name, "CREATE_COMPLETE"] - took[name, "CREATE_IN_PROGRESS"]).total_seconds()
        assert seconds >= 0.3
    assert took["A", "CREATE_IN_PROGRESS"] >= took["T", "CREATE_COMPLETE"]
    assert described(efs)["LifeCycleState"] == "available"


def test_its_replication_comes_and_goes_in_place(stacks: Stacks, efs: Any) -> None:
    replicated = {"ReplicationConfiguration": {"Destinations": [{"Region": "eu-west-1"}]}}
    stacks.deploy(file_system())
    before = described(efs)["FileSystemId"]
    assert stacks.deploy(file_system(**replicated)) == "UPDATE_COMPLETE"
    (found,) = efs.describe_replication_configurations(FileSystemId=before)["Replications"]
    assert found["Destinations"][0]["Region"] == "eu-west-1"
    assert stacks.deploy(file_system()) == "UPDATE_COMPLETE"
    assert efs.describe_replication_configurations()["Replications"] == []
    stacks.deploy(file_system(**replicated))
    assert stacks.delete() == "DELETE_COMPLETE"  # it ends the replication of what it deletes
    assert efs.describe_file_systems()["FileSystems"] == []


def test_throughput_and_lifecycle_that_need_each_other_change_together(stacks: Stacks, efs: Any) -> None:
    archive = {"LifecyclePolicies": [{"TransitionToArchive": "AFTER_90_DAYS"}]}
    stacks.deploy(file_system())
    assert stacks.deploy(file_system(ThroughputMode="elastic", **archive)) == "UPDATE_COMPLETE"
    assert stacks.deploy(file_system(ThroughputMode="bursting")) == "UPDATE_COMPLETE"
    assert described(efs)["ThroughputMode"] == "bursting"


def test_a_second_mount_target_in_a_zone_fails_the_stack_in_the_words_of_efs(
    stacks: Stacks, efs: Any
) -> None:
    ec2 = aws_client("ec2")
    first = ec2.describe_subnets()["Subnets"][0]
    second = ec2.create_subnet(
        VpcId=first["VpcId"], CidrBlock="172.31.128.0/24", AvailabilityZone=first["AvailabilityZone"]
    )["Subnet"]
    targets = {
        name: {
            "Type": "AWS::EFS::MountTarget",
            "Properties": {
                "FileSystemId": {"Ref": "F"},
                "SubnetId": subnet["SubnetId"],
                "SecurityGroups": [],
            },
            **waits,
        }
        for name, subnet, waits in (("T", first, {}), ("U", second, {"DependsOn": "T"}))
    }
    assert stacks.deploy({**file_system(), **targets}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("U", "CREATE_FAILED") == "mount target already exists in this AZ"
    assert efs.describe_file_systems()["FileSystems"] == []


@pytest.mark.parametrize("listed", ["FileSystems", "MountTargets", "AccessPoints"])
def test_the_service_answers_with_its_own_members_only(stacks: Stacks, efs: Any, listed: str) -> None:
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    of_it = {"FileSystemId": {"Ref": "F"}}
    target = {
        "Type": "AWS::EFS::MountTarget",
        "Properties": {**of_it, "SubnetId": subnet, "SecurityGroups": []},
    }
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
