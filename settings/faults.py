"""What is wrong in a settings file, in one form: the field, the value, the problem and the cure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a field stands: mapping keys and list indices, from the outside in."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        problem: continues a sentence that begins with the value ("is not a VPC id").
        cure: what to write instead, or what to do.
        at: path of the field below the one that the validator belongs to.
        subject: said in place of the value, for a fault that is not about the value that stands there.
    """

    problem: str
    cure: str
    at: Path = ()
    subject: str | None = None


class FaultsError(ValueError):
    """Raised by a validator; carries every fault that it found."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.problem}: {fault.cure}" for fault in self.faults))

    @classmethod
    def raise_if_any(cls, faults: Iterable[Fault]) -> None:
        """Raise when there is at least one fault."""
        found = tuple(faults)
        if found:
            raise cls(found)


class SettingsError(Exception):
    """An environment cannot be used.

    Attributes:
        faults: one line for each fault, each with file, line where known, field, value and cure.
    """

    def __init__(self, *faults: str) -> None:
        self.faults = faults
        super().__init__("\n".join(faults))


def render_path(path: Path) -> str:
    """Write a path as people do: `storage_classes[0].base_path`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        name = step if step.isprintable() else json.dumps(step)  # an error is one line
        text += f".{name}" if text else name
    return text
