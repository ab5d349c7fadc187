"""AirflowStack's workers, scaled by the real KEDA from a real PostgreSQL, in three zones, on one claim.

Airflow's and KEDA's objects are those of their charts, with the values of the product: the real charts where
`AIRFLOW_EFS_CHARTS` names a folder with them, else small stand-ins. The output says which ones were used.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes
from kubernetes import config as kubernetes_config

from operations.doctor.airflow_needs import airflow_needs
from operations.doctor.needs import Url
from rehearsal.claims import await_bound
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.rehearsal import Rehearsal
from settings.airflow.workers import DEFAULT_SET, SET_LABEL
from settings.versions import AIRFLOW_CHART, KEDA_CHART
from tests.rehearsal.airflow_charts import CHARTS, pack
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines
from tests.rehearsal.postgresql import Database, database
from tests.rehearsal.processes import command_of, eventually, processes_of
from tests.rehearsal.stand_in_charts import keda_stand_in

NAMESPACE = "airflow"
CLAIM = "airflow-logs"
WORKERS = "airflow-worker"
SECRET = "airflow-database"
SCALED_OBJECTS = ("keda.sh", "v1alpha1", NAMESPACE, "scaledobjects")
MOST_WORKERS = 6
TASKS_OF_A_WORKER = 4


def impatient(content: dict[str, Any]) -> None:
    """The worked example with Airflow, with less patience than in production."""
    content["airflow"]["keda"] = {
        "polling_seconds": 1,
        "cooldown_seconds": 3,
        "scale_down_window_seconds": 0,
    }
    content["airflow"]["workers"] |= {
        "maximum": MOST_WORKERS,
        "concurrency": TASKS_OF_A_WORKER,
        "termination_grace_seconds": 2,
    }


@pytest.fixture(scope="module")
def tasks() -> Iterator[Database]:
    with database() as found:
        yield found


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    pack(CHARTS / "airflow", folder, version=AIRFLOW_CHART)
    pack(keda_stand_in(tmp_path_factory.mktemp("keda")), folder, version=KEDA_CHART)
    return folder


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, stand_ins: Path, tasks: Database
) -> Iterator[Rehearsal]:
    """Both stacks, deployed where the secrets are there beforehand, as docs/airflow.md wants it."""
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "scaled", impatient, like="airflow-demo")
    with Rehearsal(
        environment="scaled", environments=folder, reporter=Lines(), scaling=True, stand_ins=stand_ins
    ) as rehearsal:
        for chart in rehearsal.charts:
            Lines().say(chart.describe())
        needs = airflow_needs(rehearsal.settings)
        assert needs is not None
        for wanted in needs.secrets:  # KEDA reads all variables of the workers, and misses none of them
            make_secret(rehearsal, wanted.name, wanted.key, tasks.uri if wanted.url is Url.DATABASE else "x")
        rehearsal.deploy()
        await_bound(rehearsal.kubernetes(), name=CLAIM, namespace=NAMESPACE)
        yield rehearsal
    assert processes_of(rehearsal.plan.directory) == []


def make_secret(rehearsal: Rehearsal, name: str, key: str, value: str) -> None:
    secret = kubernetes.V1Secret(metadata=kubernetes.V1ObjectMeta(name=name), string_data={key: value})
    kubernetes.CoreV1Api(rehearsal.kubernetes()).create_namespaced_secret(NAMESPACE, secret)


@dataclass(frozen=True)
class Round:
    """What was seen while a queue filled and emptied."""

    workers_before: int
    at_the_peak: list[Any]
    """The workers' pods."""
    metric_at_the_peak: Any
    workers_with_little_left: int
    workers_after: int
    volumes: list[tuple[str, ...]]
    """The claim, its volume and the access point: before, at the peak, with little left, and after."""


@pytest.fixture(scope="module")
def work(airflow: Rehearsal, tasks: Database) -> Round:
    """More tasks are queued than all workers can take; when they have come, most are done, and then all."""
    volumes = [identity_of_the_volume(airflow)]
    # The chart begins with one worker of each set, until KEDA looks.
    assert eventually(lambda: running_workers(airflow) == [], seconds=60)
    workers_before = len(running_workers(airflow))
    tasks.queue_tasks(MOST_WORKERS * TASKS_OF_A_WORKER + 1)  # seven workers' worth, and one of them too many
    assert eventually(lambda: len(running_workers(airflow)) == MOST_WORKERS, seconds=60)
    at_the_peak, metric = running_workers(airflow), external_metric(airflow)
    volumes.append(identity_of_the_volume(airflow))
    tasks.finish_tasks(all_but=TASKS_OF_A_WORKER + 1)
    assert eventually(lambda: len(running_workers(airflow)) == 2, seconds=60)
    workers_with_little_left = len(running_workers(airflow))
    volumes.append(identity_of_the_volume(airflow))
    tasks.finish_tasks()
    assert eventually(lambda: running_workers(airflow) == [], seconds=60)
    volumes.append(identity_of_the_volume(airflow))
    return Round(
        workers_before=workers_before,
        at_the_peak=at_the_peak,
        metric_at_the_peak=metric,
        workers_with_little_left=workers_with_little_left,
        workers_after=len(running_workers(airflow)),
        volumes=volumes,
    )


