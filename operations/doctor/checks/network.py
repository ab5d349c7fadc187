"""The network: do the subnets and groups exist, and can every node reach a mount target."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from operations.doctor.installation import ZONE_LABEL, Installation, NodeAddress, NotThereError
from operations.doctor.registry import When, check
from operations.doctor.security_group_rules import admits, covers, is_in, opens_to_anybody, peers
from operations.findings import Problem, Severity

NFS_PORT = 2049


@check("vpc-missing", Severity.ERROR, "Does the VPC exist?")
def vpc(installation: Installation) -> Iterator[Problem]:
    """The VPC that the environment names."""
    try:
        assert installation.vpc  # noqa: S101  # reads it
    except NotThereError as error:
        if error.because != "vpc-missing":
            raise
        name = installation.environment.cluster.name
        yield Problem(
            what=f"there is no VPC {installation.environment.cluster.vpc.id}",
            where="field cluster.vpc.id",
            cure=f"aws eks describe-cluster --name {name} says the cluster's VPC",
        )


@check("vpc-cidrs-differ", Severity.WARNING, "Has the VPC the declared CIDR blocks?")
def vpc_cidrs(installation: Installation) -> Iterator[Problem]:
    """A block that was added since the environment was written holds nodes that it does not know."""
    blocks = {
        block["CidrBlock"]
        for block in installation.vpc.get("CidrBlockAssociationSet", [])
        if block.get("CidrBlockState", {}).get("State", "associated") == "associated"
    }
    declared = {cidr for cidr in installation.environment.cluster.vpc.cidrs if ":" not in cidr}
    if blocks != declared:
        yield Problem(
            what=f"the VPC has {', '.join(sorted(blocks))}, the environment says "
            f"{', '.join(sorted(declared))}",
            where="field cluster.vpc.cidrs",
            cure=f"write cidrs: [{', '.join(sorted(blocks))}]",
        )


@check("vpc-dns", Severity.ERROR, "Does the VPC resolve the file system's name?")
def vpc_dns(installation: Installation) -> Iterator[Problem]:
    """A mount target is found by its DNS name; EKS needs both settings as well."""
    ec2, vpc_id = installation.client("ec2"), installation.vpc["VpcId"]
    for attribute, key in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        if not ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute=attribute)[key]["Value"]:
            option = {"enableDnsSupport": "support", "enableDnsHostnames": "hostnames"}[attribute]
            yield Problem(
                what=f"{attribute} is off: nodes cannot resolve the file system's DNS name",
                where=vpc_id,
                cure=f"aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --enable-dns-{option}",
            )


@check("subnet-missing", Severity.ERROR, "Do the subnets exist?")
def subnets_exist(installation: Installation) -> Iterator[Problem]:
    """The subnets that get a mount target."""
    for index, subnet in enumerate(installation.environment.cluster.subnets):
        if subnet.id not in installation.subnets:
            yield Problem(
                what=f"there is no subnet {subnet.id}",
                where=f"field cluster.subnets[{index}].id",
                cure=f"name a subnet of {subnet.availability_zone} in which nodes run",
            )


@check("subnet-zone-differs", Severity.ERROR, "Are the subnets in the declared zones?")
def subnet_zones(installation: Installation) -> Iterator[Problem]:
    """The zone of each subnet."""
    for index, subnet in enumerate(installation.environment.cluster.subnets):
        found = installation.subnets.get(subnet.id)
        if found and found["AvailabilityZone"] != subnet.availability_zone:
            yield Problem(
                what=f"{subnet.id} is in {found['AvailabilityZone']}, "
                f"the environment says {subnet.availability_zone}",
                where=f"field cluster.subnets[{index}].availability_zone",
                cure=f"write {found['AvailabilityZone']}",
            )


@check("subnet-vpc-differs", Severity.ERROR, "Are the subnets in the declared VPC?")
def subnet_vpcs(installation: Installation) -> Iterator[Problem]:
    """All mount targets of a file system lie in one VPC."""
    vpc_id = installation.environment.cluster.vpc.id
    for index, subnet in enumerate(installation.environment.cluster.subnets):
        found = installation.subnets.get(subnet.id)
        if found and found["VpcId"] != vpc_id:
            yield Problem(
                what=f"{subnet.id} is in {found['VpcId']}, not in {vpc_id}",
                where=f"field cluster.subnets[{index}].id",
                cure=f"name a subnet of {vpc_id}",
            )


@check("subnet-full", Severity.ERROR, "Is there an address for each mount target?", when=When.BEFORE)
def subnet_addresses(installation: Installation) -> Iterator[Problem]:
    """A mount target takes an address of its subnet."""
    for subnet in installation.subnets.values():
        if subnet["AvailableIpAddressCount"] < 1:
            yield Problem(
                what=f"{subnet['SubnetId']} has no free address for a mount target",
                where=f"{subnet['SubnetId']} in {subnet['AvailabilityZone']}",
                cure="free an address, or name another subnet of the zone",
            )


@check("security-group-missing", Severity.ERROR, "Do the security groups exist, in the VPC?")
def groups(installation: Installation) -> Iterator[Problem]:
    """The nodes' security groups, those of other NFS clients, and that of an existing file system."""
    environment = installation.environment
    fields = dict.fromkeys(environment.cluster.node_security_groups, "cluster.node_security_groups")
    clients = environment.file_system.nfs_clients.security_groups
    if not isinstance(clients, str):
        fields |= dict.fromkeys(clients, "file_system.nfs_clients.security_groups")
    if existing := environment.file_system.existing:
        fields[existing.security_group] = "file_system.existing.security_group"
    assert installation.caller  # noqa: S101
    found = installation.security_groups(frozenset(fields))
    for group, name in fields.items():
        if group not in found:
            yield Problem(
                what=f"there is no security group {group}",
                where=f"field {name}",
                cure="name the groups that the nodes' network interfaces have",
            )
        elif found[group]["VpcId"] != environment.cluster.vpc.id:
            yield Problem(
                what=f"{group} is of {found[group]['VpcId']}, not of {environment.cluster.vpc.id}",
                where=f"field {name}",
                cure="name the groups that the nodes' network interfaces have",
            )


