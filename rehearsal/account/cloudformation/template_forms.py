"""The intrinsics of a template: found, and their short forms in the long ones.

moto takes `Fn::GetAtt: "A.Arn"` apart letter by letter, and of `Fn::Sub` it loses what follows a second dot
and what stands in a name with an exclamation mark. The long forms it evaluates as CloudFormation does.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

VARIABLE = re.compile(r"\$\{([^}]*)\}")
"""A variable of Fn::Sub; one that begins with `!` stands for itself, without it."""


NO_VALUE = {"Ref": "AWS::NoValue"}
"""What stands for nothing at all."""


def in_long_form(node: Any) -> Any:
    """A part of a template with Fn::GetAtt as a list, and Fn::Join in the place of Fn::Sub."""
    if isinstance(node, list):
        return [in_long_form(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {"Fn::GetAtt"}:
        return {"Fn::GetAtt": parts_of_get_att(node["Fn::GetAtt"])}
    if node.keys() == {"Fn::Sub"}:
        text, values = parts_of_sub(node["Fn::Sub"])
        pieces = list(_pieces(text, {name: in_long_form(value) for name, value in values.items()}))
        return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], str) else {"Fn::Join": ["", pieces]}
    return {key: in_long_form(value) for key, value in node.items()}


def parts_of_get_att(value: Any) -> list[Any]:
    """Logical id and attribute of a Fn::GetAtt."""
    if isinstance(value, str):
        return value.split(".", 1)
    # moto takes the text of YAML's !GetAtt apart at every dot.
    return [value[0], ".".join(value[1:])] if len(value) > 2 else value


def parts_of_sub(value: Any) -> tuple[str, dict[str, Any]]:
    """The text of a Fn::Sub, and the values that it gives to some of its variables itself."""
    text, values = value if isinstance(value, list) else (value, {})
    return str(text), values


def as_taken(node: Any, conditions: Mapping[str, bool]) -> Any:
    """A part of a template with the branch of each Fn::If that its condition takes, and no AWS::NoValue."""
    if isinstance(node, dict) and node.keys() == {"Fn::If"}:
        condition, yes, no = node["Fn::If"]
        return as_taken(yes if conditions[condition] else no, conditions)
    if isinstance(node, list):
        return [one for item in node if (one := as_taken(item, conditions)) != NO_VALUE]
    if isinstance(node, dict):
        taken = {key: as_taken(value, conditions) for key, value in node.items()}
        return {key: value for key, value in taken.items() if value != NO_VALUE}
    return node


def intrinsics(node: Any) -> Iterator[tuple[str, Any]]:
    """Every intrinsic in a part of a template, with what it is given: Ref, and all that begin with `Fn::`."""
    if isinstance(node, list):
        for item in node:
            yield from intrinsics(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" or key.startswith("Fn::"):
                yield key, value
            yield from intrinsics(value)


def _pieces(text: str, values: dict[str, Any]) -> Iterator[Any]:
    end = 0
    for found in VARIABLE.finditer(text):
        if before := text[end : found.start()]:
            yield before
        end, name = found.end(), found.group(1)
        if name.startswith("!"):
            yield f"${{{name[1:]}}}"
        elif name in values:
            yield values[name]
        elif "." in name:
            yield {"Fn::GetAtt": parts_of_get_att(name)}
        else:
            yield {"Ref": name}
    if rest := text[end:]:
        yield rest
    elif end == 0:
        yield ""
