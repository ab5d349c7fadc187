"""What EFS refuses, with the names and words of AWS, and that nothing is made then."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account.efs.conditions import EfsConditions
from tests.unit.rehearsal.account.stacks import REGION, aws_client


@pytest.fixture
def efs(account: None) -> Any:  # noqa: ARG001  # moto is on
    return aws_client("efs")


@pytest.fixture
def system(efs: Any) -> str:
    return made(efs)


def made(efs: Any, called: str = "one", **parameters: Any) -> str:
    return str(efs.create_file_system(CreationToken=called, **parameters)["FileSystemId"])


def refused(call: Callable[[], Any]) -> tuple[str, str, dict[str, Any]]:
    """The error's name and words, and the whole answer."""
    with pytest.raises(ClientError) as error:
        call()
    answer: Any = error.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer


def subnets(zone: str | None = None) -> list[dict[str, Any]]:
    found = aws_client("ec2").describe_subnets()["Subnets"]
    return [one for one in found if zone in (None, one["AvailabilityZone"])]


def status(answer: dict[str, Any]) -> int:
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def test_a_creation_token_makes_one_file_system_and_tells_its_id(efs: Any, system: str) -> None:
    code, words, answer = refused(lambda: made(efs, "one"))
    assert code == "FileSystemAlreadyExists"
    assert words == f"File system '{system}' already exists with creation token 'one'"
    assert answer["FileSystemId"] == system
    assert status(answer) == 409
    assert len(efs.describe_file_systems()["FileSystems"]) == 1


def test_a_token_can_be_used_again_when_its_file_system_is_gone(efs: Any, system: str) -> None:
    efs.delete_file_system(FileSystemId=system)
    assert made(efs, "one") != system


def test_a_client_token_makes_one_access_point_and_tells_its_id(efs: Any, system: str) -> None:
    point = efs.create_access_point(ClientToken="a", FileSystemId=system)["AccessPointId"]
    other = made(efs, "two")
    for file_system in (system, other):  # a token counts in the whole region
        code, _, answer = refused(
            lambda file_system=file_system: efs.create_access_point(  # type: ignore[misc]
                ClientToken="a", FileSystemId=file_system
            )
        )
        assert (code, status(answer)) == ("AccessPointAlreadyExists", 409)
        assert answer["AccessPointId"] == point
    assert len(efs.describe_access_points()["AccessPoints"]) == 1


def test_an_access_point_needs_a_file_system(efs: Any) -> None:
    code, words, answer = refused(
        lambda: efs.create_access_point(ClientToken="a", FileSystemId="fs-12345678")
    )
    assert (code, status(answer)) == ("FileSystemNotFound", 404)
    assert words == "File system 'fs-12345678' does not exist."


def test_the_quota_of_access_points_is_per_file_system(
    efs: Any, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EfsConditions, "access_point_quota", staticmethod(lambda: 2))
    points = [
        efs.create_access_point(ClientToken=token, FileSystemId=system)["AccessPointId"] for token in "ab"
    ]
    code, words, answer = refused(lambda: efs.create_access_point(ClientToken="c", FileSystemId=system))
    assert (code, status(answer)) == ("AccessPointLimitExceeded", 403)
    assert words == (
        f"You have reached the maximum number of access points (2) for your file system {system}. "
        "Delete an access point and add a new one."
    )
    efs.create_access_point(ClientToken="d", FileSystemId=made(efs, "two"))
    efs.delete_access_point(AccessPointId=points[0])
    efs.create_access_point(ClientToken="c", FileSystemId=system)


@pytest.mark.parametrize(
    "path", ["/" + "x" * 100, "/a/b/c/d/e", "/.hidden", "/a/..", "/a//b", "/a/", "/a;b", "/${.PVC.name}", "a"]
)
def test_a_root_directory_has_limits(efs: Any, system: str, path: str) -> None:
    code, words, _ = refused(
        lambda: efs.create_access_point(ClientToken="a", FileSystemId=system, RootDirectory={"Path": path})
    )
    assert code == "BadRequest"
    assert path in words
    assert efs.describe_access_points()["AccessPoints"] == []


@pytest.mark.parametrize("path", ["/", "/a", "/a/b/c/d", "/a.b/pvc-1", "/with space/ü"])
def test_a_root_directory_may_be_any_other_path(efs: Any, system: str, path: str) -> None:
    efs.create_access_point(ClientToken="a", FileSystemId=system, RootDirectory={"Path": path})
    (point,) = efs.describe_access_points()["AccessPoints"]
    assert point["RootDirectory"]["Path"] == path


