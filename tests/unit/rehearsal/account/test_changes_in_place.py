"""What a stack changes and deletes of moto's resources, and what it refuses to lose."""

import json
from pathlib import Path
from typing import Any

from rehearsal.account import recorded_only
from tests.unit.rehearsal.account.conftest import Functions
from tests.unit.rehearsal.account.stacks import Stacks, aws_client

PROJECT = Path(__file__).parents[4]


def role(service: str, **properties: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust, **properties}}


def group(*cidrs: str, team: str = "data") -> dict[str, Any]:
    rules = [{"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049, "CidrIp": cidr} for cidr in cidrs]
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "nfs",
            "SecurityGroupIngress": rules,
            "Tags": [{"Key": team, "Value": "1"}],
            "VpcId": aws_client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"],
        },
    }


def allowed(stacks: Stacks) -> list[str]:
    """The blocks and groups that the stack's group lets in."""
    (made,) = stacks.client.describe_stack_resources(StackName="stack", LogicalResourceId="G")[
        "StackResources"
    ]
    found = aws_client("ec2").describe_security_groups(GroupIds=[made["PhysicalResourceId"]])
    rules = found["SecurityGroups"][0]["IpPermissions"]
    blocks = [block["CidrIp"] for rule in rules for block in rule["IpRanges"]]
    return sorted(blocks + [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]])


def test_the_trust_and_the_tags_of_a_role_change(stacks: Stacks) -> None:
    stacks.deploy({"R": role("lambda.amazonaws.com")})
    changed = role("ec2.amazonaws.com", Tags=[{"Key": "team", "Value": "data"}], Description="new")
    assert stacks.deploy({"R": changed}) == "UPDATE_COMPLETE"
    (found,) = [one for one in aws_client("iam").list_roles()["Roles"] if one["RoleName"] != "function"]
    assert "ec2.amazonaws.com" in json.dumps(found["AssumeRolePolicyDocument"])
    tags = aws_client("iam").list_role_tags(RoleName=found["RoleName"])["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}]


def test_the_trust_of_a_role_changes_that_names_no_version(stacks: Stacks) -> None:
    stacks.deploy({"R": role("lambda.amazonaws.com")})
    changed = role("ec2.amazonaws.com")
    del changed["Properties"]["AssumeRolePolicyDocument"]["Version"]
    assert stacks.deploy({"R": changed}) == "UPDATE_COMPLETE"


def test_a_change_of_a_roles_managed_policies_is_refused(stacks: Stacks) -> None:
    stacks.deploy({"R": role("lambda.amazonaws.com")})
    changed = role("lambda.amazonaws.com", ManagedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    assert stacks.deploy({"R": changed}) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("R", "UPDATE_FAILED") == (
        "not rehearsed: a change of ManagedPolicyArns of AWS::IAM::Role"
    )


def test_the_blocks_that_a_group_lets_in_change_and_it_stays_the_same_group(stacks: Stacks) -> None:
    stacks.deploy({"G": group("10.0.0.0/16", "10.1.0.0/16")})
    assert stacks.deploy({"G": group("10.1.0.0/16", "10.2.0.0/16", team="ml")}) == "UPDATE_COMPLETE"
    assert allowed(stacks) == ["10.1.0.0/16", "10.2.0.0/16"]
    assert len({event.physical_id for event in stacks.events() if event.physical_id}) == 1


def test_a_rule_that_leaves_the_template_leaves_its_group(stacks: Stacks) -> None:
    rule = {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["G", "GroupId"]},
            "SourceSecurityGroupId": {"Fn::GetAtt": ["G", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 2049,
            "ToPort": 2049,
        },
    }
    stacks.deploy({"G": group("10.0.0.0/16"), "Rule": rule})
    assert len(allowed(stacks)) == 2
    assert stacks.deploy({"G": group("10.0.0.0/16")}) == "UPDATE_COMPLETE"
    assert allowed(stacks) == ["10.0.0.0/16"]


def test_the_code_of_a_function_changes(stacks: Stacks, functions: "Functions") -> None:
    def function(source: str) -> dict[str, Any]:
        properties = {
            "FunctionName": "f",
            "Role": aws_client("iam").get_role(RoleName="function")["Role"]["Arn"],
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": {"ZipFile": source},
        }
        return {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}

    hashes = set()
    for source in ("a = 1", "a = 2"):
        stacks.deploy(function(source))
        hashes.add(functions.client.get_function(FunctionName="f")["Configuration"]["CodeSha256"])
    assert len(hashes) == 2


def test_a_function_moves_into_a_vpc_and_out_of_it(stacks: Stacks, functions: "Functions") -> None:
    def function(**network: Any) -> dict[str, Any]:
        properties = {
            "FunctionName": "f",
            "Role": aws_client("iam").get_role(RoleName="function")["Role"]["Arn"],
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": {"ZipFile": "a = 1"},
            **network,
        }
        return {"F": {"Type": "AWS::Lambda::Function", "Properties": properties}}

    def subnets() -> list[str]:
        configuration = functions.client.get_function(FunctionName="f")["Configuration"]
        found: list[str] = configuration.get("VpcConfig", {}).get("SubnetIds", [])
        return found

    stacks.deploy(function())
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert stacks.deploy(function(VpcConfig=network)) == "UPDATE_COMPLETE"
    assert subnets() == ["subnet-1"]
    assert stacks.deploy(function()) == "UPDATE_COMPLETE"
    assert subnets() == []


def test_the_types_that_are_recorded_only_stand_in_the_table() -> None:
    text = (PROJECT / "docs" / "rehearsal.md").read_text()
    assert [kind for kind in sorted(recorded_only._TYPES) if f"`{kind}`" not in text] == []


def test_a_policy_in_the_template_of_a_role_is_described_as_a_document(stacks: Stacks) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    stacks.deploy(
        {"R": role("ec2.amazonaws.com", Policies=[{"PolicyName": "own", "PolicyDocument": policy}])}
    )
    iam = aws_client("iam")
    (made,) = iam.list_roles()["Roles"]
    described = iam.get_role_policy(RoleName=made["RoleName"], PolicyName="own")
    assert described["PolicyDocument"] == policy


def test_a_list_has_nothing_where_the_template_says_no_value(stacks: Stacks) -> None:
    made = role("ec2.amazonaws.com")
    made["Properties"]["AssumeRolePolicyDocument"]["Statement"].append({"Ref": "AWS::NoValue"})
    stacks.deploy({"R": made})
    (described,) = aws_client("iam").list_roles()["Roles"]
    assert len(described["AssumeRolePolicyDocument"]["Statement"]) == 1
