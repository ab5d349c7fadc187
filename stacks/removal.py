"""The settings' words for what becomes of something, in CDK's."""

from typing import Literal

from aws_cdk import RemovalPolicy


def removal_policy(removal: Literal["retain", "destroy"]) -> RemovalPolicy:
    """CDK's word for what deleting the stack does.

    What is retained goes nevertheless when the deployment that has made it is rolled back: it holds nothing
    yet, and would be left over, or in the way of the next deployment.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if removal == "retain" else RemovalPolicy.DESTROY
