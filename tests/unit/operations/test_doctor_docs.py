"""docs/doctor.md has a section for each finding, and docs/commands-checks.md for each kind of break."""

import re
from pathlib import Path

import pytest

from operations.doctor.examination import NOT_CHECKED
from operations.doctor.registry import Check, When, all_checks
from operations.explanation import Kind

DOCS = Path(__file__).parents[3] / "docs"

WHEN = {
    When.ALWAYS: "always",
    When.BEFORE: "before a deployment",
    When.AFTER: "after a deployment",
    When.FILE_SYSTEM: "once there is a file system",
    When.AIRFLOW: "with Airflow",
}


def sections(page: str) -> dict[str, str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    parts = re.split(r"^### (\S+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_finding_has_a_section_and_no_section_is_of_nothing() -> None:
    assert set(sections("doctor.md")) == {NOT_CHECKED, *(check.id for check in all_checks())}


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_a_section_says_severity_occasion_question_meaning_and_cure(check: Check) -> None:
    section = sections("doctor.md")[check.id]
    assert f"*{check.severity.value}, {WHEN[check.when]}*: {check.asks}" in section
    _, _, meaning = section.strip().partition("\n\n")
    assert len(meaning.split()) >= 8


def test_every_kind_of_break_is_documented_and_nothing_else_is() -> None:
    text = (DOCS / "commands-checks.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z-]+)` \|", text, flags=re.MULTILINE)
    assert sorted(documented) == sorted(Kind)
