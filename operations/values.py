"""`airflow-efs values`: the values of Airflow's chart for an environment, as YAML."""

from pathlib import Path

import yaml

from settings import SettingsError, load_environment
from settings.airflow.values import airflow_values


def values_text(environment: str, environments: Path) -> str:
    """The values as a file for `helm --values`, with a line that says what they are for.

    Args:
        environment: the name of the environment.
        environments: the folder that holds it.

    Raises:
        SettingsError: there is no such environment, something in it is wrong, or it has no Airflow.
    """
    settings = load_environment(environment, environments)
    if settings.airflow is None:
        raise SettingsError(
            f'environment "{environment}" has no airflow: write that section, with logs, database and broker'
        )
    head = f"# Chart airflow {settings.airflow.chart.version}, for the environment {settings.name}.\n"
    return head + yaml.safe_dump(airflow_values(settings), sort_keys=False, allow_unicode=True)
