"""What CDK's provider framework answers CloudFormation for a handler, and what CloudFormation makes of it.

The first by the framework's own source (`custom-resources/lib/provider-framework/runtime` in aws-cdk-lib),
the second by the contract of custom resources and the words that CloudFormation is known to use.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import logging
from dataclasses import dataclass
from typing import Any

_log = logging.getLogger(__name__)

_LONGEST = 4096
"""In bytes; CloudFormation takes no longer response."""

_LONGEST_ID = 1024
"""In bytes, of a physical id."""

_STACK_TRACE = 290
"""In bytes: the lines of its own source that the framework adds to a failure; they are not shown here."""

_CREATE_FAILED = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
"""The physical id of what could not be made: the framework passes no Delete of it to the handler."""


class CustomResourceError(Exception):
    """A custom resource failed; the text is what CloudFormation shows as the reason."""


class UnusableResponseError(CustomResourceError):
    """CloudFormation has no response that it can use, and so no physical id of what was made, perhaps."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.resource: Any = None
        """What a Create may have made, and a Delete must take away."""


def no_response(request_id: str) -> UnusableResponseError:
    """The error when CloudFormation has waited in vain."""
    return UnusableResponseError(
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
        f"requestId [{request_id}]. If you are using the Python cfn-response module, you may need to "
        "update your Lambda function code so that CloudFormation can attach the updated version."
    )


@dataclass(frozen=True, kw_only=True)
class Response:
    """The body that the framework sends to CloudFormation."""

    event: dict[str, Any]
    """The request that it answers."""
    physical_id: str
    reason: str = "SUCCESS"
    """`SUCCESS`, or why it failed."""
    no_echo: Any = None
    data: Any = None

    def check(self) -> None:
        """Do as CloudFormation does with a response.

        Raises:
            UnusableResponseError: it is too long, or its physical id is; its own words are lost then.
            CustomResourceError: it says that the handler has failed.
        """
        failed = self.reason != "SUCCESS"
        if self._size() + (_STACK_TRACE if failed else 0) > _LONGEST:
            _log.warning("too long a response of %s: %s", self.event["LogicalResourceId"], self.reason)
            raise UnusableResponseError("Response object is too long.")
        if len(self.physical_id.encode()) > _LONGEST_ID:
            raise UnusableResponseError("Invalid PhysicalResourceId")
        if failed:
            raise CustomResourceError(
                "Received response status [FAILED] from custom resource. Message returned: "
                f"{self.reason} (RequestId: {self.event['RequestId']})"
            )

    def _size(self) -> int:
        body = {
            "Status": "SUCCESS" if self.reason == "SUCCESS" else "FAILED",
            "Reason": self.reason,
            "StackId": self.event["StackId"],
            "RequestId": self.event["RequestId"],
            "PhysicalResourceId": self.physical_id,
            "LogicalResourceId": self.event["LogicalResourceId"],
            "NoEcho": self.no_echo,
            "Data": self.data,
        }
        # As the framework's JavaScript writes it: without spaces, in UTF-8, without what is undefined.
        said = {key: value for key, value in body.items() if value is not None}
        return len(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode())


def response_to_answer(event: dict[str, Any], answer: Any) -> Response:
    """The framework's response when a handler has answered.

    Args:
        event: what the handler got.
        answer: what it returned; where that is no object it counts as nothing.
    """
    said = answer if isinstance(answer, dict) else {}
    former = event.get("PhysicalResourceId")
    physical_id = str(said.get("PhysicalResourceId") or former or event["RequestId"])
    if event["RequestType"] == "Delete" and physical_id != former:
        reason = (
            f'Error: DELETE: cannot change the physical resource ID from "{former}" to "{physical_id}" '
            "during deletion"
        )
        return Response(event=event, physical_id=str(former), reason=reason)
    return Response(event=event, physical_id=physical_id, no_echo=said.get("NoEcho"), data=said.get("Data"))


def response_to_failure(event: dict[str, Any], words: str, handler: str) -> Response:
    """The framework's response when a handler has raised.

    Args:
        event: what the handler got.
        words: the exception's.
        handler: the function's name.
    """
    return Response(
        event=event,
        physical_id=str(event.get("PhysicalResourceId") or _CREATE_FAILED),
        reason=f"Error: {words or 'error'}\n\nLogs: /aws/lambda/{handler}",
    )
