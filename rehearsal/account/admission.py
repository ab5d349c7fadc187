"""Who may talk to the emulated account: this rehearsal's own processes and its user, by their access keys.

The account runs the functions that are uploaded to it, on this machine and as its user; loopback is shared
with everybody on the machine, and with the pages of a browser. So a call must carry a key that this rehearsal
gave out: the one in its plan, made anew each time and readable by its user only, or one of a session that the
emulated STS began. Signatures are not verified: a key is as hard to guess as a password.
"""

import io
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from rehearsal.account.sessions import session_of

_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/")

_LONGEST_UNSIGNED = 65_536
"""The most bytes that are read of a call without a key; a token has a thousandth of that."""

REFUSAL = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
    b"<Message>not a key of this rehearsal</Message></Error></ErrorResponse>"
)
"""What a caller reads who is not let in."""


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


def _access_key(authorization: str, query: str) -> str | None:
    if found := _CREDENTIAL.search(authorization):
        return found[1]
    credential = parse_qs(query).get("X-Amz-Credential", [""])[0]
    return credential.split("/")[0] or None


def guarded(
    application: Callable[..., Iterable[bytes]], admission: Admission
) -> Callable[..., Iterable[bytes]]:
    """The WSGI application behind an admission: whoever is not let in gets 403."""

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        authorization, body = environ.get("HTTP_AUTHORIZATION", ""), b""
        if not authorization and environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(min(int(environ["CONTENT_LENGTH"]), _LONGEST_UNSIGNED))
            environ["wsgi.input"] = io.BytesIO(body)
        if admission.admits(
            authorization=authorization,
            query=environ.get("QUERY_STRING", ""),
            origin=environ.get("HTTP_ORIGIN"),
            body=body,
        ):
            return application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/xml"), ("Content-Length", str(len(REFUSAL)))])
        return [REFUSAL]

    return guard
