"""What CloudFormation refuses in a template is refused in its own words, before anything is made."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import Stacks, after, aws_client, parameter

FORMAT = "Template format error: "
IN_RESOURCES = "in the Resources block of the template"
UNRESOLVED = f"{FORMAT}Unresolved resource dependencies [Gone] {IN_RESOURCES}"
NEVER = {"Never": {"Fn::Equals": ["a", "b"]}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Ref": "Gone"}, UNRESOLVED),
        ({"Fn::Join": ["-", ["a", {"Ref": "Gone"}]]}, UNRESOLVED),
        ({"Fn::Sub": "x-${Gone}"}, UNRESOLVED),
        ({"Fn::Sub": ["${Own}-${Gone}", {"Own": "x"}]}, UNRESOLVED),
        ({"Fn::Sub": ["${Own}", {"Own": {"Ref": "Gone"}}]}, UNRESOLVED),
        ({"Ref": "AWS::Regoin"}, UNRESOLVED.replace("Gone", "AWS::Regoin")),
        (
            {"Fn::GetAtt": ["Gone", "Arn"]},
            "Template error: instance of Fn::GetAtt references undefined resource Gone",
        ),
        (
            {"Fn::GetAtt": "Gone.Arn"},
            "Template error: instance of Fn::GetAtt references undefined resource Gone",
        ),
        (
            {"Fn::Sub": "${Gone.Arn}"},
            "Template error: instance of Fn::Sub references invalid resource attribute Gone.Arn",
        ),
        (
            {"Fn::GetAtt": ["B", "Colour"]},
            "Template error: resource B does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            {"Fn::Sub": "${B.Colour}"},
            "Template error: resource B does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            {"Fn::GetAtt": "B"},
            "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name "
            "and the resource attribute",
        ),
        (
            {"Fn::If": ["Gone", "a", "b"]},
            "Template error: unresolved condition dependency Gone in Fn::If",
        ),
        (None, f"{FORMAT}[/Resources/A/Properties/Value] 'null' values are not allowed in templates"),
        ([None], f"{FORMAT}[/Resources/A/Properties/Value/0] 'null' values are not allowed in templates"),
    ],
)
def test_a_value_that_refers_to_nothing_is_refused(stacks: Stacks, value: Any, words: str) -> None:
    assert stacks.refused({"A": parameter(value), "B": parameter()}) == words


def test_an_unknown_name_in_a_branch_that_is_not_taken_is_refused_too(stacks: Stacks) -> None:
    value = {"Fn::If": ["Never", {"Ref": "Gone"}, "b"]}
    assert stacks.refused({"A": parameter(value)}, Conditions=NEVER) == UNRESOLVED


@pytest.mark.parametrize("depends_on", ["Gone", ["B", "Gone"]])
def test_a_dependency_on_nothing_is_refused(stacks: Stacks, depends_on: Any) -> None:
    assert stacks.refused({"A": parameter(DependsOn=depends_on), "B": parameter()}) == UNRESOLVED


def test_every_name_is_listed(stacks: Stacks) -> None:
    resources = {"A": parameter({"Ref": "Y"}), "B": after("X")}
    assert stacks.refused(resources) == f"{FORMAT}Unresolved resource dependencies [X, Y] {IN_RESOURCES}"


def test_an_output_that_refers_to_nothing_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter()}, Outputs={"O": {"Value": {"Ref": "Gone"}}}) == (
        f"{FORMAT}Unresolved resource dependencies [Gone] in the Outputs block of the template"
    )


@pytest.mark.parametrize("block", ["Resources", "Outputs"])
def test_an_unknown_condition_is_refused(stacks: Stacks, block: str) -> None:
    resources = {"A": parameter(**({"Condition": "Gone"} if block == "Resources" else {}))}
    outputs = {"O": {"Value": "v", **({"Condition": "Gone"} if block == "Outputs" else {})}}
    assert stacks.refused(resources, Outputs=outputs) == (
        f"{FORMAT}Unresolved condition dependency Gone in the {block} block of the template"
    )


def test_a_condition_about_a_resource_is_refused(stacks: Stacks) -> None:
    conditions = {"C": {"Fn::Equals": [{"Ref": "A"}, "x"]}}
    assert stacks.refused({"A": parameter()}, Conditions=conditions) == (
        f"{FORMAT}Unresolved dependencies [A]. Cannot reference resources "
        "in the Conditions block of the template"
    )


def test_a_reference_to_what_a_condition_leaves_out_is_refused(stacks: Stacks) -> None:
    resources = {"A": parameter({"Ref": "Gone"}), "Gone": parameter(Condition="Never")}
    assert stacks.refused(resources, Conditions=NEVER) == UNRESOLVED


def test_a_reference_in_a_branch_that_is_not_taken_may_be_to_what_is_left_out(stacks: Stacks) -> None:
    value = {"Fn::If": ["Never", {"Ref": "Gone"}, "b"]}
    resources = {"A": parameter(value), "Gone": parameter(Condition="Never")}
    assert stacks.deploy(resources, Conditions=NEVER) == "CREATE_COMPLETE"


def test_a_dependency_on_what_a_condition_leaves_out_is_no_dependency(stacks: Stacks) -> None:
    resources = {"A": after("B"), "B": parameter(Condition="Never")}
    assert stacks.deploy(resources, Conditions=NEVER) == "CREATE_COMPLETE"


def test_a_circle_of_what_conditions_leave_out_is_refused_too(stacks: Stacks) -> None:
    resources = {"A": after("B"), "B": {**after("A"), "Condition": "Never"}, "C": parameter()}
    assert stacks.refused(resources, Conditions=NEVER) == "Circular dependency between resources: [A, B]"


def test_a_resource_without_a_type_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": {"Properties": {}}}) == (
        f"{FORMAT}[/Resources/A] Every Resources object must contain a Type member."
    )


def test_an_unknown_attribute_of_a_resource_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter(DeletePolicy="Retain")}) == (
        "Invalid template resource property 'DeletePolicy'"
    )


@pytest.mark.parametrize(
    ("attribute", "policy"),
    [("DeletionPolicy", "Keep"), ("UpdateReplacePolicy", "RetainExceptOnCreate")],
)
def test_an_unknown_policy_is_refused(stacks: Stacks, attribute: str, policy: str) -> None:
    assert stacks.refused({"A": parameter(**{attribute: policy})}) == (
        f"{FORMAT}Unrecognized {attribute} {policy} for resource A"
    )


@pytest.mark.parametrize("attribute", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_snapshot_of_what_has_none_is_refused(stacks: Stacks, attribute: str) -> None:
    assert stacks.refused({"A": parameter(**{attribute: "Snapshot"})}) == (
        "Template error: resource type AWS::SSM::Parameter does not support deletion policy Snapshot"
    )


def test_an_unknown_section_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter()}, Output={}) == (
        "Invalid template property or properties [Output]"
    )


def test_a_template_without_resources_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({}) == f"{FORMAT}At least one Resources member must be defined."


def test_a_deployed_stack_stays_as_it_is_when_a_change_is_refused(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    assert stacks.refused({"A": parameter({"Ref": "Gone"})}) == UNRESOLVED
    assert stacks.describe()["StackStatus"] == "CREATE_COMPLETE"


def test_a_property_that_the_type_has_not_fails_the_resource(stacks: Stacks) -> None:
    mistaken = parameter(DependsOn="A")
    mistaken["Properties"]["Values"] = ["1"]
    assert stacks.deploy({"A": parameter(), "B": mistaken}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("B", "CREATE_FAILED") == (
        "Properties validation failed for resource B with message:\n"
        "[#: extraneous key [Values] is not permitted]"
    )


def test_so_does_one_of_a_type_that_is_only_recorded(stacks: Stacks) -> None:
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Treshold": 1}}
    assert stacks.deploy({"A": alarm}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("A", "CREATE_FAILED") == (
        "Properties validation failed for resource A with message:\n"
        "[#: extraneous key [Treshold] is not permitted]"
    )


@pytest.mark.parametrize(
    ("kind", "properties", "fault"),
    [
        ("FileSystem", {"PerformanceMode": "fast"}, "#/PerformanceMode: fast is not a valid enum value"),
        ("FileSystem", {"Encrypted": "perhaps"}, "#/Encrypted: expected type: Boolean, found: String"),
        ("FileSystem", {"BackupPolicy": {}}, "#/BackupPolicy: required key [Status] not found"),
        (
            "FileSystem",
            {"LifecyclePolicies": [{"TransitionToIA": "AFTER_8_DAYS"}]},
            "#/LifecyclePolicies/0/TransitionToIA: AFTER_8_DAYS is not a valid enum value",
        ),
        (
            "MountTarget",
            {"SubnetId": "subnet-1", "SecurityGroups": []},
            "#: required key [FileSystemId] not found",
        ),
        (
            "MountTarget",
            {"FileSystemId": "fs-1", "SubnetId": "subnet-1", "SecurityGroups": "sg-1"},
            "#/SecurityGroups: expected type: JSONArray, found: String",
        ),
    ],
)
def test_a_value_that_does_not_fit_the_type_fails_the_resource(
    stacks: Stacks, kind: str, properties: dict[str, Any], fault: str
) -> None:
    assert stacks.deploy({"A": {"Type": f"AWS::EFS::{kind}", "Properties": properties}}) == (
        "ROLLBACK_COMPLETE"
    )
    assert stacks.reason("A", "CREATE_FAILED") == (
        f"Properties validation failed for resource A with message:\n[{fault}]"
    )


def test_the_text_of_a_boolean_or_number_is_taken_for_it(stacks: Stacks) -> None:
    properties = {
        "Encrypted": "false",
        "ThroughputMode": "provisioned",
        "ProvisionedThroughputInMibps": "12.5",
    }
    assert stacks.deploy({"A": {"Type": "AWS::EFS::FileSystem", "Properties": properties}}) == (
        "CREATE_COMPLETE"
    )
    (made,) = aws_client("efs").describe_file_systems()["FileSystems"]
    assert (made["Encrypted"], made["ProvisionedThroughputInMibps"]) == (False, 12.5)
