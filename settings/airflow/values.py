"""The values of the chart airflow for an environment, such that it works on EFS.

https://github.com/apache/airflow/blob/helm-chart/1.22.0/chart/values.yaml says what each key means. Only keys
that are not deprecated there are written: those of the workers are below `workers.celery`.
"""

from collections.abc import Mapping
from typing import Any, Final

from settings.airflow import Airflow
from settings.airflow.access import ALB_SCHEME, AdminUser, Ingress, RemoteLogging
from settings.airflow.dags import GitDags
from settings.airflow.database import Broker, Database
from settings.airflow.roles import Component, components_with_a_role, role_arn, service_account
from settings.airflow.workers import DEFAULT_SET, SET_LABEL, Resources, Workers
from settings.environment_fields import EnvironmentFields
from settings.merging import merged

KEEP: Final[Mapping[str, str]] = {"helm.sh/resource-policy": "keep"}
"""Annotation with which helm leaves an object alone when its release goes."""

ZONE: Final = "topology.kubernetes.io/zone"

GIT_CONNECTION: Final = "git_dags"
"""Airflow's name for the connection to a private repository of DAGs."""

ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"

JOB_SECONDS: Final = 60
"""Seconds for which a job that has ended is kept: helm cannot change one that is still there."""


def airflow_values(environment: EnvironmentFields) -> dict[str, Any]:
    """The values with which Airflow is installed: made from the settings, and `airflow.values` over them.

    Raises:
        ValueError: the environment has no `airflow`.
    """
    if environment.airflow is None:
        raise ValueError(f"environment {environment.name} has no airflow: write that section")
    return merged(made_values(environment, environment.airflow), environment.airflow.values)


def made_values(environment: EnvironmentFields, airflow: Airflow) -> dict[str, Any]:
    """The values that are made from the settings, without `airflow.values`."""
    values: dict[str, Any] = {
        "executor": "CeleryExecutor",
        "config": {
            "celery": {"worker_concurrency": airflow.workers.concurrency},
            "core": {
                "parallelism": airflow.parallelism,
                "default_pool_task_slot_count": airflow.pool_slots,
            },
        },
        "fernetKeySecretName": airflow.secrets.fernet_key,
        "apiSecretKeySecretName": airflow.secrets.api_secret_key,
        "jwtSecretName": airflow.secrets.jwt_secret,
        "logs": {"persistence": _logs_persistence(airflow)},
        "workers": {"celery": _celery(airflow)},
        "scheduler": {"replicas": airflow.schedulers, "logGroomerSidecar": {"enabled": False}},
        "triggerer": {
            # With the logs on their own claim it has nothing to keep, and its claim would be of a class that
            # nobody named.
            "persistence": {"enabled": False},
            "logGroomerSidecar": {"enabled": False},
        },
        # One groomer for the one shared tree, in the component of which there is always one.
        "dagProcessor": {
            "replicas": 1,
            "logGroomerSidecar": {
                "enabled": True,
                "retentionDays": airflow.logs.retention_days,
                "frequencyMinutes": airflow.logs.groom_every_minutes,
            },
        },
        "migrateDatabaseJob": _job(),
        "createUserJob": _create_user(airflow.admin),
    }
    for part in (
        _database(airflow.database),
        _broker(airflow.broker),
        _dags(airflow),
        _ingress(airflow.ingress),
        _remote_logging(airflow.permissions.remote_logging),
        *(_role(environment, airflow, component) for component in components_with_a_role(airflow)),
    ):
        values = merged(values, part)
    return values


def _logs_persistence(airflow: Airflow) -> dict[str, Any]:
    if airflow.logs.existing_claim is not None:
        return {"enabled": True, "existingClaim": airflow.logs.existing_claim}
    return {
        "enabled": True,
        "storageClassName": airflow.logs.storage_class,
        "size": airflow.logs.size,
        "annotations": dict(KEEP),
    }


def _celery(airflow: Airflow) -> dict[str, Any]:
    workers = airflow.workers
    return {
        **_set(workers, DEFAULT_SET, workers.queues, workers.resources, workers.node_selector),
        "keda": {
            "enabled": True,
            "pollingInterval": airflow.keda.polling_seconds,
            "cooldownPeriod": airflow.cooldown_seconds,
            "minReplicaCount": workers.minimum,
            "maxReplicaCount": workers.maximum,
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleDown": {"stabilizationWindowSeconds": airflow.keda.scale_down_window_seconds}
                    }
                }
            },
        },
        # A Deployment: the logs have their claim, so a worker has nothing of its own to keep, and the claim
        # templates of a StatefulSet could never be changed. chown, too, fails on an access point.
        "persistence": {"enabled": False, "fixPermissions": False},
        "terminationGracePeriodSeconds": workers.termination_grace_seconds,
        "safeToEvict": workers.safe_to_evict,
        "logGroomerSidecar": {"enabled": False},
        "sets": [
            {
                "name": one.name,
                **_set(workers, one.name, one.queues, one.resources, one.node_selector),
                "keda": {"minReplicaCount": one.minimum, "maxReplicaCount": one.maximum},
                **_shared_account(airflow),
            }
            for one in workers.sets
        ],
    }


def _shared_account(airflow: Airflow) -> dict[str, Any]:
    """The chart makes an account for each set; a role trusts one, which all sets then share."""
    if "worker" not in components_with_a_role(airflow):
        return {}
    return {"serviceAccount": {"create": False, "name": service_account(airflow, "worker")}}


def _set(
    workers: Workers,
    name: str,
    queues: tuple[str, ...],
    resources: Resources,
    node_selector: Mapping[str, str],
) -> dict[str, Any]:
    """What is each set's own; what it does not say is as in `workers`."""
    values: dict[str, Any] = {
        "queue": ",".join(queues),
        "labels": {SET_LABEL: name},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": ZONE,
                "whenUnsatisfiable": (
                    "ScheduleAnyway" if workers.zone_spread == "preferred" else "DoNotSchedule"
                ),
                "labelSelector": {"matchLabels": {SET_LABEL: name}},
                # Workers of the former version do not count while they end.
                "matchLabelKeys": ["pod-template-hash"],
            }
        ],
    }
    if needs := _resources(resources):
        values["resources"] = needs
    if node_selector:
        values["nodeSelector"] = dict(node_selector)
    return values


def _resources(resources: Resources) -> dict[str, Any]:
    requests = {
        name: amount for name, amount in (("cpu", resources.cpu), ("memory", resources.memory)) if amount
    }
    found: dict[str, Any] = {"requests": requests} if requests else {}
    if resources.memory:
        found["limits"] = {"memory": resources.memory}
    return found


def _job() -> dict[str, Any]:
    """A job that is no hook: helm would wait for pods that wait for the migration that comes after them."""
    return {"useHelmHooks": False, "applyCustomEnv": False, "ttlSecondsAfterFinished": JOB_SECONDS}


def _create_user(admin: AdminUser | None) -> dict[str, Any]:
    if admin is None:
        return {"enabled": False, **_job()}
    return {
        "enabled": True,
        **_job(),
        "env": [
            {
                "name": "ADMIN_PASSWORD",
                "valueFrom": {"secretKeyRef": {"name": admin.password_secret, "key": "password"}},
            }
        ],
        "args": [
            "bash",
            "-c",
            'exec airflow users create "$@" --password "$ADMIN_PASSWORD"',
            "--",
            *("--role", "Admin", "--username", admin.username, "--email", admin.email),
            *("--firstname", admin.username, "--lastname", admin.username),
        ],
    }


def _database(database: Database) -> dict[str, Any]:
    if database.bundled is not None:
        disk = {"storageClass": database.bundled.storage_class, "size": database.bundled.size}
        return {"postgresql": {"enabled": True, "primary": {"persistence": disk}}}
    values: dict[str, Any] = {
        "postgresql": {"enabled": False},
        "data": {"metadataSecretName": database.secret},
    }
    if database.result_backend_secret is not None:
        values["data"]["resultBackendSecretName"] = database.result_backend_secret
    else:
        # The chart would make a secret that names its own PostgreSQL. Without the variable Celery takes
        # Airflow's database.
        values["enableBuiltInSecretEnvVars"] = {"AIRFLOW__CELERY__RESULT_BACKEND": False}
    return values


