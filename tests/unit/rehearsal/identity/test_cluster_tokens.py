"""Tokens for a cluster, signed by botocore as the AWS CLI has them signed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.account.eks.cluster_tokens import TokenError, access_key_of, make_token

SECRETS = {"ASIAEXAMPLE": "secret"}


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a+session/token==")
    return make_token(cluster="one", region="ap-northeast-2")


def read(
    token: str, *, cluster: str = "one", secrets: dict[str, str] | None = None, now: datetime | None = None
) -> str:
    return access_key_of(
        token, cluster=cluster, secret_of=(SECRETS if secrets is None else secrets).get, now=now
    )


def test_a_token_is_a_call_of_the_regions_sts(token: str) -> None:
    encoded = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    assert url.startswith("https://sts.ap-northeast-2.amazonaws.com/?Action=GetCallerIdentity&")
    assert "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id" in url
    assert not token.endswith("=")


def test_a_token_names_the_key_that_signed_it(token: str) -> None:
    assert read(token) == "ASIAEXAMPLE"


def test_a_token_is_good_for_its_cluster_only(token: str) -> None:
    with pytest.raises(
        TokenError, match=r"^the token is not signed for the cluster two with the secret of ASIAEXAMPLE$"
    ):
        read(token, cluster="two")


def test_another_secret_does_not_pass(token: str) -> None:
    with pytest.raises(
        TokenError, match=r"^the token is not signed for the cluster one with the secret of ASIAEXAMPLE$"
    ):
        read(token, secrets={"ASIAEXAMPLE": "other"})


def test_a_key_without_a_session_does_not_pass(token: str) -> None:
    with pytest.raises(
        TokenError, match=r"^the access key ASIAEXAMPLE is not known, or its session is over$"
    ):
        read(token, secrets={})


def test_a_token_ends_after_a_quarter_of_an_hour(token: str) -> None:
    now = datetime.now(UTC)
    assert read(token, now=now + timedelta(minutes=14)) == "ASIAEXAMPLE"
    with pytest.raises(TokenError, match=r"^the token is expired$"):
        read(token, now=now + timedelta(minutes=16))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Bearer x", "the token does not begin with k8s-aws-v1."),
        ("k8s-aws-v1.a", "the token is not base64url"),
        (
            "k8s-aws-v1."
            + base64.urlsafe_b64encode(b"https://example.com/?Action=GetCallerIdentity").decode(),
            "the URL in the token is not a call of GetCallerIdentity",
        ),
        (
            "k8s-aws-v1."
            + base64.urlsafe_b64encode(b"https://sts.amazonaws.com/?Action=GetCallerIdentity").decode(),
            "the URL in the token is not presigned",
        ),
    ],
)
def test_anything_else_is_no_token(text: str, reason: str) -> None:
    with pytest.raises(TokenError) as error:
        read(text)
    assert str(error.value) == reason
