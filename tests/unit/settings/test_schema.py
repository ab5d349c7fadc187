import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from settings.schema import FILE, main, schema_text

ENVIRONMENTS = Path(__file__).parents[3] / "environments"
EXAMPLES = sorted(ENVIRONMENTS.glob("*.yaml"))
VALIDATOR = Draft202012Validator(json.loads(schema_text()))


def example() -> dict[str, object]:
    loaded: dict[str, object] = yaml.safe_load(
        (ENVIRONMENTS / "airflow-seoul.yaml").read_text(encoding="utf-8")
    )
    return loaded


def test_the_schema_in_the_repository_is_current() -> None:
    assert ENVIRONMENTS / "schema.json" == FILE
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m settings.schema"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_environment_of_the_repository_is_valid_and_names_its_schema(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.splitlines()[0] == "# yaml-language-server: $schema=schema.json"
    assert [*VALIDATOR.iter_errors(yaml.safe_load(text))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"account": "1"},
        {"account": 123456789012},
        {"unknown": 1},
        {"storage_classes": [{"name": "Efs"}]},
        {"storage_classes": [{"name": "efs", "owner": {"uid": -1, "gid": 0}}]},
        {"file_system": {}},
        {"file_system": {"name": "x", "nfs_clients": {"security_groups": "node"}}},
    ],
)
def test_the_schema_shows_faults_to_an_editor(change: dict[str, object]) -> None:
    assert [*VALIDATOR.iter_errors({**example(), **change})] != []


def test_every_field_has_a_description() -> None:
    schema = json.loads(schema_text())
    # A field whose description is that of its section leaves it to the section's definition.
    described = {f"#/$defs/{name}" for name, section in schema["$defs"].items() if section.get("description")}
    bare = [
        name
        for section in (schema, *schema["$defs"].values())
        for name, field in section["properties"].items()
        if "description" not in field and field.get("$ref") not in described
    ]
    assert bare == []


def test_the_command_writes_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    assert main([], file) == 0
    assert file.read_text(encoding="utf-8") == schema_text()
    assert main(["--check"], file) == 0


@pytest.mark.parametrize("content", [None, "{}"])
def test_the_check_fails_and_says_how_to_make_the_schema(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    file = tmp_path / "schema.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert main(["--check"], file) == 1
    assert capsys.readouterr().err == (
        "schema.json is not current: run python -m settings.schema and commit the result\n"
    )
