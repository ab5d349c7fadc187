"""What stands in front of moto's server reads and writes: WSGI's environment, and an answer."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from rehearsal.account.service_errors import Refusal


def headers_of(environ: dict[str, Any]) -> dict[str, str]:
    """The headers of a call, with their names in capitals and hyphens."""
    return {
        name.removeprefix("HTTP_").replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }


def answer(refusal: Refusal, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a call with a refusal."""
    status = f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
    length = {"Content-Length": str(len(refusal.body))}
    start_response(status, list({**refusal.headers, **length}.items()))
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [refusal.body]