def _broker(broker: Broker) -> dict[str, Any]:
    if broker.bundled is not None:
        disk = {
            "enabled": True,
            "storageClassName": broker.bundled.storage_class,
            "size": broker.bundled.size,
        }
        return {"redis": {"enabled": True, "persistence": disk}}
    return {"redis": {"enabled": False}, "data": {"brokerUrlSecretName": broker.secret}}


def _dags(airflow: Airflow) -> dict[str, Any]:
    if airflow.dags.claim is not None:
        return {"dags": {"persistence": {"enabled": True, "existingClaim": airflow.dags.claim}}}
    if airflow.dags.git is None:
        return {}
    return _bundle(airflow.dags.git) if airflow.dags.git.by == "bundle" else _git_sync(airflow.dags.git)


def _bundle(git: GitDags) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "repo_url": git.repository,
        "tracking_ref": git.ref,
        "refresh_interval": git.seconds,
    }
    if git.sub_path:
        arguments["subdir"] = git.sub_path
    values: dict[str, Any] = {}
    if git.secret is not None:
        arguments["git_conn_id"] = GIT_CONNECTION
        values["secret"] = [
            {
                "envName": f"AIRFLOW_CONN_{GIT_CONNECTION.upper()}",
                "secretName": git.secret,
                "secretKey": "connection",
            }
        ]
    bundle = {
        "name": "dags",
        "classpath": "airflow.providers.git.bundles.git.GitDagBundle",
        "kwargs": arguments,
    }
    return merged(values, {"dagProcessor": {"dagBundleConfigList": [bundle]}})


def _git_sync(git: GitDags) -> dict[str, Any]:
    values: dict[str, Any] = {
        "enabled": True,
        "repo": git.repository,
        "branch": git.ref,
        "ref": git.ref,
        "subPath": git.sub_path,
        "period": f"{git.seconds}s",
    }
    if git.secret is not None:
        values["credentialsSecret" if git.repository.startswith("https://") else "sshKeySecret"] = git.secret
    return {"dags": {"gitSync": values}}


def _ingress(ingress: Ingress | None) -> dict[str, Any]:
    if ingress is None:
        return {}
    host: dict[str, Any] = {"name": ingress.host}
    if ingress.tls_secret is not None:
        host["tls"] = {"enabled": True, "secretName": ingress.tls_secret}
    return {
        "ingress": {
            "apiServer": {
                "enabled": True,
                "ingressClassName": ingress.class_name,
                "annotations": _annotations(ingress),
                "hosts": [host],
            }
        }
    }


def _annotations(ingress: Ingress) -> dict[str, str]:
    annotations = dict(ingress.annotations)
    if ingress.class_name == "alb":
        # Said, although it is the controller's default: an IngressClass may have another.
        annotations.setdefault(ALB_SCHEME, "internet-facing" if ingress.public else "internal")
    return annotations


def _remote_logging(remote: RemoteLogging | None) -> dict[str, Any]:
    if remote is None:
        return {}
    return {
        "config": {
            "logging": {
                "remote_logging": "True",
                "remote_base_log_folder": f"s3://{remote.bucket}/{remote.prefix}",
                # A connection that is not there: Airflow then takes the credentials of the pod.
                "remote_log_conn_id": "aws_default",
            }
        }
    }


def _role(environment: EnvironmentFields, airflow: Airflow, component: Component) -> dict[str, Any]:
    account: dict[str, Any] = {"create": True, "name": service_account(airflow, component)}
    if airflow.permissions.identity == "irsa":
        arn = role_arn(environment.partition, environment.account, environment.name, component)
        account["annotations"] = {ROLE_ANNOTATION: arn}
    section = {"serviceAccount": account}
    if component == "worker":
        return {"workers": {"celery": section}}
    return {"triggerer" if component == "triggerer" else "apiServer": section}
