"""Access points of a template."""

from rehearsal.account import declared_access_points
from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter


def test_ref_is_its_id_and_users_and_groups_are_numbers(stacks: Stacks) -> None:
    declared_access_points.install()
    stacks.deploy(
        {
            "F": {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": True}},
            "P": {
                "Type": "AWS::EFS::AccessPoint",
                "Properties": {
                    "FileSystemId": {"Ref": "F"},
                    "PosixUser": {"Uid": "1", "Gid": "2"},
                    "RootDirectory": {
                        "Path": "/dags",
                        "CreationInfo": {"OwnerUid": "3", "OwnerGid": "4", "Permissions": "755"},
                    },
                },
            },
            "A": parameter({"Ref": "P"}),
        }
    )
    (point,) = aws_client("efs").describe_access_points()["AccessPoints"]
    assert point["PosixUser"] == {"Uid": 1, "Gid": 2}
    assert point["RootDirectory"]["CreationInfo"] == {
        "OwnerUid": 3,
        "OwnerGid": 4,
        "Permissions": "755",
    }
    found = aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"]
    assert found == point["AccessPointId"]