def test_a_root_directory_needs_permissions_that_are_some(efs: Any, system: str) -> None:
    made_with = {"OwnerUid": 1, "OwnerGid": 1, "Permissions": "rwx"}
    root = {"Path": "/a", "CreationInfo": made_with}
    code, _, _ = refused(
        lambda: efs.create_access_point(ClientToken="a", FileSystemId=system, RootDirectory=root)
    )
    assert code == "BadRequest"


def test_an_unknown_access_point_cannot_be_deleted_or_described(efs: Any) -> None:
    for call in (efs.delete_access_point, efs.describe_access_points):
        code, words, answer = refused(lambda call=call: call(AccessPointId="fsap-12345678"))  # type: ignore[misc]
        assert (code, status(answer)) == ("AccessPointNotFound", 404)
        assert words == "Access Point fsap-12345678 does not exist."


def test_access_points_are_listed_in_pages(efs: Any, system: str) -> None:
    for token in "abcde":
        efs.create_access_point(ClientToken=token, FileSystemId=system)
    pages = list(
        efs.get_paginator("describe_access_points").paginate(
            FileSystemId=system, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["AccessPoints"]) for page in pages] == [2, 2, 1]
    assert len({one["AccessPointId"] for page in pages for one in page["AccessPoints"]}) == 5


def test_access_points_of_an_unknown_file_system_cannot_be_listed(efs: Any) -> None:
    assert refused(lambda: efs.describe_access_points(FileSystemId="fs-12345678"))[0] == "FileSystemNotFound"


def test_access_points_go_with_their_file_system(efs: Any, system: str) -> None:
    efs.create_access_point(ClientToken="a", FileSystemId=system)
    efs.delete_file_system(FileSystemId=system)
    assert efs.describe_access_points()["AccessPoints"] == []


def test_a_zone_has_one_mount_target(efs: Any, system: str) -> None:
    ec2 = aws_client("ec2")
    first = subnets()[0]
    second = ec2.create_subnet(
        VpcId=first["VpcId"], CidrBlock="172.31.128.0/24", AvailabilityZone=first["AvailabilityZone"]
    )["Subnet"]["SubnetId"]
    efs.create_mount_target(FileSystemId=system, SubnetId=first["SubnetId"])
    code, words, answer = refused(lambda: efs.create_mount_target(FileSystemId=system, SubnetId=second))
    assert (code, words, status(answer)) == (
        "MountTargetConflict",
        "mount target already exists in this AZ",
        409,
    )


def test_mount_targets_lie_in_one_vpc(efs: Any, system: str) -> None:
    ec2 = aws_client("ec2")
    first = subnets()[0]
    efs.create_mount_target(FileSystemId=system, SubnetId=first["SubnetId"])
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    other = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    code, words, _ = refused(lambda: efs.create_mount_target(FileSystemId=system, SubnetId=other))
    assert code == "MountTargetConflict"
    assert words == "requested subnet for new mount target is not in the same VPC as existing mount targets"


def test_a_refused_mount_target_leaves_its_zone_free(efs: Any, system: str) -> None:
    subnet = subnets()[0]
    groups = [new_group(subnet["VpcId"], str(number)) for number in range(6)]
    code, words, answer = refused(
        lambda: efs.create_mount_target(
            FileSystemId=system, SubnetId=subnet["SubnetId"], SecurityGroups=groups
        )
    )
    assert (code, status(answer)) == ("SecurityGroupLimitExceeded", 400)
    assert words == "The maximum number of security groups per interface has been reached."
    assert efs.describe_mount_targets(FileSystemId=system)["MountTargets"] == []
    efs.create_mount_target(FileSystemId=system, SubnetId=subnet["SubnetId"], SecurityGroups=groups[:5])


def test_a_mount_target_cannot_be_given_a_sixth_security_group(efs: Any, system: str) -> None:
    subnet = subnets()[0]
    groups = [new_group(subnet["VpcId"], str(number)) for number in range(6)]
    target = efs.create_mount_target(FileSystemId=system, SubnetId=subnet["SubnetId"])["MountTargetId"]
    code, _, _ = refused(
        lambda: efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=groups)
    )
    assert code == "SecurityGroupLimitExceeded"
    efs.modify_mount_target_security_groups(MountTargetId=target, SecurityGroups=groups[:1])
    found = efs.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"]
    assert found == groups[:1]


def test_a_security_group_must_be_of_the_subnets_vpc(efs: Any, system: str) -> None:
    vpc = aws_client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = new_group(vpc, "elsewhere")
    code, words, answer = refused(
        lambda: efs.create_mount_target(
            FileSystemId=system, SubnetId=subnets()[0]["SubnetId"], SecurityGroups=[group]
        )
    )
    assert (code, status(answer)) == ("SecurityGroupNotFound", 400)
    assert group in words


