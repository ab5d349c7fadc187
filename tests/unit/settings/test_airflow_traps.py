"""What the charts of Airflow and KEDA take, and does not work: each trap is refused, or looked for."""

from typing import Any

import pytest

from operations.doctor.airflow_needs import airflow_needs
from operations.doctor.needs import AirflowNeeds
from settings.airflow.guards import guard_faults
from settings.airflow.values import made_values
from settings.faults import render_path
from tests.unit.airflow_environments import environment
from tests.unit.settings.test_airflow_guards import nested

TRAPS: dict[str, tuple[dict[str, Any], str]] = {
    "logs without a claim": ({"logs.persistence.enabled": False}, "write airflow.logs"),
    "logs that go with the release": (
        {"logs.persistence.annotations": {"helm.sh/resource-policy": "delete"}},
        "write airflow.logs",
    ),
    "logs of another class": ({"logs.persistence.storageClassName": "gp3"}, "write airflow.logs"),
    "logs on another claim": ({"logs.persistence.existingClaim": "mine"}, "write airflow.logs"),
    "logs beside their volume": (
        {"config.logging.base_log_folder": "/var/log/airflow"},
        "are lost with the worker",
    ),
    "logs beside their volume, by a variable": (
        {"env": [{"name": "AIRFLOW__LOGGING__BASE_LOG_FOLDER", "value": "/var/log/airflow"}]},
        "env[0].name: sets AIRFLOW__LOGGING__BASE_LOG_FOLDER",
    ),
    "a home beside the volume of the logs, by a variable": (
        {"env": [{"name": "AIRFLOW_HOME", "value": "/home/airflow"}]},
        "airflow.values.airflowHome",
    ),
    "something over the volume of the logs": (
        {"workers.celery.extraVolumeMounts": [{"name": "x", "mountPath": "/opt/airflow/logs/"}]},
        "extraVolumeMounts[0].mountPath: ",
    ),
    "something over the volume of the logs, in every component": (
        {"airflowHome": "/home/airflow", "volumeMounts": [{"name": "x", "mountPath": "/home/airflow/logs"}]},
        "volumeMounts[0].mountPath: ",
    ),
    "workers below a deprecated key": ({"workers.persistence.enabled": False}, "workers.celery.persistence"),
    "workers with claims of their own": (
        {"workers.celery.persistence.enabled": True},
        "a worker keeps nothing",
    ),
    "chown on an access point": ({"workers.celery.persistence.fixPermissions": True}, "chown fails"),
    "workers that nothing scales": ({"workers.celery.keda.enabled": False}, "KEDA scales the workers"),
    "workers that two autoscalers scale": ({"workers.celery.hpa.enabled": True}, "KEDA scales the workers"),
    "no workers for the default queue": (
        {"workers.celery.enableDefault": False},
        "takes the tasks of its queues",
    ),
    "a queue that two sets serve": ({"workers.celery.queue": "default,highmem"}, "airflow.workers.queues"),
    "sets that replace ours": ({"workers.celery.sets": [{"name": "x"}]}, "airflow.workers.sets"),
    "workers that are spread by another label": (
        {"workers.celery.labels": {"airflow-efs/worker-set": "x"}},
        "spread over the zones",
    ),
    "workers that are spread by other rules": (
        {"workers.celery.topologySpreadConstraints": []},
        "airflow.workers.zone_spread",
    ),
    "a query that counts the tasks of all sets": (
        {"workers.celery.keda.query": "SELECT ceil(COUNT(*)::decimal / 16) FROM task_instance"},
        "workers.celery.keda.query: does not know the queues of its set",
    ),
    "a query that divides by another number": (
        {"workers.celery.keda.query": "SELECT 1 WHERE queue = '{{ .Values.workers.queue }}'"},
        "does not know the tasks that one worker runs at a time",
    ),
    "a query that does not count the tasks that run": (
        {"workers.celery.keda.query": "SELECT 1 WHERE state = 'queued'"},
        "so that their workers would be taken away",
    ),
    "a query that does not count the tasks that wait": (
        {"workers.celery.keda.query": "SELECT 1 WHERE state = 'running'"},
        "does not know the tasks that wait",
    ),
    "workers of another queue than their set": (
        {"workers.celery.args": ["bash", "-c", "exec airflow celery worker -q default"]},
        "for the queue default",
    ),
    "workers that run more tasks, by an argument": (
        {"workers.celery.args": ["bash", "-c", "exec airflow celery worker --concurrency 4"]},
        "KEDA divides by airflow.workers.concurrency",
    ),
    "workers that run more tasks, by an argument in a list": (
        {"workers.celery.args": ["celery", "worker", "-q", "{{ .Values.workers.queue }}", "-c", "4"]},
        "KEDA divides by airflow.workers.concurrency",
    ),
    "workers of another queue than their set, by a command": (
        {"workers.celery.command": ["airflow", "celery", "worker", "-q", "default"]},
        "workers.celery.command: starts the workers of every set for the queue default",
    ),
    "workers that run more tasks, by a command": (
        {"workers.celery.command": ["airflow", "celery", "worker", "--concurrency=4"]},
        "workers.celery.command: says how many tasks a worker runs",
    ),
    "a default queue of which nobody knows": (
        {"env": [{"name": "AIRFLOW__OPERATORS__DEFAULT_QUEUE", "value": "other"}]},
        "airflow.values.config.operators.default_queue",
    ),
    "a grace period of which the cool-down does not know": (
        {"workers.celery.terminationGracePeriodSeconds": 3600},
        "airflow.workers.termination_grace_seconds",
    ),
    "a cool-down shorter than the grace period": (
        {"workers.celery.keda.cooldownPeriod": 30},
        "airflow.keda.cooldown_seconds",
    ),
    "other limits": ({"workers.celery.keda.maxReplicaCount": 1}, "airflow.workers.maximum"),
    "other fewest workers": ({"workers.celery.keda.minReplicaCount": 1}, "airflow.workers.minimum"),
    "more tasks a worker than KEDA counts": (
        {"config.celery.worker_concurrency": 32},
        "airflow.workers.concurrency",
    ),
    "another executor": ({"executor": "KubernetesExecutor"}, "only Celery workers"),
    "another executor in the configuration": (
        {"config.core.executor": "LocalExecutor"},
        "only Celery workers",
    ),
    "a migration that waits for what waits for it": (
        {"migrateDatabaseJob.useHelmHooks": True},
        "an install that waits deadlocks",
    ),
    "a migration as a hook of Argo's": (
        {"migrateDatabaseJob.applyCustomEnv": True},
        "an install that waits deadlocks",
    ),
    "a first user that waits for what waits for it": (
        {"createUserJob.useHelmHooks": True},
        "an install that waits deadlocks",
    ),
    "a first user whom everyone knows": ({"createUserJob.enabled": True}, "write airflow.admin"),
    "a connection that nobody looks for": ({"data.metadataSecretName": "other"}, "airflow.database.secret"),
    "results of which nobody looks for the connection": (
        {"data.resultBackendSecretName": "other"},
        "airflow.database.result_backend_secret",
    ),
    "a broker that nobody looks for": ({"data.brokerUrlSecretName": "other"}, "airflow.broker.secret"),
    "a Fernet key that nobody looks for": ({"fernetKeySecretName": "other"}, "airflow.secrets.fernet_key"),
    "a key of the API that nobody looks for": (
        {"apiSecretKeySecretName": "other"},
        "airflow.secrets.api_secret_key",
    ),
    "a key of tokens that nobody looks for": ({"jwtSecretName": "other"}, "airflow.secrets.jwt_secret"),
    "a key of tokens that each upgrade changes": ({"jwtSecret": "s3cret"}, "airflow.secrets.jwt_secret"),
    "KEDA without a connection": (
        {"enableBuiltInSecretEnvVars.AIRFLOW_CONN_AIRFLOW_DB": False},
        "KEDA reads the database's connection from it",
    ),
    "Airflow without a connection": (
        {"enableBuiltInSecretEnvVars.AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": False},
        "Airflow reads the database's connection from it",
    ),
    "workers without a broker": (
        {"enableBuiltInSecretEnvVars.AIRFLOW__CELERY__BROKER_URL": False},
        "workers read the broker's URL from it",
    ),
    "results in a database that is not there": (
        {"enableBuiltInSecretEnvVars.AIRFLOW__CELERY__RESULT_BACKEND": True},
        "Celery finds its results by it",
    ),
    "connections that nobody can read": (
        {"enableBuiltInSecretEnvVars.AIRFLOW__CORE__FERNET_KEY": False},
        "connections are encrypted with it",
    ),
    "tokens of workers that nobody trusts": (
        {"enableBuiltInSecretEnvVars.AIRFLOW__API_AUTH__JWT_SECRET": False},
        "the tokens of workers are signed with it",
    ),
    "a database of another kind": ({"data.metadataConnection.protocol": "mysql"}, "KEDA reads no scheme but"),
    "a driver in the scheme": (
        {"data.metadataConnection.protocol": "postgresql+psycopg2"},
        "KEDA reads no scheme but",
    ),
    "a database elsewhere": ({"data.metadataConnection.host": "db"}, "airflow.database.secret"),
    "a connection in a variable": (
        {"extraEnv": "- name: AIRFLOW_CONN_AIRFLOW_DB\n  value: x\n"},
        "extraEnv: sets AIRFLOW_CONN_AIRFLOW_DB",
    ),
    "a connection in a variable of the workers": (
        {"workers.celery.env": [{"name": "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "value": "x"}]},
        "workers.celery.env[0].name: sets AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    ),
    "a connection in a variable from another secret": (
        {"secret": [{"envName": "AIRFLOW_CONN_AIRFLOW_DB", "secretName": "x"}]},
        "secret[0].envName: sets AIRFLOW_CONN_AIRFLOW_DB",
    ),
    "a connection in clear text": ({"config.database.sql_alchemy_conn": "x"}, "kept in clear text"),
    "a second key of the secret, for KEDA": (
        {"workers.celery.keda.usePgbouncer": False},
        "KEDA reads a key of the secret",
    ),
    "a PostgreSQL that nobody asked for": ({"postgresql.enabled": True}, "write airflow.database"),
    "a Redis that nobody asked for": ({"redis.enabled": True}, "write airflow.broker"),
    "a disk of the triggerer's without a class": ({"triggerer.persistence.enabled": True}, "no class"),
    "a groomer beside the one": (
        {"scheduler.logGroomerSidecar.enabled": True},
        "each reads the attributes of every log",
    ),
    "a groomer beside each worker": (
        {"workers.celery.logGroomerSidecar.enabled": True},
        "each reads the attributes of every log",
    ),
    "a groomer beside the triggerer": (
        {"triggerer.logGroomerSidecar.enabled": True},
        "each reads the attributes of every log",
    ),
    "a groomer that looks all the time": (
        {"dagProcessor.logGroomerSidecar.frequencyMinutes": 15},
        "airflow.logs.groom_every_minutes",
    ),
    "a number of workers that nothing heeds": ({"workers.celery.replicas": 5}, "airflow.workers.minimum"),
    "claims of workers that the chart does not make": (
        {"workers.celery.volumeClaimTemplates": [{"metadata": {"name": "x"}}]},
        "workers are a Deployment",
    ),
    "no API server": ({"apiServer.enabled": False}, "workers get their tasks from the API server"),
    "no dag processor": ({"dagProcessor.enabled": False}, "it has the one groomer"),
    "no scheduler": ({"scheduler.enabled": False}, "nothing else puts tasks into the queues"),
    "schedulers that another setting counts": ({"scheduler.replicas": 0}, "write airflow.schedulers"),
    "no migration": ({"migrateDatabaseJob.enabled": False}, "every pod waits for the migration"),
    "a groomer in each of several dag processors": (
        {"dagProcessor.replicas": 2},
        "each would have a groomer",
    ),
    "no groomer": (
        {"dagProcessor.logGroomerSidecar.enabled": False},
        "nothing else deletes old logs",
    ),
    "workers that run more tasks than KEDA divides by": (
        {"config.celery.worker_autoscale": "16,4"},
        "KEDA divides by airflow.workers.concurrency",
    ),
    "workers that run more tasks than KEDA divides by, by a variable": (
        {"env": [{"name": "AIRFLOW__CELERY__WORKER_AUTOSCALE", "value": "16,4"}]},
        "env[0].name: sets AIRFLOW__CELERY__WORKER_AUTOSCALE",
    ),
    "a class that goes over that of PostgreSQL's disk": (
        {"global.storageClass": "efs-airflow"},
        "airflow.database.bundled.storage_class",
    ),
    "a class of PostgreSQL's chart that goes over that of its disk": (
        {"postgresql.global.storageClass": "efs-airflow"},
        "airflow.database.bundled.storage_class",
    ),
    "PostgreSQL on a claim of any kind": (
        {"postgresql.primary.persistence.existingClaim": "airflow-logs"},
        "airflow.database.bundled.storage_class",
    ),
    "Redis on a claim of any kind": (
        {"redis.persistence.existingClaim": "airflow-logs"},
        "airflow.broker.bundled.storage_class",
    ),
    "replicas of PostgreSQL on a class that nobody named": (
        {"postgresql.architecture": "replication"},
        "the cluster's default class",
    ),
    "PostgreSQL by another name": ({"postgresql.fullnameOverride": "db"}, "under the name of the release"),
    "PostgreSQL at another port": (
        {"postgresql.primary.service.ports.postgresql": 5433},
        "at port 5432",
    ),
    "PostgreSQL with a password that Airflow does not know": (
        {"postgresql.auth.existingSecret": "mine"},
        "with the chart's own password",
    ),
    "PostgreSQL without the user that Airflow is": (
        {"postgresql.auth.enablePostgresUser": False},
        "as the user postgres",
    ),
    "a way in beside airflow.ingress": ({"ingress.apiServer.enabled": True}, "write airflow.ingress"),
    "an Airflow that has other keys": ({"airflowVersion": "2.11.0"}, "write a version 3"),
    "a pool of connections to another database": ({"pgbouncer.enabled": True}, "pgbouncer.configSecretName"),
    "DAGs over the volume of the logs": ({"dags.mountPath": "/opt/airflow/logs"}, "dags.mountPath: is where"),
    "a password in the URL of a repository": (
        {"dags.gitSync.repo": "https://user:word@git.example.com/dags.git"},
        "dags.gitSync.repo: holds a password",
    ),
    "names that KEDA and the claim do not know": ({"fullnameOverride": "x"}, "gives the workers"),
}
"""By what is wrong: the values, with a dot between keys, and a part of what is said."""


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_of_the_charts_is_refused(name: str) -> None:
    values, said = TRAPS[name]
    whole: dict[str, Any] = {}
    for path, value in values.items():
        whole |= nested(path, value)
    settings = environment({})
    assert settings.airflow is not None
    faults = guard_faults(whole, made_values(settings, settings.airflow), {"efs-airflow"})
    lines = [f"{render_path(fault.at)}: {fault.problem}: {fault.cure}" for fault in faults]
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize(
    "path",
    [
        "enableBuiltInSecretEnvVars.AIRFLOW_CONN_AIRFLOW_DB",
        "workers.celery.enableDefault",
        "workers.celery.keda.usePgbouncer",
    ],
)
def test_what_the_chart_says_anyway_may_be_said(path: str) -> None:
    assert environment({"values": nested(path, True)}).airflow is not None


OWN_QUERY = """\
SELECT ceil(COUNT(*)::decimal / {{ .Values.config.celery.worker_concurrency }}) FROM task_instance
WHERE state IN ('running', 'queued', 'scheduled') AND queue IN ('{{ .Values.workers.queue }}')
"""


def test_a_query_that_heeds_what_the_charts_heeds_is_accepted() -> None:
    assert environment({"values": nested("workers.celery.keda.query", OWN_QUERY)}).airflow is not None


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bash", "-c", "source /setup && exec airflow celery worker -q {{ .Values.workers.queue }}"],
    ],
)
def test_arguments_of_workers_that_heed_their_set_are_accepted(arguments: list[str]) -> None:
    assert environment({"values": nested("workers.celery.args", arguments)}).airflow is not None


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["/usr/bin/dumb-init", "--", "/entrypoint"],
        ["airflow", "celery", "worker", "-q", "{{ .Values.workers.queue }}"],
    ],
)
def test_a_command_of_workers_that_leaves_their_queues_alone_is_accepted(command: list[str]) -> None:
    assert environment({"values": nested("workers.celery.command", command)}).airflow is not None


