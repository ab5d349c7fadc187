"""The buckets and keys of a pipeline, with the policies that guard them."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.account.iam.resource_policies import Guarded
from rehearsal.pipeline.step_failed import StepFailedError


class GuardedResources:
    """Finds what guards a resource.

    Args:
        client: makes a client of a service, in a region or in the pipeline's, that may do everything in the
            pipeline's account.
        account: the pipeline's, whose the buckets are.
    """

    def __init__(self, client: Callable[..., Any], *, account: str) -> None:
        self._client = client
        self._account = account

    def find(self, arn: str) -> Guarded | None:
        """The bucket or key that an ARN is of, with its policy; None: it is of something else, or `*`."""
        match arn.split(":"):
            case [_, _, "s3", _, _, path, *_]:
                return self._bucket(path.partition("/")[0])
            case [_, _, "kms", *_]:
                return self._key(arn)
        return None

    def _bucket(self, name: str) -> Guarded:
        client = self._client("s3")
        try:
            policy = json.loads(client.get_bucket_policy(Bucket=name)["Policy"])
        except client.exceptions.ClientError as error:
            # The bucket of a source is not there: only what the role itself may is known of it.
            if error.response["Error"]["Code"] not in ("NoSuchBucketPolicy", "NoSuchBucket"):
                raise
            policy = None
        return Guarded(
            account=self._account,
            policy=policy,
            context={"aws:SecureTransport": "true", "s3:ResourceAccount": self._account},
        )

    def _key(self, arn: str) -> Guarded:
        region, account = arn.split(":")[3:5]
        client = self._client("kms", region)
        arn = self.key_arn(arn)
        aliases = client.list_aliases(KeyId=arn)["Aliases"]
        return Guarded(
            account=account,
            policy=json.loads(client.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]),
            context={
                # What a pipeline and its builds do with a key, S3 does for them.
                "kms:ViaService": f"s3.{region}.amazonaws.com",
                "kms:CallerAccount": account,
                "kms:ResourceAliases": [alias["AliasName"] for alias in aliases],
            },
            is_key=True,
        )

    def key_arn(self, identifier: str) -> str:
        """The ARN of a key, by its own ARN or that of an alias.

        Raises:
            StepFailedError: there is no such key.
        """
        client = self._client("kms", identifier.split(":")[3])
        try:
            return str(client.describe_key(KeyId=identifier)["KeyMetadata"]["Arn"])
        except client.exceptions.NotFoundException as error:
            raise StepFailedError(f"there is no key {identifier}") from error
