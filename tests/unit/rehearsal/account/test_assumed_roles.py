"""Who may begin a role from a session of another."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sts.responses import TokenResponse

from rehearsal.account.iam import assumed_roles
from tests.unit.rehearsal.account.stacks import ACCOUNT, key_of_role

PIPELINE, DEPLOY = "pipeline", "deploy"
OTHER = "210987654321"
ARN = f"arn:aws:iam::{ACCOUNT}:role/"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(TokenResponse, "assume_role", TokenResponse.assume_role)
    assumed_roles.install()
    with mock_aws():
        yield


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def make_role(
    name: str,
    *,
    trusted: dict[str, str],
    may: list[dict[str, Any]],
    credentials: dict[str, str] | None = None,
    **tags: str,
) -> None:
    trust = {"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}
    iam = boto3.client("iam", region_name="ap-northeast-2", **(credentials or {}))  # type: ignore[call-overload]
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=document(trust),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    if may:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*may))


def begin(role: str, *, of: str = ACCOUNT, **credentials: str) -> Any:
    sts = boto3.client("sts", region_name="ap-northeast-2", **credentials)  # type: ignore[call-overload]
    arn = f"arn:aws:iam::{of}:role/{role}"
    return sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]


def begin_from_pipeline(role: str, *, of: str = ACCOUNT) -> Any:
    return begin(role, of=of, **key_of_role(PIPELINE))


def the_pipeline(*may: dict[str, Any]) -> None:
    make_role(PIPELINE, trusted={"Service": "codepipeline.amazonaws.com"}, may=list(may))


@pytest.mark.parametrize("principal", [f"{ARN}pipeline", "arn:aws:iam::123456789012:root", "123456789012"])
def test_a_role_that_is_allowed_and_trusted_is_begun(principal: str) -> None:
    the_pipeline(allow("sts:AssumeRole", f"{ARN}deploy"))
    make_role(DEPLOY, trusted={"AWS": principal}, may=[])
    assert begin_from_pipeline(DEPLOY)["AccessKeyId"]


def test_a_role_whose_policies_do_not_allow_it_is_refused() -> None:
    the_pipeline(allow("sts:AssumeRole", f"{ARN}another"))
    make_role(DEPLOY, trusted={"AWS": "123456789012"}, may=[])
    with pytest.raises(
        ClientError, match=r"is not authorized to perform: sts:AssumeRole on resource: .*/deploy"
    ):
        begin_from_pipeline(DEPLOY)


@pytest.mark.parametrize("principal", [f"{ARN}another", "210987654321"])
def test_a_role_that_is_not_trusted_is_refused(principal: str) -> None:
    the_pipeline(allow("sts:AssumeRole"))
    make_role(DEPLOY, trusted={"AWS": principal}, may=[])
    with pytest.raises(ClientError, match="AccessDenied"):
        begin_from_pipeline(DEPLOY)


def test_a_role_that_does_not_exist_is_refused() -> None:
    the_pipeline(allow("sts:AssumeRole"))
    with pytest.raises(ClientError, match="AccessDenied"):
        begin_from_pipeline("nobody")


@pytest.mark.parametrize(("tag", "allowed"), [("deploy", True), ("lookup", False)])
def test_a_condition_on_a_tag_of_the_wanted_role_decides(tag: str, *, allowed: bool) -> None:
    only = {"ForAnyValue:StringEquals": {"iam:ResourceTag/kind": ["deploy", "file-publishing"]}}
    the_pipeline(allow("sts:AssumeRole", Condition=only))
    make_role(DEPLOY, trusted={"AWS": "123456789012"}, may=[], kind=tag)
    if allowed:
        assert begin_from_pipeline(DEPLOY)["AccessKeyId"]
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            begin_from_pipeline(DEPLOY)


def in_the_other_account(role: str, *, trusted: str) -> None:
    administrator = key_of_role("administrator", account=OTHER)
    make_role(role, trusted={"AWS": trusted}, may=[], credentials=administrator)


@pytest.mark.parametrize("principal", [ACCOUNT, f"{ARN}pipeline"])
def test_a_role_of_another_account_that_trusts_the_callers_is_begun(principal: str) -> None:
    the_pipeline(allow("sts:AssumeRole", f"arn:aws:iam::{OTHER}:role/deploy"))
    in_the_other_account(DEPLOY, trusted=principal)
    assert begin_from_pipeline(DEPLOY, of=OTHER)["AccessKeyId"]


def test_a_role_of_another_account_that_trusts_its_own_only_is_refused() -> None:
    the_pipeline(allow("sts:AssumeRole"))
    in_the_other_account(DEPLOY, trusted=OTHER)
    with pytest.raises(ClientError, match=rf"AccessDenied.*on resource: arn:aws:iam::{OTHER}:role/deploy"):
        begin_from_pipeline(DEPLOY, of=OTHER)


def test_a_role_of_another_account_is_refused_to_whom_its_own_account_does_not_allow_it() -> None:
    the_pipeline(allow("sts:AssumeRole", f"{ARN}deploy"))
    in_the_other_account(DEPLOY, trusted=ACCOUNT)
    with pytest.raises(ClientError, match="AccessDenied"):
        begin_from_pipeline(DEPLOY, of=OTHER)


def test_whoever_is_no_role_begins_any() -> None:
    make_role(DEPLOY, trusted={"AWS": "210987654321"}, may=[])
    assert begin(DEPLOY)["AccessKeyId"]
