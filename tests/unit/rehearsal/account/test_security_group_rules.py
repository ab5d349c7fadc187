"""Rules of a security group, of every source that EC2 knows."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import Stacks, aws_client

PORT = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
IPV4 = {"CidrIp": "10.20.0.0/16"}
IPV6 = {"CidrIpv6": "2001:db8:42::/48"}
PREFIX_LIST = {"SourcePrefixListId": "pl-0a1b2c3d4e5f60718"}


def vpc_id() -> str:
    return str(aws_client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])


@pytest.fixture
def client_group(account: None) -> str:  # noqa: ARG001
    made = aws_client("ec2").create_security_group(GroupName="c", Description="clients", VpcId=vpc_id())
    return str(made["GroupId"])


def group(*sources: dict[str, str]) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "nfs",
            "SecurityGroupIngress": [{**PORT, **source} for source in sources],
            "VpcId": vpc_id(),
        },
    }


def rule(source: dict[str, str]) -> dict[str, Any]:
    properties = {"GroupId": {"Fn::GetAtt": ["G", "GroupId"]}, **PORT, **source}
    return {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": properties}


def sources(stacks: Stacks) -> list[str]:
    (made,) = stacks.client.describe_stack_resources(StackName="stack", LogicalResourceId="G")[
        "StackResources"
    ]
    found = aws_client("ec2").describe_security_groups(GroupIds=[made["PhysicalResourceId"]])
    return sorted(
        source
        for permission in found["SecurityGroups"][0]["IpPermissions"]
        for source in (
            *(block["CidrIp"] for block in permission["IpRanges"]),
            *(block["CidrIpv6"] for block in permission["Ipv6Ranges"]),
            *(entry["PrefixListId"] for entry in permission["PrefixListIds"]),
            *(pair["GroupId"] for pair in permission["UserIdGroupPairs"]),
        )
    )


def test_a_group_lets_in_every_kind_of_source(stacks: Stacks, client_group: str) -> None:
    client = {"SourceSecurityGroupId": client_group}
    assert stacks.deploy({"G": group(IPV4, IPV6, PREFIX_LIST, client)}) == "CREATE_COMPLETE"
    assert sources(stacks) == ["10.20.0.0/16", "2001:db8:42::/48", "pl-0a1b2c3d4e5f60718", client_group]


def test_a_group_keeps_what_stays_and_loses_what_goes(stacks: Stacks, client_group: str) -> None:
    client = {"SourceSecurityGroupId": client_group}
    stacks.deploy({"G": group(IPV4, IPV6, client)})
    assert stacks.deploy({"G": group(client, PREFIX_LIST)}) == "UPDATE_COMPLETE"
    assert sources(stacks) == ["pl-0a1b2c3d4e5f60718", client_group]


def test_a_rule_of_its_own_comes_and_goes_and_leaves_the_others(stacks: Stacks, client_group: str) -> None:
    client = {"SourceSecurityGroupId": client_group}
    rules = {"A": rule(IPV6), "B": rule(PREFIX_LIST), "C": rule(client)}
    assert stacks.deploy({"G": group(IPV4), **rules}) == "CREATE_COMPLETE"
    assert len(sources(stacks)) == 4
    assert stacks.deploy({"G": group(IPV4)}) == "UPDATE_COMPLETE"
    assert sources(stacks) == ["10.20.0.0/16"]


def test_a_rule_that_the_group_has_already_is_refused_as_by_ec2(stacks: Stacks) -> None:
    stacks.deploy({"G": group(IPV4), "Again": rule(IPV4)})
    reason = stacks.reason("Again", "CREATE_FAILED") or ""
    assert "already exists" in reason


def test_a_group_with_a_rule_twice_leaves_nothing(stacks: Stacks) -> None:
    groups = aws_client("ec2").describe_security_groups()["SecurityGroups"]
    assert stacks.deploy({"G": group(IPV4, IPV4)}) == "ROLLBACK_COMPLETE"
    assert "already exists" in str(stacks.reason("G", "CREATE_FAILED"))
    assert aws_client("ec2").describe_security_groups()["SecurityGroups"] == groups
