"""What the doctor says of claims that are there, or are not, without a cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from operations.doctor.checks import airflow, conflicts
from operations.doctor.installation import Installation, Thing
from operations.doctor.needs import AirflowNeeds
from settings import Environment
from tests.unit.airflow_environments import environment

VOLUME = {"name": "dags", "namespace": "airflow", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}


class Claims(Installation):
    """An installation whose cluster has these claims and no namespace."""

    def __init__(self, settings: Environment, claims: dict[str, list[str]]) -> None:
        super().__init__(settings)
        self.__dict__["_once_api"] = (None, None)
        self.__dict__["_once_claims"] = (
            [{"metadata": {"name": name, "namespace": "airflow"}} for name in claims],
            None,
        )
        self._modes = claims

    def read(self, call: Callable[..., Any], *arguments: str, **options: Any) -> Thing | None:
        assert call is not None
        assert options == {}
        modes = self._modes.get(arguments[0])
        return None if modes is None else {"spec": {"accessModes": modes}}


def needed(claims: dict[str, list[str]], *, made: bool) -> list[str]:
    installation = Claims(environment({"dags": {"claim": "dags"}}), claims)
    installation.airflow = AirflowNeeds(
        namespace="airflow", claims=("dags",), made_claims=frozenset({"dags"} if made else ())
    )
    return [problem.what for problem in airflow.claims(installation)]


@pytest.mark.parametrize("made", [True, False])
def test_a_claim_of_one_node_is_found_whoever_makes_it(made: bool) -> None:
    assert needed({"dags": ["ReadWriteOnce"]}, made=made) == [
        "claim airflow/dags is not ReadWriteMany, but pods on all nodes use it"
    ]


@pytest.mark.parametrize("made", [True, False])
def test_a_claim_of_all_nodes_is_met_with_silence(made: bool) -> None:
    assert needed({"dags": ["ReadWriteMany"]}, made=made) == []


def test_a_claim_that_the_environment_will_make_is_not_missed() -> None:
    assert needed({}, made=True) == []


def test_a_claim_that_nobody_makes_is_missed() -> None:
    assert needed({}, made=False) == ["there is no claim airflow/dags"]


def test_a_claim_in_the_place_of_a_volumes_is_found() -> None:
    installation = Claims(environment({}, volumes=[VOLUME]), {"dags": ["ReadWriteMany"]})
    (problem,) = conflicts.claims(installation)
    assert (problem.what, problem.where) == (
        "there is a claim airflow/dags already",
        "field volumes[0].name",
    )


def test_a_claim_that_is_taken_over_is_not_in_the_way() -> None:
    claim = {"name": "dags", "namespace": "airflow", "storage_class": "efs-airflow", "size": "1Gi"}
    installation = Claims(environment({}, claims=[{**claim, "adopt": True}]), {"dags": ["ReadWriteMany"]})
    assert list(conflicts.claims(installation)) == []


def test_the_namespace_of_a_volume_is_missed() -> None:
    (problem,) = conflicts.namespaces(Claims(environment({}, volumes=[VOLUME]), {}))
    assert (problem.what, problem.where) == ("there is no namespace airflow", "field volumes.namespace")
