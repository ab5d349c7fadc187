"""Workers scaled by the real KEDA from a real PostgreSQL, in three zones, all on one shared claim."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client as kubernetes
from kubernetes import config as kubernetes_config

from rehearsal.claims import await_bound, make_claim
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines
from tests.rehearsal.postgresql import Database, database
from tests.rehearsal.processes import command_of, eventually, processes_of
from tests.rehearsal.stand_in_charts import keda_chart

NAMESPACE = "airflow"
CLAIM = "airflow-logs"
WORKERS = "airflow-worker"
SCALED_OBJECTS = ("keda.sh", "v1alpha1", NAMESPACE, "scaledobjects")
MOST_WORKERS = 6

QUERY = (
    "SELECT ceil(COUNT(*)::decimal / 16) FROM task_instance "
    "WHERE (state='running' OR state='queued') AND queue IN ('default')"
)
"""The query of Airflow's own chart, for workers that take 16 tasks at a time."""


def workers(*, secret: str, name: str = WORKERS) -> Any:
    """A StatefulSet of Celery workers as Airflow's chart makes it, with a spread over zones."""
    labels = {"tier": "airflow", "component": "worker", "release": "airflow", "set": name}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "serviceName": name,
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "topologySpreadConstraints": [
                        {
                            "maxSkew": 1,
                            "topologyKey": "topology.kubernetes.io/zone",
                            "whenUnsatisfiable": "ScheduleAnyway",
                            "labelSelector": {"matchLabels": labels},
                        }
                    ],
                    "initContainers": [{"name": "wait-for-airflow-migrations", "image": "apache/airflow"}],
                    "containers": [
                        {
                            "name": "worker",
                            "image": "apache/airflow",
                            "env": [
                                {
                                    "name": "AIRFLOW_CONN_AIRFLOW_DB",
                                    "valueFrom": {"secretKeyRef": {"name": secret, "key": "connection"}},
                                }
                            ],
                            "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}},
                            "volumeMounts": [{"name": "logs", "mountPath": "/opt/airflow/logs"}],
                        }
                    ],
                    "volumes": [{"name": "logs", "persistentVolumeClaim": {"claimName": CLAIM}}],
                },
            },
        },
    }


def scaled_object(*, name: str = WORKERS) -> dict[str, Any]:
    """What Airflow's chart asks of KEDA, with less patience than in production."""
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": {
            "scaleTargetRef": {"kind": "StatefulSet", "name": name},
            "pollingInterval": 1,
            "cooldownPeriod": 3,
            "minReplicaCount": 0,
            "maxReplicaCount": MOST_WORKERS,
            "triggers": [
                {
                    "type": "postgresql",
                    "metadata": {
                        "targetQueryValue": "1",
                        "connectionFromEnv": "AIRFLOW_CONN_AIRFLOW_DB",
                        "query": QUERY,
                    },
                }
            ],
        },
    }


def three_zones(content: dict[str, Any]) -> None:
    content["cluster"]["subnets"] = content["cluster"]["subnets"][:3]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Worked example A in three zones, deployed, with KEDA."""
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "three-zones", three_zones, like="airflow-seoul")
    with Rehearsal(
        environment="three-zones", environments=folder, reporter=Lines(), scaling=True
    ) as rehearsal:
        rehearsal.deploy()
        chart = keda_chart(tmp_path_factory.mktemp("charts"))
        print(f"KEDA from {chart}")  # noqa: T201
        helm(rehearsal, "install", "keda", str(chart), "--namespace=keda", "--create-namespace", "--wait")
        yield rehearsal
    assert processes_of(rehearsal.plan.directory) == []


@pytest.fixture(scope="module")
def tasks() -> Iterator[Database]:
    with database() as found:
        yield found


@pytest.fixture(scope="module")
def airflow(cluster: Rehearsal, tasks: Database) -> Rehearsal:
    """What Airflow's chart makes, as far as it matters to scaling."""
    api = cluster.kubernetes()
    metadata = kubernetes.V1ObjectMeta(name=NAMESPACE)
    kubernetes.CoreV1Api(api).create_namespace(kubernetes.V1Namespace(metadata=metadata))
    make_claim(api, name=CLAIM, storage_class="efs-sc", namespace=NAMESPACE)
    await_bound(api, name=CLAIM, namespace=NAMESPACE)
    make_workers(
        cluster,
        workers(secret="airflow-metadata"),
        scaled_object(),
        secret="airflow-metadata",
        connection=tasks.uri,
    )
    return cluster