def test_a_mount_target_needs_a_subnet_and_a_file_system(efs: Any, system: str) -> None:
    code, words, answer = refused(
        lambda: efs.create_mount_target(FileSystemId=system, SubnetId="subnet-12345678")
    )
    assert (code, status(answer)) == ("SubnetNotFound", 400)
    assert words == "The subnet ID 'subnet-12345678' does not exist"
    subnet = subnets()[0]["SubnetId"]
    code, _, answer = refused(lambda: efs.create_mount_target(FileSystemId="fs-12345678", SubnetId=subnet))
    assert (code, status(answer)) == ("FileSystemNotFound", 404)


def test_a_one_zone_file_system_takes_a_mount_target_in_its_zone_only(efs: Any) -> None:
    zone, elsewhere = f"{REGION}a", f"{REGION}b"
    system = made(efs, AvailabilityZoneName=zone)
    (found,) = efs.describe_file_systems()["FileSystems"]
    assert found["AvailabilityZoneName"] == zone
    code, words, answer = refused(
        lambda: efs.create_mount_target(FileSystemId=system, SubnetId=subnets(elsewhere)[0]["SubnetId"])
    )
    assert (code, status(answer)) == ("AvailabilityZonesMismatch", 400)
    assert zone in words
    assert elsewhere in words
    efs.create_mount_target(FileSystemId=system, SubnetId=subnets(zone)[0]["SubnetId"])


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"AvailabilityZoneName": f"{REGION}x"}, "UnsupportedAvailabilityZone"),
        ({"AvailabilityZoneName": f"{REGION}a", "PerformanceMode": "maxIO"}, "BadRequest"),
        ({"ThroughputMode": "elastic", "PerformanceMode": "maxIO"}, "BadRequest"),
        ({"ThroughputMode": "provisioned"}, "BadRequest"),
        ({"ThroughputMode": "bursting", "ProvisionedThroughputInMibps": 5}, "BadRequest"),
        ({"ThroughputMode": "provisioned", "ProvisionedThroughputInMibps": 4000}, "ThroughputLimitExceeded"),
        ({"Encrypted": False, "KmsKeyId": "alias/mine"}, "BadRequest"),
    ],
)
def test_a_file_system_that_cannot_be_is_refused(efs: Any, parameters: dict[str, Any], code: str) -> None:
    found, words, answer = refused(lambda: made(efs, **parameters))
    assert (found, status(answer)) == (code, 400)
    assert words
    assert efs.describe_file_systems()["FileSystems"] == []


def test_throughput_is_changed_by_a_call(efs: Any, system: str) -> None:
    efs.update_file_system(FileSystemId=system, ThroughputMode="provisioned", ProvisionedThroughputInMibps=10)
    (found,) = efs.describe_file_systems()["FileSystems"]
    assert (found["ThroughputMode"], found["ProvisionedThroughputInMibps"]) == ("provisioned", 10)
    efs.update_file_system(FileSystemId=system, ThroughputMode="elastic")
    (found,) = efs.describe_file_systems()["FileSystems"]
    assert found["ThroughputMode"] == "elastic"
    assert "ProvisionedThroughputInMibps" not in found


def test_what_is_being_created_is_shown_so_and_refused_where_it_is_needed(
    efs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EfsConditions, "creating_seconds", staticmethod(lambda: 0.5))
    system = made(efs)
    subnet = subnets()[0]["SubnetId"]
    (found,) = efs.describe_file_systems()["FileSystems"]
    assert found["LifeCycleState"] == "creating"
    for call in (
        lambda: efs.create_mount_target(FileSystemId=system, SubnetId=subnet),
        lambda: efs.create_access_point(ClientToken="a", FileSystemId=system),
        lambda: efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": "ENABLED"}),
    ):
        code, _, answer = refused(call)
        assert (code, status(answer)) == ("IncorrectFileSystemLifeCycleState", 409)
    await_available(lambda: efs.describe_file_systems()["FileSystems"])
    target = efs.create_mount_target(FileSystemId=system, SubnetId=subnet)
    assert target["LifeCycleState"] == "creating"
    code, _, answer = refused(
        lambda: efs.modify_mount_target_security_groups(
            MountTargetId=target["MountTargetId"], SecurityGroups=[]
        )
    )
    assert (code, status(answer)) == ("IncorrectMountTargetState", 409)
    await_available(lambda: efs.describe_mount_targets(FileSystemId=system)["MountTargets"])


def await_available(listed: Callable[[], list[dict[str, Any]]]) -> None:
    deadline = time.monotonic() + 5
    while listed()[0]["LifeCycleState"] != "available":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def new_group(vpc: str, name: str) -> str:
    return str(
        aws_client("ec2").create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
    )
