"""Apache Airflow on the shared volumes, with workers that KEDA scales."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings.airflow.access import AdminUser, Ingress, Permissions
from settings.airflow.charts import AirflowChart
from settings.airflow.dags import Dags
from settings.airflow.database import Broker, Database
from settings.airflow.keda import Keda
from settings.airflow.logs import Logs
from settings.airflow.monitoring import Monitoring
from settings.airflow.secrets import Secrets
from settings.airflow.workers import Workers
from settings.faults import Fault, FaultsError, Path
from settings.kubernetes import Namespace
from settings.section import Between, Form, Section

AIRFLOW_PARALLELISM: Final = 32
"""Airflow's default of `[core] parallelism`."""

AIRFLOW_POOL_SLOTS: Final = 128
"""Airflow's default of `[core] default_pool_task_slot_count`."""


def _unfit(value: Any, path: Path) -> Iterator[Fault]:
    """What JSON or the deployment's handler could not carry, below a value of the chart."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(key, str):
                yield from _unfit(inner, (*path, key))
            else:
                yield Fault(f"has the key {key}, which is not text", f'quote it: "{key}"', path, "")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unfit(inner, (*path, index))
    elif value is None:
        yield Fault(
            "is null, which CDK drops on its way to helm",
            "write the value that is meant, or remove the key",
            path,
            "",
        )
    elif isinstance(value, float) and not math.isfinite(value):
        yield Fault("is not a finite number", "write a number", path)
    elif not isinstance(value, str | bool | int | float):
        yield Fault("is not text, a number, true or false", "write it in quotes", path, "")


def _check_values(values: Mapping[str, Any]) -> Mapping[str, Any]:
    FaultsError.raise_if_any(_unfit(values, ()))
    return values


class Airflow(Section):
    """Apache Airflow, installed by its official chart, or the values for whoever installs it."""

    install: Literal["chart", "values"] = Field(
        default="chart",
        description="chart: install Airflow; values: only what it needs, and the chart's values in a file.",
    )
    namespace: Namespace = Field(
        default="airflow", description="Namespace of Airflow; made where it is missing, and never deleted."
    )
    release: Annotated[
        str,
        Form(
            r"[a-z](?:[a-z0-9-]*[a-z0-9])?",
            "is not a name for a release",
            "use lower-case letters, digits and -, beginning with a letter",
            max_length=20,  # the chart adds to it, and Kubernetes allows 63
        ),
    ] = Field(default="airflow", description="Name of the Helm release, and the beginning of all names.")
    chart: AirflowChart = Field(default=AirflowChart(), description="The chart airflow.")
    logs: Logs = Field(description="Where the logs of tasks are.", examples=[{"storage_class": "efs-sc"}])
    dags: Dags = Field(
        default=Dags(), description="Where the DAGs are; neither git nor claim: in the image of Airflow."
    )
    database: Database = Field(description="PostgreSQL.", examples=[{"secret": "airflow-database"}])
    broker: Broker = Field(description="Celery's broker.", examples=[{"secret": "airflow-broker"}])
    secrets: Secrets = Field(default=Secrets(), description="Keys that encrypt and sign.")
    workers: Workers = Field(default=Workers(), description="Celery workers.")
    keda: Keda = Field(default=Keda(), description="KEDA, which scales the workers.")
    schedulers: Annotated[int, Between(1, 10)] = Field(default=1, description="Number of schedulers.")
    ingress: Ingress | None = Field(
        default=None, description="Way in from outside of the cluster; null: none."
    )
    admin: AdminUser | None = Field(default=None, description="First user; null: none is made.")
    permissions: Permissions = Field(
        default=Permissions(), description="What tasks and logs may reach in AWS."
    )
    monitoring: Monitoring | None = Field(
        default=Monitoring(), description="Alarms and a dashboard of the file system; null: none."
    )
    values: Annotated[Mapping[str, Any], AfterValidator(_check_values)] = Field(
        default={}, description="More values of the chart; they go over those that are made from the rest."
    )
    values_schema: str | None = Field(
        default=None,
        description="values.schema.json of the chart, by its path from this file; "
        "null: taken from the chart where AIRFLOW_EFS_CHARTS names a folder with it.",
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.keda.install == "chart" and self.keda.namespace == self.namespace:
            yield Fault("is Airflow's own namespace", "write another, such as keda", ("keda", "namespace"))
        grace = self.workers.termination_grace_seconds
        if self.keda.cooldown_seconds is not None and self.keda.cooldown_seconds < grace:
            yield Fault(
                f"is less than a worker's grace period, {grace}",
                "write more, or remove it, or write a smaller workers.termination_grace_seconds",
                ("keda", "cooldown_seconds"),
            )
        # The chart's own claim, which a claim of the user's must not be.
        if self.logs.existing_claim == f"{self.release}-logs":
            yield Fault(
                "is the name of the claim that the chart makes",
                "rename the claim, or write logs.storage_class",
                ("logs", "existing_claim"),
            )

    @property
    def logs_claim(self) -> str:
        """Name of the claim that holds the logs."""
        return self.logs.existing_claim or f"{self.release}-logs"

    @property
    def parallelism(self) -> int:
        """Tasks that one scheduler lets wait and run at a time: all that the most workers run.

        Airflow's default, below which this is never, is 32 whatever the number of workers; KEDA counts tasks,
        so that with it two workers of 16 tasks would be the most there ever are.

        https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html#parallelism
        """
        return max(AIRFLOW_PARALLELISM, math.ceil(self._most_tasks / self.schedulers))

    @property
    def pool_slots(self) -> int:
        """Tasks that the default pool of a new database lets wait and run: all that the most workers run.

        At least as many as Airflow's default. Airflow does not change a pool that is there.

        https://airflow.apache.org/docs/apache-airflow/stable/configurations-ref.html#default-pool-task-slot-count
        """
        return max(AIRFLOW_POOL_SLOTS, self._most_tasks)

    @property
    def _most_tasks(self) -> int:
        most = self.workers.maximum + sum(one.maximum for one in self.workers.sets)
        return most * self.workers.concurrency

    @property
    def cooldown_seconds(self) -> int:
        """Seconds without a task before the last worker goes: longer than a worker's grace period."""
        if self.keda.cooldown_seconds is not None:
            return self.keda.cooldown_seconds
        return self.workers.termination_grace_seconds + 30
