"""The settings' words for what becomes of something, in CDK's."""

from typing import Literal

from aws_cdk import RemovalPolicy


def removal_policy(removal: Literal["retain", "destroy"]) -> RemovalPolicy:
    """CDK's word for what deleting the stack does."""
    return RemovalPolicy.RETAIN if removal == "retain" else RemovalPolicy.DESTROY
