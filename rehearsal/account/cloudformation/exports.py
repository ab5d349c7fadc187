"""The exports of stacks, and the rule that one which another stack imports can neither go nor change.

moto publishes the exports of a stack that it creates; with change sets, of an update or a deletion it knows
nothing.
"""

from collections.abc import Iterator
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack


def publish(backend: CloudFormationBackend, stack: Stack, exports: list[parsing.Export]) -> None:
    """Make these the exports of the stack; those that it had before and has no longer disappear."""
    for export in _of(backend, stack):
        del backend.exports[export.name]
    backend.exports.update({export.name: export for export in exports})


def refuse_taken(backend: CloudFormationBackend, stack: Stack, exports: list[parsing.Export]) -> None:
    """Refuse the name of an export that another stack has.

    Raises:
        ValidationError: names the export and the stack that has it.
    """
    for export in exports:
        owner = backend.exports.get(export.name)
        if owner is not None and owner.exporting_stack_id != stack.stack_id:
            holder = owner.exporting_stack_id.split("/")[1]
            raise ValidationError(
                message=f"Export with name {export.name} is already exported by stack {holder}"
            )


def refuse_to_remove_used(
    backend: CloudFormationBackend, stack: Stack, exports: list[parsing.Export]
) -> None:
    """Refuse that a stack's exports become these, when one that is imported goes or changes its value.

    Raises:
        ValidationError: names the export and the stacks that import it.
    """
    values = {export.name: export.value for export in exports}
    for export in _of(backend, stack):
        users = [other.name for other in backend.stacks.values() if export.name in _imported(other)]
        if users and values.get(export.name) != export.value:
            verb = "updated" if export.name in values else "deleted"
            raise ValidationError(
                message=f"Export {export.name} cannot be {verb} as it is in use by {', '.join(sorted(users))}"
            )


def _of(backend: CloudFormationBackend, stack: Stack) -> list[parsing.Export]:
    return [one for one in backend.exports.values() if one.exporting_stack_id == stack.stack_id]


def _imported(stack: Stack) -> set[str]:
    return {str(parsing.clean_json(name, stack.resource_map)) for name in _import_values(stack.template_dict)}


def _import_values(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        for item in node:
            yield from _import_values(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Fn::ImportValue":
                yield value
            yield from _import_values(value)
