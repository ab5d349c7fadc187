"""Claims, against canned answers of a cluster."""

import re
from typing import Any

import pytest

from rehearsal.claims import await_bound
from rehearsal.errors import RehearsalError
from tests.unit.operations.cluster import CLAIMS, EVENTS, bound_claim, cluster

PENDING = {**bound_claim(), "status": {"phase": "Pending"}}


def wait(answers: dict[str, Any], *, seconds: float = 0.05) -> None:
    with cluster(answers) as api:
        await_bound(api, name="airflow-logs", namespace="airflow", seconds=seconds)


def refusal(answers: dict[str, Any]) -> str:
    with pytest.raises(RehearsalError) as caught:
        wait(answers)
    return str(caught.value)


def test_a_bound_claim_is_not_waited_for() -> None:
    wait({f"{CLAIMS}/airflow-logs": bound_claim()}, seconds=0)


def test_a_claim_that_stays_pending_is_reported_with_its_last_events() -> None:
    events = [
        {"metadata": {}, "involvedObject": {}, "reason": "ProvisioningFailed", "message": f"try {number}"}
        for number in range(7)
    ]
    assert refusal({f"{CLAIMS}/airflow-logs": PENDING, EVENTS: {"items": events}}) == (
        "claim airflow/airflow-logs is not bound after 0 s:\n"
        + "\n".join(f"ProvisioningFailed: try {number}" for number in range(2, 7))
    )


def test_a_claim_without_events_says_so() -> None:
    assert refusal({f"{CLAIMS}/airflow-logs": PENDING, EVENTS: {"items": []}}) == (
        "claim airflow/airflow-logs is not bound after 0 s:\nit has no events"
    )


def test_a_claim_that_does_not_exist_is_one_error_at_once() -> None:
    with pytest.raises(RehearsalError, match=f"^{re.escape('there is no claim airflow/airflow-logs')}$"):
        wait({}, seconds=60)
