from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.encryption_key import EncryptionKey
from tests.unit.templates import of_type, only


@pytest.fixture
def key(stack: Stack) -> dict[str, Any]:
    EncryptionKey(stack, "Key", description="For a test")
    return dict(only(of_type(Template.from_stack(stack), "AWS::KMS::Key")))


def statements(key: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in key["Properties"]["KeyPolicy"]["Statement"]}


def test_it_is_rotated_and_described(key: dict[str, Any]) -> None:
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["Properties"]["Description"] == "For a test"


def test_it_outlives_the_stack_as_the_data_does(key: dict[str, Any]) -> None:
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_nobody_outside_the_account_may_do_anything(key: dict[str, Any]) -> None:
    root = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::123456789012:root"]]}
    assert {str(statement["Principal"]) for statement in statements(key).values()} == {str({"AWS": root})}


def test_it_encrypts_for_efs_only(key: dict[str, Any]) -> None:
    use = statements(key)["UseThroughEfsOnly"]
    assert use["Condition"] == {
        "StringEquals": {"kms:ViaService": "elasticfilesystem.ap-northeast-2.amazonaws.com"}
    }
    assert {"kms:CreateGrant", "kms:Decrypt"} <= set(use["Action"])


def test_who_administers_it_cannot_use_it(key: dict[str, Any]) -> None:
    cryptography = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey", "kms:CreateGrant")
    actions = statements(key)["Administer"]["Action"]
    assert [action for action in actions if action.startswith(cryptography) or action == "kms:*"] == []
    # Without it nobody could ever change the policy again, and KMS refuses the key.
    assert "kms:PutKeyPolicy" in actions
