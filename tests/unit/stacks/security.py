"""What must never be true of a template, each as a function that names what is wrong.

They are functions and not assertions, so that tests can also show that each of them does find its fault.
"""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from tests.unit.templates import Resources

WRITES = {
    "elasticfilesystem:CreateAccessPoint",
    "elasticfilesystem:DeleteAccessPoint",
    "elasticfilesystem:TagResource",
}
POLICIES = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")


def _of(resources: Resources, *kinds: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, resource in resources.items():
        if resource["Type"] in kinds:
            yield key, dict(resource.get("Properties", {}))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def unencrypted_file_systems(resources: Resources) -> list[str]:
    return [
        key
        for key, properties in _of(resources, "AWS::EFS::FileSystem")
        if properties.get("Encrypted") is not True
    ]


def ingress_from_the_internet(resources: Resources) -> list[str]:
    def is_open(rule: dict[str, Any]) -> bool:
        cidrs = [rule[key] for key in ("CidrIp", "CidrIpv6") if key in rule]
        return any(ip_network(cidr).prefixlen == 0 for cidr in cidrs)

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
        if statement["Action"] == "sts:AssumeRoleWithWebIdentity" and not is_tight(statement)
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
        if WRITES & set(_list(statement["Action"])) and "*" in _list(statement["Resource"])
    ]