@check("zone-without-subnet", Severity.ERROR, "Has each zone with nodes a subnet for a mount target?")
def zones(installation: Installation) -> Iterator[Problem]:
    """A pod on a node of such a zone cannot mount by the zone's own name."""
    covered = {subnet.availability_zone for subnet in installation.environment.cluster.subnets}
    nodes: dict[str, list[str]] = {}
    for node in installation.nodes:
        zone = (node["metadata"].get("labels") or {}).get(ZONE_LABEL)
        if zone and zone not in covered:
            nodes.setdefault(zone, []).append(node["metadata"]["name"])
    for zone, names in sorted(nodes.items()):
        yield Problem(
            what=f"{len(names)} {'node runs' if len(names) == 1 else 'nodes run'} in {zone}, "
            "for which the environment has no subnet",
            where=f"field cluster.subnets; {_some(names)}",
            cure=f"add a subnet of {zone}",
        )


@check("node-not-a-client", Severity.ERROR, "Do the environment's NFS clients cover every node?")
def planned_clients(installation: Installation) -> Iterator[Problem]:
    """Whether the rules that a deployment makes let every node in."""
    environment = installation.environment
    if _makes_no_rules(installation):
        return
    clients = environment.file_system.nfs_clients
    groups = frozenset(
        environment.cluster.node_security_groups
        if isinstance(clients.security_groups, str)
        else clients.security_groups
    )
    for node in installation.node_addresses:
        if not (node.security_groups & groups or is_in(node.address, clients.cidrs)):
            yield Problem(
                what=f"node {node.name} ({node.address}, {', '.join(sorted(node.security_groups))}) "
                "is not among the NFS clients",
                where="fields file_system.nfs_clients and cluster.node_security_groups",
                cure="add one of the node's security groups",
            )


