"""AWS::S3::BucketPolicy, which moto has not as a resource of stacks.

The policy is kept and can be read by the API. The emulated S3 does not ask it: moto evaluates no conditions,
so that a policy which wants TLS would refuse everybody. Who needs a decision asks `resource_policies`.
"""

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.utilities.utils import get_partition

from rehearsal.account.cloudformation.stack_model import StackModel


def install() -> None:
    """Let moto take no decision by a bucket's policy."""
    FakeBucket.get_permission = lambda _self, _action, _resource: PermissionResult.NEUTRAL  # type: ignore


class BucketPolicy(StackModel, CloudFormationModel):
    """The type."""

    kind = "AWS::S3::BucketPolicy"

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket
        self.physical_resource_id = bucket

    @property
    def attributes(self) -> dict[str, str]:
        """It has none."""
        return {}

    @classmethod
    def make(
        cls,
        name: str,  # noqa: ARG003  # StackModel's signature
        properties: dict[str, Any],
        *,
        account: str,
        region: str,
    ) -> "BucketPolicy":
        """Give the bucket the policy; there must be such a bucket."""
        policy = cls(properties["Bucket"])
        policy._put(properties, _backend(account, region))
        return policy

    def change(
        self,
        properties: dict[str, Any],
        former: dict[str, Any],  # noqa: ARG002  # StackModel's signature
        *,
        account: str,
        region: str,
    ) -> None:
        """Give the bucket another policy."""
        self._put(properties, _backend(account, region))

    def delete(self, account_id: str, region_name: str) -> None:
        """Leave the bucket without a policy."""
        _backend(account_id, region_name).delete_bucket_policy(self.bucket)

    def _put(self, properties: dict[str, Any], backend: S3Backend) -> None:
        document = json.dumps(properties["PolicyDocument"]).encode()
        backend.put_bucket_policy(self.bucket, document)


def _backend(account: str, region: str) -> S3Backend:
    backend: S3Backend = s3_backends[account][get_partition(region)]
    return backend
