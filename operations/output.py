"""How a command prints: a table for people, or JSON for programs."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """The forms of a command's result."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="table for people, json for programs.", show_choices=True)
]
"""The option of every command that reports; the JSON shapes stand in docs/commands-checks.md."""
