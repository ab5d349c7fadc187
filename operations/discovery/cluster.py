"""The cluster, its OIDC provider and its VPC."""

from typing import Any

from botocore.exceptions import ClientError

from operations.aws_errors import code_of
from operations.discovery.account import Account
from operations.discovery.findings import ClusterFound, DiscoveryError

OIDC_PROVIDERS = "the OIDC providers in IAM"


def describe_cluster(account: Account, name: str) -> Any:
    """The cluster as EKS describes it.

    Raises:
        DiscoveryError: there is no such cluster in the region, or it is not ready.
    """
    try:
        described = account.eks.describe_cluster(name=name)["cluster"]
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        there = account.pages(account.eks, "list_clusters", "clusters")
        cure = (
            f"choose {' or '.join(sorted(there))}"
            if there
            else "check the region, the account and the profile"
        )
        raise DiscoveryError(f'there is no cluster "{name}" in {account.region}: {cure}') from None
    if described["status"] not in ("ACTIVE", "UPDATING"):
        raise DiscoveryError(f'cluster "{name}" is {described["status"]}: wait until it is ACTIVE')
    return described


def read_cluster(account: Account, described: Any) -> ClusterFound:
    """What EKS, IAM and EC2 say of the cluster.

    Args:
        account: the account that is read.
        described: the answer of `describe_cluster`.
    """
    network = described["resourcesVpcConfig"]
    issuer = described.get("identity", {}).get("oidc", {}).get("issuer")
    vpc = account.ec2.describe_vpcs(VpcIds=[network["vpcId"]])["Vpcs"][0]
    return ClusterFound(
        name=described["name"],
        arn=described["arn"],
        account=described["arn"].split(":")[4],
        region=account.region,
        version=described["version"],
        endpoint=described["endpoint"],
        endpoint_public=network.get("endpointPublicAccess", True),
        endpoint_private=network.get("endpointPrivateAccess", False),
        public_access_cidrs=tuple(network.get("publicAccessCidrs") or ["0.0.0.0/0"]),
        # EKS answers without accessConfig for a cluster that is older than access entries.
        authentication_mode=described.get("accessConfig", {}).get("authenticationMode", "CONFIG_MAP"),
        oidc_issuer=issuer,
        oidc_provider_arn=_oidc_provider(account, issuer) if issuer else None,
        vpc_id=network["vpcId"],
        vpc_cidrs=_cidrs(vpc),
        vpc_ipv6_cidrs=tuple(
            one["Ipv6CidrBlock"]
            for one in vpc.get("Ipv6CidrBlockAssociationSet", [])
            if one["Ipv6CidrBlockState"]["State"] == "associated"
        ),
        control_plane_subnets=tuple(network["subnetIds"]),
        cluster_security_group=network.get("clusterSecurityGroupId") or None,
    )


def _cidrs(vpc: Any) -> tuple[str, ...]:
    associated = [
        one["CidrBlock"]
        for one in vpc.get("CidrBlockAssociationSet", [])
        if one["CidrBlockState"]["State"] == "associated"
    ]
    primary = vpc["CidrBlock"]
    return (primary, *sorted(cidr for cidr in associated if cidr != primary))


def _oidc_provider(account: Account, issuer: str) -> str | None:
    """The ARN of the provider in IAM; None where there is none, or where it was not seen."""
    providers = account.attempt(
        OIDC_PROVIDERS,
        lambda: account.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        cure="allow iam:ListOpenIDConnectProviders, or check the provider with eksctl",
    )
    suffix = f":oidc-provider/{issuer.removeprefix('https://')}"
    return next((one["Arn"] for one in providers or () if one["Arn"].endswith(suffix)), None)
