"""Parameters and rules of a template decide before anything is made."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter

BOOTSTRAP = {
    "CheckBootstrapVersion": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "Version"}]}]},
                "AssertDescription": "CDK bootstrap stack version 3 required.",
            }
        ]
    }
}


def section(**attributes: Any) -> dict[str, Any]:
    return {"Version": {"Type": "String", **attributes}}


def test_a_parameter_without_a_value_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter()}, Parameters=section()) == (
        "Parameters: [Version] must have values"
    )


def test_a_value_without_a_parameter_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter()}, values={"Version": "1"}) == (
        "Parameters: [Version] do not exist in the template"
    )


def test_a_value_that_is_not_allowed_is_refused(stacks: Stacks) -> None:
    parameters = section(AllowedValues=["a", "b"])
    assert stacks.refused({"A": parameter()}, Parameters=parameters, values={"Version": "c"}) == (
        "Parameter 'Version' must be one of AllowedValues"
    )
    assert stacks.deploy({"A": parameter()}, Parameters=parameters, values={"Version": "b"}) == (
        "CREATE_COMPLETE"
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "must match pattern [a-z]+"),
        ({"ConstraintDescription": "only small letters"}, "only small letters"),
    ],
)
def test_a_value_that_does_not_match_is_refused(stacks: Stacks, more: dict[str, Any], words: str) -> None:
    parameters = section(AllowedPattern="[a-z]+", **more)
    assert stacks.refused({"A": parameter()}, Parameters=parameters, values={"Version": "A"}) == (
        f"Parameter Version failed to satisfy constraint: {words}"
    )


def test_a_constraint_that_is_not_checked_is_refused(stacks: Stacks) -> None:
    assert stacks.refused({"A": parameter()}, Parameters=section(MaxLength=1, Default="a")) == (
        "not rehearsed: MaxLength of a parameter, Version"
    )


def test_a_rule_that_does_not_hold_is_refused_with_its_words(stacks: Stacks) -> None:
    assert stacks.refused(
        {"A": parameter()}, Parameters=section(), Rules=BOOTSTRAP, values={"Version": "2"}
    ) == ("Template error: rule CheckBootstrapVersion: CDK bootstrap stack version 3 required.")


def test_a_rule_that_holds_is_no_hindrance(stacks: Stacks) -> None:
    assert (
        stacks.deploy({"A": parameter()}, Parameters=section(), Rules=BOOTSTRAP, values={"Version": "3"})
        == "CREATE_COMPLETE"
    )


IS_A = {"Fn::Equals": [{"Ref": "Version"}, "a"]}
IS_B = {"Fn::Equals": [{"Ref": "Version"}, "b"]}


@pytest.mark.parametrize(
    ("test", "holds"),
    [
        (IS_A, True),
        (IS_B, False),
        ({"Fn::And": [IS_A, IS_B]}, False),
        ({"Fn::Or": [IS_A, IS_B]}, True),
        ({"Fn::Not": [IS_A]}, False),
    ],
)
def test_an_assertion_is_evaluated(stacks: Stacks, test: Any, holds: bool) -> None:
    rules = {"R": {"Assertions": [{"Assert": test}]}}
    sections: dict[str, Any] = {"Parameters": section(), "Rules": rules, "values": {"Version": "a"}}
    if holds:
        assert stacks.deploy({"A": parameter()}, **sections) == "CREATE_COMPLETE"
    else:
        assert stacks.refused({"A": parameter()}, **sections) == "Template error: rule R: not met"


def test_a_rule_whose_condition_does_not_hold_is_not_asked(stacks: Stacks) -> None:
    rules = {"R": {"RuleCondition": IS_B, "Assertions": [{"Assert": IS_B}]}}
    assert (
        stacks.deploy({"A": parameter()}, Parameters=section(), Rules=rules, values={"Version": "a"})
        == "CREATE_COMPLETE"
    )


def test_a_function_of_rules_that_is_not_emulated_is_refused(stacks: Stacks) -> None:
    test = {"Fn::EachMemberIn": [["a"], ["a"]]}
    assert stacks.refused({"A": parameter()}, Rules={"R": {"Assertions": [{"Assert": test}]}}) == (
        "not rehearsed: Fn::EachMemberIn in a rule of a template"
    )


@pytest.mark.parametrize(("kind", "value"), [("Number", "many"), ("List<Number>", "1,many")])
def test_a_word_is_no_number(stacks: Stacks, kind: str, value: str) -> None:
    slot = {"Version": {"Type": kind}}
    assert stacks.refused({"A": parameter()}, Parameters=slot, values={"Version": value}) == (
        "Parameter 'Version' must be a number."
    )


def test_a_number_is_taken(stacks: Stacks) -> None:
    slot = {"Version": {"Type": "List<Number>"}}
    assert stacks.deploy({"A": parameter()}, Parameters=slot, values={"Version": "1, 2.5"}) == (
        "CREATE_COMPLETE"
    )


def test_what_the_parameter_store_has_not_is_refused(stacks: Stacks) -> None:
    slot = {"Version": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk/version"}}
    assert stacks.refused({"A": parameter()}, Parameters=slot) == (
        "Unable to fetch parameters [/cdk/version] from parameter store for this account."
    )


def test_a_parameter_without_echo_is_not_shown(stacks: Stacks) -> None:
    slots = {"Secret": {"Type": "String", "NoEcho": True}, "Plain": {"Type": "String"}}
    resources = {"A": parameter({"Ref": "Secret"})}
    stacks.deploy(resources, Parameters=slots, values={"Secret": "hidden", "Plain": "shown"})
    shown = {one["ParameterKey"]: one["ParameterValue"] for one in stacks.describe()["Parameters"]}
    assert shown == {"Secret": "****", "Plain": "shown"}
    assert aws_client("ssm").get_parameter(Name="stack-A")["Parameter"]["Value"] == "hidden"
