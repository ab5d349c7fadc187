"""What the doctor says of disks of Airflow's that would change, without a cluster."""

from collections.abc import Callable
from typing import Any

import pytest

from operations.doctor.airflow_needs import airflow_needs
from operations.doctor.checks import airflow_changes
from operations.doctor.installation import Installation, Thing
from operations.findings import Problem
from tests.unit.airflow_environments import environment

BUNDLED = {"storage_class": "gp3", "size": "8Gi"}
TRIAL = {"database": {"bundled": BUNDLED}, "broker": {"bundled": BUNDLED}}


class Cluster(Installation):
    """An installation of such an Airflow, in a cluster with these objects by name."""

    def __init__(self, airflow: dict[str, Any], objects: dict[str, Thing]) -> None:
        settings = environment(airflow)
        super().__init__(settings, airflow=airflow_needs(settings))
        self.__dict__["_once_api"] = (None, None)
        self._objects = objects

    def read(self, call: Callable[..., Any], *arguments: str, **options: Any) -> Thing | None:
        assert call.__name__ in (
            "read_namespaced_stateful_set",
            "read_namespaced_persistent_volume_claim",
        )
        assert options == {}
        name, namespace = arguments
        assert namespace == "airflow"
        return self._objects.get(name)


def claim(storage_class: str | None = "gp3", size: str = "8Gi") -> Thing:
    return {"storageClassName": storage_class, "resources": {"requests": {"storage": size}}}


def stateful_set(*claims: Thing) -> Thing:
    templates = [{"metadata": {"name": "data"}, "spec": one} for one in claims]
    return {"spec": {"volumeClaimTemplates": templates} if templates else {}}


def disks(objects: dict[str, Thing], airflow: dict[str, Any] | None = None) -> list[Problem]:
    return [*airflow_changes.disks(Cluster(airflow or TRIAL, objects))]


BOTH = [
    ("airflow-postgresql", "airflow.database.bundled"),
    ("airflow-redis", "airflow.broker.bundled"),
]


@pytest.mark.parametrize(("name", "field"), BOTH)
def test_another_class_is_found_with_field_and_cure(name: str, field: str) -> None:
    (problem,) = disks({name: stateful_set(claim("gp2"))})
    assert problem.what == (
        f"the disk of StatefulSet airflow/{name} is of class gp2, and would be of gp3, "
        "which Kubernetes forbids"
    )
    assert problem.where == f"field {field}"
    assert problem.cure.endswith(f"kubectl -n airflow delete statefulset/{name} pvc/data-{name}-0")


@pytest.mark.parametrize(("name", "field"), BOTH)
@pytest.mark.parametrize("size", ["4Gi", "16Gi"])
def test_another_size_is_found_whichever_is_larger(name: str, field: str, size: str) -> None:
    (problem,) = disks({name: stateful_set(claim(size=size))})
    assert f"asks for {size}, and would ask for 8Gi" in problem.what
    assert problem.where == f"field {field}"


@pytest.mark.parametrize("size", ["8Gi", "8192Mi", "8589934592"])
def test_the_same_size_in_other_words_is_no_change(size: str) -> None:
    assert disks({"airflow-redis": stateful_set(claim(size=size))}) == []


def test_what_is_not_there_yet_changes_nothing() -> None:
    assert disks({}) == []


def test_a_disk_where_there_was_none_is_found() -> None:
    (problem,) = disks({"airflow-redis": stateful_set()})
    assert "is not there, and would be made" in problem.what
    assert problem.cure.endswith("delete statefulset/airflow-redis")


def test_no_disk_where_there_was_one_is_found() -> None:
    airflow = {**TRIAL, "values": {"redis": {"persistence": {"enabled": False}}}}
    (problem,) = disks({"airflow-redis": stateful_set(claim())}, airflow)
    assert "airflow-redis would go, which" in problem.what


def test_no_disk_then_and_now_is_no_change() -> None:
    airflow = {**TRIAL, "values": {"redis": {"persistence": {"enabled": False}}}}
    assert disks({"airflow-redis": stateful_set()}, airflow) == []


def test_a_size_in_values_counts() -> None:
    airflow = {**TRIAL, "values": {"postgresql": {"primary": {"persistence": {"size": "20Gi"}}}}}
    (problem,) = disks({"airflow-postgresql": stateful_set(claim())}, airflow)
    assert "would ask for 20Gi" in problem.what


def test_a_release_with_the_name_of_the_database_is_not_named_twice() -> None:
    problems = disks({"my-postgresql": stateful_set(claim("gp2"))}, {**TRIAL, "release": "my-postgresql"})
    assert len(problems) == 1


def test_a_database_outside_has_no_disk_here() -> None:
    assert disks({"airflow-postgresql": stateful_set(claim("gp2"))}, {"schedulers": 1}) == []


def logs(there: Thing | None, **said: Any) -> list[Problem]:
    airflow = {"logs": {"storage_class": "efs-airflow", **said}}
    objects: dict[str, Thing] = {} if there is None else {"airflow-logs": {"spec": there}}
    return [*airflow_changes.logs(Cluster(airflow, objects))]


def test_the_claim_of_the_logs_as_it_is_is_no_change() -> None:
    assert logs(claim("efs-airflow", "100Gi")) == []


def test_the_claim_of_the_logs_need_not_be_there() -> None:
    assert logs(None) == []


def test_another_class_of_the_logs_is_found_with_the_way_to_it() -> None:
    (problem,) = logs(claim("efs-old", "100Gi"))
    assert problem.what == (
        "claim airflow/airflow-logs is of class efs-old, and would be of efs-airflow, "
        "which Kubernetes forbids"
    )
    assert problem.where == "field airflow.logs"
    assert "logs.existing_claim" in problem.cure


@pytest.mark.parametrize("size", ["50Gi", "200Gi"])
def test_another_size_of_the_logs_is_found_with_what_to_write(size: str) -> None:
    (problem,) = logs(claim("efs-airflow", "100Gi"), size=size)
    assert f"asks for 100Gi, and would ask for {size}" in problem.what
    assert "size: 100Gi" in problem.cure


def test_a_claim_of_ones_own_is_not_the_charts_to_change() -> None:
    cluster = Cluster({"logs": {"existing_claim": "mine"}}, {"mine": {"spec": claim("other")}})
    assert [*airflow_changes.logs(cluster)] == []
