"""The chart's own schema of its values, where it is at hand, and what it finds wrong.

The schema is the chart's, 16,000 lines that change with every version; so it is read, never kept here. It
lets two kinds of typos through: an unknown key at the top, and one right below `workers.celery`. Those are
looked for here.
"""

import difflib
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match

from settings.airflow import Airflow
from settings.faults import Fault, Path, SettingsError

CHARTS: Final = "AIRFLOW_EFS_CHARTS"
"""The variable that names a folder with charts."""

_FILE: Final = "values.schema.json"
_SUBCHARTS: Final = ("global",)
"""Keys at the top that helm knows, whatever the chart."""


def find_schema(airflow: Airflow, directory: FilePath) -> dict[str, Any] | None:
    """The schema that `airflow.values_schema` names, else that of the chart in AIRFLOW_EFS_CHARTS.

    Args:
        airflow: the settings.
        directory: where the environment's file is.

    Returns:
        None when there is none at hand: then typos are helm's to find.

    Raises:
        SettingsError: the file that is named cannot be read, or is no schema.
    """
    if airflow.values_schema is not None:
        return _read(directory / airflow.values_schema)
    named = os.environ.get(CHARTS)
    if not named:
        return None
    folder = FilePath(named).expanduser()
    version = airflow.chart.version
    for file in (folder / f"airflow-{version}.{_FILE}", folder / "airflow" / _FILE):
        if file.is_file():
            return _read(file)
    archive = folder / f"airflow-{version}.tgz"
    return _from_archive(archive) if archive.is_file() else None


def _read(file: FilePath) -> dict[str, Any]:
    try:
        return _parsed(file.read_bytes(), str(file))
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        raise SettingsError(f"{file}: cannot be read: {getattr(error, 'strerror', error)}") from None


def _from_archive(archive: FilePath) -> dict[str, Any] | None:
    try:
        with tarfile.open(archive) as packed:
            if f"airflow/{_FILE}" not in packed.getnames():
                return None
            member = packed.extractfile(f"airflow/{_FILE}")
            return None if member is None else _parsed(member.read(), str(archive))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise SettingsError(f"{archive}: is not a chart: {error}") from None


def _parsed(content: bytes, shown: str) -> dict[str, Any]:
    try:
        schema = json.loads(content)
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise SettingsError(f"{shown}: is not a JSON schema of a chart's values: name the chart's {_FILE}")
    return schema


def schema_faults(values: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Fault]:
    """What the schema finds wrong in values; paths begin at the top of the values."""
    yield from _unknown((), values, [*schema["properties"], *_SUBCHARTS])
    celery = schema["properties"].get("workers", {}).get("properties", {}).get("celery", {})
    known = [*celery.get("properties", {})]
    workers = values.get("workers")
    written = workers.get("celery") if isinstance(workers, Mapping) else None
    if known and isinstance(written, Mapping):
        yield from _unknown(("workers", "celery"), written, known)
        sets = written.get("sets")
        for index, one in enumerate(sets if isinstance(sets, list) else ()):
            if isinstance(one, Mapping):
                yield from _unknown(("workers", "celery", "sets", index), one, ["name", *known])
    for error in Draft7Validator(schema).iter_errors(values):
        yield from _faults(error)


def _faults(error: ValidationError) -> Iterator[Fault]:
    if error.context:
        error = best_match(error.context) or error
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        if found := [*_unknown(path, error.instance, [*known])]:
            yield from found
            return
    yield Fault(_problem(error), "see values.yaml of the chart", path, "")


def _problem(error: ValidationError) -> str:
    if error.validator == "type":
        wanted = error.validator_value
        return f"is not of type {' or '.join(wanted) if isinstance(wanted, list) else wanted}"
    return f"is refused by the chart's schema: {error.message}"


def _unknown(path: Path, written: Mapping[str, Any], known: list[str]) -> Iterator[Fault]:
    for key in written:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f'did you mean "{near[0]}"?' if near else "see values.yaml of the chart"
            yield Fault("is not a key of the chart", hint, (*path, key), "")