@check("node-egress", Severity.ERROR, "May the nodes open NFS connections?")
def egress(installation: Installation) -> Iterator[Problem]:
    """The outgoing rules of the nodes' groups."""
    assert installation.caller  # noqa: S101
    wanted = frozenset(installation.environment.cluster.node_security_groups)
    found = installation.security_groups(wanted)
    # Rules of all groups of a node add up: one group that lets NFS out is enough.
    if found and not any(
        opens_to_anybody(group["IpPermissionsEgress"], NFS_PORT) for group in found.values()
    ):
        yield Problem(
            what="no security group of the nodes lets NFS out",
            where=", ".join(sorted(found)),
            cure=f"allow outgoing tcp {NFS_PORT} to the VPC in one of them",
        )


@check("network-acl", Severity.ERROR, "Do the subnets' network ACLs let NFS in?")
def network_acls(installation: Installation) -> Iterator[Problem]:
    """A network ACL that denies NFS from the VPC before it allows it."""
    for subnet in installation.subnets.values():
        found = installation.client("ec2").describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
        )
        for acl in found["NetworkAcls"]:
            for cidr in installation.environment.cluster.vpc.cidrs:
                if not _acl_lets_in(acl["Entries"], cidr):
                    yield Problem(
                        what=f"the network ACL of {subnet['SubnetId']} keeps NFS from {cidr} out",
                        where=f"{acl['NetworkAclId']}, {subnet['AvailabilityZone']}",
                        cure=f"allow incoming tcp {NFS_PORT} from {cidr}, before the rule that denies it",
                    )


@check("node-cannot-reach", Severity.ERROR, "May every node reach its mount target?", when=When.FILE_SYSTEM)
def reach(installation: Installation) -> Iterator[Problem]:
    """The rules that the mount targets' groups have now."""
    if not (installation.deployed or _makes_no_rules(installation)):
        return  # the deployment makes them
    groups = installation.target_groups
    nodes = installation.node_addresses or _typical_nodes(installation)
    for zone, target in sorted(installation.mount_targets.items()):
        rules = [
            rule
            for group in target["SecurityGroups"]
            if group in groups
            for rule in groups[group]["IpPermissions"]
        ]
        locked_out = [
            node.name
            for node in nodes
            if node.zone == zone
            and not admits(rules, NFS_PORT, address=node.address, groups=node.security_groups)
        ]
        if locked_out:
            yield Problem(
                what=f"no rule lets {_some(locked_out)} reach the mount target in {zone}",
                where=f"{target['MountTargetId']}, {', '.join(target['SecurityGroups'])}",
                cure=f"allow tcp {NFS_PORT} from the nodes' security groups, or write add_client_rules: true"
                if _makes_no_rules(installation)
                else f"allow tcp {NFS_PORT} from the nodes' security groups: deploy again, or undo by hand "
                "what took the rule away",
            )


@check("nfs-open-wider", Severity.WARNING, "Is the file system reachable for nobody else?", when=When.AFTER)
def open_wider(installation: Installation) -> Iterator[Problem]:
    """Rules that the environment does not declare."""
    environment = installation.environment
    if environment.file_system.existing:
        return  # its group is somebody else's, with rules for others
    clients = environment.file_system.nfs_clients
    groups = (
        environment.cluster.node_security_groups
        if isinstance(clients.security_groups, str)
        else clients.security_groups
    )
    declared = {*groups, *clients.cidrs}
    for group_id, group in sorted(installation.target_groups.items()):
        for rule in group["IpPermissions"]:
            if not covers(rule, NFS_PORT):
                continue
            for source in peers(rule):
                if source not in declared:
                    yield Problem(
                        what=f"{group_id} lets {source} reach the file system, which is not declared",
                        where=group_id,
                        cure="revoke the rule, or add it to file_system.nfs_clients",
                    )


