"""What a build may do with stacks by its own role."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from rehearsal.account.cloudformation import stack_authorization


@pytest.fixture(autouse=True)
def decided(account: None) -> None:  # noqa: ARG001
    stack_authorization.install()


def describe_as(service: str, *, may: str) -> Any:
    """List stacks with a session of a role that a service may begin."""
    iam = boto3.client("iam", region_name="ap-northeast-2")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    own = {"Effect": "Allow", "Action": may, "Resource": "*"}
    role = iam.create_role(RoleName="step", AssumeRolePolicyDocument=document(trust))["Role"]
    iam.put_role_policy(RoleName="step", PolicyName="own", PolicyDocument=document(own))
    sts = boto3.client("sts", region_name="ap-northeast-2")
    session = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="build")["Credentials"]
    return boto3.client(
        "cloudformation",
        region_name="ap-northeast-2",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    ).describe_stacks()["Stacks"]


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_build_whose_role_allows_it_looks_at_stacks() -> None:
    assert describe_as("codebuild.amazonaws.com", may="cloudformation:DescribeStacks") == []


def test_a_build_whose_role_does_not_allow_it_is_refused() -> None:
    with pytest.raises(ClientError, match=r"AccessDenied.* to perform: cloudformation:DescribeStacks"):
        describe_as("codebuild.amazonaws.com", may="s3:GetObject")


def test_sessions_of_other_roles_are_not_asked_for() -> None:
    assert describe_as("ec2.amazonaws.com", may="s3:GetObject") == []
