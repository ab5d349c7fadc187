"""An error in the form in which a service sends it, for calls that are refused before they reach the service.

Each of AWS's protocols has a form of its own, and an SDK that reads another one shows an empty error.
https://smithy.io/2.0/aws/protocols/index.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

_SCOPE = re.compile(r"Credential=[^/,\s]+/[0-9]+/([^/]*)/([^/]+)/")

JSON = ("json", "rest-json")
"""The protocols whose errors are JSON."""


@dataclass(frozen=True)
class Refusal:
    """The answer to a call that is refused."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Scope:
    """What a call is signed for."""

    region: str
    service: str
    """By its name in signatures, which is not always that of the SDK."""


def scope_of(headers: Mapping[str, str], query: str) -> Scope | None:
    """What a call is signed for; None for one without a signature.

    Args:
        headers: of HTTP, with their names in lower case.
        query: of its address.
    """
    if found := _SCOPE.search(headers.get("authorization", "")):
        return Scope(found[1], found[2])
    if credential := parse_qs(query).get("X-Amz-Credential"):
        parts = [*credential[0].split("/"), "", "", "", ""]
        return Scope(parts[2], parts[3])
    return None


def protocol_of(headers: Mapping[str, str], service: str) -> str:
    """The protocol of a call, as botocore names it, without a look at the service's model: those load slowly.

    Args:
        headers: of HTTP, with their names in lower case.
        service: its name in signatures.
    """
    if service in ("ec2", "s3"):
        return {"ec2": "ec2", "s3": "rest-xml"}[service]
    if "x-amz-target" in headers:
        return "json"
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "query"
    return "query" if service in ("cloudformation", "iam", "sts") else "rest-json"


def refuse(protocol: str, status: int, code: str, words: str) -> Refusal:
    """An error in the form of a protocol.

    Args:
        protocol: as botocore names it.
        status: of HTTP.
        code: the error's name.
        words: what it says.
    """
    in_xml = escape(words)  # some repeat what the caller has sent
    if protocol in JSON:
        content = {"__type": code, "ErrorCode": code, "Message": words, "message": words}
        kind, text = "application/json", json.dumps(content)
    elif protocol == "ec2":
        error = f"<Error><Code>{code}</Code><Message>{in_xml}</Message></Error>"
        kind = "text/xml"
        text = f"<Response><Errors>{error}</Errors><RequestID>rehearsal</RequestID></Response>"
    elif protocol == "rest-xml":
        kind, text = "application/xml", f"<Error><Code>{code}</Code><Message>{in_xml}</Message></Error>"
    else:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{in_xml}</Message></Error>"
        kind = "text/xml"
        text = f"<ErrorResponse>{error}<RequestId>rehearsal</RequestId></ErrorResponse>"
    return Refusal(status, {"Content-Type": kind, "x-amzn-ErrorType": code}, text.encode())
