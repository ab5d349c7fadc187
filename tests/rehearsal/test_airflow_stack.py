"""Airflow on the shared volumes, deployed: both stacks at once, and what later changes leave as it was.

The tests of this module run in their order, on one rehearsal whose environment changes. No pod runs in it, so
the jobs are ended here as a kubelet would end them. Where the charts of Airflow and KEDA cannot be had, small
stand-ins take their place; the output says which ones were used.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from kubernetes import client as kubernetes
from kubernetes.client import ApiException

from operations.trace import Chain, trace
from rehearsal.claims import await_bound
from rehearsal.rehearsal import Rehearsal
from settings.versions import AIRFLOW_CHART
from tests.rehearsal.airflow_charts import CHARTS, later_version, pack
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

LATER = later_version()

Change = Callable[[Callable[[dict[str, Any]], None]], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "airflow", as_it_is, like="airflow-demo")
    return folder


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts")
    pack(CHARTS / "airflow", folder, version=AIRFLOW_CHART)
    pack(CHARTS / "airflow", folder, version="1.23.0", tag="3.3.0")
    pack(CHARTS / "keda-definitions", folder, version="2.20.2")
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path, stand_ins: Path) -> Iterator[Rehearsal]:
    with Rehearsal(
        environment="airflow",
        environments=folder,
        reporter=Lines(),
        stand_ins=stand_ins,
        more_versions={"airflow": [] if LATER == AIRFLOW_CHART else [LATER]},
    ) as rehearsal:
        for chart in rehearsal.charts:
            Lines().say(chart.describe())
        settings = rehearsal.settings
        run = rehearsal.cdk("bootstrap", f"aws://{settings.account}/{settings.region}")
        assert run.status == 0, run.output
        run = deploy_all(rehearsal)
        assert run.status == 0, run.output
        await_bound(rehearsal.kubernetes(), name="airflow-logs", namespace="airflow")
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the logs' claim as it was before any change."""
    return chain_of(rehearsal)


def test_both_stacks_are_deployed(rehearsal: Rehearsal) -> None:
    stacks = rehearsal.client("cloudformation").describe_stacks()["Stacks"]
    assert {one["StackName"]: one["StackStatus"] for one in stacks if one["StackName"] != "CDKToolkit"} == {
        "EfsStorageStack-airflow": "CREATE_COMPLETE",
        "AirflowStack-airflow": "CREATE_COMPLETE",
    }


def test_a_second_deployment_would_change_nothing(rehearsal: Rehearsal) -> None:
    run = rehearsal.cdk("diff")
    assert run.status == 0
    assert "Number of stacks with differences: 0" in run.output


def test_the_logs_are_on_one_shared_volume_of_the_class(before: Chain) -> None:
    assert before.claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert before.claim["spec"]["storageClassName"] == "efs-airflow"
    assert before.claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert before.access_point is not None
    assert before.access_point["PosixUser"] == {"Uid": 50000, "Gid": 0}
    assert before.access_point["RootDirectory"]["Path"].startswith("/airflow/")


def test_there_is_no_other_claim(rehearsal: Rehearsal, before: Chain) -> None:
    claims = kubernetes.CoreV1Api(rehearsal.kubernetes()).list_persistent_volume_claim_for_all_namespaces()
    assert [claim.metadata.name for claim in claims.items if claim.metadata] == [
        before.claim["metadata"]["name"]
    ]
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert apps.list_namespaced_stateful_set("airflow").items == []


def test_every_set_of_workers_has_the_volume_and_its_own_scaling(rehearsal: Rehearsal) -> None:
    assert limits(rehearsal) == {"airflow-worker": (0, 12), "airflow-worker-highmem": (0, 3)}
    for name in limits(rehearsal):
        spec = worker(rehearsal, name)["spec"]["template"]["spec"]
        (logs,) = [volume for volume in spec["volumes"] if volume["name"] == "logs"]
        assert logs["persistentVolumeClaim"]["claimName"] == "airflow-logs"
        (spread,) = spec["topologySpreadConstraints"]
        labels = worker(rehearsal, name)["spec"]["template"]["metadata"]["labels"]
        assert spread["topologyKey"] == "topology.kubernetes.io/zone"
        assert spread["labelSelector"]["matchLabels"].items() <= labels.items()


