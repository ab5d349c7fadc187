"""What the file makes in claims and volumes must fit what Airflow names of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from settings.faults import render_path
from tests.unit.airflow_environments import environment

LOGS = {"logs": {"existing_claim": "shared"}}
DAGS = {"dags": {"claim": "shared"}}


def volume(**fields: Any) -> dict[str, Any]:
    made = {"name": "shared", "namespace": "airflow", "path": "/shared", "owner": {"uid": 50000, "gid": 0}}
    return {"volumes": [{**made, **fields}]}


def claim(**fields: Any) -> dict[str, Any]:
    made = {"name": "shared", "namespace": "airflow", "storage_class": "efs-airflow", "size": "1Gi"}
    return {"claims": [{**made, **fields}]}


@pytest.mark.parametrize("airflow", [LOGS, DAGS], ids=["logs", "dags"])
@pytest.mark.parametrize("made", [volume(), claim(), {}], ids=["volume", "claim", "not of the file"])
def test_a_claim_that_fits_is_accepted(airflow: dict[str, Any], made: dict[str, Any]) -> None:
    assert environment(airflow, **made).airflow is not None


def test_dags_may_lie_on_a_volume_that_can_only_be_read() -> None:
    assert environment(DAGS, **volume(read_only=True)).airflow is not None


@pytest.mark.parametrize(
    ("airflow", "made", "line"),
    [
        (
            LOGS,
            volume(access_mode="ReadWriteOnce"),
            "volumes[0].access_mode: is for the logs of Airflow, which nodes of all zones write: "
            "write ReadWriteMany",
        ),
        (
            DAGS,
            volume(access_mode="ReadWriteOnce"),
            "volumes[0].access_mode: is for the DAGs of Airflow, which nodes of all zones read: "
            "write ReadWriteMany",
        ),
        (
            DAGS,
            claim(access_mode="ReadWriteOnce"),
            "claims[0].access_mode: is for the DAGs of Airflow, which nodes of all zones read: "
            "write ReadWriteMany",
        ),
        (
            LOGS,
            volume(read_only=True),
            "volumes[0].read_only: is for the logs of Airflow, which workers write: "
            "write false, or name another claim",
        ),
        (
            LOGS,
            volume(namespace="default"),
            "airflow.logs.existing_claim: is in this file a claim of namespace default, and pods reach those "
            "of their own only: write namespace: airflow in volumes[0], or name another claim",
        ),
        (
            DAGS,
            volume(namespace="default"),
            "airflow.dags.claim: is in this file a claim of namespace default, and pods reach those of their "
            "own only: write namespace: airflow in volumes[0], or name another claim",
        ),
        (
            {},
            volume(name="airflow-logs"),
            "volumes[0].name: is the claim that the chart of Airflow makes for its logs: remove it here, or "
            "rename it and write airflow.logs.existing_claim: airflow-logs",
        ),
        (
            {"dags": {"claim": "airflow-logs"}},
            {},
            "airflow.dags.claim: is the claim of the logs, in which DAGs would be looked for: "
            "name another, such as one of volumes",
        ),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(
    airflow: dict[str, Any], made: dict[str, Any], line: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        environment(airflow, **made)
    faults = [fault for error in refused.value.errors() for fault in error["ctx"]["error"].faults]
    assert [f"{render_path(fault.at)}: {fault.problem}: {fault.cure}" for fault in faults] == [line]
