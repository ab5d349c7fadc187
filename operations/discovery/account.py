"""The AWS services that discovery reads, and what it was not allowed to read."""

from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from operations.aws_errors import explain
from operations.discovery.findings import Unseen

T = TypeVar("T")

_CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})


class Account:
    """Clients for one region with the credentials of the shell, and a list of what they could not see."""

    def __init__(self, region: str) -> None:
        """Use this region."""
        self.region = region
        self.unseen: list[Unseen] = []
        self.eks: Any = self._client("eks")
        self.ec2: Any = self._client("ec2")
        self.efs: Any = self._client("efs")
        self.iam: Any = self._client("iam")
        self.autoscaling: Any = self._client("autoscaling")

    def _client(self, service: str) -> Any:
        return boto3.client(service, region_name=self.region, config=_CONFIG)  # type: ignore[call-overload]

    def attempt(self, what: str, read: Callable[[], T], *, cure: str) -> T | None:
        """What `read` returns; None, and a note that `what` was not seen, where AWS refuses it.

        Args:
            what: what is read, as a person says it.
            read: calls AWS.
            cure: what to do to have it seen.
        """
        try:
            return read()
        except (ClientError, BotoCoreError) as error:
            self.unseen.append(Unseen(what=what, why=explain(error), cure=cure))
            return None

    def pages(self, client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
        """The items of every page of an operation."""
        found: list[Any] = []
        for page in client.get_paginator(operation).paginate(**arguments):
            found += page[key]
        return found


def tags_of(resource: Any) -> dict[str, str]:
    """The tags of a resource of EC2, EFS or IAM."""
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags") or ()}
