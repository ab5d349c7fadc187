"""What IAM is asked for a call of EFS."""

from typing import Any

import pytest
from moto.efs.models import efs_backends

from rehearsal.account.efs.authorization import requests
from rehearsal.account.iam.policies import Request
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION

PREFIX = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}"
TAGS = [{"Key": "efs.csi.aws.com/cluster", "Value": "true"}]


def asked(action: str, **parameters: Any) -> list[Request]:
    backend = efs_backends[ACCOUNT][REGION]
    return list(requests(action, parameters, backend=backend, account=ACCOUNT, region=REGION))


@pytest.fixture
def file_system(account: None) -> str:  # noqa: ARG001
    identifier: str = aws_client("efs").create_file_system(CreationToken="a")["FileSystemId"]
    return identifier


def test_an_access_point_with_tags_needs_two_permissions(file_system: str) -> None:
    create, tag = asked("CreateAccessPoint", FileSystemId=file_system, Tags=TAGS)
    on_request = {
        "aws:RequestTag/efs.csi.aws.com/cluster": "true",
        "aws:TagKeys": ["efs.csi.aws.com/cluster"],
    }
    assert create == Request(
        action="elasticfilesystem:CreateAccessPoint",
        resource=f"{PREFIX}:file-system/{file_system}",
        context=on_request,
    )
    assert tag == Request(
        action="elasticfilesystem:TagResource",
        resource=f"{PREFIX}:access-point/*",
        context={**on_request, "elasticfilesystem:CreateAction": "CreateAccessPoint"},
    )


def test_an_access_point_without_tags_needs_one(file_system: str) -> None:
    (create,) = asked("CreateAccessPoint", FileSystemId=file_system)
    assert create.context == {}


def test_a_deletion_is_decided_by_the_tags_of_what_is_deleted(file_system: str) -> None:
    point = aws_client("efs").create_access_point(FileSystemId=file_system, ClientToken="a", Tags=TAGS)[
        "AccessPointId"
    ]
    assert asked("DeleteAccessPoint", AccessPointId=point) == [
        Request(
            action="elasticfilesystem:DeleteAccessPoint",
            resource=f"{PREFIX}:access-point/{point}",
            context={"aws:ResourceTag/efs.csi.aws.com/cluster": "true"},
        )
    ]


@pytest.mark.parametrize(
    ("action", "parameters", "resource"),
    [
        ("DescribeFileSystems", {}, "file-system/*"),
        ("DescribeFileSystems", {"FileSystemId": "fs-1"}, "file-system/fs-1"),
        ("DescribeMountTargets", {"FileSystemId": "fs-1"}, "file-system/fs-1"),
        ("DescribeAccessPoints", {}, "access-point/*"),
        ("DescribeAccessPoints", {"FileSystemId": "fs-1"}, "file-system/fs-1"),
        ("DescribeAccessPoints", {"AccessPointId": "fsap-1"}, "access-point/fsap-1"),
        ("TagResource", {"ResourceId": "fsap-1"}, "access-point/fsap-1"),
        ("TagResource", {"ResourceId": "fs-1"}, "file-system/fs-1"),
    ],
)
def test_a_call_is_about_the_resource_that_it_names(
    account: None,  # noqa: ARG001
    action: str,
    parameters: dict[str, str],
    resource: str,
) -> None:
    (request,) = asked(action, **parameters)
    assert request.resource == f"{PREFIX}:{resource}"
