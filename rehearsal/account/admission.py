"""Who may talk to the emulated account: this rehearsal's own processes and its user, by their access keys.

The account runs the functions that are uploaded to it, on this machine and as its user; loopback is shared
with everybody on the machine, and with the pages of a browser. So a call must carry a key that this rehearsal
gave out: the one in its plan, made anew each time and readable by its user only, or one of a session that the
emulated STS began. Signatures are not verified: a key is as hard to guess as a password.
"""

import io
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from rehearsal.account.iam.sessions import session_of
from rehearsal.account.service_errors import Refusal, protocol_of, refuse, scope_of
from rehearsal.account.wsgi import answer, headers_of
from settings.aws import efs_regions

_log = logging.getLogger(__name__)

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")

_LONGEST_UNSIGNED = 65_536
"""The most bytes that are read of a call without a key; a token has a thousandth of that."""

_UNKNOWN = "The security token included in the request is invalid."
_UNSIGNED = "Missing Authentication Token"
_WRONG_SCOPE = "Credential should be scoped to a valid region, not '{region}'."

_UNKNOWN_KEY = {
    "ec2": (401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
    "json": (400, "UnrecognizedClientException", _UNKNOWN),
    "query": (403, "InvalidClientTokenId", _UNKNOWN),
    "rest-json": (403, "UnrecognizedClientException", _UNKNOWN),
    "rest-xml": (
        403,
        "InvalidAccessKeyId",
        "The AWS Access Key Id you provided does not exist in our records.",
    ),
}
"""What the services of a protocol say of an access key that does not exist."""

_NO_KEY = {
    "ec2": (400, "MissingParameter", "The request must contain the parameter AWSAccessKeyId"),
    "json": (400, "MissingAuthenticationTokenException", _UNSIGNED),
    "query": (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
    "rest-json": (403, "MissingAuthenticationTokenException", _UNSIGNED),
    "rest-xml": (403, "AccessDenied", "Access Denied"),
}
"""The same of a call without any."""

_WRONG_REGION = {
    "ec2": (401, "AuthFailure", _WRONG_SCOPE),
    "json": (400, "InvalidSignatureException", _WRONG_SCOPE),
    "query": (403, "SignatureDoesNotMatch", _WRONG_SCOPE),
    "rest-json": (403, "InvalidSignatureException", _WRONG_SCOPE),
    "rest-xml": (
        400,
        "AuthorizationHeaderMalformed",
        "The authorization header is malformed; the region '{region}' is wrong",
    ),
}
"""The same of a region that AWS has not."""


class Admission:
    """Decides whether a call may go on, by its headers and its address."""

    def __init__(self, *, key: str) -> None:
        """Let in the bearer of `key`, and of the keys of sessions, of whatever account."""
        self._key = key

    def admits(self, *, authorization: str, query: str, origin: str | None, body: bytes) -> bool:
        """Whether a call with this Authorization header, query string, Origin header and body may go on.

        A browser sets Origin, and no program of a rehearsal does. The one call without a key is that of a
        driver that exchanges its service account's token for a session; the emulated STS checks the token.
        """
        if origin is not None:
            return False
        key = _access_key(authorization, query)
        if key is None:
            return parse_qs(body.decode(errors="replace")).get("Action") == ["AssumeRoleWithWebIdentity"]
        return key == self._key or session_of(key) is not None

    def refusal(self, *, headers: Mapping[str, str], query: str, body: bytes) -> Refusal | None:
        """The answer to a call that may not go on, as AWS gives it; None when it may.

        Args:
            headers: of HTTP; their names are compared without case.
            query: of its address.
            body: what it brings.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        scope = scope_of(lower, query)
        protocol = protocol_of(lower, scope.service if scope else "")
        if not self.admits(
            authorization=lower.get("authorization", ""), query=query, origin=lower.get("origin"), body=body
        ):
            _log.warning("refused: a call without a key of this rehearsal")
            if "origin" in lower:
                return refuse(protocol, 403, "AccessDenied", "a page of a browser may not call a rehearsal")
            return refuse(protocol, *(_UNKNOWN_KEY if scope else _NO_KEY)[protocol])
        if scope and scope.region not in efs_regions():
            status, code, words = _WRONG_REGION[protocol]
            return refuse(protocol, status, code, words.format(region=scope.region))
        return None


def _access_key(authorization: str, query: str) -> str | None:
    if found := _CREDENTIAL.search(authorization):
        return found[1]
    credential = parse_qs(query).get("X-Amz-Credential", [""])[0]
    return credential.split("/")[0] or None


def guarded(
    application: Callable[..., Iterable[bytes]], admission: Admission
) -> Callable[..., Iterable[bytes]]:
    """The WSGI application behind an admission: whoever is not let in gets AWS's own error."""

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers, body = headers_of(environ), b""
        if "AUTHORIZATION" not in headers and environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(min(int(environ["CONTENT_LENGTH"]), _LONGEST_UNSIGNED))
            environ["wsgi.input"] = io.BytesIO(body)
        refusal = admission.refusal(headers=headers, query=environ.get("QUERY_STRING", ""), body=body)
        return (
            application(environ, start_response)
            if refusal is None
            else answer(refusal, environ, start_response)
        )

    return guard
