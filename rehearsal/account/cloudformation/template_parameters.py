"""The parameters of a template: which must be given, and what they may be, in the words of CloudFormation.

moto takes any value, and values for parameters that a template does not have.
"""

import re
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.ssm.models import SimpleSystemManagerBackend

from rehearsal.account.recorded_only import NotRehearsedError

_CONSTRAINTS = ("MaxLength", "MaxValue", "MinLength", "MinValue")
"""Those that are not checked."""

_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def check_parameters(template: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse values that do not fit the parameters of a template.

    Args:
        template: whose parameters.
        given: their values by name.

    Raises:
        ValidationError: names the parameters.
        NotRehearsedError: a parameter has a constraint that is not emulated.
    """
    declared: dict[str, dict[str, Any]] = template.get("Parameters", {})
    if unknown := sorted(given.keys() - declared.keys()):
        raise ValidationError(message=f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := sorted(
        name for name, slot in declared.items() if name not in given and "Default" not in slot
    ):
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for name, slot in declared.items():
        _check_value(name, slot, str(given.get(name, slot.get("Default"))))


def check_stored_parameters(
    template: dict[str, Any], given: dict[str, Any], store: SimpleSystemManagerBackend
) -> None:
    """Refuse a parameter that names one of Systems Manager which does not exist.

    Args:
        template: whose parameters.
        given: their values by name.
        store: where they are looked for.

    Raises:
        ValidationError: names all that are missing there.
    """
    named = {
        str(given.get(name, slot.get("Default")))
        for name, slot in template.get("Parameters", {}).items()
        if str(slot.get("Type")).startswith("AWS::SSM::Parameter::Value")
    }
    if missing := sorted(name for name in named if store.get_parameter(name) is None):
        raise ValidationError(
            message=f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account."
        )


def _check_value(name: str, slot: dict[str, Any], value: str) -> None:
    kind = slot.get("Type", "String")
    numbers = value.split(",") if kind == "List<Number>" else [value] if kind == "Number" else []
    if any(re.fullmatch(_NUMBER, one.strip()) is None for one in numbers):
        raise ValidationError(message=f"Parameter '{name}' must be a number.")
    for constraint in _CONSTRAINTS:
        if constraint in slot:
            raise NotRehearsedError(f"not rehearsed: {constraint} of a parameter, {name}")
    if "AllowedValues" in slot and value not in [str(one) for one in slot["AllowedValues"]]:
        raise ValidationError(message=f"Parameter '{name}' must be one of AllowedValues")
    pattern = slot.get("AllowedPattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        words = slot.get("ConstraintDescription", f"must match pattern {pattern}")
        raise ValidationError(message=f"Parameter {name} failed to satisfy constraint: {words}")