def test_scaling_asks_for_the_queues_of_its_set(rehearsal: Rehearsal) -> None:
    for name, queue in (("airflow-worker", "default"), ("airflow-worker-highmem", "highmem")):
        (trigger,) = scaled_object(rehearsal, name)["spec"]["triggers"]
        assert f"'{queue}'" in trigger["metadata"]["query"]
        variable = trigger["metadata"]["connectionFromEnv"]
        container = worker(rehearsal, name)["spec"]["template"]["spec"]["containers"][0]
        (connection,) = [one for one in container["env"] if one["name"] == variable]
        assert connection["valueFrom"]["secretKeyRef"]["name"] == "airflow-database"


def test_one_groomer_looks_for_old_logs(rehearsal: Rehearsal) -> None:
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    deployments = to_dict(rehearsal, apps.list_namespaced_deployment("airflow"))["items"]
    groomers = [
        container["name"]
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
        if "groomer" in container["name"]
    ]
    assert groomers == ["dag-processor-log-groomer"]


def test_no_job_is_a_hook_that_an_install_would_wait_for(rehearsal: Rehearsal) -> None:
    batch = kubernetes.BatchV1Api(rehearsal.kubernetes())
    (job,) = to_dict(rehearsal, batch.list_namespaced_job("airflow"))["items"]
    assert job["metadata"]["name"] == "airflow-run-airflow-migrations"
    assert "helm.sh/hook" not in job["metadata"].get("annotations", {})