def test_the_queue_may_be_among_the_arguments_of_a_command() -> None:
    celery = {"command": ["airflow", "celery", "worker"], "args": ["-q", "{{ .Values.workers.queue }}"]}
    assert environment({"values": {"workers": {"celery": celery}}}).airflow is not None


def test_workers_that_leave_out_the_queue_of_tasks_that_name_none_are_refused() -> None:
    with pytest.raises(ValueError, match="leaves out default, the queue of every task that names none"):
        environment({"workers": {"queues": ["small"]}})


def test_a_set_may_serve_the_queue_of_tasks_that_name_none() -> None:
    workers = {"queues": ["small"], "sets": [{"name": "rest", "queues": ["default"]}]}
    assert environment({"workers": workers}).airflow is not None


def default_queue(queue: str) -> dict[str, Any]:
    return {"values": nested("config.operators.default_queue", queue)}


def test_another_default_queue_that_workers_serve_is_accepted() -> None:
    assert environment({"workers": {"queues": ["small"]}, **default_queue("small")}).airflow is not None


def test_another_default_queue_that_nobody_serves_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="and no set of workers serves it") as raised:
        environment({"workers": {"queues": ["small", "default"]}, **default_queue("big")})
    assert "write one of default, small, or add it to airflow.workers.queues" in str(raised.value)


