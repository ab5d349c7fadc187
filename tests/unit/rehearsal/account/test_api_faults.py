"""Calls of AWS that meet a fault, made with the real SDK against a real server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.account.api_faults import ApiFaults, with_api_faults
from rehearsal.fault_box import FaultBox
from rehearsal.faults import SERVICES, parse_fault
from tests.unit.rehearsal.account.served import served

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "backup": ("ListBackupPlans", {}),
    "cloudformation": ("DescribeStacks", {}),
    "ec2": ("DescribeVpcs", {}),
    "efs": ("DescribeMountTargets", {"FileSystemId": "fs-12345678"}),
    "eks": ("DescribeCluster", {"name": "k"}),
    "iam": ("ListRoles", {}),
    "kms": ("ListKeys", {}),
    "lambda": ("GetFunction", {"FunctionName": "f"}),
    "s3": ("ListObjectsV2", {"Bucket": "b"}),
    "secretsmanager": ("ListSecrets", {}),
    "ssm": ("GetParameter", {"Name": "p"}),
    "sts": ("GetCallerIdentity", {}),
}
"""A call of each service, with what it must say."""

THROTTLED = {
    "ec2": "RequestLimitExceeded",
    "s3": "SlowDown",
    "lambda": "TooManyRequestsException",
    **dict.fromkeys(("cloudformation", "iam", "sts"), "Throttling"),
}


@pytest.fixture
def box(tmp_path: Path) -> FaultBox:
    return FaultBox(tmp_path)


@pytest.fixture
def reached() -> list[str]:
    """The calls that came through to the service."""
    return []


@pytest.fixture
def endpoint(box: FaultBox, reached: list[str]) -> Iterator[str]:
    def service(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reached.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {body.decode()}")
        answer = b"<ErrorResponse><Error><Code>NotFound</Code><Message>none</Message></Error></ErrorResponse>"
        start_response("404 Not Found", [("Content-Length", str(len(answer)))])
        return [answer]

    with served(with_api_faults(service, ApiFaults(box))) as address:
        yield address


def call(endpoint: str, service: str, operation: str, *, attempts: int = 1, **parameters: Any) -> ClientError:
    client: Any = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name="ap-northeast-2",
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
        config=Config(retries={"total_max_attempts": attempts}, s3={"addressing_style": "path"}),
    )
    with pytest.raises(ClientError) as error:
        client._make_api_call(operation, parameters)
    return error.value


def code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def test_every_service_has_a_call_to_test_with() -> None:
    assert set(CALLS) == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_a_call_too_many_is_refused_as_the_service_does(
    service: str, box: FaultBox, endpoint: str, reached: list[str]
) -> None:
    operation, parameters = CALLS[service]
    key = box.put(parse_fault(f"throttle:{service}.{operation}:1"))
    refused = call(endpoint, service, operation, **parameters)
    assert code(refused) == THROTTLED.get(service, "ThrottlingException")
    assert refused.response["Error"]["Message"]
    assert reached == []
    assert box.strikes(key) == 1
    call(endpoint, service, operation, **parameters)
    assert len(reached) == 1  # with what it says
    assert box.strikes(key) == 1


@pytest.mark.parametrize("service", SERVICES)
def test_an_unavailable_service_answers_503(service: str, box: FaultBox, endpoint: str) -> None:
    operation, parameters = CALLS[service]
    box.put(parse_fault(f"unavailable:{service}:1"))
    refused = call(endpoint, service, operation, **parameters)
    assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert code(refused) == "ServiceUnavailable"


def test_the_sdk_repeats_a_refused_call_by_itself(box: FaultBox, endpoint: str, reached: list[str]) -> None:
    key = box.put(parse_fault("throttle:efs.DescribeAccessPoints:2"))
    call(endpoint, "efs", "DescribeAccessPoints", attempts=4)
    assert box.strikes(key) == 2
    assert len(reached) == 1


def test_other_calls_and_other_services_go_on(box: FaultBox, endpoint: str, reached: list[str]) -> None:
    key = box.put(parse_fault("throttle:efs.CreateAccessPoint:5"))
    call(endpoint, "efs", "DescribeAccessPoints")
    call(endpoint, "sts", "GetCallerIdentity")
    assert len(reached) == 2
    assert box.strikes(key) == 0


def test_the_body_of_a_form_comes_through(box: FaultBox, endpoint: str, reached: list[str]) -> None:
    box.put(parse_fault("throttle:iam.CreateRole:1"))
    call(endpoint, "iam", "GetRole", RoleName="mine")
    assert "RoleName=mine" in reached[0]


def test_a_role_that_is_assumed_with_a_token_meets_a_fault_of_sts(box: FaultBox) -> None:
    box.put(parse_fault("unavailable:sts.AssumeRoleWithWebIdentity:1"))
    refusal = ApiFaults(box).refusal(
        method="POST",
        url="https://sts.ap-northeast-2.amazonaws.com/",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=lambda: b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
    )
    assert refusal is not None
    assert refusal.status == 503


def test_a_presigned_call_is_known_by_its_query(box: FaultBox) -> None:
    box.put(parse_fault("throttle:s3.GetObject:1"))
    query = "X-Amz-Credential=K%2F20261124%2Fap-northeast-2%2Fs3%2Faws4_request"
    refusal = ApiFaults(box).refusal(
        method="GET", url=f"http://localhost/bucket/key?{query}", headers={}, body=bytes
    )
    assert refusal is not None
    assert b"SlowDown" in refusal.body