def test_other_limits_of_workers_change_the_scaling_and_not_the_logs(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    finish_jobs(rehearsal)
    write_environment(folder, "airflow", more_workers, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert limits(rehearsal) == {"airflow-worker": (2, 40), "airflow-worker-highmem": (0, 3)}
    assert unchanged(before, chain_of(rehearsal))


def test_another_version_of_the_chart_changes_the_workers_and_not_the_logs(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    if LATER == AIRFLOW_CHART:
        pytest.skip("the folder of AIRFLOW_EFS_CHARTS has no later version of Airflow's chart")
    finish_jobs(rehearsal)
    images = image(rehearsal)
    write_environment(folder, "airflow", later_chart, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert image(rehearsal) != images
    assert unchanged(before, chain_of(rehearsal))


def test_values_that_would_move_the_logs_are_refused_before_anything_changes(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "airflow", logs_elsewhere, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 1
    assert "airflow.values.logs.persistence: goes over what the settings make" in run.output
    assert unchanged(before, chain_of(rehearsal))


def test_uninstalling_leaves_the_logs_and_the_namespace(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "airflow", later_chart, like="airflow-demo")
    run = rehearsal.cdk("destroy", "AirflowStack", "--force")
    assert run.status == 0, run.output
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert eventually(lambda: apps.list_namespaced_deployment("airflow").items == [])
    assert unchanged(before, chain_of(rehearsal))


def test_uninstalling_leaves_the_definitions_of_keda(rehearsal: Rehearsal) -> None:
    definitions = kubernetes.ApiextensionsV1Api(rehearsal.kubernetes())
    assert definitions.read_custom_resource_definition("scaledobjects.keda.sh") is not None


def test_installing_again_takes_the_logs_that_are_there(rehearsal: Rehearsal, before: Chain) -> None:
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert set(limits(rehearsal)) == {"airflow-worker", "airflow-worker-highmem"}
    assert unchanged(before, chain_of(rehearsal))


def test_generated_keys_are_made_once_and_copied_by_external_secrets(
    rehearsal: Rehearsal, folder: Path, keys: dict[str, str]
) -> None:
    finish_jobs(rehearsal)
    define_external_secrets(rehearsal)
    write_environment(folder, "airflow", generated_keys, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    keys |= stored_keys(rehearsal)
    assert set(keys) == {
        f"airflow-efs/airflow/{name}" for name in ("fernet-key", "api-secret-key", "jwt-secret")
    }
    assert len(set(keys.values())) == 3
    copied = external_secrets(rehearsal)
    assert copied["airflow-fernet-key"]["data"][0]["remoteRef"]["key"] == "airflow-efs/airflow/fernet-key"


def test_a_later_deployment_does_not_change_a_key(
    rehearsal: Rehearsal, folder: Path, keys: dict[str, str]
) -> None:
    finish_jobs(rehearsal)
    write_environment(folder, "airflow", generated_keys_and_more_workers, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert limits(rehearsal)["airflow-worker"] == (3, 40)
    assert stored_keys(rehearsal) == keys


def test_keys_outlive_the_stack_and_no_second_ones_are_made_without_a_word(
    rehearsal: Rehearsal, keys: dict[str, str]
) -> None:
    assert rehearsal.cdk("destroy", "AirflowStack", "--force").status == 0
    assert stored_keys(rehearsal) == keys
    run = deploy_all(rehearsal)
    assert run.status == 1
    assert "already exists" in run.output
    assert stored_keys(rehearsal) == keys


def test_kept_keys_are_used_again(
    rehearsal: Rehearsal, folder: Path, keys: dict[str, str], before: Chain
) -> None:
    write_environment(folder, "airflow", kept_keys, like="airflow-demo")
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert stored_keys(rehearsal) == keys
    assert set(external_secrets(rehearsal)) == {
        "airflow-fernet-key",
        "airflow-api-secret-key",
        "airflow-jwt-secret",
    }
    assert unchanged(before, chain_of(rehearsal))


@pytest.mark.parametrize("component", ["worker", "triggerer", "api-server"])
def test_a_service_account_names_a_role_that_trusts_it(rehearsal: Rehearsal, component: str) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    account = to_dict(rehearsal, core.read_namespaced_service_account(f"airflow-{component}", "airflow"))
    arn = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    role = rehearsal.client("iam").get_role(RoleName=f"airflow-airflow-{component}")["Role"]
    assert role["Arn"] == arn
    assert f"system:serviceaccount:airflow:airflow-{component}" in unquote(
        str(role["AssumeRolePolicyDocument"])
    )


def test_a_release_that_was_installed_by_hand_is_taken_over(
    rehearsal: Rehearsal, stand_ins: Path, before: Chain
) -> None:
    assert rehearsal.cdk("destroy", "AirflowStack", "--force").status == 0
    # As the chart is by default: workers in a StatefulSet, each with a disk. Hooks would wait for pods.
    helm(
        rehearsal,
        "install",
        "airflow",
        str(airflow_archive(rehearsal, stand_ins)),
        "--no-hooks",
        "-n",
        "airflow",
    )
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert stateful_sets(apps) >= {"airflow-worker", "airflow-triggerer"}
    run = deploy_all(rehearsal)
    assert run.status == 0, run.output
    assert eventually(lambda: stateful_sets(apps) == set())
    assert set(limits(rehearsal)) == {"airflow-worker", "airflow-worker-highmem"}
    assert unchanged(before, chain_of(rehearsal))


def test_the_storage_cannot_go_while_airflow_uses_it(rehearsal: Rehearsal, before: Chain) -> None:
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--exclusively", "--force")
    assert run.status == 1
    assert "in use by AirflowStack-airflow" in run.output
    assert unchanged(before, chain_of(rehearsal))


@pytest.fixture(scope="module")
def keys() -> dict[str, str]:
    """The keys as they were when they were made; the test that makes them fills it."""
    return {}


def stored_keys(rehearsal: Rehearsal) -> dict[str, str]:
    client = rehearsal.client("secretsmanager")
    return {
        one["Name"]: client.get_secret_value(SecretId=one["Name"])["SecretString"]
        for one in client.list_secrets()["SecretList"]
    }


def external_secrets(rehearsal: Rehearsal) -> dict[str, Any]:
    api = kubernetes.CustomObjectsApi(rehearsal.kubernetes())
    found: Any = api.list_namespaced_custom_object("external-secrets.io", "v1", "airflow", "externalsecrets")
    return {one["metadata"]["name"]: one["spec"] for one in found["items"]}


def define_external_secrets(rehearsal: Rehearsal) -> None:
    """What of the External Secrets operator must be in the cluster for the stack: the definition."""
    version = {"name": "v1", "served": True, "storage": True}
    anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"}
    definition: Any = {
        "metadata": {"name": "externalsecrets.external-secrets.io"},
        "spec": {
            "group": "external-secrets.io",
            "names": names,
            "scope": "Namespaced",
            "versions": [{**version, "schema": anything}],
        },
    }
    kubernetes.ApiextensionsV1Api(rehearsal.kubernetes()).create_custom_resource_definition(definition)
    time.sleep(1)  # until it is served


def helm(rehearsal: Rehearsal, *arguments: str) -> None:
    """Run the helm of the kubectl layer, as a person with the cluster's kubeconfig would."""
    variables = rehearsal.exports()
    path = variables["PATH"].replace("$PATH", os.environ["PATH"])
    program = shutil.which("helm", path=path)
    assert program is not None
    run = subprocess.run(
        [program, *arguments, "--kubeconfig", variables["KUBECONFIG"]], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def airflow_archive(rehearsal: Rehearsal, stand_ins: Path) -> Path:
    """The archive of Airflow's chart that this rehearsal installs."""
    (chart,) = (one for one in rehearsal.charts if (one.name, one.version) == ("airflow", AIRFLOW_CHART))
    return chart.archive or stand_ins / f"airflow-{AIRFLOW_CHART}.tgz"


def stateful_sets(apps: kubernetes.AppsV1Api) -> set[str]:
    items = apps.list_namespaced_stateful_set("airflow").items
    return {str(one.metadata.name) for one in items if one.metadata}


def deploy_all(rehearsal: Rehearsal) -> Any:
    return rehearsal.cdk("deploy", "--all", "--require-approval", "never", "--progress", "events")


def chain_of(rehearsal: Rehearsal) -> Chain:
    return trace(rehearsal.kubernetes(), rehearsal.client("efs"), name="airflow-logs", namespace="airflow")


def unchanged(before: Chain, now: Chain) -> bool:
    return (
        now.claim["metadata"]["uid"] == before.claim["metadata"]["uid"]
        and now.volume["metadata"]["uid"] == before.volume["metadata"]["uid"]
        and now.access_point == before.access_point
    )


def to_dict(rehearsal: Rehearsal, answer: Any) -> Any:
    return rehearsal.kubernetes().sanitize_for_serialization(answer)


def worker(rehearsal: Rehearsal, name: str) -> Any:
    api = rehearsal.kubernetes()
    return to_dict(rehearsal, kubernetes.AppsV1Api(api).read_namespaced_deployment(name, "airflow"))


def image(rehearsal: Rehearsal) -> str:
    return str(worker(rehearsal, "airflow-worker")["spec"]["template"]["spec"]["containers"][0]["image"])


def scaled_object(rehearsal: Rehearsal, name: str) -> Any:
    api = kubernetes.CustomObjectsApi(rehearsal.kubernetes())
    return api.get_namespaced_custom_object("keda.sh", "v1alpha1", "airflow", "scaledobjects", name)


def limits(rehearsal: Rehearsal) -> dict[str, tuple[int, int]]:
    """Fewest and most workers of each set, as KEDA is told."""
    api = kubernetes.CustomObjectsApi(rehearsal.kubernetes())
    found: Any = api.list_namespaced_custom_object("keda.sh", "v1alpha1", "airflow", "scaledobjects")
    return {
        one["metadata"]["name"]: (one["spec"]["minReplicaCount"], one["spec"]["maxReplicaCount"])
        for one in found["items"]
    }


def eventually(condition: Callable[[], bool], *, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def finish_jobs(rehearsal: Rehearsal) -> None:
    """End the pods of jobs well, and wait until Kubernetes has taken the jobs away."""
    core, batch = kubernetes.CoreV1Api(rehearsal.kubernetes()), kubernetes.BatchV1Api(rehearsal.kubernetes())

    def gone() -> bool:
        jobs = batch.list_namespaced_job("airflow").items
        for job in jobs:
            assert job.metadata is not None
            pods = core.list_namespaced_pod("airflow", label_selector=f"job-name={job.metadata.name}").items
            for pod in pods:
                if pod.metadata and pod.status and pod.status.phase == "Pending":
                    try:
                        core.patch_namespaced_pod_status(
                            str(pod.metadata.name), "airflow", {"status": {"phase": "Succeeded"}}
                        )
                    except ApiException as error:
                        assert error.status == 404  # noqa: PT017  # it went in between
        return jobs == []

    assert eventually(gone, seconds=180)


def as_it_is(content: dict[str, Any]) -> None:
    # A minute is long for a test: the jobs go as soon as they have ended.
    content["airflow"]["values"] = {"migrateDatabaseJob": {"ttlSecondsAfterFinished": 1}}


def more_workers(content: dict[str, Any]) -> None:
    as_it_is(content)
    content["airflow"]["workers"] |= {"minimum": 2, "maximum": 40}


def later_chart(content: dict[str, Any]) -> None:
    more_workers(content)
    content["airflow"]["chart"] = {"version": LATER}


def logs_elsewhere(content: dict[str, Any]) -> None:
    later_chart(content)
    content["airflow"]["values"] |= {"logs": {"persistence": {"storageClassName": "gp3"}}}


def generated_keys(content: dict[str, Any]) -> None:
    later_chart(content)
    content["airflow"]["secrets"] = {"source": "generated", "store": {"name": "aws"}}


def generated_keys_and_more_workers(content: dict[str, Any]) -> None:
    generated_keys(content)
    content["airflow"]["workers"]["minimum"] = 3


def kept_keys(content: dict[str, Any]) -> None:
    generated_keys(content)
    content["airflow"]["secrets"]["source"] = "kept"
    content["airflow"]["permissions"] = {"remote_logging": {"bucket": "example-logs"}}
