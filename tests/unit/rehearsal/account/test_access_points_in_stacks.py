"""`AWS::EFS::AccessPoint` in a stack: its id and ARN, its changes, its end."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, Stacks, aws_client, parameter


@pytest.fixture
def efs(stacks: Stacks) -> Any:  # noqa: ARG001  # moto is on
    return aws_client("efs")


def with_point(**properties: Any) -> dict[str, Any]:
    return {
        "F": {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": True}},
        "P": {
            "Type": "AWS::EFS::AccessPoint",
            "Properties": {
                "FileSystemId": {"Ref": "F"},
                "PosixUser": {"Uid": "50000", "Gid": "0"},
                "RootDirectory": {
                    "Path": "/dags",
                    "CreationInfo": {"OwnerUid": "50000", "OwnerGid": "0", "Permissions": "755"},
                },
                **properties,
            },
        },
    }


def described(efs: Any) -> dict[str, Any]:
    (found,) = efs.describe_access_points()["AccessPoints"]
    return dict(found)


def test_it_is_made_with_its_numbers_and_can_be_referred_to(stacks: Stacks, efs: Any) -> None:
    refers = {
        "I": parameter({"Ref": "P"}),
        "J": parameter({"Fn::GetAtt": ["P", "AccessPointId"]}),
        "K": parameter({"Fn::GetAtt": ["P", "Arn"]}),
    }
    assert stacks.deploy({**with_point(), **refers}) == "CREATE_COMPLETE"
    found = described(efs)
    assert found["PosixUser"] == {"Uid": 50000, "Gid": 0}
    assert found["RootDirectory"] == {
        "Path": "/dags",
        "CreationInfo": {"OwnerUid": 50000, "OwnerGid": 0, "Permissions": "755"},
    }
    point = found["AccessPointId"]
    ssm = aws_client("ssm")
    values = [ssm.get_parameter(Name=f"stack-{name}")["Parameter"]["Value"] for name in "IJK"]
    assert values == [point, point, f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:access-point/{point}"]


def test_its_tags_change_in_place(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(with_point(AccessPointTags=[{"Key": "Name", "Value": "a"}, {"Key": "team", "Value": "x"}]))
    before = described(efs)["AccessPointId"]
    assert stacks.deploy(with_point(AccessPointTags=[{"Key": "Name", "Value": "b"}])) == "UPDATE_COMPLETE"
    found = described(efs)
    assert found["AccessPointId"] == before
    assert found["Tags"] == [{"Key": "Name", "Value": "b"}]
    assert found["Name"] == "b"


def test_another_path_replaces_it(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(with_point())
    before = described(efs)["AccessPointId"]
    assert stacks.deploy(with_point(RootDirectory={"Path": "/plugins"})) == "UPDATE_COMPLETE"
    assert described(efs)["AccessPointId"] != before  # and only the new one is there


def test_its_client_token_is_taken(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(with_point(ClientToken="mine"))
    assert described(efs)["ClientToken"] == "mine"


def test_it_goes_with_its_stack(stacks: Stacks, efs: Any) -> None:
    stacks.deploy(with_point())
    assert stacks.delete() == "DELETE_COMPLETE"
    assert efs.describe_access_points()["AccessPoints"] == []
