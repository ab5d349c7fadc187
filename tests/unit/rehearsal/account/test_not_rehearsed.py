"""What the emulated account does not do is refused before anything is made, with the way out."""

from typing import Any

import pytest

from rehearsal.account.cloudformation.resource_schema import resource_schema
from rehearsal.treatment import RESOURCE_TYPES, Treatment
from tests.unit.rehearsal.account.stacks import Stacks, parameter

WAY_OUT = (
    "Rehearse without it, or teach it to the emulated account: see the beginning of rehearsal/treatment.py"
)


def not_rehearsed(*parts: str) -> str:
    return f"not rehearsed: {'; '.join(parts)}. {WAY_OUT}"


def file_system(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::EFS::FileSystem", "Properties": properties}


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({"Fn::Length": ["a"]}, "Fn::Length"),
        ({"Fn::GetAZs": ""}, "Fn::GetAZs"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, "Fn::Cidr"),
        ({"Fn::Transform": {"Name": "AWS::Include"}}, "Fn::Transform"),
        ({"Fn::GetAtt": ["B", {"Ref": "AWS::Region"}]}, "Fn::GetAtt with a reference for the attribute"),
        ({"Fn::Join": ["", {"Ref": "AWS::NotificationARNs"}]}, "AWS::NotificationARNs"),
        ("{{resolve:ssm:name}}", "{{resolve:…}}"),
    ],
)
def test_an_intrinsic_that_is_not_emulated_is_refused(stacks: Stacks, value: Any, part: str) -> None:
    resources = {"A": parameter(value), "B": parameter()}
    assert stacks.refused(resources) == not_rehearsed(f"{part} in Resources/A")


def test_an_intrinsic_of_an_output_is_refused_too(stacks: Stacks) -> None:
    outputs = {"O": {"Value": {"Fn::Length": ["a"]}}}
    assert stacks.refused({"A": parameter()}, Outputs=outputs) == not_rehearsed("Fn::Length in Outputs/O")


def test_an_intrinsic_of_a_condition_is_refused_too(stacks: Stacks) -> None:
    conditions = {"C": {"Fn::Contains": [["a"], "a"]}}
    assert stacks.refused({"A": parameter()}, Conditions=conditions) == (
        not_rehearsed("Fn::Contains in Conditions/C")
    )


@pytest.mark.parametrize("section", ["Transform", "Hooks"])
def test_a_section_that_is_not_emulated_is_refused(stacks: Stacks, section: str) -> None:
    assert stacks.refused({"A": parameter()}, **{section: "x"}) == not_rehearsed(f"the section {section}")


@pytest.mark.parametrize("attribute", ["CreationPolicy", "UpdatePolicy"])
def test_an_attribute_that_is_not_emulated_is_refused(stacks: Stacks, attribute: str) -> None:
    assert stacks.refused({"A": parameter(**{attribute: {"a": 1}})}) == not_rehearsed(f"the {attribute} of A")


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::Backup::Framework", "AWS::Neptune::DBCluster"])
def test_a_type_that_is_not_in_the_table_is_refused_even_where_moto_has_it(stacks: Stacks, kind: str) -> None:
    assert stacks.refused({"A": {"Type": kind}}) == not_rehearsed(f"a resource of type {kind}, A")


def test_a_property_that_no_model_heeds_is_refused(stacks: Stacks) -> None:
    target = {"Type": "AWS::EFS::MountTarget", "Properties": {"IpAddress": "10.0.0.1"}}
    assert stacks.refused({"T": target}) == (
        not_rehearsed("the property IpAddress of AWS::EFS::MountTarget, in T")
    )


def test_a_part_of_a_property_that_no_model_heeds_is_refused(stacks: Stacks) -> None:
    rule = {"IpProtocol": "tcp", "SourceSecurityGroupOwnerId": "123456789012"}
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"SecurityGroupIngress": [rule]}}
    assert stacks.refused({"G": group}) == not_rehearsed(
        "the property SecurityGroupIngress.SourceSecurityGroupOwnerId of AWS::EC2::SecurityGroup, in G"
    )


def test_everything_is_named_at_once(stacks: Stacks) -> None:
    target = {"Type": "AWS::EFS::MountTarget", "Properties": {"IpAddress": "1", "Ipv6Address": "2"}}
    assert stacks.refused({"T": target, "Q": {"Type": "AWS::SQS::Queue"}}) == not_rehearsed(
        "the property IpAddress of AWS::EFS::MountTarget, in T",
        "the property Ipv6Address of AWS::EFS::MountTarget, in T",
        "a resource of type AWS::SQS::Queue, Q",
    )


def test_a_property_may_stand_where_a_condition_leaves_it_out(stacks: Stacks) -> None:
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    system = file_system(Encrypted=True)
    target = {
        "Type": "AWS::EFS::MountTarget",
        "Condition": "Never",
        "Properties": {"IpAddress": "10.0.0.1"},
    }
    resources = {"F": system, "T": target}
    assert stacks.deploy(resources, Conditions=conditions) == "CREATE_COMPLETE"


def test_a_property_without_a_value_is_none(stacks: Stacks) -> None:
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    rule = {"Fn::If": ["Never", {"SourceSecurityGroupOwnerId": "1"}, {"Ref": "AWS::NoValue"}]}
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "g", "SecurityGroupIngress": [rule]},
    }
    assert stacks.deploy({"G": group}, Conditions=conditions) == "CREATE_COMPLETE"


def test_a_property_that_is_passed_over_is_taken(stacks: Stacks) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "LogDeliveryWrite"}}
    assert stacks.deploy({"B": bucket}) == "CREATE_COMPLETE"


def test_what_a_stack_has_stays_when_a_change_is_not_rehearsed(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    stacks.refused({"A": parameter({"Fn::Length": ["a"]})})
    assert stacks.deploy({"A": parameter("2")}) == "UPDATE_COMPLETE"


@pytest.mark.parametrize(
    "kind", [kind for kind, treated in RESOURCE_TYPES.items() if treated.heeds or treated.passes_over]
)
def test_the_table_names_properties_that_the_type_has(kind: str) -> None:
    treated = RESOURCE_TYPES[kind]
    names = {path.split(".")[0] for path in f"{treated.heeds} {treated.passes_over}".split()}
    schema = resource_schema(kind, "ap-northeast-2")
    assert schema is not None
    assert names - schema.schema["properties"].keys() == set()


def test_every_type_that_a_model_makes_has_its_properties_in_the_table() -> None:
    modelled = (Treatment.MOTO, Treatment.COMPLETED, Treatment.OURS)
    assert [kind for kind, treated in RESOURCE_TYPES.items() if treated.by in modelled] == [
        kind for kind, treated in RESOURCE_TYPES.items() if treated.heeds
    ]
