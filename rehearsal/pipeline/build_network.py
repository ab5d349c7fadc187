"""The VPC of a build: what it names is there, and the build's role may have interfaces in it."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError

_DESCRIBES = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")


def enter_network(network: Mapping[str, Any], *, ec2: Any, session: Session, roles: Roles) -> None:
    """Look at everything that CodeBuild needs before a build starts in a VPC. The build itself stays outside.

    https://docs.aws.amazon.com/codebuild/latest/userguide/auth-and-access-control-iam-identity-based-access-control.html

    Args:
        network: the project's `vpcConfig`; empty where it has none.
        ec2: a client that may do everything.
        session: the role of the build.
        roles: decides what it may.

    Raises:
        StepFailedError: a subnet or a group is not in the VPC, or the role lacks a permission.
    """
    if not network.get("vpcId"):
        return
    vpc, subnets, groups = network["vpcId"], network["subnets"], network["securityGroupIds"]
    try:
        found = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
        found += ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    except ec2.exceptions.ClientError as error:
        raise StepFailedError(str(error)) from error
    for one in found:
        if one["VpcId"] != vpc:
            name = one.get("SubnetId") or one["GroupId"]
            raise StepFailedError(f"{name} is in {one['VpcId']}, and the build in {vpc}")
    partition, _, _, account = session.role_arn.split(":")[1:5]
    begin = f"arn:{partition}:ec2:{session.region}:{account}"
    for kind in _DESCRIBES:
        roles.require(session, f"ec2:Describe{kind}", "*")
    interface = f"{begin}:network-interface/eni-0a1b2c3d4e5f60718"
    for resource in (
        interface,
        *(f"{begin}:subnet/{one}" for one in subnets),
        *(f"{begin}:security-group/{one}" for one in groups),
    ):
        roles.require(session, "ec2:CreateNetworkInterface", resource)
    for subnet in subnets:
        within = {"ec2:Subnet": f"{begin}:subnet/{subnet}"}
        roles.require(session, "ec2:DeleteNetworkInterface", interface, within)
        handed = {**within, "ec2:AuthorizedService": "codebuild.amazonaws.com"}
        roles.require(session, "ec2:CreateNetworkInterfacePermission", interface, handed)
