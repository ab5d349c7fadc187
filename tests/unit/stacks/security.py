"""What must never be true of a template, each as a function that names what is wrong.

They are functions and not assertions, so that tests can also show that each of them does find its fault.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from ipaddress import ip_network
from typing import Any

from tests.unit.templates import Resources

WRITES = {
    "elasticfilesystem:CreateAccessPoint",
    "elasticfilesystem:DeleteAccessPoint",
    "elasticfilesystem:TagResource",
}
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


def _of(resources: Resources, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, resource in resources.items():
        if resource["Type"] in kinds:
            yield key, dict(resource.get("Properties", {}))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _held(statement: dict[str, Any]) -> bool:
    """Whether a statement is held to more than a kind of resource: to one, or by a condition."""
    whole = [one for one in _list(statement["Resource"]) if "*" in str(one)]
    return not whole or bool(statement.get("Condition"))


def unencrypted_file_systems(resources: Resources) -> list[str]:
    return [
        key
        for key, properties in _of(resources, "AWS::EFS::FileSystem")
        if properties.get("Encrypted") is not True
    ]


def _is_private(cidr: str) -> bool:
    block = ip_network(cidr)
    return any(
        block.subnet_of(whole)  # type: ignore[arg-type]  # of the same version
        for whole in map(ip_network, PRIVATE)
        if whole.version == block.version
    )


def ingress_from_the_internet(resources: Resources) -> list[str]:
    def is_open(rule: dict[str, Any]) -> bool:
        cidrs = [rule[key] for key in ("CidrIp", "CidrIpv6") if key in rule]
        # A block that is only known later, or is no part of a private network, counts as open.
        return any(not isinstance(cidr, str) or not _is_private(cidr) for cidr in cidrs)

    found = [
        key
        for key, properties in _of(resources, "AWS::EC2::SecurityGroup")
        if any(is_open(rule) for rule in properties.get("SecurityGroupIngress", []))
    ]
    return found + [
        key for key, properties in _of(resources, "AWS::EC2::SecurityGroupIngress") if is_open(properties)
    ]


def loose_web_identity_trusts(resources: Resources) -> list[str]:
    """Roles that a token of the cluster can assume without its subject and its audience being looked at."""

    def is_tight(statement: dict[str, Any]) -> bool:
        equals = statement.get("Condition", {}).get("StringEquals", {})
        asked = {key.rpartition(":")[2] for key, value in equals.items() if value and "*" not in value}
        return {"sub", "aud"} <= asked

    return [
        key
        for key, properties in _of(resources, "AWS::IAM::Role")
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]
        if any(fnmatch("sts:AssumeRoleWithWebIdentity", action) for action in _list(statement["Action"]))
        and not is_tight(statement)
    ]


def zones_without_mount_target(resources: Resources, subnets: dict[str, str]) -> list[str]:
    """Zones of the environment (by subnet) in which the file system cannot be mounted."""
    there = {properties["SubnetId"] for _, properties in _of(resources, "AWS::EFS::MountTarget")}
    return sorted(zone for subnet, zone in subnets.items() if subnet not in there)


def writes_on_everything(resources: Resources) -> list[str]:
    return [
        key
        for key, properties in _of(resources, *POLICIES)
        for statement in properties["PolicyDocument"]["Statement"]
        if any(fnmatch(write, action) for write in WRITES for action in _list(statement["Action"]))
        and (not _held(statement) or "*" in _list(statement["Resource"]))
    ]
