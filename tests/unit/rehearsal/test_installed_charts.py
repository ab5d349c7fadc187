from pathlib import Path

from rehearsal.installed_charts import installed_charts
from settings import load_environment
from tests.unit.airflow_environments import environment, of_matrix

ENVIRONMENTS = Path(__file__).parents[3] / "environments"


def test_the_drivers_chart_is_always_installed() -> None:
    charts = installed_charts(load_environment("dynamic-provisioning", ENVIRONMENTS))
    assert [chart.name for chart in charts] == ["aws-efs-csi-driver"]


def test_airflow_needs_its_chart_and_kedas() -> None:
    charts = installed_charts(of_matrix("least"))
    assert [(chart.name, chart.version) for chart in charts[1:]] == [
        ("keda", "2.20.2"),
        ("airflow", "1.22.0"),
    ]


def test_a_keda_that_is_there_is_not_installed() -> None:
    charts = installed_charts(environment({"keda": {"install": "existing"}}))
    assert [chart.name for chart in charts[1:]] == ["airflow"]


def test_for_values_only_nothing_of_airflow_is_installed() -> None:
    assert [chart.name for chart in installed_charts(of_matrix("values-only"))] == ["aws-efs-csi-driver"]


def test_a_chart_comes_from_where_the_environment_says_and_has_its_digest() -> None:
    digest = "sha256:" + "a" * 64
    charts = installed_charts(
        environment({"chart": {"repository": "https://charts.example.com/", "digest": digest}})
    )
    assert (charts[-1].repository, charts[-1].digest) == ("https://charts.example.com/", digest)
