from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import load_environment
from settings.airflow.deprecated import DEPRECATED
from settings.airflow.values import airflow_values
from settings.values_schema import schema_faults
from tests.unit.airflow_environments import MATRIX, environment, of_matrix
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.settings.chart_schema import chart_schema
from tests.unit.settings.test_airflow_deprecated import BELOW_WORKERS


def paths(values: Any, path: str = "") -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, inner in values.items():
            yield f"{path}{key}"
            yield from paths(inner, f"{path}{key}.")


def at(values: Mapping[str, Any], path: str) -> Any:
    for step in path.split("."):
        values = values[step]
    return values


@pytest.mark.parametrize("name", MATRIX)
def test_the_values_fit_the_charts_own_schema(name: str) -> None:
    assert [*schema_faults(airflow_values(of_matrix(name)), chart_schema())] == []


def test_the_values_of_the_worked_example_fit_the_charts_own_schema() -> None:
    values = airflow_values(load_environment("airflow-demo", ENVIRONMENTS))
    assert [*schema_faults(values, chart_schema())] == []


@pytest.mark.parametrize("name", MATRIX)
def test_no_value_is_deprecated(name: str) -> None:
    deprecated = {
        *(".".join(map(str, path)) for path in DEPRECATED),
        *(f"workers.{key}" for key in BELOW_WORKERS),
    }
    assert deprecated.isdisjoint(paths(airflow_values(of_matrix(name))))


@pytest.mark.parametrize("name", MATRIX)
def test_the_logs_are_always_on_a_shared_claim(name: str) -> None:
    logs = airflow_values(of_matrix(name))["logs"]["persistence"]
    assert logs["enabled"] is True
    if name == "existing-claim":
        assert logs == {"enabled": True, "existingClaim": "shared-logs"}
    else:
        assert logs["storageClassName"] == "efs-airflow"
        assert logs["annotations"] == {"helm.sh/resource-policy": "keep"}


@pytest.mark.parametrize("name", MATRIX)
def test_no_disk_is_of_an_unnamed_class_or_of_efs(name: str) -> None:
    values = airflow_values(of_matrix(name))
    assert values["triggerer"]["persistence"]["enabled"] is False
    assert values["workers"]["celery"]["persistence"]["enabled"] is False
    for part, path in (
        ("postgresql", "primary.persistence.storageClass"),
        ("redis", "persistence.storageClassName"),
    ):
        if values[part]["enabled"]:
            assert at(values[part], path) == "gp3"


@pytest.mark.parametrize("name", MATRIX)
def test_one_component_looks_for_old_logs(name: str) -> None:
    values = airflow_values(of_matrix(name))
    sections = [values["workers"]["celery"], values["scheduler"], values["triggerer"], values["dagProcessor"]]
    assert [section["logGroomerSidecar"]["enabled"] for section in sections] == [False, False, False, True]


@pytest.mark.parametrize("name", MATRIX)
def test_no_job_is_a_hook_that_an_install_would_wait_for(name: str) -> None:
    values = airflow_values(of_matrix(name))
    for job in ("migrateDatabaseJob", "createUserJob"):
        assert values[job]["useHelmHooks"] is False
        assert values[job]["applyCustomEnv"] is False


