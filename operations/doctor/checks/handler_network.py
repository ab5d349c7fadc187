"""The way of the deployment's functions to the API server: from AWS Lambda, or from inside the VPC."""

import ipaddress
from collections.abc import Iterator

from operations.doctor.installation import Installation, NotThereError, Thing
from operations.doctor.registry import check
from operations.doctor.security_group_rules import admits, opens_to_anybody
from operations.findings import Problem, Severity

_HTTPS = 443
_EVERYWHERE = "0.0.0.0/0"


@check("endpoint-private", Severity.ERROR, "Can the kubectl handler reach the API server?")
def endpoint(installation: Installation) -> Iterator[Problem]:
    """A private endpoint is reached from inside the VPC only."""
    if _is_public(installation) or installation.environment.cluster.handler_network:
        return
    yield Problem(
        what="the cluster's API endpoint is private, and the kubectl handler runs outside the VPC",
        where=f"cluster {installation.environment.cluster.name}, endpointPublicAccess",
        cure="write cluster.handler_network, which lets the handler run in the VPC, or give the cluster a "
        "public endpoint",
    )


@check("endpoint-restricted", Severity.WARNING, "May the kubectl handler's addresses reach the API server?")
def endpoint_cidrs(installation: Installation) -> Iterator[Problem]:
    """A public endpoint that lets in some addresses only, and not those of a private one."""
    config = installation.cluster["resourcesVpcConfig"]
    cidrs = config.get("publicAccessCidrs") or [_EVERYWHERE]
    inside = installation.environment.cluster.handler_network is not None
    if not _is_public(installation) or _EVERYWHERE in cidrs or (inside and _is_private(installation)):
        return
    yield Problem(
        what=f"the API endpoint lets in {', '.join(cidrs)} only; the kubectl handler comes from "
        + ("its VPC's NAT gateway" if inside else "an address of AWS Lambda"),
        where=f"cluster {installation.environment.cluster.name}, publicAccessCidrs",
        cure="let in that gateway's address, or give the cluster a private endpoint as well"
        if inside
        else "let in 0.0.0.0/0 while a deployment runs, or write cluster.handler_network",
    )


@check("handler-network-missing", Severity.ERROR, "Are the handler's subnets and group in the cluster's VPC?")
def exists(installation: Installation) -> Iterator[Problem]:
    """What `cluster.handler_network` names."""
    network = installation.environment.cluster.handler_network
    if network is None:
        return
    vpc = installation.cluster["resourcesVpcConfig"].get("vpcId", installation.environment.cluster.vpc.id)
    subnets = _handler_subnets(installation)
    for index, subnet in enumerate(network.subnets):
        where = f"field cluster.handler_network.subnets[{index}]"
        if subnet not in subnets:
            yield Problem(what=f"there is no subnet {subnet}", where=where, cure=f"name one of {vpc}")
        elif subnets[subnet]["VpcId"] != vpc:
            yield Problem(
                what=f"{subnet} is in {subnets[subnet]['VpcId']}, the cluster in {vpc}",
                where=where,
                cure=f"name a private subnet of {vpc}",
            )
    group = _group(installation, network.security_group)
    if group is None or group["VpcId"] != vpc:
        yield Problem(
            what=f"there is no security group {network.security_group} in {vpc}",
            where="field cluster.handler_network.security_group",
            cure="name the cluster's own, which does all that is needed"
            + (f": {own}" if (own := _cluster_group(installation)) else ""),
        )


@check("handler-cannot-reach", Severity.ERROR, "Do the security groups let the handler reach the API server?")
def reach(installation: Installation) -> Iterator[Problem]:
    """Out of the handler's group, and into the cluster's, on tcp 443."""
    network = installation.environment.cluster.handler_network
    if network is None:
        return
    group = _group(installation, network.security_group)
    if group is None:
        raise NotThereError("handler-network-missing")
    if not opens_to_anybody(group["IpPermissionsEgress"], _HTTPS):
        yield Problem(
            what=f"{network.security_group} lets the handler open no HTTPS connection",
            where="field cluster.handler_network.security_group",
            cure=f"allow outgoing tcp {_HTTPS} in it",
        )
    own = _cluster_group(installation)
    rules = (_group(installation, own) or {}).get("IpPermissions") if own else None
    if rules is None or not _is_private(installation):
        return
    for subnet, found in sorted(_handler_subnets(installation).items()):
        address = str(ipaddress.ip_network(found["CidrBlock"])[4])
        if not admits(rules, _HTTPS, address=address, groups=frozenset({network.security_group})):
            yield Problem(
                what=f"no rule of the cluster's group {own} lets {network.security_group} in {subnet} reach "
                "the API server",
                where=f"{own}, cluster {installation.environment.cluster.name}",
                cure=f"allow incoming tcp {_HTTPS} from {network.security_group} in it, or name {own} as the "
                "handler's group",
            )


def _is_public(installation: Installation) -> bool:
    return installation.cluster["resourcesVpcConfig"].get("endpointPublicAccess") is not False


def _is_private(installation: Installation) -> bool:
    return bool(installation.cluster["resourcesVpcConfig"].get("endpointPrivateAccess"))


def _cluster_group(installation: Installation) -> str | None:
    """The group that EKS has made for the cluster's own network interfaces."""
    return installation.cluster["resourcesVpcConfig"].get("clusterSecurityGroupId") or None


def _group(installation: Installation, group: str) -> Thing | None:
    return installation.security_groups(frozenset({group})).get(group)


def _handler_subnets(installation: Installation) -> dict[str, Thing]:
    network = installation.environment.cluster.handler_network
    assert network is not None  # noqa: S101  # asked by the callers
    found = installation.client("ec2").describe_subnets(
        Filters=[{"Name": "subnet-id", "Values": list(network.subnets)}]
    )
    return {one["SubnetId"]: one for one in found["Subnets"]}
