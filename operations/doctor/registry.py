"""The checks: what each asks, how bad its finding is, and when it can be asked."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from operations.doctor import checks as checks_package
from operations.doctor.installation import Installation
from operations.findings import Problem, Severity


class When(Enum):
    """When a check has a meaning."""

    ALWAYS = "always"
    BEFORE = "before"
    """Only while the stack is not deployed."""
    AFTER = "after"
    """Only once the stack is deployed."""
    FILE_SYSTEM = "file system"
    """Once there is a file system: from the first deployment on, or before it where one exists already."""
    AIRFLOW = "airflow"
    """Only where Airflow's needs are known."""


Run = Callable[[Installation], Iterator[Problem]]


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check."""

    id: str
    severity: Severity
    asks: str
    """The question, for `--list`."""
    when: When
    run: Run

    def applies(self, installation: Installation) -> bool:
        """Whether the check has a meaning now."""
        if self.when is When.AIRFLOW:
            return installation.airflow is not None
        if self.when is When.ALWAYS:
            return True
        if self.when is When.FILE_SYSTEM:
            return installation.file_system_id is not None
        return installation.deployed == (self.when is When.AFTER)


_CHECKS: dict[str, Check] = {}


def check(check_id: str, severity: Severity, asks: str, *, when: When = When.ALWAYS) -> Callable[[Run], Run]:
    """Register a function as a check.

    Args:
        check_id: its id: words joined by hyphens, the heading of its section in docs/doctor.md.
        severity: of what it finds.
        asks: the question that it answers, in a sentence.
        when: when it has a meaning. Default: always.

    Raises:
        ValueError: the id is taken.
    """

    def register(run: Run) -> Run:
        if check_id in _CHECKS:
            raise ValueError(f"two checks have the id {check_id}")
        _CHECKS[check_id] = Check(id=check_id, severity=severity, asks=asks, when=when, run=run)
        return run

    return register


def all_checks() -> list[Check]:
    """Every check, in the order in which the modules stand."""
    for module in sorted(info.name for info in pkgutil.iter_modules(checks_package.__path__)):
        importlib.import_module(f"{checks_package.__name__}.{module}")
    return list(_CHECKS.values())