@pytest.mark.parametrize("name", MATRIX)
def test_the_same_settings_give_the_same_text(name: str) -> None:
    first, second = (yaml.safe_dump(airflow_values(of_matrix(name)), sort_keys=False) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", MATRIX)
def test_no_value_is_null_which_would_be_dropped_on_its_way(name: str) -> None:
    assert "null" not in yaml.safe_dump(airflow_values(of_matrix(name))).split()


def test_the_last_worker_goes_after_its_grace_period() -> None:
    values = airflow_values(environment({"workers": {"termination_grace_seconds": 1200}}))
    celery = values["workers"]["celery"]
    assert celery["terminationGracePeriodSeconds"] == 1200
    assert celery["keda"]["cooldownPeriod"] == 1230


def test_a_cooldown_of_ones_own_is_kept() -> None:
    values = airflow_values(environment({"keda": {"cooldown_seconds": 900, "polling_seconds": 2}}))
    keda = values["workers"]["celery"]["keda"]
    assert (keda["cooldownPeriod"], keda["pollingInterval"]) == (900, 2)


def test_keda_divides_by_the_tasks_that_a_worker_runs() -> None:
    values = airflow_values(environment({"workers": {"concurrency": 7}}))
    assert values["config"]["celery"]["worker_concurrency"] == 7


def test_each_set_is_spread_by_itself() -> None:
    celery = airflow_values(of_matrix("sets"))["workers"]["celery"]
    for one, name in ((celery, "default"), (celery["sets"][0], "highmem"), (celery["sets"][1], "gpu")):
        (constraint,) = one["topologySpreadConstraints"]
        assert constraint["topologyKey"] == "topology.kubernetes.io/zone"
        assert constraint["whenUnsatisfiable"] == "DoNotSchedule"
        assert constraint["labelSelector"]["matchLabels"] == one["labels"] == {"airflow-efs/worker-set": name}


def test_each_set_has_its_queues_and_limits() -> None:
    celery = airflow_values(of_matrix("sets"))["workers"]["celery"]
    assert celery["queue"] == "default,small"
    assert (celery["keda"]["minReplicaCount"], celery["keda"]["maxReplicaCount"]) == (1, 40)
    highmem, gpu = celery["sets"]
    assert (highmem["queue"], gpu["queue"]) == ("highmem", "gpu,train")
    assert highmem["resources"] == {"requests": {"memory": "16Gi"}, "limits": {"memory": "16Gi"}}
    assert gpu["keda"] == {"minReplicaCount": 0, "maxReplicaCount": 2}
    assert "resources" not in gpu  # as in workers


def test_without_a_secret_of_its_own_celery_takes_airflows_database() -> None:
    values = airflow_values(of_matrix("least"))
    assert values["enableBuiltInSecretEnvVars"] == {"AIRFLOW__CELERY__RESULT_BACKEND": False}
    assert "resultBackendSecretName" not in values["data"]
    other = airflow_values(of_matrix("results-elsewhere"))
    assert other["data"]["resultBackendSecretName"] == "results"
    assert "enableBuiltInSecretEnvVars" not in other


def test_every_secret_is_a_name() -> None:
    values = airflow_values(environment({"secrets": {"jwt_secret": "signs"}}))
    assert values["jwtSecretName"] == "signs"
    assert values["fernetKeySecretName"] == "airflow-fernet-key"
    assert values["apiSecretKeySecretName"] == "airflow-api-secret-key"
    assert values["data"] == {
        "metadataSecretName": "airflow-database",
        "brokerUrlSecretName": "airflow-broker",
    }


def test_no_user_is_made_with_the_charts_password() -> None:
    assert airflow_values(of_matrix("least"))["createUserJob"]["enabled"] is False


def test_the_password_of_the_first_user_is_not_in_the_values() -> None:
    job = airflow_values(of_matrix("ingress"))["createUserJob"]
    (variable,) = job["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "airflow-admin", "key": "password"}
    assert f"${variable['name']}" in job["args"][2]


def test_a_private_repository_is_a_connection_by_the_name_of_a_secret() -> None:
    values = airflow_values(of_matrix("git-bundle"))
    (bundle,) = values["dagProcessor"]["dagBundleConfigList"]
    assert bundle["kwargs"] == {
        "repo_url": "https://git.example.com/data/dags.git",
        "tracking_ref": "main",
        "refresh_interval": 60,
        "subdir": "dags",
        "git_conn_id": "git_dags",
    }
    assert values["secret"] == [
        {"envName": "AIRFLOW_CONN_GIT_DAGS", "secretName": "git", "secretKey": "connection"}
    ]


def test_a_bundle_does_not_take_the_groomer_away() -> None:
    assert airflow_values(of_matrix("git-bundle"))["dagProcessor"]["logGroomerSidecar"]["enabled"] is True


@pytest.mark.parametrize(
    ("name", "key"), [("git-sync", "credentialsSecret"), ("git-sync-by-ssh", "sshKeySecret")]
)
def test_git_sync_gets_the_secret_that_the_url_needs(name: str, key: str) -> None:
    sync = airflow_values(of_matrix(name))["dags"]["gitSync"]
    assert sync["enabled"] is True
    assert sync[key] == "git"


def test_dags_on_a_volume_are_an_existing_claim() -> None:
    assert airflow_values(of_matrix("dags-on-a-volume"))["dags"] == {
        "persistence": {"enabled": True, "existingClaim": "dags"}
    }


def test_there_is_no_way_in_by_default() -> None:
    assert "ingress" not in airflow_values(of_matrix("least"))


@pytest.mark.parametrize(("public", "scheme"), [(False, "internal"), (True, "internet-facing")])
def test_a_load_balancer_faces_the_internet_only_where_that_is_said(public: bool, scheme: str) -> None:
    ingress = {"host": "a.example.com", "class_name": "alb", "tls_secret": "tls", "public": public}
    made = airflow_values(environment({"ingress": ingress}))["ingress"]["apiServer"]
    assert made["annotations"] == {"alb.ingress.kubernetes.io/scheme": scheme}
    assert made["hosts"] == [{"name": "a.example.com", "tls": {"enabled": True, "secretName": "tls"}}]


def test_service_accounts_name_their_roles_with_irsa_only() -> None:
    values = airflow_values(of_matrix("roles"))
    account = values["workers"]["celery"]["serviceAccount"]
    assert account == {
        "create": True,
        "name": "airflow-worker",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/airflow-prod-worker"},
    }
    assert values["apiServer"]["serviceAccount"]["annotations"]["eks.amazonaws.com/role-arn"].endswith(
        "api-server"
    )
    other = airflow_values(of_matrix("pod-identity"))
    assert other["triggerer"]["serviceAccount"] == {"create": True, "name": "airflow-triggerer"}


def test_all_sets_share_the_account_that_the_role_trusts() -> None:
    values = airflow_values(environment({**MATRIX["sets"], **MATRIX["roles"]}))
    for one in values["workers"]["celery"]["sets"]:
        assert one["serviceAccount"] == {"create": False, "name": "airflow-worker"}
    assert "serviceAccount" not in airflow_values(of_matrix("sets"))["workers"]["celery"]["sets"][0]


def test_remote_logs_go_to_the_bucket() -> None:
    logging = airflow_values(of_matrix("roles"))["config"]["logging"]
    assert logging["remote_logging"] == "True"
    assert logging["remote_base_log_folder"] == "s3://example-logs/airflow"


@pytest.mark.parametrize(
    ("workers", "schedulers", "parallelism"),
    [
        ({"maximum": 10, "concurrency": 16}, 1, 160),
        ({"maximum": 10, "concurrency": 16}, 3, 54),
        ({"maximum": 10, "concurrency": 4, "sets": [{"name": "x", "queues": ["x"], "maximum": 5}]}, 1, 60),
        ({"maximum": 2, "concurrency": 4}, 1, 32),
    ],
)
def test_the_schedulers_give_out_as_many_tasks_as_the_most_workers_run(
    workers: dict[str, Any], schedulers: int, parallelism: int
) -> None:
    values = airflow_values(environment({"workers": workers, "schedulers": schedulers}))
    assert values["config"]["core"]["parallelism"] == parallelism


@pytest.mark.parametrize(("maximum", "slots"), [(10, 160), (3, 128)])
def test_the_pool_of_a_new_database_has_room_for_what_the_most_workers_run(maximum: int, slots: int) -> None:
    values = airflow_values(environment({"workers": {"maximum": maximum}, "schedulers": 2}))
    assert values["config"]["core"]["default_pool_task_slot_count"] == slots


def test_ones_own_values_go_over_the_made_ones() -> None:
    values = airflow_values(of_matrix("own-values"))
    assert values["images"]["airflow"]["tag"] == "3.2.2-1"
    assert values["config"]["celery"] == {"worker_concurrency": 16}
    assert values["config"]["core"] == {"parallelism": 64, "default_pool_task_slot_count": 160}
    assert values["workers"]["celery"]["extraVolumes"] == [{"name": "scratch", "emptyDir": {}}]
    assert values["workers"]["celery"]["keda"]["enabled"] is True


def test_an_environment_without_airflow_has_no_values() -> None:
    with pytest.raises(ValueError, match="environment airflow-seoul has no airflow"):
        airflow_values(load_environment("airflow-seoul", Path(ENVIRONMENTS)))
