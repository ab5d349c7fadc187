"""Builds of a pipeline in a VPC."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam

from settings.build_network import BuildNetwork

_POLICY = "BuildNetwork"


def run_in_vpc(stack: Stack, *, projects: Sequence[codebuild.Project], network: BuildNetwork) -> None:
    """Let builds run in subnets of a VPC, with the permissions that CodeBuild needs for that and no others.

    CDK's own permissions let a build delete every network interface of the account. These hold what changes
    something to the subnets and security groups of the builds. An id is unique in AWS, so the owner's account
    is left open: the subnets may be shared by another one.

    https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html

    Args:
        stack: The stack of the pipeline.
        projects: All builds of the pipeline.
        network: VPC, subnets and security groups.
    """
    subnets = [_arn(stack, "subnet", subnet, account="*") for subnet in network.subnets]
    groups = [_arn(stack, "security-group", group, account="*") for group in network.security_groups]
    interfaces = _arn(stack, "network-interface", "*")
    in_subnets = {"ArnLike": {"ec2:Subnet": subnets}}
    policy = iam.Policy(
        stack,
        _POLICY,
        statements=[
            iam.PolicyStatement(
                sid="LooksAtTheNetwork",
                actions=[
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
                resources=["*"],
            ),
            iam.PolicyStatement(
                sid="MakesInterfaces",
                actions=["ec2:CreateNetworkInterface"],
                resources=[*subnets, *groups, interfaces],
            ),
            iam.PolicyStatement(
                sid="DeletesInterfaces",
                actions=["ec2:DeleteNetworkInterface"],
                resources=[interfaces],
                conditions=in_subnets,
            ),
            iam.PolicyStatement(
                sid="LetsCodeBuildUseInterfaces",
                actions=["ec2:CreateNetworkInterfacePermission"],
                resources=[interfaces],
                conditions={
                    **in_subnets,
                    "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
                },
            ),
        ],
    )
    for project in projects:
        role = project.role
        assert role  # noqa: S101  # a project of this app has one
        policy.attach_to_role(role)
        template = project.node.default_child
        assert isinstance(template, codebuild.CfnProject)  # noqa: S101
        template.vpc_config = codebuild.CfnProject.VpcConfigProperty(
            vpc_id=network.id,
            subnets=list(network.subnets),
            security_group_ids=list(network.security_groups),
        )
        # CodeBuild looks whether the role may describe the network before it makes the project.
        template.node.add_dependency(policy)


def _arn(stack: Stack, kind: str, name: str, *, account: str | None = None) -> str:
    return stack.format_arn(
        service="ec2",
        resource=kind,
        resource_name=name,
        account=account,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )
