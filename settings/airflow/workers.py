"""The Celery workers: how many there may be, of which queues, where, and how they end."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import Labels, Size
from settings.section import Between, Form, NotEmpty, Section, repeats

DEFAULT_SET: Final = "default"
"""What the chart calls the set that is described by `workers` itself."""

DEFAULT_QUEUE: Final = "default"
"""Where a task goes that names no queue: Airflow's default of `[operators] default_queue`."""

SET_LABEL: Final = "airflow-efs/worker-set"
"""Label of a worker's pod with the name of its set: a set is spread over the zones by itself."""

Queue = Annotated[
    str,
    # The chart puts it into a shell command and into KEDA's SQL, and splits at commas.
    Form(
        r"[A-Za-z0-9][A-Za-z0-9_.-]*",
        "is not a name for a queue",
        "use letters, digits and _.-, beginning with a letter or a digit",
        max_length=256,  # task_instance.queue
    ),
]
Queues = Annotated[tuple[Queue, ...], Field(strict=False), NotEmpty("write the queues, such as [default]")]
Cpu = Annotated[
    str,
    Form(
        r"[0-9]+m|[0-9]+(?:\.[0-9]+)?",
        "is not an amount of CPU",
        'write cores in quotes, such as "1" or 500m',
    ),
]
Count = Annotated[int, Between(0, 1000)]


class Resources(Section):
    """What one worker needs; memory is also its limit."""

    cpu: Cpu | None = Field(default=None, description="CPU that a pod asks for; null: none is asked for.")
    memory: Size | None = Field(
        default=None, description="Memory that a pod asks for and may use; null: no limit."
    )


class WorkerSet(Section):
    """One more set of workers, with queues and limits of its own; the rest is as in workers."""

    name: Annotated[
        str,
        Form(
            r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
            "is not a name for a set of workers",
            "use lower-case letters, digits and -",
            max_length=30,  # RELEASE-worker-NAME is a label of at most 63
        ),
    ] = Field(description="Name of the set.", examples=["highmem"])
    queues: Queues = Field(description="Queues that its workers take tasks from.", examples=[["highmem"]])
    minimum: Count = Field(default=0, description="Fewest workers.")
    maximum: Annotated[int, Between(1, 1000)] = Field(default=10, description="Most workers.")
    resources: Resources = Field(
        default=Resources(), description="What one worker needs; nothing: as in workers."
    )
    node_selector: Labels = Field(
        default={}, description="Labels of the nodes that the workers run on, besides those of workers."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(_limit_faults(self.minimum, self.maximum))
        if self.name == DEFAULT_SET:
            raise FaultsError(
                [Fault("is the name of the set that workers describes", "choose another", ("name",))]
            )
        return self


class Workers(Section):
    """The workers of the default set, and what holds for all sets."""

    queues: Queues = Field(
        default=(DEFAULT_QUEUE,), description="Queues that the workers of the default set take tasks from."
    )
    minimum: Count = Field(default=0, description="Fewest workers.")
    maximum: Annotated[int, Between(1, 1000)] = Field(default=10, description="Most workers.")
    concurrency: Annotated[int, Between(1, 1024)] = Field(
        default=16, description="Tasks that one worker runs at a time; KEDA divides by it."
    )
    termination_grace_seconds: Annotated[int, Between(1, 86400)] = Field(
        default=600,
        description="Seconds that a worker has to finish its tasks when it must go: "
        "longer than the longest task that may not be cut off.",
    )
    safe_to_evict: bool = Field(
        default=True,
        description="Let an autoscaler remove a node with workers; they then have their grace period.",
    )
    zone_spread: Literal["preferred", "required"] = Field(
        default="preferred",
        description="preferred: spread over the zones as far as there is room; "
        "required: rather wait than stand unevenly.",
    )
    resources: Resources = Field(default=Resources(), description="What one worker needs.")
    node_selector: Labels = Field(default={}, description="Labels of the nodes that the workers run on.")
    sets: Annotated[tuple[WorkerSet, ...], Field(strict=False)] = Field(
        default=(), description="More sets of workers, for other queues."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from _limit_faults(self.minimum, self.maximum)
        for index, earlier in repeats(self.sets, lambda one: one.name):
            yield Fault(
                f"is the name of two sets, first of sets[{earlier}]",
                "give each set its own name",
                ("sets", index, "name"),
            )
        served = dict.fromkeys(self.queues, "queues")
        for index, one in enumerate(self.sets):
            for place, queue in enumerate(one.queues):
                if queue in served:
                    yield Fault(
                        f"is served by {served[queue]}, too: KEDA would count each of its tasks twice",
                        "keep it in one of the two",
                        ("sets", index, "queues", place),
                    )
                served[queue] = f"sets[{index}]"


def _limit_faults(minimum: int, maximum: int) -> Iterator[Fault]:
    if maximum < minimum:
        yield Fault(f"is less than minimum, {minimum}", "write a larger number", ("maximum",))
