"""The policy of a bucket in a stack."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.rehearsal.account.stacks import Stacks, aws_client

TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def bucket(*statements: dict[str, Any], of: str = "artifacts") -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "artifacts"}},
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "DependsOn": "Bucket",
            "Properties": {"Bucket": of, "PolicyDocument": document},
        },
    }


def statements() -> Any:
    return json.loads(aws_client("s3").get_bucket_policy(Bucket="artifacts")["Policy"])["Statement"]


def test_a_bucket_has_the_policy(stacks: Stacks) -> None:
    assert stacks.deploy(bucket(TLS_ONLY)) == "CREATE_COMPLETE"
    assert statements() == [TLS_ONLY]


def test_a_policy_changes_in_place(stacks: Stacks) -> None:
    stacks.deploy(bucket(TLS_ONLY))
    assert stacks.deploy(bucket(TLS_ONLY, {**TLS_ONLY, "Sid": "Again"})) == "UPDATE_COMPLETE"
    assert len(statements()) == 2


def test_a_policy_that_is_deleted_is_no_more_there(stacks: Stacks) -> None:
    stacks.deploy(bucket(TLS_ONLY))
    without = bucket()
    del without["Policy"]
    assert stacks.deploy(without) == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        statements()


def test_a_policy_of_a_bucket_that_is_not_there_fails(stacks: Stacks) -> None:
    assert stacks.deploy(bucket(TLS_ONLY, of="another")) == "ROLLBACK_COMPLETE"
    assert "The specified bucket does not exist" in str(stacks.reason("Policy", "CREATE_FAILED"))


def test_a_policy_that_wants_tls_keeps_nobody_of_this_machine_out(stacks: Stacks) -> None:
    stacks.deploy(bucket(TLS_ONLY))
    s3 = aws_client("s3")
    s3.put_object(Bucket="artifacts", Key="one", Body=b"1")
    assert s3.get_object(Bucket="artifacts", Key="one")["Body"].read() == b"1"
