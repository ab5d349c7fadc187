from typing import Any

import pytest
from aws_cdk import Stack

from airflow_efs.file_system_policy import Statement, file_system_policy

ROLE = "arn:aws:iam::123456789012:role/backup"
THROUGH = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}


def statements(**options: Any) -> dict[str, dict[str, Any]]:
    document = file_system_policy(**options).to_json()
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.mark.parametrize("iam_authorization", [False, True])
@pytest.mark.parametrize("root_access", ["squashed", "denied", "allowed"])
def test_nothing_comes_without_tls_whatever_the_options(iam_authorization: bool, root_access: str) -> None:
    found = statements(iam_authorization=iam_authorization, root_access=root_access)
    assert found["DenyWithoutTls"] == {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_iam_authorization_grants_nothing_to_everybody() -> None:
    found = statements(iam_authorization=True, root_access="allowed")
    assert [statement["Sid"] for statement in found.values() if statement["Effect"] == "Allow"] == []


def test_iam_authorization_denies_clients_that_come_around_the_mount_targets() -> None:
    assert statements(iam_authorization=True)["DenyAroundMountTargets"] == {
        "Sid": "DenyAroundMountTargets",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": [
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientWrite",
            "elasticfilesystem:ClientRootAccess",
        ],
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}},
    }


def test_root_is_granted_to_everybody_only_where_it_is_allowed() -> None:
    root = "elasticfilesystem:ClientRootAccess"
    for root_access, granted in [("squashed", False), ("denied", False), ("allowed", True)]:
        found = statements(root_access=root_access)
        assert (root in found["AllowThroughMountTargets"]["Action"]) == granted
        assert ("DenyRootAccess" in found) == (root_access == "denied")


def test_root_is_denied_to_everybody_but_to_the_excepted_roles() -> None:
    found = statements(root_access="denied", root_access_roles=[ROLE])
    assert found["DenyRootAccess"] == {
        "Sid": "DenyRootAccess",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "elasticfilesystem:ClientRootAccess",
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [ROLE]}},
    }
    assert found["RootAccess"] == {
        "Sid": "RootAccess",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": [
            "elasticfilesystem:ClientMount",
            "elasticfilesystem:ClientWrite",
            "elasticfilesystem:ClientRootAccess",
        ],
        "Condition": THROUGH,
    }


def test_root_is_denied_without_exception_where_none_is_named() -> None:
    assert "Condition" not in statements(root_access="denied")["DenyRootAccess"]


def test_further_statements_stand_as_they_are_written(stack: Stack) -> None:
    found = statements(
        statements=[
            Statement(
                sid="AuditorsRead",
                effect="Allow",
                principals=[ROLE],
                actions=["elasticfilesystem:ClientMount"],
                conditions={"Bool": {"aws:SecureTransport": "true"}},
            ),
            Statement(
                sid="NobodyElsewhere",
                effect="Deny",
                principals=["*", "210987654321"],
                actions=["elasticfilesystem:Client*"],
                conditions={"StringNotEquals": {"aws:SourceVpc": ("vpc-1", "vpc-2")}},
            ),
        ]
    )
    assert found["AuditorsRead"] == {
        "Sid": "AuditorsRead",
        "Effect": "Allow",
        "Principal": {"AWS": ROLE},
        "Action": "elasticfilesystem:ClientMount",
        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
    }
    other = found["NobodyElsewhere"]
    assert (other["Effect"], other["Action"]) == ("Deny", "elasticfilesystem:Client*")
    account = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::210987654321:root"]]}
    assert stack.resolve(other["Principal"]) == {"AWS": ["*", account]}
    assert other["Condition"] == {"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}
