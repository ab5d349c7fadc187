import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk.assertions import Match, Template

from airflow_efs.nfs_security_group import NfsSecurityGroup
from tests.unit.templates import of_type, only


def test_a_security_group_of_clients_gets_in_by_nfs_only(stack: Stack, vpc: ec2.IVpc) -> None:
    NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_security_group_ids=["sg-03d9c8b5a7f1e6240"])
    (rule,) = only(of_type(Template.from_stack(stack), "AWS::EC2::SecurityGroup"))["Properties"][
        "SecurityGroupIngress"
    ]
    assert rule == {
        "Description": "NFS from sg-03d9c8b5a7f1e6240",
        "IpProtocol": "tcp",
        "FromPort": 2049,
        "ToPort": 2049,
        "SourceSecurityGroupId": "sg-03d9c8b5a7f1e6240",
    }


def test_networks_of_both_families_get_in_by_nfs_only(stack: Stack, vpc: ec2.IVpc) -> None:
    NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_cidrs=["10.20.0.0/16", "2001:db8:42::/48"])
    port = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}
    assert only(of_type(Template.from_stack(stack), "AWS::EC2::SecurityGroup"))["Properties"][
        "SecurityGroupIngress"
    ] == [
        {"CidrIp": "10.20.0.0/16", "Description": "NFS from 10.20.0.0/16", **port},
        {"CidrIpv6": "2001:db8:42::/48", "Description": "NFS from 2001:db8:42::/48", **port},
    ]


def test_a_prefix_list_gets_in_by_nfs_only(stack: Stack, vpc: ec2.IVpc) -> None:
    NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_prefix_list_ids=["pl-0a1b2c3d4e5f60718"])
    template = Template.from_stack(stack)
    (group,) = of_type(template, "AWS::EC2::SecurityGroup")
    assert only(of_type(template, "AWS::EC2::SecurityGroupIngress"))["Properties"] == {
        "Description": "NFS from pl-0a1b2c3d4e5f60718",
        "GroupId": {"Fn::GetAtt": [group, "GroupId"]},
        "IpProtocol": "tcp",
        "FromPort": 2049,
        "ToPort": 2049,
        "SourcePrefixListId": "pl-0a1b2c3d4e5f60718",
    }


def test_nothing_gets_out(stack: Stack, vpc: ec2.IVpc) -> None:
    NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_cidrs=["10.20.0.0/16"])
    (egress,) = only(of_type(Template.from_stack(stack), "AWS::EC2::SecurityGroup"))["Properties"][
        "SecurityGroupEgress"
    ]
    # EC2 reads an absent list as "everything": CDK writes a rule that matches nothing.
    assert egress["CidrIp"] == "255.255.255.255/32"


@pytest.mark.parametrize("name", ["efs-sg", None])
def test_the_name_is_the_given_one_or_none(stack: Stack, vpc: ec2.IVpc, name: str | None) -> None:
    NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_cidrs=["10.20.0.0/16"], name=name)
    Template.from_stack(stack).has_resource_properties(
        "AWS::EC2::SecurityGroup", {"GroupName": name or Match.absent()}
    )


def test_no_client_at_all_is_an_error(stack: Stack, vpc: ec2.IVpc) -> None:
    with pytest.raises(ValueError, match="are all empty, so nobody could mount; name at least one"):
        NfsSecurityGroup(stack, "Nfs", vpc=vpc)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_the_internet_as_client_is_an_error(stack: Stack, vpc: ec2.IVpc, cidr: str) -> None:
    with pytest.raises(ValueError, match=f"^client_cidrs: {cidr} is the whole internet; name the networks"):
        NfsSecurityGroup(stack, "Nfs", vpc=vpc, client_cidrs=[cidr])
