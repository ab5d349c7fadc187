"""EFS's errors as the service sends them, and those that moto lacks.

moto's body says `__type` and `message`. The service's says `ErrorCode`, `Message` and, where something exists
already, its id; a client that was cut off before the first answer learns the id from there.
https://docs.aws.amazon.com/efs/latest/ug/api-errors.html
"""

import json
from typing import Any

from moto.efs.exceptions import EFSError


def install() -> None:
    """Give every error of moto's EFS the body of the service."""
    error: Any = EFSError
    error.get_body = _body
    error.description = property(_body, lambda _self, _value: None)


def _body(self: EFSError, *_arguments: Any, **_more: Any) -> str:
    members = getattr(self, "members", {})
    return json.dumps({"ErrorCode": self.error_type, "Message": self.message, **members})


class ServiceError(EFSError):
    """An error with its status and, where the service tells one, the id of what is meant."""

    def __init__(self, error: str, message: str, *, status: int, **members: str) -> None:
        """Prepare the answer.

        Args:
            error: EFS's name of the error.
            message: its words; empty where EFS has none.
            status: of HTTP.
            members: what the error's shape has besides.
        """
        super().__init__(error, message)
        self.code = status
        self.members = members


def bad_request(message: str) -> ServiceError:
    """The error for a request whose parameters cannot be."""
    return ServiceError("BadRequest", message, status=400)


def wrong_state(error: str) -> ServiceError:
    """The refusal of a call because something is not `available`; EFS says no more than its name."""
    return ServiceError(error, "", status=409)
