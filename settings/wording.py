"""Says in plain words what pydantic found wrong with the data of a file."""

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from settings.faults import Fault, FaultsError, Path, render_path
from settings.section import Section, sections_in
from settings.value_at import value_at
from settings.yaml_file import YamlFile

_NOT_TEXT: Final = {bool: "is true or false in YAML", int: "is a number", float: "is a number"}


def fault_lines(error: ValidationError, model: type[Section], file: YamlFile) -> list[str]:
    """One line for each fault, in the order of the file."""
    lines = []
    for details in error.errors(include_url=False):
        path = _path_in(file.data, details)
        for fault in _faults(details, path, model, file):
            lines.append((file.line((*path, *fault.at)), fault_line(file, path, fault)))
    return [text for _, text in sorted(lines, key=lambda line: line[0])]


def fault_line(file: YamlFile, path: Path, fault: Fault) -> str:
    """`FILE:LINE: FIELD: VALUE PROBLEM: CURE` for a fault found by the validator of the value at `path`."""
    path = (*path, *fault.at)
    subject = _shown(file, path) if fault.subject is None else fault.subject
    said = f"{subject} {fault.problem}".strip()
    where = f"{file.shown}:{file.line(path)}"
    return ": ".join(part for part in (where, render_path(path), said, fault.cure) if part)


def _path_in(data: Any, details: ErrorDetails) -> Path:
    """A location of pydantic's without the steps that are not in the data, such as the branch of a union."""
    location = details["loc"]
    path: list[str | int] = []
    for place, step in enumerate(location, start=1):
        absent = details["type"] == "missing" and place == len(location)
        if isinstance(data, dict) and (step in data or absent):
            path.append(str(step))
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int):
            path.append(step)
            data = data[step]
    return tuple(path)


def _shown(file: YamlFile, path: Path) -> str:
    value = value_at(file.data, path)
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return _shortened(text if text.isprintable() else json.dumps(value))
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return _shortened(file.written(path) or "")


def _shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


def _faults(details: ErrorDetails, path: Path, model: type[Section], file: YamlFile) -> Iterator[Fault]:
    kind = details["type"]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, FaultsError):
        yield from cause.faults
    elif kind == "missing":
        yield Fault("is missing", _cure_for_missing(_field_at(model, path)), subject="")
    elif kind == "extra_forbidden":
        yield _unknown_key(path, model)
    elif details["input"] is None:
        yield Fault("has no value", "write one, or remove the key", subject="")
    elif kind == "int_parsing_size":  # pydantic looks for a number among choices as one of 64 bits
        *most, last = (str(choice) for choice in _choices_in(_field_at(model, path).annotation))
        yield Fault("is not one of the choices", f"write {', '.join(most)} or {last}")
    else:
        yield _wrong_type(kind, details, file.written(path))


def _wrong_type(kind: str, details: ErrorDetails, written: str | None) -> Fault:
    value = details["input"]
    if kind == "string_type" and type(value) in _NOT_TEXT:
        return Fault(f"{_NOT_TEXT[type(value)]}, not text", f'quote it: "{written}"')
    if kind == "string_type":
        return Fault("is not text", "write text")
    if kind == "bool_type":
        return Fault("is not true or false", "write true or false, without quotes")
    if kind == "int_type":
        return Fault("is not a whole number", "write a whole number, without quotes")
    if kind == "literal_error":
        choices = re.sub(r"'", "", details["ctx"]["expected"])
        return Fault("is not one of the choices", f"write {choices}")
    if kind == "tuple_type":
        # A line break would make two lines of the error.
        item = written if written and written.isprintable() else "…"
        return Fault("is not a list", f"write [{item}]")
    if kind in ("model_type", "mapping_type", "dict_type"):
        return Fault("is not a mapping", "write KEY: VALUE, one on each line below the key, indented")
    return Fault("is not what belongs here", "see docs/settings.md")


def _choices_in(annotation: Any) -> Iterator[Any]:
    """The values of a `Literal` within an annotation, such as one that may be null."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for argument in get_args(annotation):
        yield from _choices_in(argument)


def _section_at(model: type[Section], path: Path) -> type[Section]:
    for step in path:
        if isinstance(step, str):
            model = next(sections_in(model.model_fields[step].annotation))
    return model


def _field_at(model: type[Section], path: Path) -> FieldInfo:
    return _section_at(model, path[:-1]).model_fields[str(path[-1])]


def _cure_for_missing(field: FieldInfo) -> str:
    section = next(sections_in(field.annotation), None)
    if section is None:
        key = "it" if not field.examples else json.dumps(field.examples[0], ensure_ascii=False)
        return f"write it, such as {key}"
    required = [name for name, inner in section.model_fields.items() if inner.is_required()]
    if not required and field.examples:
        required = list(field.examples[0])  # it needs one of several keys: show the usual one
    return f"write it, with {', '.join(required)}"


def _unknown_key(path: Path, model: type[Section]) -> Fault:
    key, known = str(path[-1]), list(_section_at(model, path[:-1]).model_fields)
    near = difflib.get_close_matches(key, known, n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return Fault("is not a known key", f"{hint}known here: {', '.join(known)}", subject="")
