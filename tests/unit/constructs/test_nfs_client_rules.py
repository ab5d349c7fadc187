from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.nfs_client_rules import NfsClientRules
from tests.unit.templates import of_type

GROUP = "sg-03d9c8b5a7f1e6240"


def rules(stack: Stack, **clients: Any) -> list[dict[str, Any]]:
    NfsClientRules(stack, "Rules", security_group_id=GROUP, **clients)
    found = of_type(Template.from_stack(stack), "AWS::EC2::SecurityGroupIngress").values()
    return [dict(rule["Properties"]) for rule in found]


def test_every_client_has_a_rule_of_its_own_in_the_group(stack: Stack) -> None:
    found = rules(
        stack,
        client_security_group_ids=["sg-0a1b2c3d4e5f60718"],
        client_cidrs=["10.20.0.0/16", "2001:db8:42::/48"],
        client_prefix_list_ids=["pl-0a1b2c3d4e5f60718"],
    )
    port = {"GroupId": GROUP, "IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
    sources = [
        {"SourceSecurityGroupId": "sg-0a1b2c3d4e5f60718"},
        {"CidrIp": "10.20.0.0/16"},
        {"CidrIpv6": "2001:db8:42::/48"},
        {"SourcePrefixListId": "pl-0a1b2c3d4e5f60718"},
    ]
    assert found == [
        {**port, **source, "Description": f"NFS from {next(iter(source.values()))}"} for source in sources
    ]


def test_one_more_client_changes_no_other_rule(stack: Stack) -> None:
    before = Stack(stack, "Before")
    after = Stack(stack, "After")
    NfsClientRules(before, "Rules", security_group_id=GROUP, client_cidrs=["10.20.0.0/16"])
    NfsClientRules(after, "Rules", security_group_id=GROUP, client_cidrs=["10.10.0.0/16", "10.20.0.0/16"])
    kind = "AWS::EC2::SecurityGroupIngress"
    former, latter = (of_type(Template.from_stack(one), kind) for one in (before, after))
    assert former.items() < latter.items()


def test_no_client_at_all_is_an_error(stack: Stack) -> None:
    with pytest.raises(ValueError, match="are all empty, so nobody could mount; name at least one"):
        rules(stack)


def test_the_internet_as_client_is_an_error(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"^client_cidrs: 0.0.0.0/0 is the whole internet"):
        rules(stack, client_cidrs=["0.0.0.0/0"])
