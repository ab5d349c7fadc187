"""AssumeRoleWithWebIdentity: which tokens STS takes, and its words for the others."""

import base64
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends

from rehearsal.account.iam.web_identity import verify
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT

ISSUER = "oidc.eks.ap-northeast-2.amazonaws.com/id/AB"
SUBJECT = "system:serviceaccount:kube-system:efs-csi-controller-sa"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def key_set(key: rsa.RSAPrivateKey = KEY) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    modulus, exponent = (
        encoded(number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (numbers.n, numbers.e)
    )
    return {"keys": [{"kid": "1", "kty": "RSA", "n": modulus, "e": exponent}]}


def make_token(*, kid: str = "1", **claims: Any) -> str:
    body = {
        "iss": f"https://{ISSUER}",
        "sub": SUBJECT,
        "aud": ["sts.amazonaws.com"],
        "exp": int(time.time()) + 60,
        **claims,
    }
    signed = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": kid}, body))
    return f"{signed}.{encoded(KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.fixture
def role(account: None) -> str:  # noqa: ARG001
    iam = aws_client("iam")
    provider = iam.create_open_id_connect_provider(
        Url=f"https://{ISSUER}", ClientIDList=["sts.amazonaws.com"], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"},
                    "StringLike": {f"{ISSUER}:sub": "system:serviceaccount:kube-system:efs-*"},
                },
            }
        ],
    }
    arn: str = iam.create_role(RoleName="driver", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    return arn


def check(token: str, role: str, key: rsa.RSAPrivateKey = KEY) -> None:
    verify(token, role_arn=role, iam=iam_backends[ACCOUNT]["aws"], keys=lambda: key_set(key))


def refusal(token: str, role: str, key: rsa.RSAPrivateKey = KEY) -> tuple[str, str]:
    with pytest.raises(ServiceException) as error:
        check(token, role, key)
    return error.value.code, error.value.message


def test_a_token_of_the_service_account_gives_the_role(role: str) -> None:
    check(make_token(), role)


NOT_AUTHORIZED = ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


@pytest.mark.parametrize(
    "subject",
    ["system:serviceaccount:default:efs-csi-controller-sa", "system:serviceaccount:kube-system:other"],
)
def test_another_service_account_is_not_authorized(role: str, subject: str) -> None:
    assert refusal(make_token(sub=subject), role) == NOT_AUTHORIZED


def test_a_role_that_does_not_exist_is_not_told_from_one_that_trusts_somebody_else(role: str) -> None:
    assert refusal(make_token(), f"{role}-2") == NOT_AUTHORIZED


def test_an_issuer_must_be_a_provider_of_the_account(role: str) -> None:
    assert refusal(make_token(iss="https://oidc.example/id/CD"), role) == (
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for https://oidc.example/id/CD",
    )


def test_the_audience_must_be_a_client_of_the_provider(role: str) -> None:
    assert refusal(make_token(aud=["https://kubernetes.default.svc"]), role) == (
        "InvalidIdentityToken",
        "Incorrect token audience",
    )


def test_an_expired_token_is_refused(role: str) -> None:
    code, message = refusal(make_token(exp=1_700_000_000), role)
    assert code == "ExpiredTokenException"
    assert message.startswith("Token expired: current date/time ")
    assert message.endswith(" must be before the expiration date/time 1700000000")


def test_a_token_of_an_unknown_key_is_refused(role: str) -> None:
    assert refusal(make_token(kid="2"), role) == (
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider, "
        "please reference AssumeRoleWithWebIdentity documentation for requirements",
    )


def test_a_token_that_another_key_signed_is_refused(role: str) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    code, message = refusal(make_token(), role, other)
    assert code == "InvalidIdentityToken"
    assert message.startswith("The web identity token that was passed could not be validated by AWS.")


@pytest.mark.parametrize("text", ["", "a.b.c", "a"])
def test_what_is_no_token_is_refused(role: str, text: str) -> None:
    assert refusal(text, role) == (
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )
