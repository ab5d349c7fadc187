"""docs/commands.md has the fields of the report."""

import re
from pathlib import Path

from operations.discovery.findings import Report
from operations.exit_status import DIFFERS, INCOMPLETE

PAGE = (Path(__file__).parents[4] / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_field_of_the_report_is_documented_and_no_other() -> None:
    section = PAGE[PAGE.index("## discover") : PAGE.index("## cost")]
    table = section[section.index("### `--output json`") :]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Report.model_fields)


def test_the_exit_statuses_are_documented() -> None:
    assert f"| {DIFFERS} | `discover --write`" in PAGE
    assert f"| {INCOMPLETE} | `discover`" in PAGE
