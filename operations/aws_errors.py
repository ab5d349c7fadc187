"""Says in one line, with the cure, what AWS or the way to it has against a call."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
)

REFUSALS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "Client.UnauthorizedOperation",
    }
)
"""Codes of a call that IAM does not allow; each service has its own word."""

NO_LOGIN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes of a call whose credentials AWS does not take: they are wrong, or have expired."""

THROTTLES = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"}
)
"""Codes of a call that was one too many."""

_LONGEST = 300
"""The most characters that are told of a message: some answers are pages of HTML."""


def code_of(error: ClientError) -> str:
    """The service's code of an error, such as `AccessDeniedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(error: BotoCoreError | ClientError) -> str:
    """One line: what happened, and what to do."""
    if isinstance(error, NoCredentialsError):
        return "there are no AWS credentials: log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
    if isinstance(error, NoRegionError):
        return "there is no AWS region: give --region, or set AWS_REGION"
    if isinstance(error, InvalidRegionError):
        return f"{_one_line(error)}: write one such as ap-northeast-2"
    if isinstance(error, EndpointConnectionError):
        return f"{_one_line(error)}: check the region's name, the network and its proxy"
    if not isinstance(error, ClientError):
        return f"{_one_line(error)}: check ~/.aws/config and the variables AWS_…"
    call, code = error.operation_name, code_of(error)
    said = _one_line(error.response.get("Error", {}).get("Message") or code)
    if code in NO_LOGIN:
        return f"AWS does not accept the credentials ({call}: {said}): log in again"
    if code in REFUSALS:
        return f"AWS refuses {call}: {said}: give the caller this permission"
    if code in THROTTLES:
        return f"AWS throttles {call}: {said}: try again in a minute"
    return f"AWS answers {code} to {call}: {said}"


def _one_line(text: object) -> str:
    line = " ".join(str(text).split()).rstrip(".:")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