@check("mount-target-missing", Severity.ERROR, "Has each zone its mount target?", when=When.FILE_SYSTEM)
def targets(installation: Installation) -> Iterator[Problem]:
    """A mount target for each of the environment's subnets."""
    existing = installation.environment.file_system.existing
    if existing and existing.make_mount_targets and not installation.deployed:
        return
    for subnet in installation.environment.cluster.subnets:
        if subnet.availability_zone not in installation.mount_targets:
            yield Problem(
                what=f"the file system has no mount target in {subnet.availability_zone}; "
                "pods on its nodes stay in ContainerCreating",
                where=f"{installation.file_system['FileSystemId']}, {subnet.id}",
                cure=("make it" if existing else "make it by hand with the stack's security group")
                + f" (aws efs create-mount-target --file-system-id "
                f"{installation.file_system['FileSystemId']} --subnet-id {subnet.id} "
                f"--security-groups {installation.target_group})"
                + (
                    ""
                    if existing
                    else ": CloudFormation does not notice that it is gone; where the zone is new in the "
                    "environment, deploy"
                ),
            )


@check(
    "mount-target-not-available", Severity.ERROR, "Are the mount targets available?", when=When.FILE_SYSTEM
)
def target_states(installation: Installation) -> Iterator[Problem]:
    """The life-cycle state of each."""
    for zone, target in sorted(installation.mount_targets.items()):
        if target["LifeCycleState"] != "available":
            yield Problem(
                what=f"the mount target in {zone} is {target['LifeCycleState']}",
                where=target["MountTargetId"],
                cure="wait a minute and a half; in the state error, delete it and make it again",
            )


@check("mount-target-group", Severity.ERROR, "Have the mount targets their group?", when=When.FILE_SYSTEM)
def target_security_groups(installation: Installation) -> Iterator[Problem]:
    """The security group that the stack made, or that the environment names."""
    group = installation.target_group
    for zone, target in sorted(installation.mount_targets.items()):
        if group not in target["SecurityGroups"]:
            yield Problem(
                what=f"the mount target in {zone} has {', '.join(target['SecurityGroups'])}, not {group}",
                where=target["MountTargetId"],
                cure="aws efs modify-mount-target-security-groups --mount-target-id "
                f"{target['MountTargetId']} --security-groups {group}",
            )


def _makes_no_rules(installation: Installation) -> bool:
    """Whether the security group of the mount targets is one that the stack leaves as it is."""
    existing = installation.environment.file_system.existing
    return existing is not None and not existing.add_client_rules


def _typical_nodes(installation: Installation) -> list[NodeAddress]:
    """Nodes as the environment describes them, where none can be seen."""
    groups = frozenset(installation.environment.cluster.node_security_groups)
    return [
        NodeAddress(
            name=f"nodes of {subnet['AvailabilityZone']}",
            zone=subnet["AvailabilityZone"],
            address=str(ipaddress.ip_network(subnet["CidrBlock"])[4]),
            security_groups=groups,
        )
        for subnet in installation.subnets.values()
    ]


def _acl_lets_in(entries: Sequence[Mapping[str, Any]], cidr: str) -> bool:
    """Whether the first entry that concerns NFS from a block allows it."""
    block = ipaddress.ip_network(cidr)
    for entry in sorted(entries, key=lambda one: int(one["RuleNumber"])):
        if entry["Egress"]:
            continue
        named = ipaddress.ip_network(entry.get("CidrBlock") or entry.get("Ipv6CidrBlock", "::/0"))
        if named.version != block.version or not named.overlaps(block):
            continue
        ports = entry.get("PortRange") or {}
        concerns_nfs = entry["Protocol"] == "-1" or (
            entry["Protocol"] in ("6", "tcp") and ports.get("From", 0) <= NFS_PORT <= ports.get("To", 65535)
        )
        if not concerns_nfs:
            continue
        if entry["RuleAction"] == "deny":
            return False
        if block.prefixlen >= named.prefixlen:
            return True
    # Nothing denies it, and allowed parts may add up to the block.
    return any(not entry["Egress"] and entry["RuleAction"] == "allow" for entry in entries)


def _some(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
