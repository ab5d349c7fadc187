from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Match, Template

from airflow_efs.file_system_policy import file_system_policy
from airflow_efs.mount_target_subnet import MountTargetSubnet
from airflow_efs.shared_file_system import Lifecycle, Replica, SharedFileSystem
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
    build(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", KEY))
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
    # Left out, EFS or a deployment before may have turned them on.
    assert file_system(stack)["Properties"]["BackupPolicy"] == {"Status": "DISABLED"}


def test_it_outlives_the_stack_and_its_own_replacement_but_not_a_failed_creation(stack: Stack) -> None:
    build(stack)
    resource = file_system(stack)
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


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


def test_provisioned_throughput_is_in_mib_per_second(stack: Stack) -> None:
    build(stack, throughput="provisioned", provisioned_throughput=64)
    properties = file_system(stack)["Properties"]
    assert (properties["ThroughputMode"], properties["ProvisionedThroughputInMibps"]) == ("provisioned", 64)


def test_what_efs_does_by_itself_is_left_out(stack: Stack) -> None:
    build(stack)
    assert {
        "PerformanceMode",
        "ProvisionedThroughputInMibps",
        "AvailabilityZoneName",
        "ReplicationConfiguration",
    }.isdisjoint(file_system(stack)["Properties"])


def test_it_can_be_made_for_many_clients_at_once(stack: Stack) -> None:
    build(stack, performance_mode="maxIO", throughput="bursting")
    assert file_system(stack)["Properties"]["PerformanceMode"] == "maxIO"


def test_it_can_be_kept_in_one_zone_with_one_mount_target(stack: Stack) -> None:
    build(stack, availability_zone="ap-northeast-2b", subnets=[ZONE_B])
    properties = file_system(stack)["Properties"]
    assert properties["AvailabilityZoneName"] == "ap-northeast-2b"
    assert properties["BackupPolicy"] == {"Status": "ENABLED"}
    target = only(of_type(Template.from_stack(stack), "AWS::EFS::MountTarget"))
    assert target["Properties"]["SubnetId"] == "subnet-b"


def test_backups_of_one_zone_which_are_efss_default_are_turned_off_by_name(stack: Stack) -> None:
    build(stack, availability_zone="ap-northeast-2b", subnets=[ZONE_B], backups=False)
    assert file_system(stack)["Properties"]["BackupPolicy"] == {"Status": "DISABLED"}


@pytest.mark.parametrize(
    ("replica", "destination"),
    [
        (Replica(region="ap-northeast-1"), {"Region": "ap-northeast-1"}),
        (
            Replica(
                region="ap-northeast-1",
                encryption_key_arn=KEY.replace("-2:", "-1:"),
                availability_zone="ap-northeast-1c",
            ),
            {
                "Region": "ap-northeast-1",
                "KmsKeyId": KEY.replace("-2:", "-1:"),
                "AvailabilityZoneName": "ap-northeast-1c",
            },
        ),
    ],
)
def test_it_can_be_copied_to_another_region(
    stack: Stack, replica: Replica, destination: dict[str, str]
) -> None:
    build(stack, replica=replica)
    assert file_system(stack)["Properties"]["ReplicationConfiguration"] == {"Destinations": [destination]}


def test_its_policy_can_be_another(stack: Stack) -> None:
    build(stack, policy=file_system_policy(root_access="denied"))
    statements = file_system(stack)["Properties"]["FileSystemPolicy"]["Statement"]
    assert [statement["Sid"] for statement in statements] == [
        "DenyWithoutTls",
        "AllowThroughMountTargets",
        "DenyRootAccess",
    ]


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


@pytest.mark.parametrize("props", [{"throughput": "provisioned"}, {"provisioned_throughput": 64}])
def test_a_rate_goes_with_provisioned_throughput_and_no_other(stack: Stack, props: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^provisioned_throughput: is .*; give it in MiB/s with"):
        build(stack, **props)


@pytest.mark.parametrize(
    "props",
    [{}, {"throughput": "bursting", "subnets": [ZONE_B], "availability_zone": "ap-northeast-2b"}],
)
def test_max_io_with_elastic_throughput_or_one_zone_is_an_error(stack: Stack, props: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^performance_mode: maxIO goes neither with elastic throughput"):
        build(stack, performance_mode="maxIO", **props)


@pytest.mark.parametrize("subnets", [[ZONE_A], [ZONE_A, ZONE_B], [ZONE_B, ZONE_A]])
def test_one_zone_with_a_mount_target_elsewhere_is_an_error(
    stack: Stack, subnets: list[MountTargetSubnet]
) -> None:
    with pytest.raises(ValueError, match=r"^availability_zone: ap-northeast-2b is not the zone of the only"):
        build(stack, availability_zone="ap-northeast-2b", subnets=subnets)
