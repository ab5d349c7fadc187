import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.existing_file_system import ExistingFileSystem
from airflow_efs.mount_target_subnet import MountTargetSubnet
from tests.unit.templates import of_type, resources

ZONE_A = MountTargetSubnet(subnet_id="subnet-a", availability_zone="ap-northeast-2a")
ZONE_B = MountTargetSubnet(subnet_id="subnet-b", availability_zone="ap-northeast-2b")


def build(stack: Stack, *subnets: MountTargetSubnet) -> ExistingFileSystem:
    return ExistingFileSystem(
        stack, "Existing", file_system_id="fs-1", security_group_id="sg-1", new_mount_targets=subnets
    )


def test_it_is_referred_to_and_nothing_is_made(stack: Stack) -> None:
    found = build(stack)
    assert found.file_system_id == "fs-1"
    assert stack.resolve(found.file_system_arn) == {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":elasticfilesystem:ap-northeast-2:123456789012:file-system/fs-1",
            ],
        ]
    }
    assert resources(Template.from_stack(stack)) == {}


def test_mount_targets_are_made_where_none_exist(stack: Stack) -> None:
    build(stack, ZONE_A, ZONE_B)
    found = of_type(Template.from_stack(stack), "AWS::EFS::MountTarget").values()
    assert [target["Properties"] for target in found] == [
        {"FileSystemId": "fs-1", "SubnetId": subnet, "SecurityGroups": ["sg-1"]}
        for subnet in ("subnet-a", "subnet-b")
    ]


def test_one_more_zone_changes_no_other_mount_target(stack: Stack) -> None:
    before, after = Stack(stack, "Before"), Stack(stack, "After")
    build(before, ZONE_B)
    build(after, ZONE_A, ZONE_B)
    former, latter = (of_type(Template.from_stack(one), "AWS::EFS::MountTarget") for one in (before, after))
    assert former.items() < latter.items()


def test_two_subnets_in_a_zone_are_an_error(stack: Stack) -> None:
    twin = MountTargetSubnet(subnet_id="subnet-a2", availability_zone="ap-northeast-2a")
    with pytest.raises(ValueError, match=r"^subnets: subnet-a and subnet-a2 are both in ap-northeast-2a; "):
        build(stack, ZONE_A, twin)
