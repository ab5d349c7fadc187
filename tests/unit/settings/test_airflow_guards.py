"""Values of the user's that would break the storage, deadlock an install, or hold a secret."""

from typing import Any

import pytest

from settings.airflow.guards import guard_faults
from settings.airflow.values import made_values
from settings.faults import render_path
from tests.unit.airflow_environments import MATRIX, environment, of_matrix


def said(values: dict[str, Any], name: str = "least") -> list[str]:
    settings = of_matrix(name)
    assert settings.airflow is not None
    faults = guard_faults(values, made_values(settings, settings.airflow), {"efs-airflow"})
    return [f"{render_path(fault.at)}: {fault.problem}" for fault in faults]


def nested(path: str, value: Any) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    found: dict[str, Any] = value
    return found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("executor", "KubernetesExecutor"),
        ("fullnameOverride", "other"),
        ("useStandardNaming", True),
        ("logs.persistence.enabled", False),
        ("logs.persistence.storageClassName", "gp3"),
        ("logs.persistence.annotations", {"helm.sh/resource-policy": "delete"}),
        ("dags.persistence.enabled", True),
        ("workers.celery.persistence.enabled", True),
        ("workers.celery.persistence.fixPermissions", True),
        ("workers.celery.sets", [{"name": "other"}]),
        ("workers.celery.keda.enabled", False),
        ("config.celery.worker_concurrency", 4),
        ("postgresql.enabled", True),
        ("redis.enabled", True),
        ("migrateDatabaseJob.useHelmHooks", True),
        ("migrateDatabaseJob.applyCustomEnv", True),
        ("createUserJob.useHelmHooks", True),
    ],
)
def test_what_the_settings_decide_is_not_decided_again(path: str, value: Any) -> None:
    found = said(nested(path, value))
    assert any("goes over what the settings make" in line for line in found), found


@pytest.mark.parametrize("name", MATRIX)
def test_saying_the_same_again_is_no_fault(name: str) -> None:
    settings = of_matrix(name)
    assert settings.airflow is not None
    made = made_values(settings, settings.airflow)
    assert [line for line in said(made, name) if "plain" not in line] == []


@pytest.mark.parametrize(
    "path",
    [
        "fernetKey",
        "apiSecretKey",
        "jwtSecret",
        "data.brokerUrl",
        "data.metadataConnection.pass",
        "data.resultBackendConnection",
        "createUserJob.defaultUser.password",
        "dags.gitSync.sshKey",
        "redis.password",
        "extraSecrets",
        "postgresql.auth.password",
    ],
)
def test_a_secret_in_clear_text_is_refused(path: str) -> None:
    (line,) = said(nested(path, "s3cret"))
    assert line.startswith(f"{path}: is a secret, and values are kept in clear text")
    assert "s3cret" not in line


def test_a_deprecated_key_of_workers_is_refused_with_its_place() -> None:
    settings = of_matrix("least")
    assert settings.airflow is not None
    (fault,) = guard_faults({"workers": {"resources": {}}}, made_values(settings, settings.airflow), set())
    assert fault.at == ("workers", "resources")
    assert fault.cure == "write it below workers.celery: workers.celery.resources"


@pytest.mark.parametrize("path", ["securityContext", "ingress.enabled", "scheduler.securityContext"])
def test_a_deprecated_key_elsewhere_is_refused(path: str) -> None:
    assert said(nested(path, {})) == [f"{path}: is deprecated by the chart"]


@pytest.mark.parametrize("path", ["workers", "workers.celery.keda", "logs", "triggerer"])
def test_what_is_no_mapping_does_not_take_the_place_of_one(path: str) -> None:
    found = said(nested(path, 5))
    assert f"{path}: takes the place of a mapping that the settings make" in found


@pytest.mark.parametrize("path", ["secret", "dagProcessor.dagBundleConfigList"])
def test_a_list_that_the_settings_make_is_not_replaced(path: str) -> None:
    assert said(nested(path, [{"name": "x"}])) == []
    (line,) = said(nested(path, [{"name": "x"}]), "git-bundle")
    assert line.startswith(f"{path}: goes over what the settings make, which would replace the ")


@pytest.mark.parametrize("section", ["workers.celery", "triggerer", "apiServer"])
def test_a_service_account_with_a_role_keeps_its_name(section: str) -> None:
    values = nested(f"{section}.serviceAccount.name", "other")
    assert said(values) == []
    (line,) = said(values, "roles")
    assert "the role of airflow.permissions trusts that account only" in line


def test_remote_logs_stay_where_the_roles_may_write() -> None:
    values = nested("config.logging.remote_base_log_folder", "s3://other")
    assert said(values) == []
    (line,) = said(values, "roles")
    assert "the roles of airflow.permissions may write there only" in line


@pytest.mark.parametrize("host", [{"name": "a.example.com"}, {"name": "a", "tls": {"enabled": False}}, "a"])
def test_a_host_in_the_place_of_one_with_a_certificate_needs_one(host: Any) -> None:
    values = nested("ingress.apiServer.hosts", [host])
    (line,) = said(values, "ingress")
    assert line.startswith("ingress.apiServer.hosts[0]: has no certificate")


def test_more_hosts_with_certificates_are_accepted() -> None:
    hosts = [{"name": name, "tls": {"enabled": True, "secretName": "tls"}} for name in ("a.b", "c.d")]
    assert said(nested("ingress.apiServer.hosts", hosts), "ingress") == []


def test_variables_of_the_job_for_the_first_user_do_not_replace_the_password() -> None:
    (line,) = said(nested("createUserJob.env", [{"name": "TZ", "value": "UTC"}]), "ingress")
    assert line.startswith("createUserJob.env: leaves out ADMIN_PASSWORD")


def test_variables_beside_the_password_of_the_first_user_are_accepted() -> None:
    settings = of_matrix("ingress")
    assert settings.airflow is not None
    made = made_values(settings, settings.airflow)["createUserJob"]["env"]
    assert said(nested("createUserJob.env", [*made, {"name": "TZ", "value": "UTC"}]), "ingress") == []


def test_a_disk_of_the_triggerer_needs_a_class() -> None:
    (line,) = said({"triggerer": {"persistence": {"enabled": True}}})
    assert line.startswith("triggerer.persistence: gives the triggerer's disk no class")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("least", "triggerer.persistence.storageClassName"),
        ("trial", "redis.persistence.storageClassName"),
        ("trial", "postgresql.primary.persistence.storageClass"),
    ],
)
def test_a_disk_on_efs_is_refused(name: str, path: str) -> None:
    values = nested(path, "efs-airflow")
    if name == "least":
        values["triggerer"]["persistence"]["enabled"] = True
    (line,) = said(values, name)
    assert line.startswith(f"{path}: puts ")


def test_a_disk_of_a_named_block_class_is_accepted() -> None:
    assert said({"triggerer": {"persistence": {"enabled": True, "storageClassName": "gp3"}}}) == []


def test_an_environment_with_such_values_is_refused() -> None:
    with pytest.raises(ValueError, match="goes over what the settings make"):
        environment({"values": {"logs": {"persistence": {"enabled": False}}}})