def test_dags_are_not_cloned_into_a_claim() -> None:
    with pytest.raises(ValueError, match="clones into the claim of airflow"):
        environment({"dags": {"claim": "dags"}, "values": {"dags": {"gitSync": {"enabled": True}}}})


def test_the_last_worker_is_not_taken_before_its_grace_period_is_over() -> None:
    with pytest.raises(ValueError, match="is less than a worker's grace period, 600"):
        environment({"keda": {"cooldown_seconds": 599}})


def test_variables_that_the_settings_do_not_decide_are_accepted() -> None:
    values = {
        "env": [{"name": "AIRFLOW__CORE__PARALLELISM", "value": "64"}],
        "extraEnv": "- name: TZ\n  value: UTC\n",
        "secret": [{"envName": "AIRFLOW_CONN_MY_DB", "secretName": "mine", "secretKey": "connection"}],
    }
    assert environment({"values": values}).airflow is not None


def needs(airflow: dict[str, Any]) -> AirflowNeeds:
    found = airflow_needs(environment(airflow))
    assert found is not None
    return found


def test_the_class_of_a_disk_that_is_named_in_values_is_looked_for() -> None:
    disk = {"enabled": True, "storageClassName": "gp2"}
    assert needs({"values": {"triggerer": {"persistence": disk}}}).block_classes == ("gp2",)


def test_the_class_of_a_disk_that_is_turned_off_is_not_looked_for() -> None:
    disk = {"enabled": False, "storageClassName": "gp2"}
    assert needs({"values": {"triggerer": {"persistence": disk}}}).block_classes == ()


def test_a_pool_with_a_configuration_of_its_own_is_accepted() -> None:
    pool = {"enabled": True, "configSecretName": "pool"}
    assert environment({"values": {"pgbouncer": pool}}).airflow is not None


def test_a_pool_for_the_bundled_database_is_accepted() -> None:
    trial = {"database": {"bundled": {"storage_class": "gp3"}}, "values": {"pgbouncer": {"enabled": True}}}
    assert environment(trial).airflow is not None


@pytest.mark.parametrize("version", ["3.2.2", "3.3.0", "10.0.0"])
def test_another_airflow_3_is_accepted(version: str) -> None:
    assert environment({"values": {"airflowVersion": version}}).airflow is not None
