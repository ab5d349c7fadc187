"""Says wrong usage in one line, as every other error: what is wrong with which value, and where help is.

Typer's own way is a box of several lines, which names the option but not the value.
"""

import re
from typing import Any

from pydantic import ValidationError
from typer.exceptions import TyperException


def explain(error: TyperException) -> str:
    """One line; empty where the help has been printed instead, because a command was left out."""
    said = " ".join(error.format_message().split()).rstrip(".")
    if not said:
        return ""
    param, hint = getattr(error, "param", None), getattr(error, "param_hint", None)
    name = hint or ("/".join(getattr(param, "opts", ())) or getattr(param, "name", None) if param else None)
    if name:
        said = f"{name}: {_what(error, param)}"
    context = getattr(error, "ctx", None)
    return f"{said}: see {context.command_path} --help" if context else said


def _what(error: TyperException, param: Any) -> str:
    if isinstance(error.__cause__, ValidationError):
        first = error.__cause__.errors()[0]
        words = re.sub("^(Input|Value error,) ?", "", first["msg"]).rstrip(".")
        return f'"{first["input"]}" {words}' if words.startswith("should") else words
    if error.message:
        return " ".join(error.message.split())
    variable = getattr(param, "envvar", None)
    names = [variable] if isinstance(variable, str) else [*(variable or ())]
    return "is missing: give it" + (f", or set {names[0]}" if names else "")
