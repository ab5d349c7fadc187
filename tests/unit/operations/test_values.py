from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from operations.cli import app
from operations.values import values_text
from settings import SettingsError, load_environment
from settings.airflow.values import airflow_values
from tests.unit.conftest import ENVIRONMENTS


def test_the_values_are_those_that_the_stack_installs() -> None:
    result = CliRunner().invoke(app, ["values", "airflow-demo"])
    assert result.exit_code == 0
    assert yaml.safe_load(result.stdout) == airflow_values(load_environment("airflow-demo", ENVIRONMENTS))


def test_they_say_what_they_are_for() -> None:
    first = values_text("airflow-demo", ENVIRONMENTS).splitlines()[0]
    assert first == "# Chart airflow 1.22.0, for the environment airflow-demo."


def test_an_environment_without_airflow_is_refused_with_the_cure() -> None:
    with pytest.raises(SettingsError, match='environment "airflow-seoul" has no airflow: write that section'):
        values_text("airflow-seoul", ENVIRONMENTS)


def test_an_environment_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='there is no environment "prod"'):
        values_text("prod", tmp_path)