def test_without_tasks_there_is_no_worker(work: Round) -> None:
    assert work.workers_before == 0


def test_with_tasks_there_are_as_many_workers_as_allowed(work: Round) -> None:
    assert len(work.at_the_peak) == MOST_WORKERS


def test_the_autoscaler_is_told_how_many_workers_the_queue_wants(work: Round) -> None:
    (item,) = work.metric_at_the_peak["items"]
    assert (item["metricName"], item["value"]) == ("s0-postgresql", "7")


def test_the_workers_are_spread_evenly_over_the_zones(airflow: Rehearsal, work: Round) -> None:
    nodes: list[Any] = kubernetes.CoreV1Api(airflow.kubernetes()).list_node().items
    zones = {node.metadata.name: node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes}
    spread = Counter(zones[pod.spec.node_name] for pod in work.at_the_peak)
    assert spread == {subnet.availability_zone: 2 for subnet in airflow.settings.cluster.subnets}
    assert len(spread) == 3


def test_every_worker_mounts_the_one_claim(work: Round) -> None:
    claims = [
        volume.persistent_volume_claim.claim_name
        for pod in work.at_the_peak
        for volume in pod.spec.volumes
        if volume.persistent_volume_claim
    ]
    assert claims == [CLAIM] * MOST_WORKERS


def test_with_fewer_tasks_the_autoscaler_takes_workers_away(work: Round) -> None:
    assert work.workers_with_little_left == 2


def test_when_the_tasks_are_done_no_worker_is_left(work: Round) -> None:
    assert work.workers_after == 0


def test_claim_volume_and_access_point_are_untouched_throughout(work: Round) -> None:
    assert len(work.volumes) == 4
    assert len(set(work.volumes)) == 1


def test_tasks_of_another_set_bring_its_workers_and_no_others(
    airflow: Rehearsal, work: Round, tasks: Database
) -> None:
    assert work.workers_after == 0
    tasks.queue_tasks(TASKS_OF_A_WORKER + 1, queue="highmem")
    assert eventually(lambda: len(running_workers(airflow, "highmem")) == 2, seconds=60)
    assert running_workers(airflow) == []
    tasks.finish_tasks()
    assert eventually(lambda: running_workers(airflow, "highmem") == [], seconds=60)


def test_tasks_of_a_queue_that_no_set_serves_bring_no_worker(
    airflow: Rehearsal, work: Round, tasks: Database
) -> None:
    assert work.workers_after == 0
    tasks.queue_tasks(50, queue="other")
    # Two looks of KEDA's, each a second apart, and time to act on them.
    assert not eventually(lambda: running_workers(airflow) != [], seconds=5)


def test_keda_cannot_read_a_connection_of_sqlalchemys(
    airflow: Rehearsal, work: Round, tasks: Database
) -> None:
    assert work.workers_after == 0
    make_secret(airflow, "other", "connection", tasks.uri.replace("postgresql://", "postgresql+psycopg2://"))
    with copied_workers(airflow, name="other", secret=SECRET, instead="other"):
        assert eventually(lambda: condition(airflow, "other", "Ready") == "False")
        assert condition(airflow, WORKERS, "Ready") == "True"


def test_keda_scales_nothing_while_any_secret_of_the_workers_is_missing(
    airflow: Rehearsal, work: Round
) -> None:
    assert work.workers_after == 0
    with copied_workers(airflow, name="lacking", secret="airflow-broker", instead="nowhere"):
        assert eventually(lambda: condition(airflow, "lacking", "Ready") == "False")
        make_secret(airflow, "nowhere", "connection", "x")
        assert eventually(lambda: condition(airflow, "lacking", "Ready") == "True")


def test_a_job_is_said_to_have_succeeded(airflow: Rehearsal) -> None:
    batch = kubernetes.BatchV1Api(airflow.kubernetes())
    pod = {"restartPolicy": "Never", "containers": [{"name": "migrations", "image": "apache/airflow"}]}
    job: Any = {"metadata": {"name": "migrations"}, "spec": {"template": {"spec": pod}}}
    batch.create_namespaced_job("default", job)

    def succeeded() -> bool:
        found: Any = batch.read_namespaced_job("migrations", "default")
        return bool(found.status.succeeded == 1)

    assert eventually(succeeded)


