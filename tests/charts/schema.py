"""Makes the schema of a stand-in chart from its values: the keys that are there, and no others.

    python -m tests.charts.schema      write tests/charts/airflow/values.schema.json

A mapping that is empty by default (labels, resources, …) may hold anything, and so may a list.
"""

import json
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).parent / "airflow"
FILE = CHART / "values.schema.json"
FREE = ("config",)
"""Mappings that have keys by default and may get any other: the options of airflow.cfg."""


def schema_of(value: Any, *, free: bool = False) -> dict[str, Any]:
    """The schema of a value and of what is below it."""
    if not isinstance(value, dict) or not value:
        return {}
    return {
        "type": "object",
        "additionalProperties": free,
        "properties": {key: schema_of(inner, free=free or key in FREE) for key, inner in value.items()},
    }


def schema_text() -> str:
    """The schema as it stands in the file."""
    schema = schema_of(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")))
    # helm adds it to the values of every chart.
    schema["properties"]["global"] = {}
    return json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", **schema}, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")
