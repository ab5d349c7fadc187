"""The security groups that exist in the cluster's VPC."""

from operations.discovery.account import Account
from operations.discovery.findings import ClusterFound


def security_groups_of(cluster: ClusterFound) -> frozenset[str]:
    """Their ids."""
    account = Account(cluster.region)
    of_vpc = [{"Name": "vpc-id", "Values": [cluster.vpc_id]}]
    found = account.pages(account.ec2, "describe_security_groups", "SecurityGroups", Filters=of_vpc)
    return frozenset(one["GroupId"] for one in found)
