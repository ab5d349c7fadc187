from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Match, Template

from airflow_efs.shared_file_system import Lifecycle, MountTargetSubnet, SharedFileSystem
from tests.unit.templates import of_type, only

ZONE_A = MountTargetSubnet(subnet_id="subnet-a", availability_zone="ap-northeast-2a")
ZONE_B = MountTargetSubnet(subnet_id="subnet-b", availability_zone="ap-northeast-2b")
ZONE_C = MountTargetSubnet(subnet_id="subnet-c", availability_zone="ap-northeast-2c")
KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/0c5f6b7e-1111-2222-3333-444455556666"


def build(stack: Stack, **props: Any) -> SharedFileSystem:
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Net", vpc_id="vpc-1", availability_zones=["ap-northeast-2a"])
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    defaults: dict[str, Any] = {"subnets": [ZONE_A, ZONE_B], "name": "efs_fs"}
    return SharedFileSystem(stack, "Shared", vpc=vpc, security_group=group, **(defaults | props))


def file_system(stack: Stack) -> dict[str, Any]:
    return dict(only(of_type(Template.from_stack(stack), "AWS::EFS::FileSystem")))


def mount_targets(tmp_path: Path, subnets: Sequence[MountTargetSubnet]) -> dict[str, str]:
    # An app without any feature flag: the ids must not depend on cdk.json.
    stack = Stack(App(outdir=str(tmp_path), builtin_cloud_formation_validation=False), "Stack")
    build(stack, subnets=subnets)
    found = of_type(Template.from_stack(stack), "AWS::EFS::MountTarget")
    return {key: value["Properties"]["SubnetId"] for key, value in found.items()}


def test_it_is_encrypted_with_the_key_of_efs(stack: Stack) -> None:
    build(stack)
    properties = file_system(stack)["Properties"]
    assert properties["Encrypted"] is True
    assert "KmsKeyId" not in properties


def test_it_is_encrypted_with_a_given_key(stack: Stack) -> None:
    build(stack, encryption_key_arn=KEY)
    properties = file_system(stack)["Properties"]
    assert (properties["Encrypted"], properties["KmsKeyId"]) == (True, KEY)


def test_it_is_named_elastic_and_backed_up(stack: Stack) -> None:
    build(stack)
    properties = file_system(stack)["Properties"]
    assert properties["FileSystemTags"] == [{"Key": "Name", "Value": "efs_fs"}]
    assert properties["ThroughputMode"] == "elastic"
    assert properties["BackupPolicy"] == {"Status": "ENABLED"}


def test_backups_can_be_left_to_others(stack: Stack) -> None:
    build(stack, backups=False)
    assert "BackupPolicy" not in file_system(stack)["Properties"]


def test_it_outlives_the_stack_and_its_own_replacement(stack: Stack) -> None:
    build(stack)
    resource = file_system(stack)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_it_can_be_told_to_go_with_the_stack(stack: Stack) -> None:
    build(stack, removal_policy=RemovalPolicy.DESTROY)
    assert file_system(stack)["DeletionPolicy"] == "Delete"


def test_files_nobody_reads_get_cheaper_and_come_back(stack: Stack) -> None:
    build(stack)
    assert file_system(stack)["Properties"]["LifecyclePolicies"] == [
        {"TransitionToIA": "AFTER_30_DAYS"},
        {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"},
        {"TransitionToArchive": "AFTER_90_DAYS"},
    ]


def test_bursting_throughput_has_no_archive(stack: Stack) -> None:
    build(stack, throughput="bursting")
    properties = file_system(stack)["Properties"]
    assert properties["ThroughputMode"] == "bursting"
    assert {"TransitionToArchive": "AFTER_90_DAYS"} not in properties["LifecyclePolicies"]


def test_its_policy_is_tls_or_nothing_and_never_root(stack: Stack) -> None:
    build(stack)
    assert file_system(stack)["Properties"]["FileSystemPolicy"]["Statement"] == [
        {
            "Sid": "DenyWithoutTls",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "AllowThroughMountTargets",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
            "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        },
    ]


def test_each_zone_has_a_mount_target_behind_the_security_group(stack: Stack) -> None:
    build(stack)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::EFS::MountTarget", 2)
    for subnet in ("subnet-a", "subnet-b"):
        template.has_resource_properties(
            "AWS::EFS::MountTarget",
            {"SubnetId": subnet, "SecurityGroups": ["sg-1"], "FileSystemId": {"Ref": Match.any_value()}},
        )


def test_one_more_zone_changes_no_other_mount_target(tmp_path: Path) -> None:
    before = mount_targets(tmp_path / "before", [ZONE_A, ZONE_C])
    after = mount_targets(tmp_path / "after", [ZONE_A, ZONE_B, ZONE_C])
    assert before.items() < after.items()


def test_another_order_of_zones_changes_no_mount_target(tmp_path: Path) -> None:
    before = mount_targets(tmp_path / "before", [ZONE_A, ZONE_B, ZONE_C])
    assert mount_targets(tmp_path / "after", [ZONE_C, ZONE_A, ZONE_B]) == before


def test_no_subnet_is_an_error(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"^subnets: is empty; name one subnet for each Availability Zone"):
        build(stack, subnets=[])


def test_two_subnets_in_a_zone_are_an_error(stack: Stack) -> None:
    twin = MountTargetSubnet(subnet_id="subnet-a2", availability_zone="ap-northeast-2a")
    with pytest.raises(ValueError, match=r"^subnets: subnet-a and subnet-a2 are both in ap-northeast-2a; "):
        build(stack, subnets=[ZONE_A, twin])


def test_an_age_that_efs_does_not_know_is_an_error(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"^lifecycle: 31 days is not one of 1, 7, 14, 30, 60"):
        build(stack, lifecycle=Lifecycle(infrequent_access_after_days=31))


def test_archive_without_elastic_throughput_is_an_error(stack: Stack) -> None:
    with pytest.raises(
        ValueError, match=r"^lifecycle.archive_after_days: 90 needs elastic throughput, not burs"
    ):
        build(stack, throughput="bursting", lifecycle=Lifecycle())
