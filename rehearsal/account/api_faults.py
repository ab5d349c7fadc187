"""Faults of AWS's API: a call is refused as one too many, or with 503, before it reaches the service.

Where HTTP arrives, so that it is the caller's own SDK which repeats the call or gives up. CloudFormation's
work on resources makes no such calls here: only what comes from outside can meet these faults.
"""

import io
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from rehearsal.account.service_errors import Refusal, refuse, scope_of
from rehearsal.account.wsgi import answer, headers_of
from rehearsal.fault_box import FaultBox
from rehearsal.faults import SERVICES, SIGNED_AS, THROTTLE, UNAVAILABLE, Fault, service_model

_log = logging.getLogger(__name__)

_FORM = "application/x-www-form-urlencoded"


class ApiFaults:
    """Decides for each call of the API whether a fault strikes."""

    def __init__(self, box: FaultBox) -> None:
        """Look for faults in a box."""
        self._box = box

    def refusal(
        self, *, method: str, url: str, headers: Mapping[str, str], body: Callable[[], bytes]
    ) -> Refusal | None:
        """The answer that a call gets instead of the service's own; None when it may go on.

        Args:
            method: of HTTP.
            url: its address.
            headers: of HTTP; their names are compared without case.
            body: reads what the call brings; called only for a form, which is short.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        service = _service(lower, url)
        if service is None:
            return None

        def concerns(fault: Fault) -> bool:
            if fault.service != service:
                return False
            return not fault.call or fault.call == _call(service, method, url, lower, body)

        fault = self._box.strike(THROTTLE, UNAVAILABLE, concerns=concerns)
        if fault is None:
            return None
        _log.warning("%s: %s %s is refused", fault.spec, method, url)
        return _refuse(service, throttled=fault.kind == THROTTLE)


def with_api_faults(
    application: Callable[..., Iterable[bytes]], faults: ApiFaults
) -> Callable[..., Iterable[bytes]]:
    """The WSGI application behind the faults."""

    def faulty(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def body() -> bytes:
            content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(content)
            return content

        query = environ.get("QUERY_STRING", "")
        refusal = faults.refusal(
            method=environ["REQUEST_METHOD"],
            url=f"http://localhost{environ.get('PATH_INFO', '/')}" + (f"?{query}" if query else ""),
            headers=headers_of(environ),
            body=body,
        )
        if refusal is None:
            return application(environ, start_response)
        return answer(refusal, environ, start_response)

    return faulty


def _service(headers: Mapping[str, str], url: str) -> str | None:
    scope = scope_of(headers, url.partition("?")[2])
    if scope is None:
        return "sts"  # the one call that may come unsigned
    signed_for = scope.service
    name = SIGNED_AS.get(signed_for, signed_for)  # not the SDK's models: they take seconds to load
    return name if name in SERVICES else None


def _call(
    service: str, method: str, url: str, headers: Mapping[str, str], body: Callable[[], bytes]
) -> str | None:
    if target := headers.get("x-amz-target"):
        return target.rpartition(".")[2]
    query = parse_qs(url.partition("?")[2])
    if headers.get("content-type", "").startswith(_FORM):
        query |= parse_qs(body().decode(errors="replace"))
    if action := query.get("Action"):
        return action[0]
    if rpc := re.search(r"/operation/(\w+)$", url):
        return rpc[1]
    try:
        operation, _ = get_service_router(service).match(Request.from_primitives(method, url, {}, b""))
    except (NotFound, NotImplementedError):
        return None
    return str(operation.name)


_THROTTLED = {
    "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "lambda": (429, "TooManyRequestsException", "Rate exceeded"),
}
"""Services that have words of their own for a call too many."""


def _refuse(service: str, *, throttled: bool) -> Refusal:
    protocol = service_model(service).metadata["protocol"]
    if not throttled:
        status, code, words = 503, "ServiceUnavailable", "Service is unable to handle request."
    elif service in _THROTTLED:
        status, code, words = _THROTTLED[service]
    elif protocol == "query":
        status, code, words = 400, "Throttling", "Rate exceeded"
    else:
        status = 429 if protocol == "rest-json" else 400
        code, words = "ThrottlingException", "Rate exceeded"
    return refuse(protocol, status, code, words)
