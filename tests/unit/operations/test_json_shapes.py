"""The JSON that docs/commands-checks.md shows is what the commands print."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from operations.findings import Finding, Problem, Report, Severity, status_of
from operations.prove.report import ProveReport
from operations.trace_command import TraceReport

PAGE = (Path(__file__).parents[3] / "docs" / "commands-checks.md").read_text(encoding="utf-8")
EXAMPLES = {
    name: json.loads(text) for name, text in re.findall(r"```json (\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
}
MODELS: dict[str, type[BaseModel]] = {"doctor": Report, "trace": TraceReport, "prove": ProveReport}


def test_every_command_has_an_example() -> None:
    assert set(EXAMPLES) == set(MODELS)


@pytest.mark.parametrize("command", sorted(MODELS))
def test_an_example_is_read_by_the_commands_own_model(command: str) -> None:
    MODELS[command].model_validate_json(json.dumps(EXAMPLES[command]))


@pytest.mark.parametrize("command", sorted(MODELS))
def test_an_example_shows_every_field(command: str) -> None:
    shown = MODELS[command].model_validate(EXAMPLES[command]).model_dump(mode="json")
    assert set(EXAMPLES[command]) == set(shown)
    for name, value in shown.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert set(EXAMPLES[command][name][0]) == set(value[0]), name


@pytest.mark.parametrize("command", sorted(MODELS))
def test_an_unknown_field_is_no_part_of_the_shape(command: str) -> None:
    changed: dict[str, Any] = {**EXAMPLES[command], "more": 1}
    with pytest.raises(ValidationError, match="more"):
        MODELS[command].model_validate(changed)


@pytest.mark.parametrize(
    ("severities", "status"),
    [
        ([], 0),
        ([Severity.WARNING], 5),
        ([Severity.WARNING, Severity.UNKNOWN], 4),
        ([Severity.UNKNOWN, Severity.WARNING, Severity.ERROR], 3),
    ],
)
def test_the_exit_status_is_that_of_the_worst_finding(severities: list[Severity], status: int) -> None:
    assert status_of(severities) == status
    assert f"| {status} |" in PAGE


def test_a_finding_links_to_its_section() -> None:
    finding = Finding.of(Problem(what="w", where="h", cure="c"), check="vpc-dns", severity=Severity.ERROR)
    assert finding.docs == "docs/doctor.md#vpc-dns"
