"""KEDA, which scales the workers by the tasks that wait in the database."""

from typing import Annotated, Final, Literal

from pydantic import Field

from settings.airflow.charts import KedaChart
from settings.kubernetes import Namespace
from settings.section import Between, Section

KEDA_RELEASE: Final = "keda"
"""Name of the Helm release with which a stack installs KEDA."""


class Keda(Section):
    """KEDA and how it looks at the queue. A cluster has one KEDA."""

    install: Literal["chart", "existing"] = Field(
        default="chart",
        description="chart: install KEDA; existing: the cluster has it, another environment's or its own.",
    )
    namespace: Namespace = Field(default="keda", description="Namespace of KEDA; made where it is missing.")
    chart: KedaChart = Field(default=KedaChart(), description="The chart keda, where it is installed.")
    polling_seconds: Annotated[int, Between(1, 3600)] = Field(
        default=5, description="Seconds between two looks at the queue."
    )
    cooldown_seconds: Annotated[int, Between(1, 86400)] | None = Field(
        default=None,
        description="Seconds without a task before the last worker goes, at least "
        "workers.termination_grace_seconds; null: 30 more than those.",
    )
    scale_down_window_seconds: Annotated[int, Between(0, 3600)] = Field(
        default=300, description="Seconds for which fewer tasks must have been there before a worker goes."
    )
