"""docs/commands.md knows every command."""

from pathlib import Path

import pytest
import typer.main

from operations.cli import app

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_table(name: str) -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ")]
    assert any(f"`{name}`" in row for row in rows)


def test_the_command_line_has_commands() -> None:
    assert {"rehearse", "values"} <= set(COMMANDS)
