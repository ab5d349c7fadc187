"""The `Rules` of a template: what its parameters must be, checked before anything is made.

moto passes over them. Every template of CDK has one, about the version of its bootstrap stack.
"""

from collections.abc import Callable
from typing import Any

from moto.cloudformation.exceptions import ValidationError

from rehearsal.account.recorded_only import NotRehearsedError


def check_rules(template: dict[str, Any], value_of: Callable[[Any], Any]) -> None:
    """Refuse parameters that an assertion of a rule does not allow.

    Args:
        template: whose rules.
        value_of: evaluates a reference.

    Raises:
        ValidationError: names the rule, with its own words.
        NotRehearsedError: a rule uses a function that is not emulated.
    """
    for name, rule in template.get("Rules", {}).items():
        if "RuleCondition" in rule and not _holds(rule["RuleCondition"], value_of):
            continue
        for assertion in rule["Assertions"]:
            if not _holds(assertion["Assert"], value_of):
                # Which words CloudFormation puts before those of the template is not known here.
                raise ValidationError(
                    message=f"Template error: rule {name}: {assertion.get('AssertDescription', 'not met')}"
                )


def _holds(test: Any, value_of: Callable[[Any], Any]) -> bool:
    ((function, operands),) = test.items()
    if function == "Fn::Not":
        return not _holds(operands[0], value_of)
    if function in ("Fn::And", "Fn::Or"):
        each = [_holds(one, value_of) for one in operands]
        return all(each) if function == "Fn::And" else any(each)
    if function not in ("Fn::Contains", "Fn::Equals"):
        raise NotRehearsedError(f"not rehearsed: {function} in a rule of a template")
    first, second = value_of(operands[0]), value_of(operands[1])
    return bool(second in first if function == "Fn::Contains" else first == second)
