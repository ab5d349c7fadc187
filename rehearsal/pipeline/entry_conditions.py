"""Whether a stage is entered: the conditions that CodePipeline (V2) looks at first.

https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rehearsal.pipeline.step_failed import StepFailedError
from rehearsal.pipeline.variables import Variables

_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "EQ": lambda variable, value: variable == value,
    "NE": lambda variable, value: variable != value,
    "CONTAINS": lambda variable, value: value in variable,
    "MATCHES": lambda variable, value: re.fullmatch(value, variable) is not None,
}


def is_entered(conditions: Iterable[Mapping[str, Any]], variables: Variables) -> bool:
    """Whether a stage with these conditions is entered; False: it is skipped.

    Raises:
        StepFailedError: a condition that does not hold fails the stage, or is not rehearsed.
    """
    for condition in conditions:
        if all(_holds(rule, variables) for rule in condition["rules"]):
            continue
        if condition["result"] != "SKIP":
            raise StepFailedError(f"a condition to enter does not hold: {condition['result']}")
        return False
    return True


def _holds(rule: Mapping[str, Any], variables: Variables) -> bool:
    provider = rule["ruleTypeId"]["provider"]
    if provider != "VariableCheck":
        raise StepFailedError(f"not rehearsed: a rule of the type {provider}")
    wanted = rule["configuration"]
    return _OPERATORS[wanted["Operator"]](variables.resolve(wanted["Variable"]), wanted["Value"])
