"""Whether the claims that `airflow` names fit those that the file makes, in `claims` or `volumes`."""

from collections.abc import Iterator
from typing import Final

from settings.airflow import Airflow
from settings.claim import Claim
from settings.environment_fields import EnvironmentFields
from settings.faults import Fault, Path
from settings.volume import Volume

_LOGS: Final[Path] = ("airflow", "logs", "existing_claim")
_DAGS: Final[Path] = ("airflow", "dags", "claim")


def airflow_claim_faults(environment: EnvironmentFields, airflow: Airflow) -> Iterator[Fault]:
    """What is wrong with the claims of logs and DAGs. A claim that the file does not make is not judged."""
    logs, dags = airflow.logs.existing_claim, airflow.dags.claim
    for at, item in _made(environment):
        here = (item.namespace, item.name) == (airflow.namespace, airflow.logs_claim)
        if here and logs is None:
            cure = f"write airflow.logs.existing_claim: {item.name}"
            yield Fault(
                "is the claim that the chart of Airflow makes for its logs",
                f"remove it here, or rename it and {cure}",
                (*at, "name"),
            )
    if logs is not None:
        yield from _use_faults(
            environment, airflow, logs, _LOGS, "the logs of Airflow", "write", written=True
        )
    if dags is not None:
        yield from _use_faults(
            environment, airflow, dags, _DAGS, "the DAGs of Airflow", "read", written=False
        )
        if dags == airflow.logs_claim:
            yield Fault(
                "is the claim of the logs, in which DAGs would be looked for",
                "name another, such as one of volumes",
                _DAGS,
            )


def _use_faults(
    environment: EnvironmentFields,
    airflow: Airflow,
    name: str,
    field: Path,
    what: str,
    do: str,
    *,
    written: bool,
) -> Iterator[Fault]:
    named = [(at, item) for at, item in _made(environment) if item.name == name]
    usable = [(at, item) for at, item in named if item.namespace == airflow.namespace]
    for at, item in usable:
        if item.access_mode != "ReadWriteMany":
            yield Fault(
                f"is for {what}, which nodes of all zones {do}", "write ReadWriteMany", (*at, "access_mode")
            )
        if written and isinstance(item, Volume) and item.read_only:
            yield Fault(
                f"is for {what}, which workers write",
                "write false, or name another claim",
                (*at, "read_only"),
            )
    if named and not usable:
        at, item = named[0]
        yield Fault(
            f"is in this file a claim of namespace {item.namespace}, and pods reach those of their own only",
            f"write namespace: {airflow.namespace} in {at[0]}[{at[1]}], or name another claim",
            field,
        )


def _made(environment: EnvironmentFields) -> Iterator[tuple[Path, Claim | Volume]]:
    for index, claim in enumerate(environment.claims):
        yield ("claims", index), claim
    for index, volume in enumerate(environment.volumes):
        yield ("volumes", index), volume
