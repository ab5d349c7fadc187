from typing import Any

import pytest

from rehearsal.pipeline.entry_conditions import is_entered
from rehearsal.pipeline.step_failed import StepFailedError
from rehearsal.pipeline.variables import Variables


def condition(operator: str, value: str, *, result: str = "SKIP", provider: str = "VariableCheck") -> Any:
    rule = {
        "ruleTypeId": {"provider": provider},
        "configuration": {"Variable": "#{Changes.APPROVAL}", "Operator": operator, "Value": value},
    }
    return [{"result": result, "rules": [rule]}]


@pytest.fixture
def variables() -> Variables:
    variables = Variables("1")
    variables.add("Changes", {"APPROVAL": "not-needed"})
    return variables


def test_a_stage_without_conditions_is_entered(variables: Variables) -> None:
    assert is_entered([], variables)


@pytest.mark.parametrize(
    ("operator", "value", "entered"),
    [
        ("EQ", "not-needed", True),
        ("EQ", "needed", False),
        ("NE", "not-needed", False),
        ("NE", "needed", True),
        ("CONTAINS", "need", True),
        ("CONTAINS", "never", False),
        ("MATCHES", "not-.*", True),
        ("MATCHES", "not", False),
    ],
)
def test_a_condition_that_does_not_hold_skips_the_stage(
    variables: Variables, operator: str, value: str, *, entered: bool
) -> None:
    assert is_entered(condition(operator, value), variables) is entered


def test_a_condition_may_fail_the_stage(variables: Variables) -> None:
    with pytest.raises(StepFailedError, match="a condition to enter does not hold: FAIL"):
        is_entered(condition("EQ", "needed", result="FAIL"), variables)


def test_another_type_of_rule_is_refused(variables: Variables) -> None:
    with pytest.raises(StepFailedError, match="not rehearsed: a rule of the type LambdaInvoke"):
        is_entered(condition("EQ", "needed", provider="LambdaInvoke"), variables)
