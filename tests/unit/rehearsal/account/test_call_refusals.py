"""A call that the emulated account does not do is refused in the form of its service."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.efs.responses import EFSResponse
from moto.sts.responses import TokenResponse

from rehearsal.account.recorded_only import NotRehearsedError
from tests.unit.rehearsal.account.stacks import aws_client

pytestmark = pytest.mark.usefixtures("account")


def refuse(_: Any) -> None:
    raise NotRehearsedError("not rehearsed: this")


def words(call: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_service_of_json_refuses_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EFSResponse, "describe_file_systems", refuse)
    refusal = ("ValidationException", "not rehearsed: this", 400)
    assert words(aws_client("efs").describe_file_systems) == refusal


def test_a_service_of_xml_refuses_in_xml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenResponse, "get_caller_identity", refuse)
    refusal = ("ValidationException", "not rehearsed: this", 400)
    assert words(aws_client("sts").get_caller_identity) == refusal


def test_what_stands_around_the_calls_of_a_service_may_refuse_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EFSResponse, "call_action", refuse)
    refusal = ("ValidationException", "not rehearsed: this", 400)
    assert words(aws_client("efs").describe_file_systems) == refusal


def test_a_call_that_moto_does_not_know_is_named() -> None:
    assert words(aws_client("cloudformation").describe_account_limits) == (
        "ValidationException",
        "not rehearsed: DescribeAccountLimits of cloudformation",
        400,
    )
