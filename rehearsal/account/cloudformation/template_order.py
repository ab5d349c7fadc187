"""What the resources of a template refer to, and so which of them must exist before which.

moto makes a resource when something first asks for it. CloudFormation knows the whole order beforehand, from
`Ref`, `Fn::GetAtt`, `Fn::Sub` and `DependsOn`, and uses it for creation, change and, reversed, deletion.
"""

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any

from moto.cloudformation.exceptions import ValidationError

_SUB_VARIABLE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}")


def creation_order(resources: dict[str, Any]) -> list[str]:
    """Logical ids, each after all that it refers to (Ref, Fn::GetAtt, Fn::Sub) or depends on (DependsOn).

    Raises:
        ValidationError: resources wait for each other in a circle, or one for itself.
    """
    for name, body in resources.items():
        # Metadata say something about a resource, and may name it.
        if name in _needs({key: body[key] for key in body if key != "Metadata"}):
            raise ValidationError(message=f"Circular dependency between resources: [{name}]")
    try:
        return list(TopologicalSorter(dependencies(resources)).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise ValidationError(message=f"Circular dependency between resources: [{circle}]") from error


def dependencies(resources: dict[str, Any]) -> dict[str, set[str]]:
    """For each logical id, those of the others that must exist before it."""
    return {name: _needs(body) & resources.keys() - {name} for name, body in resources.items()}


def dependents(resources: dict[str, Any]) -> dict[str, set[str]]:
    """For each logical id, those of the others that must be gone before it."""
    needs = dependencies(resources)
    return {name: {other for other in needs if name in needs[other]} for name in needs}


def references(node: Any) -> Iterator[str]:
    """Every name that a part of a template refers to: logical ids, parameters, pseudo parameters."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref" and isinstance(value, str):
                yield value
            elif key == "Fn::GetAtt" and isinstance(value, str):
                yield value.split(".")[0]
            elif key == "Fn::GetAtt":
                yield value[0]
                yield from references(value[1:])
            elif key == "Fn::Sub":
                text, own = value if isinstance(value, list) else (value, {})
                yield from (name for name in _SUB_VARIABLE.findall(text) if name not in own)
                yield from references(own)
            else:
                yield from references(value)


def depended_on(body: dict[str, Any]) -> list[str]:
    """The logical ids in the DependsOn of a resource."""
    named: str | list[str] = body.get("DependsOn", [])
    return [named] if isinstance(named, str) else named


def _needs(body: dict[str, Any]) -> set[str]:
    # DependsOn has this meaning here only: an ECS container, for one, has a property of the same name.
    return {*depended_on(body), *references({key: body[key] for key in body if key != "DependsOn"})}
