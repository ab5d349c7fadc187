import io
from collections.abc import Iterable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from rehearsal.account.admission import Admission, guarded
from tests.unit.rehearsal.account.served import served
from tests.unit.rehearsal.account.test_api_faults import CALLS

ACCOUNT = "123456789012"
TOKEN_CALL = b"Action=AssumeRoleWithWebIdentity&WebIdentityToken=t"


def signed_by(key: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20260101/ap-northeast-2/efs/aws4_request, Signature=0"


@pytest.fixture
def admission() -> Admission:
    return Admission(key="AKIAOURS")


def admits(admission: Admission, **call: Any) -> bool:
    return admission.admits(**{"authorization": "", "query": "", "origin": None, "body": b"", **call})


def test_the_key_of_the_rehearsal_is_let_in(admission: Admission) -> None:
    assert admits(admission, authorization=signed_by("AKIAOURS"))


def test_the_key_in_a_presigned_address_is_let_in(admission: Admission) -> None:
    assert admits(
        admission, query="X-Amz-Credential=AKIAOURS%2F20260101%2Fap-northeast-2%2Fs3%2Faws4_request"
    )


@pytest.mark.parametrize("key", ["x", "AKIAOTHER", "AKIAOURS2", "AKIAOUR"])
def test_another_key_is_not_let_in(admission: Admission, key: str) -> None:
    assert not admits(admission, authorization=signed_by(key))


@pytest.mark.parametrize("account", [ACCOUNT, "210987654321"])
def test_the_key_of_a_session_is_let_in_whatever_its_account(admission: Admission, account: str) -> None:
    role = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name="ap-northeast-2",
        role_session_name="session",
        role_arn=f"arn:aws:iam::{account}:role/any",
        policy="",
        duration=3600,
        external_id="",
    )
    assert admits(admission, authorization=signed_by(role.access_key_id))


def test_a_call_without_a_key_is_not_let_in(admission: Admission) -> None:
    assert not admits(admission, body=b"Action=CreateStack")
    assert not admits(admission, body=b"Action=AssumeRole")


def test_a_token_may_be_exchanged_without_a_key(admission: Admission) -> None:
    assert admits(admission, body=TOKEN_CALL)


def test_a_page_of_a_browser_is_not_let_in(admission: Admission) -> None:
    assert not admits(admission, authorization=signed_by("AKIAOURS"), origin="https://evil.example")


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def call(admission: Admission, environ: dict[str, Any]) -> tuple[str, bytes]:
    statuses: list[str] = []
    body = guarded(application, admission)(environ, lambda status, _headers: statuses.append(status))
    return statuses[0], b"".join(body)


def test_whoever_is_not_let_in_gets_403_and_the_application_is_not_called(admission: Admission) -> None:
    status, body = call(admission, {"wsgi.input": io.BytesIO(b"secret")})
    assert status == "403 Forbidden"
    assert b"MissingAuthenticationTokenException" in body


@pytest.fixture
def endpoint(admission: Admission) -> Iterator[str]:
    """A server behind an admission, whose own answer is no error of AWS."""
    with served(guarded(application, admission)) as address:
        yield address


def refused(endpoint: str, service: str, *, key: str, region: str = "ap-northeast-2") -> tuple[str, str]:
    """What the SDK makes of the answer to a call of a service."""
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key="rehearsal",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    operation, parameters = CALLS[service]
    with pytest.raises(ClientError) as error:
        client._make_api_call(operation, parameters)
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


INVALID = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("service", "code", "message"),
    [
        *[(one, "UnrecognizedClientException", INVALID) for one in ("backup", "efs", "eks", "lambda")],
        *[(one, "UnrecognizedClientException", INVALID) for one in ("kms", "secretsmanager", "ssm")],
        *[(one, "InvalidClientTokenId", INVALID) for one in ("cloudformation", "iam", "sts")],
        ("ec2", "AuthFailure", "AWS was not able to validate the provided access credentials"),
        (
            "s3",
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    ],
)
def test_a_wrong_key_is_refused_in_the_words_and_the_form_of_the_service(
    endpoint: str, service: str, code: str, message: str
) -> None:
    assert refused(endpoint, service, key="AKIAOTHER") == (code, message)


SCOPE = "Credential should be scoped to a valid region, not 'eu-nowhere-7'."


@pytest.mark.parametrize(
    ("service", "code", "message"),
    [
        ("efs", "InvalidSignatureException", SCOPE),
        ("ssm", "InvalidSignatureException", SCOPE),
        ("sts", "SignatureDoesNotMatch", SCOPE),
        ("ec2", "AuthFailure", SCOPE),
        (
            "s3",
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the region 'eu-nowhere-7' is wrong",
        ),
    ],
)
def test_a_region_that_does_not_exist_is_refused_in_the_words_of_the_service(
    endpoint: str, service: str, code: str, message: str
) -> None:
    assert refused(endpoint, service, key="AKIAOURS", region="eu-nowhere-7") == (code, message)


def test_what_a_caller_has_sent_is_no_markup_of_the_answer(admission: Admission) -> None:
    headers = {
        "Authorization": signed_by("AKIAOURS").replace("ap-northeast-2", "<b>").replace("efs", "sts"),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    refusal = admission.refusal(headers=headers, query="", body=b"")
    assert refusal is not None
    assert b"not '&lt;b&gt;'" in refusal.body


def test_every_region_of_aws_is_let_pass(admission: Admission) -> None:
    for region in ("ap-northeast-2", "us-east-1", "cn-north-1", "us-gov-west-1"):
        headers = {"Authorization": signed_by("AKIAOURS").replace("ap-northeast-2", region)}
        assert admission.refusal(headers=headers, query="", body=b"") is None


def test_the_application_still_reads_the_body_that_was_looked_at(admission: Admission) -> None:
    environ = {"wsgi.input": io.BytesIO(TOKEN_CALL), "CONTENT_LENGTH": str(len(TOKEN_CALL))}
    assert call(admission, environ) == ("200 OK", TOKEN_CALL)
