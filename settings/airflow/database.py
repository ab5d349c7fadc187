"""Airflow's database and broker: existing ones by the names of secrets, or the chart's own for a trial."""

from typing import Self

from pydantic import Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import ObjectName, Size
from settings.section import Section


class Bundled(Section):
    """The chart's own PostgreSQL or Redis, one pod on one disk: for a trial."""

    storage_class: ObjectName = Field(
        description="Class of block storage for its disk, such as one of the EBS CSI driver.",
        examples=["gp3"],
    )
    size: Size = Field(default="8Gi", description="Size of its disk.")


class Database(Section):
    """PostgreSQL, which holds Airflow's state; exactly one of secret and bundled."""

    secret: ObjectName | None = Field(
        default=None,
        description="Secret in airflow.namespace whose key connection holds postgresql://…; "
        "KEDA reads no other scheme.",
    )
    result_backend_secret: ObjectName | None = Field(
        default=None,
        description="Secret whose key connection holds db+postgresql://… for Celery's results; "
        "null: the same database, by the same secret.",
    )
    bundled: Bundled | None = Field(default=None, description="The chart's PostgreSQL, for a trial.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        FaultsError.raise_if_any(_one_of_two(self.secret, self.bundled))
        if self.bundled is not None and self.result_backend_secret is not None:
            raise FaultsError(
                [
                    Fault(
                        "goes with secret, but the database is bundled",
                        "remove it",
                        ("result_backend_secret",),
                    )
                ]
            )
        return self


class Broker(Section):
    """Redis or another broker, which holds Celery's queues; exactly one of secret and bundled."""

    secret: ObjectName | None = Field(
        default=None,
        description="Secret in airflow.namespace whose key connection holds the broker's URL, such as rediss://….",
    )
    bundled: Bundled | None = Field(default=None, description="The chart's Redis, for a trial.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        FaultsError.raise_if_any(_one_of_two(self.secret, self.bundled))
        return self


def _one_of_two(secret: str | None, bundled: Bundled | None) -> list[Fault]:
    if (secret is None) != (bundled is None):
        return []
    both = "names a secret and asks for a bundled one" if bundled else "names none"
    return [Fault(both, "write either {secret: NAME} or {bundled: {storage_class: NAME}}", subject="")]
