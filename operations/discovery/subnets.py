"""The subnets of the cluster's VPC: their zones, whether they are public, and how many nodes run in them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from operations.discovery.account import Account, tags_of
from operations.discovery.findings import ClusterFound, DiscoveryError, NodeFound, NodeGroupFound, SubnetFound


def read_subnets(
    account: Account,
    cluster: ClusterFound,
    nodes: Sequence[NodeFound],
    groups: Sequence[NodeGroupFound],
) -> tuple[SubnetFound, ...]:
    """Every subnet of the VPC, in the order of zones and ids.

    Raises:
        DiscoveryError: the VPC has none.
    """
    of_vpc = [{"Name": "vpc-id", "Values": [cluster.vpc_id]}]
    subnets = account.pages(account.ec2, "describe_subnets", "Subnets", Filters=of_vpc)
    if not subnets:
        raise DiscoveryError(f"{cluster.vpc_id} has no subnets: check that the account is the cluster's")
    public = account.attempt(
        "the route tables",
        lambda: _public(account.pages(account.ec2, "describe_route_tables", "RouteTables", Filters=of_vpc)),
        cure="allow ec2:DescribeRouteTables",
    )
    running = Counter(node.subnet_id for node in nodes)
    return tuple(
        SubnetFound(
            id=one["SubnetId"],
            name=tags_of(one).get("Name"),
            availability_zone=one["AvailabilityZone"],
            cidr=one.get("CidrBlock", ""),
            public=None if public is None else public.get(one["SubnetId"], public[""]),
            available_addresses=one.get("AvailableIpAddressCount", 0),
            nodes=running[one["SubnetId"]],
            node_groups=tuple(group.name for group in groups if one["SubnetId"] in group.subnets),
            tags=tags_of(one),
        )
        for one in sorted(subnets, key=lambda one: (one["AvailabilityZone"], one["SubnetId"]))
    )


def _public(tables: Sequence[Any]) -> Mapping[str, bool]:
    """Subnet -> whether its routes lead to an internet gateway; the main table's answer stands under ''."""
    answers = {"": False}
    for table in tables:
        leads_out = any(str(route.get("GatewayId", "")).startswith("igw-") for route in table["Routes"])
        for association in table["Associations"]:
            if association.get("Main"):
                answers[""] = leads_out
            elif "SubnetId" in association:
                answers[association["SubnetId"]] = leads_out
    return answers


def matches(subnet: SubnetFound, tag: str) -> bool:
    """Whether a subnet carries a tag, given as KEY=VALUE, or as KEY for any value."""
    key, has_value, value = tag.partition("=")
    return key in subnet.tags and (not has_value or subnet.tags[key] == value)
