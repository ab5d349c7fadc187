"""Where the logs of tasks are, for how long, and how often old ones are looked for."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import ObjectName, Size
from settings.section import Between, Section


class Logs(Section):
    """The logs, on one ReadWriteMany claim that outlives the release; exactly one of class and claim."""

    storage_class: ObjectName | None = Field(
        default=None, description="One of this file's storage_classes, of which the chart makes the claim."
    )
    existing_claim: ObjectName | None = Field(
        default=None, description="A claim that is there, ReadWriteMany, in airflow.namespace."
    )
    size: Size = Field(
        default="100Gi", description="Requested size. Kubernetes wants one; EFS does not use it."
    )
    retention_days: Annotated[int, Between(1, 3650)] = Field(
        default=30, description="Days after which a log is deleted."
    )
    groom_every_minutes: Annotated[int, Between(15, 10080)] = Field(
        default=1440,
        description="Minutes between two searches for old logs; each reads the attributes of every log.",
    )

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.storage_class is None) == (self.existing_claim is None):
            both = "name a class and a claim" if self.storage_class else "have no place"
            raise FaultsError(
                [Fault(both, "write either storage_class: NAME or existing_claim: NAME", subject="")]
            )
        return self
