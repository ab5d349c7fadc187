"""The charts that the stacks of an environment install."""

from dataclasses import dataclass

from settings import Environment
from settings.airflow.charts import AirflowChart, KedaChart


@dataclass(frozen=True, kw_only=True)
class InstalledChart:
    """A chart as the template names it."""

    name: str
    version: str
    repository: str
    digest: str | None = None


def installed_charts(environment: Environment) -> list[InstalledChart]:
    """The charts, in the order of their installation."""
    driver = environment.driver
    charts = [
        InstalledChart(
            name="aws-efs-csi-driver", version=driver.chart_version, repository=driver.chart_repository
        )
    ]
    airflow = environment.airflow
    if airflow is not None and airflow.keda.install == "chart":
        charts.append(_chart("keda", airflow.keda.chart))
    if airflow is not None and airflow.install == "chart":
        charts.append(_chart("airflow", airflow.chart))
    return charts


def _chart(name: str, chart: AirflowChart | KedaChart) -> InstalledChart:
    return InstalledChart(name=name, version=chart.version, repository=chart.repository, digest=chart.digest)
