"""Which account a caller is in."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from moto.core.responses import BaseResponse

from rehearsal.account.iam import sessions
from rehearsal.account.iam.sessions import session_of
from tests.unit.rehearsal.account.stacks import key_of_role

HOME, OTHER = "111122223333", "210987654321"


@pytest.fixture(autouse=True)
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(BaseResponse, "get_current_account", BaseResponse.get_current_account)
    sessions.install(HOME)
    with mock_aws():
        yield


def account_of(**credentials: str) -> str:
    sts = boto3.client("sts", region_name="us-east-1", **credentials)  # type: ignore[call-overload]
    return str(sts.get_caller_identity()["Account"])


def test_a_key_that_is_of_no_session_is_at_home() -> None:
    assert account_of() == HOME


@pytest.mark.parametrize("account", [HOME, OTHER])
def test_a_session_is_in_the_account_of_its_role(account: str) -> None:
    assert account_of(**key_of_role("any", account=account)) == account


def test_a_session_is_found_by_its_key_in_whatever_account() -> None:
    found = session_of(key_of_role("any", account=OTHER)["aws_access_key_id"])
    assert found is not None
    assert found.role_arn == f"arn:aws:iam::{OTHER}:role/any"


def test_no_session_is_found_by_another_key() -> None:
    assert session_of("AKIAOTHER") is None
