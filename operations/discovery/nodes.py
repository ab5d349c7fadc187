"""Where the cluster's nodes run, and what starts them: managed node groups, scaling groups, node classes."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from operations.discovery.account import Account
from operations.discovery.findings import ClusterFound, NodeFound, NodeGroupFound

_INSTANCE_CURE = "allow ec2:DescribeInstances"
_LIVE = {"Name": "instance-state-name", "Values": ["pending", "running"]}


def owner_tag(cluster: str) -> str:
    """The tag by which Kubernetes' AWS integrations know what belongs to a cluster."""
    return f"kubernetes.io/cluster/{cluster}"


def read_nodes(account: Account, cluster: ClusterFound, instance_ids: Sequence[str]) -> tuple[NodeFound, ...]:
    """The cluster's instances, by their tags and by what the cluster itself says.

    Args:
        account: the account that is read.
        cluster: the cluster.
        instance_ids: instances that are nodes by the cluster's own word.
    """
    filters: list[dict[str, Any]] = [
        {"Name": "tag-key", "Values": [owner_tag(cluster.name)]},
        # Managed node groups, and EKS Auto Mode.
        {"Name": "tag:eks:cluster-name", "Values": [cluster.name]},
        {"Name": "tag:eks:eks-cluster-name", "Values": [cluster.name]},
    ]
    # As a filter, because a node may go between the two questions; the API takes 200 values.
    for start in range(0, len(instance_ids), 200):
        filters.append({"Name": "instance-id", "Values": list(instance_ids[start : start + 200])})
    found = {}
    for one in filters:
        read = partial(_instances, account, one)
        for instance in account.attempt("the instances of the nodes", read, cure=_INSTANCE_CURE) or ():
            # A bastion in another VPC may carry the tag, too.
            if instance.get("VpcId") == cluster.vpc_id:
                found[instance["InstanceId"]] = NodeFound(
                    id=instance["InstanceId"],
                    subnet_id=instance["SubnetId"],
                    security_groups=tuple(sorted(group["GroupId"] for group in instance["SecurityGroups"])),
                )
    return tuple(found[key] for key in sorted(found))


def _instances(account: Account, one: dict[str, Any]) -> list[Any]:
    reservations = account.pages(account.ec2, "describe_instances", "Reservations", Filters=[one, _LIVE])
    return [instance for reservation in reservations for instance in reservation["Instances"]]


def read_node_groups(account: Account, cluster: ClusterFound) -> tuple[NodeGroupFound, ...]:
    """The managed node groups, and the scaling groups of the cluster that belong to none of them."""
    managed_seen = account.attempt(
        "the managed node groups",
        lambda: _managed(account, cluster),
        cure="allow eks:ListNodegroups and eks:DescribeNodegroup",
    )
    scaling_seen = account.attempt(
        "the Auto Scaling groups",
        lambda: account.pages(
            account.autoscaling,
            "describe_auto_scaling_groups",
            "AutoScalingGroups",
            Filters=[{"Name": "tag-key", "Values": [owner_tag(cluster.name)]}],
        ),
        cure="allow autoscaling:DescribeAutoScalingGroups",
    )
    managed, scaling = managed_seen or [], scaling_seen or []
    of_managed = {
        group["name"] for one in managed for group in one.get("resources", {}).get("autoScalingGroups", [])
    }
    return (
        *(
            NodeGroupFound(
                name=one["nodegroupName"],
                kind="managed",
                subnets=tuple(one["subnets"]),
                security_groups=_launch_groups(account, one.get("launchTemplate"), _default_groups(cluster)),
            )
            for one in managed
        ),
        *(
            NodeGroupFound(
                name=one["AutoScalingGroupName"],
                kind="auto-scaling",
                subnets=tuple(filter(None, one.get("VPCZoneIdentifier", "").split(","))),
                security_groups=_scaling_groups(account, one),
            )
            for one in scaling
            if one["AutoScalingGroupName"] not in of_managed
        ),
    )


def _managed(account: Account, cluster: ClusterFound) -> list[Any]:
    names = account.pages(account.eks, "list_nodegroups", "nodegroups", clusterName=cluster.name)
    return [
        account.eks.describe_nodegroup(clusterName=cluster.name, nodegroupName=name)["nodegroup"]
        for name in names
    ]


def _default_groups(cluster: ClusterFound) -> tuple[str, ...]:
    # Nodes of a managed group get the cluster's own group unless a launch template says otherwise.
    return (cluster.cluster_security_group,) if cluster.cluster_security_group else ()


def _scaling_groups(account: Account, group: Any) -> tuple[str, ...]:
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    template = group.get("LaunchTemplate") or mixed
    if template:
        return _launch_groups(account, template, ())
    name = group.get("LaunchConfigurationName")
    if not name:
        return ()
    configurations = account.attempt(
        f"the launch configuration {name}",
        lambda: account.autoscaling.describe_launch_configurations(LaunchConfigurationNames=[name])[
            "LaunchConfigurations"
        ],
        cure="allow autoscaling:DescribeLaunchConfigurations",
    )
    return tuple(sorted(group for one in configurations or () for group in one.get("SecurityGroups", [])))


def _launch_groups(account: Account, template: Any | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """The security groups of a launch template, given as EKS and as Auto Scaling spell it."""
    if not template:
        return default
    key = template.get("id") or template.get("LaunchTemplateId")
    version = template.get("version") or template.get("Version") or "$Default"
    if not key:
        return default
    versions = account.attempt(
        f"the launch template {key}",
        lambda: account.ec2.describe_launch_template_versions(LaunchTemplateId=key, Versions=[str(version)])[
            "LaunchTemplateVersions"
        ],
        cure="allow ec2:DescribeLaunchTemplateVersions",
    )
    return tuple(sorted(set(_groups_in(one["LaunchTemplateData"] for one in versions or ())))) or default


def _groups_in(contents: Iterable[Any]) -> Iterable[str]:
    for content in contents:
        yield from content.get("SecurityGroupIds") or ()
        for interface in content.get("NetworkInterfaces") or ():
            yield from interface.get("Groups") or ()