@pytest.mark.parametrize(
    ("program", "account"),
    [("keda-operator", "keda-operator"), ("keda-adapter", "keda-metrics-server")],
)
def test_keda_is_nobody_but_its_service_accounts(airflow: Rehearsal, program: str, account: str) -> None:
    client = kubernetes_config.new_client_from_config(
        config_file=str(airflow.plan.directory / program / "kubeconfig")
    )
    request = kubernetes.V1SelfSubjectReview()
    review: Any = kubernetes.AuthenticationV1Api(client).create_self_subject_review(request)
    assert review.status.user_info.username == f"system:serviceaccount:keda:{account}"


def test_the_stack_goes_with_keda_and_leaves_the_claim(airflow: Rehearsal, work: Round) -> None:
    objects = kubernetes.CustomObjectsApi(airflow.kubernetes())
    run = airflow.cdk("destroy", "AirflowStack", "--force")
    assert run.status == 0, run.output
    programs = [str(airflow.plan.binaries[name]).encode() for name in ("keda-operator", "keda-adapter")]
    directory = airflow.plan.directory

    def gone() -> bool:
        return not any(command_of(pid).startswith(tuple(programs)) for pid in processes_of(directory))

    assert eventually(gone)
    # KEDA must have taken its finalizer off each of them before it went.
    assert objects.list_namespaced_custom_object(*SCALED_OBJECTS)["items"] == []
    assert identity_of_the_volume(airflow)[0] == work.volumes[0][0]


@contextmanager
def copied_workers(rehearsal: Rehearsal, *, name: str, secret: str, instead: str) -> Iterator[None]:
    """The default set again, as the chart makes it, with another secret in the place of one of its own."""
    api = rehearsal.kubernetes()
    apps, objects = kubernetes.AppsV1Api(api), kubernetes.CustomObjectsApi(api)
    made: Any = api.sanitize_for_serialization(apps.read_namespaced_deployment(WORKERS, NAMESPACE))
    labels = {"set": name}
    made["metadata"] = {"name": name}
    made["spec"] |= {"replicas": 0, "selector": {"matchLabels": labels}}
    made["spec"]["template"]["metadata"] = {"labels": labels}
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for container in made["spec"]["template"]["spec"]["containers"]
        for variable in container.get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    ]
    named = [reference for reference in references if reference["name"] == secret]
    assert named
    for reference in named:
        reference["name"] = instead
    apps.create_namespaced_deployment(NAMESPACE, made)
    scaled: Any = objects.get_namespaced_custom_object(*SCALED_OBJECTS, WORKERS)
    body = {
        "apiVersion": scaled["apiVersion"],
        "kind": scaled["kind"],
        "metadata": {"name": name},
        "spec": {**scaled["spec"], "scaleTargetRef": {"kind": "Deployment", "name": name}},
    }
    objects.create_namespaced_custom_object(*SCALED_OBJECTS, body)
    try:
        yield
    finally:
        objects.delete_namespaced_custom_object(*SCALED_OBJECTS, name)
        apps.delete_namespaced_deployment(name, NAMESPACE)


def running_workers(rehearsal: Rehearsal, name: str = DEFAULT_SET) -> list[Any]:
    """The pods of a set of workers that run."""
    pods = kubernetes.CoreV1Api(rehearsal.kubernetes()).list_namespaced_pod(
        NAMESPACE, label_selector=f"component=worker,{SET_LABEL}={name}"
    )
    return [pod for pod in pods.items if pod.status and pod.status.phase == "Running"]


def condition(rehearsal: Rehearsal, name: str, kind: str) -> str | None:
    """The status of a ScaledObject's condition; None when it has none yet."""
    objects = kubernetes.CustomObjectsApi(rehearsal.kubernetes())
    found = objects.get_namespaced_custom_object(*SCALED_OBJECTS, name).get("status", {})
    return {one["type"]: one["status"] for one in found.get("conditions", [])}.get(kind)


def external_metric(rehearsal: Rehearsal) -> Any:
    """What the autoscaler asks: KEDA's adapter, by the API server."""
    path = f"/apis/external.metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}/s0-postgresql"
    return KubernetesApi(rehearsal.plan).get(f"{path}?labelSelector=scaledobject.keda.sh/name%3D{WORKERS}")


def identity_of_the_volume(rehearsal: Rehearsal) -> tuple[str, ...]:
    """What changes when the claim, its volume or the access point is made anew or touched."""
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    claim: Any = core.read_namespaced_persistent_volume_claim(CLAIM, NAMESPACE)
    volume: Any = core.read_persistent_volume(claim.spec.volume_name)
    points = rehearsal.client("efs").describe_access_points()["AccessPoints"]
    return (
        claim.metadata.uid,
        claim.metadata.resource_version,
        volume.metadata.uid,
        volume.metadata.resource_version,
        *sorted(point["AccessPointId"] for point in points),
    )
