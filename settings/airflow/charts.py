"""The charts of Airflow and KEDA: which version, from where, and of which bytes."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from settings.driver import ChartVersion
from settings.faults import Fault, FaultsError
from settings.section import Form, Section
from settings.versions import (
    AIRFLOW_CHART,
    AIRFLOW_CHART_DIGEST,
    AIRFLOW_CHART_REPOSITORY,
    KEDA_CHART,
    KEDA_CHART_DIGEST,
    KEDA_CHART_REPOSITORY,
)

ChartRepository = Annotated[
    str,
    Form(
        r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/%-]*)?",
        "is not an https URL",
        "write the URL of a Helm repository, beginning with https://",
    ),
]
Digest = Annotated[
    str,
    Form(
        r"sha256:[0-9a-f]{64}",
        "is not a digest",
        "write sha256: and the 64 hexadecimal digits that sha256sum prints for the chart's archive",
    ),
]

_DIGEST_DESCRIPTION: Final = "SHA-256 of the chart's archive; a rehearsal refuses another. null: any."


def numbers(version: str) -> tuple[int, ...]:
    """The three numbers of a semantic version, for comparison; a pre-release counts as its release."""
    return tuple(int(part) for part in version.partition("+")[0].partition("-")[0].split("."))


def _check_airflow_version(version: str) -> str:
    if numbers(version) < numbers(AIRFLOW_CHART) or numbers(version)[0] != numbers(AIRFLOW_CHART)[0]:
        major = numbers(AIRFLOW_CHART)[0]
        raise FaultsError(
            [
                Fault(
                    f"is not a chart whose values are known here: {AIRFLOW_CHART} is the oldest",
                    f"write {AIRFLOW_CHART}, or a later version {major}.x",
                )
            ]
        )
    return version


class AirflowChart(Section):
    """The official chart of Apache Airflow."""

    version: Annotated[ChartVersion, AfterValidator(_check_airflow_version)] = Field(
        default=AIRFLOW_CHART, description="Version of the chart airflow."
    )
    repository: ChartRepository = Field(
        default=AIRFLOW_CHART_REPOSITORY, description="Helm repository that holds the chart."
    )
    digest: Digest | None = Field(default=AIRFLOW_CHART_DIGEST, description=_DIGEST_DESCRIPTION)


class KedaChart(Section):
    """The official chart of KEDA."""

    version: ChartVersion = Field(default=KEDA_CHART, description="Version of the chart keda.")
    repository: ChartRepository = Field(
        default=KEDA_CHART_REPOSITORY, description="Helm repository that holds the chart."
    )
    digest: Digest | None = Field(default=KEDA_CHART_DIGEST, description=_DIGEST_DESCRIPTION)
