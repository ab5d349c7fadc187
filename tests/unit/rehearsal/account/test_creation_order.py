"""In which order resources are made: each after all that its body refers to."""

from typing import Any

import pytest
from moto.cloudformation.exceptions import ValidationError

from rehearsal.account.cloudformation.template_order import creation_order


def waits(value: Any, *, key: str = "Properties") -> bool:
    """Whether a resource that has the value waits for `A`, which comes after it by name and place."""
    order = creation_order({"First": {key: value}, "Another": {}, "A": {}})
    alone = creation_order({"First": {}, "Another": {}, "A": {}})
    assert sorted(order) == sorted(alone)
    assert alone.index("First") < alone.index("A")
    return order.index("First") > order.index("A")


@pytest.mark.parametrize(
    "value",
    [
        {"X": {"Ref": "A"}},
        {"X": [{"Y": [{"Ref": "A"}]}]},
        {"X": {"Fn::GetAtt": ["A", "Arn"]}},
        {"X": {"Fn::GetAtt": "A.Arn"}},
        {"X": {"Fn::GetAtt": "A.Endpoint.Address"}},
        {"X": {"Fn::GetAtt": ["Another", {"Ref": "A"}]}},
        {"X": {"Fn::Sub": "before ${A} after"}},
        {"X": {"Fn::Sub": "${AWS::Region}-${A.Arn}"}},
        {"X": {"Fn::Sub": ["${A}", {}]}},
        {"X": {"Fn::Sub": ["${A.Arn} ${Name}", {"Name": "value"}]}},
        {"X": {"Fn::Sub": ["${Name}", {"Name": {"Ref": "A"}}]}},
        {"X": {"Fn::Join": ["", ["a", {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "A"}]}]}]]}},
        {"X": {"Fn::If": ["Condition", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]}},
    ],
)
def test_a_resource_waits_for_what_it_refers_to(value: Any) -> None:
    assert waits(value)


@pytest.mark.parametrize(
    "value",
    [
        {"X": "A"},
        {"X": {"Fn::Sub": "${!A}"}},
        {"X": {"Fn::Sub": ["${A}", {"A": "a value of the same name"}]}},
        {"X": {"Ref": "AWS::Region"}},
        {"X": {"Fn::Sub": "${AWS::AccountId}"}},
        {"X": {"Ref": "Parameter"}},
        {"X": {"Fn::Sub": "${A"}},
        {"ContainerDefinitions": [{"DependsOn": [{"ContainerName": "A", "Condition": "START"}]}]},
        {"Filter": {"DependsOn": "A"}},
    ],
)
def test_a_resource_does_not_wait_for_what_only_looks_like_a_reference(value: Any) -> None:
    assert not waits(value)


@pytest.mark.parametrize("value", ["A", ["A"], ["Another", "A"]])
def test_a_resource_waits_for_what_it_depends_on(value: Any) -> None:
    assert waits(value, key="DependsOn")


def test_a_reference_outside_the_properties_counts_too() -> None:
    assert waits({"Note": {"Ref": "A"}}, key="Metadata")


@pytest.mark.parametrize(
    "body",
    [
        {"Properties": {"X": {"Ref": "A"}}},
        {"Properties": {"X": [{"Fn::GetAtt": ["A", "Arn"]}]}},
        {"Properties": {"X": {"Fn::GetAtt": "A.Arn"}}},
        {"Properties": {"X": {"Fn::Sub": "${A.Arn}"}}},
        {"DependsOn": "A"},
        {"DependsOn": ["B", "A"]},
    ],
)
def test_a_resource_that_waits_for_itself_is_a_circle(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        creation_order({"A": body, "B": {}})
    assert caught.value.message == "Circular dependency between resources: [A]"


def test_what_is_said_about_a_resource_may_name_it() -> None:
    assert creation_order({"A": {"Metadata": {"Note": {"Ref": "A"}}}}) == ["A"]


def test_a_chain_is_made_from_its_end() -> None:
    chain = {
        "A": {"DependsOn": "B"},
        "B": {"Properties": {"X": {"Fn::GetAtt": ["C", "Arn"]}}},
        "C": {"Properties": {"X": {"Fn::Sub": "${D}"}}},
        "D": {},
    }
    assert creation_order(chain) == ["D", "C", "B", "A"]


def test_resources_that_wait_for_each_other_are_named() -> None:
    circle = {
        "A": {"Properties": {"X": {"Ref": "B"}}},
        "B": {"DependsOn": ["C"]},
        "C": {"Properties": {"X": {"Fn::Sub": "${A.Arn}"}}},
        "Innocent": {"DependsOn": "A"},
    }
    with pytest.raises(ValidationError) as caught:
        creation_order(circle)
    assert caught.value.message == "Circular dependency between resources: [A, B, C]"
