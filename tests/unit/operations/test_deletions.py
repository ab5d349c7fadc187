"""Claims and volumes that are being deleted and do not go, as trace and the doctor see them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto import mock_aws

from operations.doctor.checks import claims, volumes
from operations.doctor.installation import Installation, Thing
from operations.explanation import Break, Kind, explain
from operations.findings import Problem
from tests.unit.airflow_environments import environment
from tests.unit.operations.cluster import CLAIMS, EVENTS, VOLUMES, bound_claim, cluster, volume
from tests.unit.rehearsal.account.stacks import aws_client

PODS = "/api/v1/namespaces/airflow/pods"
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def going(thing: dict[str, Any], *finalizers: str) -> dict[str, Any]:
    return {**thing, "metadata": {**thing["metadata"], **GOING, "finalizers": list(finalizers)}}


@pytest.fixture
def efs() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("efs")


def told(efs: Any, *, claim: dict[str, Any] | None = None, finalizers: tuple[str, ...] = ()) -> list[Break]:
    """The breaks that are deletions, with a file system that is there; `finalizers`: its volume is going."""
    made = volume(efs.create_file_system(CreationToken="one")["FileSystemId"])
    answers = {
        f"{CLAIMS}/airflow-logs": claim or bound_claim(),
        f"{VOLUMES}/pvc-1": going(made, *finalizers) if finalizers else made,
        PODS: {"items": []},
        EVENTS: {"items": []},
    }
    with cluster(answers) as api:
        breaks = explain(api, efs, name="airflow-logs", namespace="airflow").breaks
    return [one for one in breaks if one.kind in (Kind.CLAIM_BEING_DELETED, Kind.VOLUME_BEING_DELETED)]


def test_nothing_is_said_of_what_stays(efs: Any) -> None:
    assert told(efs) == []


def test_a_claim_that_is_being_deleted_waits_for_its_pods(efs: Any) -> None:
    (one,) = told(efs, claim=going(bound_claim(), "kubernetes.io/pvc-protection"))
    assert (one.kind, one.why) == (Kind.CLAIM_BEING_DELETED, "it waits until no pod uses it any more")


def test_a_claim_that_waits_for_a_finalizer_names_it(efs: Any) -> None:
    (one,) = told(efs, claim=going(bound_claim(), "kubernetes.io/pvc-protection", "example.com/mine"))
    assert one.why == "it waits for the finalizer example.com/mine"
    assert "kubectl edit pvc airflow-logs -n airflow" in one.cure


def test_before_a_claim_goes_its_volume_can_be_kept(efs: Any) -> None:
    (one,) = told(efs, claim=going(bound_claim(), "kubernetes.io/pvc-protection"))
    assert "kubectl patch pv pvc-1 " in one.cure
    assert '"persistentVolumeReclaimPolicy":"Retain"' in one.cure


def test_of_a_volume_that_was_never_made_nothing_is_to_keep(efs: Any) -> None:
    waiting = {**bound_claim(), "status": {"phase": "Pending"}}
    waiting["spec"] = {**waiting["spec"], "volumeName": None}
    (one,) = told(efs, claim=going(waiting, "kubernetes.io/pvc-protection"))
    assert "kubectl patch" not in one.cure


def test_a_volume_that_is_being_deleted_under_its_claim_is_a_break(efs: Any) -> None:
    (one,) = told(efs, finalizers=("kubernetes.io/pv-protection",))
    assert (one.kind, "finalizer" in one.why) == (Kind.VOLUME_BEING_DELETED, False)


def test_the_finalizer_of_a_volume_is_named(efs: Any) -> None:
    (one,) = told(efs, finalizers=("kubernetes.io/pv-protection", "example.com/mine"))
    assert one.why.endswith("and for the finalizer example.com/mine")


class Volumes(Installation):
    """An installation whose cluster has one volume, without its access point."""

    def __init__(self, phase: str, *finalizers: str, is_going: bool = True) -> None:
        super().__init__(environment({}))
        made = {**volume("fs-1::fsap-1"), "status": {"phase": phase}}
        made["spec"]["claimRef"] = {"namespace": "airflow", "name": "logs"}
        self.__dict__["_once_volumes"] = ([going(made, *finalizers) if is_going else made], None)
        self.__dict__["_once_file_system"] = ({"FileSystemId": "fs-1"}, None)
        self.__dict__["_once_access_points"] = ({}, None)
        self.__dict__["_once_api"] = (None, None)
        self.events: list[dict[str, Any]] = []

    def all_of(self, call: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        assert (call.__name__, arguments) == ("list_namespaced_event", ("default",))
        assert options == {"field_selector": "involvedObject.kind=PersistentVolume,involvedObject.name=pvc-1"}
        return [*self.events]


def stranded(phase: str, *finalizers: str) -> Problem:
    (one,) = volumes.stranded(Volumes(phase, *finalizers))
    return one


def test_the_doctor_says_that_a_volume_waits_for_its_claim() -> None:
    assert "waits for its claim airflow/logs" in stranded("Bound", "example.com/mine").what


def test_the_doctor_names_the_finalizer_for_which_a_volume_waits() -> None:
    one = stranded("Released", "kubernetes.io/pv-protection", "example.com/mine")
    assert one.what.endswith("it waits for the finalizer example.com/mine")
    assert "kubectl edit pv pvc-1" in one.cure


def test_a_volume_that_waits_for_nothing_else_waits_for_the_driver() -> None:
    one = stranded("Released", "external-provisioner.volume.kubernetes.io/finalizer")
    assert "driver's controller" in one.cure


def test_a_volume_that_the_driver_may_not_delete_says_so_in_awss_words() -> None:
    installation = Volumes("Released", is_going=False)
    installation.events = [
        {
            "reason": "VolumeFailedDelete",
            "message": "rpc error:\n Access Denied",
            "lastTimestamp": "2026-01-02",
        },
        {"reason": "Older", "message": "said before", "lastTimestamp": "2026-01-01"},
    ]
    (one,) = volumes.stranded(installation)
    assert one.what == (
        "volume pvc-1 is Released, and the driver has not deleted it with its claim airflow/logs: "
        "VolumeFailedDelete: rpc error: Access Denied"
    )
    assert "elasticfilesystem:DeleteAccessPoint" in one.cure


def test_the_access_point_of_a_volume_that_goes_is_not_missed() -> None:
    assert [*volumes.without_access_point(Volumes("Released", "example.com/mine"))] == []


def test_the_access_point_of_a_volume_that_stays_is_missed() -> None:
    assert len([*volumes.without_access_point(Volumes("Bound", is_going=False))]) == 1


def unused(**tags: str) -> list[Problem]:
    """What is said of an access point with these tags, which no volume names."""
    installation = Volumes("Bound", is_going=False)
    made = {"AccessPointId": "fsap-2", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
    installation.__dict__["_once_access_points"] = ({"fsap-2": made}, None)
    return [*volumes.without_volume(installation)]


OF_THE_DRIVER = {"efs.csi.aws.com/cluster": "true"}


@pytest.mark.parametrize("tags", [{}, {"airflow-efs/cluster": "k8s-cluster"}], ids=["untagged", "ours"])
def test_an_access_point_that_no_volume_names_is_found(tags: dict[str, str]) -> None:
    assert [problem.where for problem in unused(**OF_THE_DRIVER, **tags)] == ["fsap-2"]


def test_an_access_point_of_another_cluster_is_passed_over() -> None:
    assert unused(**OF_THE_DRIVER, **{"airflow-efs/cluster": "other"}) == []


def test_an_access_point_that_the_driver_did_not_make_is_passed_over() -> None:
    assert unused() == []


class Claims(Installation):
    """An installation whose cluster has one claim, and pods that use it."""

    def __init__(self, claim: dict[str, Any], *pods: dict[str, Any]) -> None:
        super().__init__(environment({}))
        self.__dict__["_once_claims"] = ([claim], None)
        self.__dict__["_once_declared_objects"] = ({}, None)
        self.__dict__["_once_api"] = (None, None)
        self.pods = pods

    def all_of(self, call: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        assert (call.__name__, arguments, options) == ("list_namespaced_pod", ("airflow",), {})
        return [*self.pods]


def claim_of(storage_class: str = "efs-airflow") -> dict[str, Any]:
    claim = bound_claim()
    claim["spec"]["storageClassName"] = storage_class
    return claim


def user(name: str, phase: str = "Running") -> dict[str, Any]:
    mounts = [{"name": "other"}, {"name": "logs", "persistentVolumeClaim": {"claimName": "airflow-logs"}}]
    return {"metadata": {"name": name}, "spec": {"volumes": mounts}, "status": {"phase": phase}}


def found(installation: Claims) -> Problem:
    (one,) = claims.going_claims(installation)
    return one


def test_the_doctor_names_the_pods_for_which_a_claim_waits() -> None:
    installation = Claims(
        going(claim_of(), "kubernetes.io/pvc-protection"), user("worker-0"), user("done", "Succeeded")
    )
    one = found(installation)
    assert one.what == (
        "claim airflow/airflow-logs is being deleted and waits for pod worker-0; no new pod may use it"
    )
    assert one.where == "PersistentVolumeClaim airflow/airflow-logs"


def test_of_many_pods_the_doctor_names_a_few() -> None:
    pods = [user(f"worker-{number}") for number in range(9)]
    one = found(Claims(going(claim_of(), "kubernetes.io/pvc-protection"), *pods))
    assert "waits for pods worker-0, worker-1, worker-2, …;" in one.what


def test_the_doctor_names_the_finalizer_for_which_a_claim_waits() -> None:
    one = found(Claims(going(claim_of(), "kubernetes.io/pvc-protection", "example.com/mine")))
    assert "waits for the finalizer example.com/mine" in one.what
    assert "kubectl edit pvc airflow-logs -n airflow" in one.cure


def test_a_claim_that_nobody_uses_any_more_is_about_to_go() -> None:
    assert "wait a minute" in found(Claims(going(claim_of(), "kubernetes.io/pvc-protection"))).cure


def test_a_claim_that_stays_is_met_with_silence() -> None:
    assert list(claims.going_claims(Claims(claim_of(), user("worker-0")))) == []


def test_a_claim_of_somebody_elses_class_is_none_of_the_doctors() -> None:
    assert list(claims.going_claims(Claims(going(claim_of("gp3"), "example.com/mine")))) == []


def test_a_claim_that_the_stack_declares_is_looked_at_whatever_its_class() -> None:
    installation = Claims(going(claim_of(""), "example.com/mine"))
    declared: dict[tuple[str, str, str], Thing] = {("PersistentVolumeClaim", "airflow", "airflow-logs"): {}}
    installation.__dict__["_once_declared_objects"] = (declared, None)
    assert "example.com/mine" in found(installation).what