def make_workers(
    rehearsal: Rehearsal, made: Any, scaled: dict[str, Any], *, secret: str, connection: str
) -> None:
    api = rehearsal.kubernetes()
    metadata = kubernetes.V1ObjectMeta(name=secret)
    kubernetes.CoreV1Api(api).create_namespaced_secret(
        NAMESPACE, kubernetes.V1Secret(metadata=metadata, string_data={"connection": connection})
    )
    kubernetes.AppsV1Api(api).create_namespaced_stateful_set(NAMESPACE, made)
    kubernetes.CustomObjectsApi(api).create_namespaced_custom_object(*SCALED_OBJECTS, scaled)


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
    """A hundred tasks are queued; when all workers have come, most are done, and then all."""
    volumes = [identity_of_the_volume(airflow)]
    workers_before = len(running_workers(airflow))
    tasks.queue_tasks(100)  # seven workers' worth, and one of them too many
    assert eventually(lambda: len(running_workers(airflow)) == MOST_WORKERS, seconds=60)
    at_the_peak, metric = running_workers(airflow), external_metric(airflow)
    volumes.append(identity_of_the_volume(airflow))
    tasks.finish_tasks(all_but=20)
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


def test_tasks_of_another_queue_bring_no_worker(airflow: Rehearsal, work: Round, tasks: Database) -> None:
    assert work.workers_after == 0
    tasks.queue_tasks(50, queue="other")
    # Two looks of KEDA's, each a second apart, and time to act on them.
    assert not eventually(lambda: running_workers(airflow) != [], seconds=5)


def test_keda_cannot_read_a_connection_of_sqlalchemys(
    airflow: Rehearsal, work: Round, tasks: Database
) -> None:
    assert work.workers_after == 0
    connection = tasks.uri.replace("postgresql://", "postgresql+psycopg2://")
    made = workers(name="other", secret="other")
    make_workers(airflow, made, scaled_object(name="other"), secret="other", connection=connection)
    assert eventually(lambda: condition(airflow, "other", "Ready") == "False")
    assert condition(airflow, WORKERS, "Ready") == "True"


def test_a_job_is_said_to_have_succeeded(cluster: Rehearsal) -> None:
    batch = kubernetes.BatchV1Api(cluster.kubernetes())
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
def test_keda_is_nobody_but_its_service_accounts(cluster: Rehearsal, program: str, account: str) -> None:
    client = kubernetes_config.new_client_from_config(
        config_file=str(cluster.plan.directory / program / "kubeconfig")
    )
    request = kubernetes.V1SelfSubjectReview()
    review: Any = kubernetes.AuthenticationV1Api(client).create_self_subject_review(request)
    assert review.status.user_info.username == f"system:serviceaccount:keda:{account}"


def test_keda_ends_with_its_release(airflow: Rehearsal, work: Round) -> None:
    assert work.workers_after == 0
    # Before KEDA goes: it must take its finalizer off.
    objects = kubernetes.CustomObjectsApi(airflow.kubernetes())
    for found in objects.list_namespaced_custom_object(*SCALED_OBJECTS)["items"]:
        objects.delete_namespaced_custom_object(*SCALED_OBJECTS, found["metadata"]["name"])
    helm(airflow, "uninstall", "keda", "--namespace=keda", "--wait")
    programs = [str(airflow.plan.binaries[name]).encode() for name in ("keda-operator", "keda-adapter")]
    directory = airflow.plan.directory

    def gone() -> bool:
        return not any(command_of(pid).startswith(tuple(programs)) for pid in processes_of(directory))

    assert eventually(gone)


def helm(rehearsal: Rehearsal, *arguments: str) -> None:
    """Run the layer's helm as the cluster's administrator."""
    variables = rehearsal.exports()
    path = variables["PATH"].replace("$PATH", os.environ["PATH"])
    command = shutil.which("helm", path=path)
    assert command is not None
    environment = {**os.environ, **variables, "PATH": path}
    run = subprocess.run([command, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def running_workers(rehearsal: Rehearsal) -> list[Any]:
    pods = kubernetes.CoreV1Api(rehearsal.kubernetes()).list_namespaced_pod(
        NAMESPACE, label_selector="component=worker"
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
