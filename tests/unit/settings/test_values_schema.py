"""Typos in values, found by the chart's own schema where it is at hand."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from settings import SettingsError, load_environment
from settings.faults import render_path
from settings.values_schema import find_schema, schema_faults
from tests.unit.airflow_environments import environment
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.settings.chart_schema import chart_schema

SCHEMA: dict[str, Any] = {
    "properties": {
        "executor": {"type": "string"},
        "scheduler": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"replicas": {"type": "integer"}, "env": {"type": "array"}},
        },
        "workers": {
            "properties": {"celery": {"properties": {"queue": {}, "sets": {"type": "array"}, "keda": {}}}},
        },
    },
}


def said(values: dict[str, Any], schema: dict[str, Any] | None = None) -> list[str]:
    return [
        f"{render_path(fault.at)}: {fault.problem}: {fault.cure}"
        for fault in schema_faults(values, schema or SCHEMA)
    ]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"executer": "x"}, 'executer: is not a key of the chart: did you mean "executor"?'),
        ({"zzz": 1}, "zzz: is not a key of the chart: see values.yaml of the chart"),
        (
            {"scheduler": {"replica": 1}},
            'scheduler.replica: is not a key of the chart: did you mean "replicas"?',
        ),
        (
            {"scheduler": {"replicas": "2"}},
            "scheduler.replicas: is not of type integer: see values.yaml of the chart",
        ),
        (
            {"workers": {"celery": {"queu": "x"}}},
            'workers.celery.queu: is not a key of the chart: did you mean "queue"?',
        ),
        (
            {"workers": {"celery": {"sets": [{"name": "a", "kedda": {}}]}}},
            'workers.celery.sets[0].kedda: is not a key of the chart: did you mean "keda"?',
        ),
    ],
)
def test_a_typo_is_named(values: dict[str, Any], line: str) -> None:
    assert said(values) == [line]


def test_right_values_are_right() -> None:
    right = {"executor": "x", "global": {}, "workers": {"celery": {"sets": [{"name": "a", "queue": "q"}]}}}
    assert said(right) == []


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"worker": {}}, "worker"),
        ({"workers": {"celery": {"kedaa": {}}}}, "workers.celery.kedaa"),
        ({"workers": {"celery": {"keda": {"maxReplicas": 5}}}}, "workers.celery.keda.maxReplicas"),
        ({"logs": {"persistance": {}}}, "logs.persistance"),
        ({"scheduler": {"replicas": "two"}}, "scheduler.replicas"),
    ],
)
def test_the_real_schema_finds_typos(values: dict[str, Any], path: str) -> None:
    (line,) = said(values, chart_schema())
    assert line.startswith(f"{path}: ")


def test_a_typo_stops_the_loading_with_its_file_and_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_EFS_CHARTS", raising=False)
    text = (ENVIRONMENTS / "airflow-demo.yaml").read_text(encoding="utf-8")
    (tmp_path / "prod.yaml").write_text(
        text + "  values_schema: s.json\n  values:\n    schedular: {replicas: 2}\n"
    )
    everything: dict[str, Any] = {key: {} for key in ("scheduler", *made_keys())}
    (tmp_path / "s.json").write_text(json.dumps({"properties": everything}))
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", tmp_path)
    line = 1 + (tmp_path / "prod.yaml").read_text().splitlines().index("    schedular: {replicas: 2}")
    assert raised.value.faults == (
        f"{tmp_path}/prod.yaml:{line}: airflow.values.schedular: is not a key of the chart: "
        'did you mean "scheduler"?',
    )


def made_keys() -> list[str]:
    from settings.airflow.values import airflow_values

    return [*airflow_values(environment({}))]


def airflow_with(**fields: Any) -> Any:
    return environment(fields).airflow


@pytest.fixture
def charts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AIRFLOW_EFS_CHARTS", str(tmp_path))
    return tmp_path


def test_there_is_no_schema_where_nobody_names_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_EFS_CHARTS", raising=False)
    assert find_schema(airflow_with(), tmp_path) is None


def test_the_schema_comes_from_the_archive_of_the_version(charts: Path) -> None:
    content = json.dumps(SCHEMA).encode()
    with tarfile.open(charts / "airflow-1.22.0.tgz", "w:gz") as packed:
        member = tarfile.TarInfo("airflow/values.schema.json")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    assert find_schema(airflow_with(), charts) == SCHEMA
    assert find_schema(airflow_with(chart={"version": "1.23.0"}), charts) is None


def test_the_schema_comes_from_an_unpacked_chart(charts: Path) -> None:
    (charts / "airflow").mkdir()
    (charts / "airflow" / "values.schema.json").write_text(json.dumps(SCHEMA))
    assert find_schema(airflow_with(), charts) == SCHEMA


def test_a_broken_archive_is_named(charts: Path) -> None:
    (charts / "airflow-1.22.0.tgz").write_bytes(b"not an archive")
    with pytest.raises(SettingsError, match=r"airflow-1\.22\.0\.tgz: is not a chart"):
        find_schema(airflow_with(), charts)


def test_a_schema_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.json: cannot be read: No such file"):
        find_schema(airflow_with(values_schema="gone.json"), tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"properties": 5}'])
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(SettingsError, match=r"x\.json: is not a JSON schema of a chart's values"):
        find_schema(airflow_with(values_schema="x.json"), tmp_path)


def test_a_schema_that_cannot_be_read_is_named_with_the_field(tmp_path: Path) -> None:
    text = (ENVIRONMENTS / "airflow-demo.yaml").read_text(encoding="utf-8")
    (tmp_path / "prod.yaml").write_text(text + "  values_schema: gone.json\n")
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", tmp_path)
    line = 1 + (tmp_path / "prod.yaml").read_text().splitlines().index("  values_schema: gone.json")
    assert raised.value.faults == (
        f'{tmp_path}/prod.yaml:{line}: airflow.values_schema: "gone.json" cannot be used: '
        f"{tmp_path}/gone.json: cannot be read: No such file or directory: "
        "its path begins at this file",
    )
