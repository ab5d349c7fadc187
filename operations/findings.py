"""What a check finds: one frozen record for people and programs, and what it means for an exit status."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

DOCS = "docs/doctor.md"
"""The page with a section for each finding."""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """The deployment fails, or a pod cannot use its volume."""
    WARNING = "warning"
    """It works, but not as the environment says, or not for long."""
    UNKNOWN = "unknown"
    """A check could not be made, so there may be a fault."""


STATUS_OF_ERRORS = 3
"""Exit status: at least one error."""
STATUS_OF_UNKNOWNS = 4
"""Exit status: no error, but a check could not be made."""
STATUS_OF_WARNINGS = 5
"""Exit status: warnings only."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a check yields: what is wrong, where, and how to mend it."""

    what: str
    where: str
    cure: str


class Record(BaseModel):
    """A frozen part of a report that programs read; no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Finding(Record):
    """One thing that is wrong."""

    check: str
    """The check's id, which is also the heading of its section in docs/doctor.md."""
    severity: Severity
    what: str
    where: str
    cure: str
    docs: str
    """The section of the documentation."""

    @classmethod
    def of(cls, problem: Problem, *, check: str, severity: Severity) -> "Finding":
        """The finding of a check."""
        return cls(
            check=check,
            severity=severity,
            what=problem.what,
            where=problem.where,
            cure=problem.cure,
            docs=f"{DOCS}#{check}",
        )


class Skipped(Record):
    """A check that has no meaning while another finding stands."""

    check: str
    because: str
    """The id of that finding."""


class Report(Record):
    """What `airflow-efs doctor` found: the shape of its JSON."""

    environment: str
    account: str
    region: str
    cluster: str
    stage: Literal["before", "after"]
    """Whether the stack is deployed."""
    checks: int
    """How many checks were made."""
    skipped: tuple[Skipped, ...]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> int:
        """The exit status: 0 when nothing is wrong."""
        return status_of(finding.severity for finding in self.findings)


def status_of(severities: Iterable[Severity]) -> int:
    """The exit status of the worst of some severities: error, then unknown, then warning, then nothing."""
    found = set(severities)
    if Severity.ERROR in found:
        return STATUS_OF_ERRORS
    if Severity.UNKNOWN in found:
        return STATUS_OF_UNKNOWNS
    return STATUS_OF_WARNINGS if found else 0
