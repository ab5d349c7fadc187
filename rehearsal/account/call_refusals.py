"""Calls of the API that the emulated account does not do, refused in the form of the service.

Without this moto's server answers 500 with a traceback, which an SDK takes for a passing fault and repeats.
"""

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from rehearsal.account.recorded_only import NotRehearsedError


class NotRehearsedCallError(ServiceException):
    """The answer to a call; every service knows the code, and the words say what it is about."""

    code = "ValidationException"


def install() -> None:
    """Put the refusal around every call."""
    # Not around `call_action`: what decides about a service's calls stands around that, and may refuse too.
    dispatch = BaseResponse._dispatch

    def dispatch_or_refuse(
        self: BaseResponse, request: Any, full_url: str | None = None, headers: Any = None
    ) -> Any:
        try:
            return dispatch(self, request, full_url, headers)
        except NotRehearsedError as error:
            words = str(error)
        except NotImplementedError:  # moto does not know the call
            words = f"not rehearsed: {self._get_action()} of {self.boto3_service_name}"
        status, answered, body = self.serialized(ActionResult(NotRehearsedCallError(words)))
        return status, {**answered, "status": str(status)}, body

    BaseResponse._dispatch = dispatch_or_refuse  # type: ignore[method-assign]
