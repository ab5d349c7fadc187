"""The schema that Airflow's chart has for its values, which is no part of this repository."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_NAME = "airflow-1.22.0.values.schema.json"
_CLONE = Path(__file__).parents[3]


def chart_schema() -> dict[str, Any]:
    """The schema; skips the test, with the way to run it, where it is not at hand."""
    named = os.environ.get("AIRFLOW_EFS_VALUES_SCHEMA")
    charts = os.environ.get("AIRFLOW_EFS_CHARTS")
    places = [
        *([Path(named)] if named else []),
        *([Path(charts) / _NAME, Path(charts) / "airflow" / "values.schema.json"] if charts else []),
        _CLONE.parent / "shared" / "reference" / _NAME,
    ]
    for place in places:
        if place.is_file():
            schema: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
            return schema
    pytest.skip(
        "the schema of Airflow's chart is not here: name its values.schema.json in "
        "AIRFLOW_EFS_VALUES_SCHEMA, or a folder with it or the chart in AIRFLOW_EFS_CHARTS"
    )
