"""Where the driver's pods may run, and what they are given there: Kubernetes' own words and rules."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from settings.faults import Fault, FaultsError
from settings.kubernetes import LABEL_VALUE_CURE, TAINT_KEY, Size, is_label_value, quantity_in_bytes
from settings.section import Between, Form, Section


def _check_cpu(text: str) -> str:
    try:
        processors = quantity_in_bytes(text)
    except ValueError:
        raise FaultsError([Fault("is not a Kubernetes quantity", "write processors, such as 100m")]) from None
    if processors <= 0:
        raise FaultsError([Fault("is no processor time at all", "write processors, such as 100m")])
    return text


Cpu = Annotated[str, AfterValidator(_check_cpu)]
"""Processors: a Kubernetes quantity such as 100m or 2."""


class Amounts(Section):
    """Processors and memory."""

    cpu: Cpu | None = Field(default=None, description="Processors, in quotes where it is a whole number.")
    memory: Size | None = Field(default=None, description="Memory.")


class Resources(Section):
    """What a container is promised, and what it may use at most."""

    requests: Amounts = Field(default=Amounts(), description="What the container is promised.")
    limits: Amounts = Field(default=Amounts(), description="What the container may use at most.")

    @model_validator(mode="after")
    def _promises_what_it_allows(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        for name in ("cpu", "memory"):
            request, limit = getattr(self.requests, name), getattr(self.limits, name)
            if request and limit and quantity_in_bytes(request) > quantity_in_bytes(limit):
                yield Fault(f"is more than the limit, {limit}", "write at most the limit", ("requests", name))

    def as_manifest(self) -> dict[str, dict[str, str]]:
        """The same as a container's `resources`, without what is not said."""
        parts = {"requests": self.requests, "limits": self.limits}
        amounts = {name: part.model_dump(exclude_none=True) for name, part in parts.items()}
        return {name: amount for name, amount in amounts.items() if amount}


class Toleration(Section):
    """A taint of nodes on which pods may run nevertheless."""

    key: (
        Annotated[
            str,
            Form(
                TAINT_KEY,
                "is not a key that Kubernetes accepts for a taint",
                "write NAME or DOMAIN/NAME",
                max_length=317,
            ),
        ]
        | None
    ) = Field(default=None, description="Key of the taint; null: any taint.")
    operator: Literal["Equal", "Exists"] = Field(
        default="Equal", description="Equal compares the value; Exists takes any."
    )
    value: str | None = Field(default=None, description="Value of the taint.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; null: any."
    )
    seconds: Annotated[int, Between(0, 2**31 - 1)] | None = Field(
        default=None, description="Seconds for which NoExecute is tolerated; null: for ever."
    )

    @model_validator(mode="after")
    def _is_one_that_kubernetes_accepts(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.operator == "Exists" and self.value is not None:
            yield Fault("is not compared by Exists", "remove it, or write operator: Equal", ("value",))
        elif self.value is not None and not is_label_value(self.value):
            yield Fault("is not one that Kubernetes accepts for a taint", LABEL_VALUE_CURE, ("value",))
        if self.operator == "Equal" and self.key is None:
            yield Fault("compares the value of no key", "write a key, or operator: Exists", subject="")
        if self.seconds is not None and self.effect != "NoExecute":
            yield Fault("only goes with effect: NoExecute", "write that effect, or remove it", ("seconds",))

    def as_manifest(self) -> dict[str, str | int]:
        """The same as in a pod's `tolerations`."""
        parts: dict[str, str | int | None] = {
            "key": self.key,
            "operator": self.operator,
            "value": self.value,
            "effect": self.effect,
            "tolerationSeconds": self.seconds,
        }
        return {name: part for name, part in parts.items() if part is not None}
