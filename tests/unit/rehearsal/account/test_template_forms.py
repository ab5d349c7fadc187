"""Short forms of intrinsics mean the same as the long ones."""

from typing import Any

import pytest

from rehearsal.account.cloudformation.template_forms import as_taken, in_long_form
from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ({"Fn::GetAtt": "A.Arn"}, {"Fn::GetAtt": ["A", "Arn"]}),
        ({"Fn::GetAtt": "A.Endpoint.Address"}, {"Fn::GetAtt": ["A", "Endpoint.Address"]}),
        ({"Fn::GetAtt": ["A", "Endpoint", "Address"]}, {"Fn::GetAtt": ["A", "Endpoint.Address"]}),
        ({"Fn::GetAtt": ["A", "Arn"]}, {"Fn::GetAtt": ["A", "Arn"]}),
        ({"Fn::Sub": "plain"}, "plain"),
        ({"Fn::Sub": ""}, ""),
        ({"Fn::Sub": "${!Plain}"}, "${Plain}"),
        ({"Fn::Sub": "${A}"}, {"Fn::Join": ["", [{"Ref": "A"}]]}),
        (
            {"Fn::Sub": "a-${A}-${B.Arn}-${!C}."},
            {"Fn::Join": ["", ["a-", {"Ref": "A"}, "-", {"Fn::GetAtt": ["B", "Arn"]}, "-", "${C}", "."]]},
        ),
        (
            {"Fn::Sub": ["${Own}${A}", {"Own": {"Fn::Sub": "x${B}"}}]},
            {"Fn::Join": ["", [{"Fn::Join": ["", ["x", {"Ref": "B"}]]}, {"Ref": "A"}]]},
        ),
        ([{"X": {"Fn::GetAtt": "A.Arn"}}], [{"X": {"Fn::GetAtt": ["A", "Arn"]}}]),
    ],
)
def test_a_short_form_becomes_the_long_one(short: Any, long: Any) -> None:
    assert in_long_form(short) == long


def test_what_is_not_taken_and_what_is_no_value_goes() -> None:
    none = {"Ref": "AWS::NoValue"}
    node = {
        "A": none,
        "B": ["b", none, {"Fn::If": ["Yes", "c", "d"]}, {"Fn::If": ["No", "e", none]}],
        "C": {"D": {"Fn::If": ["No", "f", {"Fn::If": ["Yes", none, "g"]}]}},
    }
    assert as_taken(node, {"Yes": True, "No": False}) == {"B": ["b", "c"], "C": {}}


@pytest.mark.parametrize("value", [{"Fn::GetAtt": "F.FileSystemId"}, {"Fn::Sub": "${F.FileSystemId}"}])
def test_a_stack_evaluates_the_short_forms(stacks: Stacks, value: Any) -> None:
    system = {"Type": "AWS::EFS::FileSystem", "Properties": {}}
    assert stacks.deploy({"A": parameter(value), "F": system}) == "CREATE_COMPLETE"
    (made,) = aws_client("efs").describe_file_systems()["FileSystems"]
    found = aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"]
    assert found == made["FileSystemId"]


def test_an_output_evaluates_them_too(stacks: Stacks) -> None:
    system = {"Type": "AWS::EFS::FileSystem", "Properties": {}}
    outputs = {"O": {"Value": {"Fn::GetAtt": "F.FileSystemId"}}}
    stacks.deploy({"F": system}, Outputs=outputs)
    (made,) = aws_client("efs").describe_file_systems()["FileSystems"]
    assert stacks.describe()["Outputs"][0]["OutputValue"] == made["FileSystemId"]
