"""Values of Airflow's chart that the settings of an environment decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from settings.airflow.workers import SET_LABEL
from settings.faults import Path
from settings.value_at import ABSENT


@dataclass(frozen=True, kw_only=True)
class FixedValue:
    """A value that the settings decide, so that the chart's values must not say something else."""

    path: Path
    why: str
    instead: str
    always: bool = True
    """False: only where the settings make something there."""
    default: Any = ABSENT
    """What the chart itself says, and may be said where the settings make nothing there."""


_BUILT_IN: Final[Mapping[str, str]] = {
    "AIRFLOW_CONN_AIRFLOW_DB": "KEDA reads the database's connection from it",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "Airflow reads the database's connection from it",
    "AIRFLOW__CELERY__BROKER_URL": "workers read the broker's URL from it",
    "AIRFLOW__CELERY__RESULT_BACKEND": "Celery finds its results by it",
    "AIRFLOW__CORE__FERNET_KEY": "connections are encrypted with it",
    "AIRFLOW__API__SECRET_KEY": "sessions are signed with it",
    "AIRFLOW__API_AUTH__JWT_SECRET": "the tokens of workers are signed with it",
}
"""Variables that the chart takes from the secrets by name, and what needs them."""

_NAMES: Final[Mapping[Path, str]] = {
    ("data", "metadataSecretName"): "airflow.database.secret",
    ("data", "resultBackendSecretName"): "airflow.database.result_backend_secret",
    ("data", "brokerUrlSecretName"): "airflow.broker.secret",
    ("fernetKeySecretName",): "airflow.secrets.fernet_key",
    ("apiSecretKeySecretName",): "airflow.secrets.api_secret_key",
    ("jwtSecretName",): "airflow.secrets.jwt_secret",
}
"""Names of secrets, and where they are written so that they are looked for beforehand."""

_COMPONENTS: Final = (
    FixedValue(
        path=("executor",),
        why="but only Celery workers are scaled here",
        instead="remove it: CeleryExecutor is set",
    ),
    *(
        FixedValue(
            path=(key,),
            why="and gives the workers, their scaling and perhaps the claim of the logs other names",
            instead="remove it; airflow.release is the beginning of all names",
        )
        for key in ("fullnameOverride", "nameOverride", "useStandardNaming")
    ),
    FixedValue(
        path=("migrateDatabaseJob", "useHelmHooks"),
        why="with which an install that waits deadlocks: every pod waits for the migration",
        instead="remove it",
    ),
    FixedValue(
        path=("migrateDatabaseJob", "applyCustomEnv"),
        why="with which an install that waits deadlocks: every pod waits for the migration",
        instead="remove it",
    ),
    FixedValue(
        path=("createUserJob", "useHelmHooks"),
        why="with which an install that waits deadlocks: the hook waits for pods that wait for it",
        instead="remove it",
    ),
    FixedValue(
        path=("config", "core", "executor"),
        why="but only Celery workers are scaled here",
        instead="remove it: CeleryExecutor is set",
        default="{{ .Values.executor }}",
    ),
    *(
        FixedValue(path=(component, "enabled"), why=f"but {why}", instead="remove it", default=True)
        for component, why in (
            ("apiServer", "workers get their tasks from the API server"),
            ("dagProcessor", "nothing else reads the DAGs, and it has the one groomer"),
            ("migrateDatabaseJob", "every pod waits for the migration"),
            ("scheduler", "nothing else puts tasks into the queues"),
        )
    ),
    FixedValue(
        path=("scheduler", "replicas"),
        why="but another setting says how many schedulers there are",
        instead="write airflow.schedulers",
    ),
    FixedValue(
        path=("dagProcessor", "replicas"),
        why="and each would have a groomer, of which each reads the attributes of every log",
        instead="remove it",
    ),
)
"""Which parts of Airflow there are, and how they are called and installed."""

_DAGS: Final = (
    FixedValue(
        path=("dags", "persistence"),
        why="but a claim for the DAGs is named by airflow.dags.claim",
        instead="write airflow.dags.claim",
    ),
    FixedValue(
        path=("dagProcessor", "dagBundleConfigList"),
        why="which would replace the repository of airflow.dags.git",
        instead="remove airflow.dags.git, or this list",
        always=False,
    ),
    FixedValue(
        path=("secret",),
        why="which would replace the connection to the repository of airflow.dags.git",
        instead="write extraEnv, or name the secret in airflow.dags.git only",
        always=False,
    ),
)
"""Where the DAGs come from."""

_LOGS: Final = (
    FixedValue(
        path=("logs", "persistence"),
        why="but where the logs are is decided by airflow.logs",
        instead="write airflow.logs",
    ),
    FixedValue(
        path=("config", "logging", "remote_base_log_folder"),
        why="and the roles of airflow.permissions may write there only",
        instead="write airflow.permissions.remote_logging",
        always=False,
    ),
    *(
        FixedValue(
            path=(*section, "logGroomerSidecar", "enabled"),
            why="but one groomer, the dag processor's, is enough: each reads the attributes of every log",
            instead="remove it",
        )
        for section in (("workers", "celery"), ("scheduler",), ("triggerer",))
    ),
    *(
        FixedValue(
            path=("dagProcessor", "logGroomerSidecar", key),
            why="but airflow.logs says how old logs are found",
            instead=f"write airflow.logs.{field}",
        )
        for key, field in (("retentionDays", "retention_days"), ("frequencyMinutes", "groom_every_minutes"))
    ),
    FixedValue(
        path=("config", "logging", "base_log_folder"),
        why="and logs outside of their volume are lost with the worker",
        instead="remove it: the logs are written where their volume is mounted",
    ),
    FixedValue(
        path=("dagProcessor", "logGroomerSidecar", "enabled"),
        why="but nothing else deletes old logs",
        instead="remove it, or write a longer airflow.logs.retention_days",
    ),
)
"""Where the logs are, and who deletes old ones."""

_WORKERS: Final = (
    FixedValue(
        path=("workers", "celery", "persistence"),
        why="but a worker keeps nothing: the logs have their claim, and chown fails on an access point",
        instead="remove it; a volume of your own goes into workers.celery.extraVolumes",
    ),
    FixedValue(
        path=("workers", "celery", "sets"),
        why="which would replace every set of airflow.workers.sets",
        instead="write airflow.workers.sets",
    ),
    FixedValue(
        path=("workers", "celery", "topologySpreadConstraints"),
        why="by which the workers of a set are spread over the zones",
        instead="write airflow.workers.zone_spread; what holds besides goes into workers.celery.affinity",
    ),
    FixedValue(
        path=("workers", "celery", "keda", "enabled"),
        why="but KEDA scales the workers",
        instead="remove it; for a fixed number write airflow.workers.minimum and maximum, both the same",
    ),
    FixedValue(
        path=("config", "celery", "worker_concurrency"),
        why="but KEDA divides by airflow.workers.concurrency",
        instead="write airflow.workers.concurrency",
    ),
    *(
        FixedValue(
            path=("workers", "celery", *path),
            why=f"but {why}",
            instead=f"write airflow.{field}",
        )
        for path, why, field in (
            (
                ("terminationGracePeriodSeconds",),
                "KEDA's cool-down is derived from it",
                "workers.termination_grace_seconds",
            ),
            (
                ("keda", "cooldownPeriod"),
                "it must be longer than a worker's grace period",
                "keda.cooldown_seconds",
            ),
            (("keda", "minReplicaCount"), "another setting limits the workers", "workers.minimum"),
            (("keda", "maxReplicaCount"), "another setting limits the workers", "workers.maximum"),
            (("queue",), "no two sets may serve one queue", "workers.queues"),
        )
    ),
    FixedValue(
        path=("workers", "celery", "enableDefault"),
        why="but no other set takes the tasks of its queues",
        instead="remove it, and let the default set serve the queues that need no set of their own",
        default=True,
    ),
    FixedValue(
        path=("workers", "celery", "hpa", "enabled"),
        why="but KEDA scales the workers",
        instead="remove it",
        default=False,
    ),
    FixedValue(
        path=("workers", "celery", "keda", "usePgbouncer"),
        why="with which KEDA reads a key of the secret that Airflow does not",
        instead="remove it",
        default=True,
    ),
    FixedValue(
        path=("workers", "celery", "labels", SET_LABEL),
        why="by which the workers of a set are spread over the zones",
        instead="choose another label",
    ),
    FixedValue(
        path=("workers", "celery", "replicas"),
        why="and the chart does not heed it where KEDA scales the workers",
        instead="write airflow.workers.minimum",
    ),
    FixedValue(
        path=("workers", "celery", "volumeClaimTemplates"),
        why="and the chart gives them to a StatefulSet only, but the workers are a Deployment",
        instead="write a generic ephemeral volume in workers.celery.extraVolumes",
        default=[],
    ),
    FixedValue(
        path=("config", "celery", "worker_autoscale"),
        why="but KEDA divides by airflow.workers.concurrency, and a worker then runs another number of tasks",
        instead="write airflow.workers.concurrency",
    ),
)
"""The workers and their scaling."""

_STORES: Final = (
    FixedValue(
        path=("postgresql", "enabled"),
        why="but airflow.database says whether the chart's PostgreSQL runs",
        instead="write airflow.database",
    ),
    FixedValue(
        path=("redis", "enabled"),
        why="but airflow.broker says whether the chart's Redis runs",
        instead="write airflow.broker",
    ),
    *(
        FixedValue(path=path, why="but another setting names this secret", instead=f"write {field}")
        for path, field in _NAMES.items()
    ),
    *(
        FixedValue(
            path=("enableBuiltInSecretEnvVars", name), why=f"but {why}", instead="remove it", default=True
        )
        for name, why in _BUILT_IN.items()
    ),
    *(
        FixedValue(
            path=("data", "metadataConnection", key),
            why="but the database is that of airflow.database, and KEDA reads no scheme but postgresql",
            instead="write airflow.database.secret, the name of a secret with the whole connection",
            default=default,
        )
        for key, default in (
            ("protocol", "postgresql"),
            ("host", ABSENT),
            ("port", 5432),
            ("db", "postgres"),
            ("user", "postgres"),
            ("sslmode", "disable"),
        )
    ),
    *(
        FixedValue(
            path=(*section, "storageClass"),
            why="and PostgreSQL's chart takes it before the class that is named for its disk",
            instead="write airflow.database.bundled.storage_class",
        )
        for section in (("global",), ("postgresql", "global"))
    ),
    *(
        FixedValue(
            path=(*path, "persistence", "existingClaim"),
            why="but its disk is of the block class that is named for it",
            instead=f"write airflow.{field}.bundled.storage_class",
        )
        for path, field in ((("postgresql", "primary"), "database"), (("redis",), "broker"))
    ),
    *(
        FixedValue(
            path=("postgresql", *path),
            why=f"but Airflow looks for its database {where}",
            instead="remove it, or name a database outside of the chart by airflow.database.secret",
            default=default,
        )
        for path, where, default in (
            (("nameOverride",), "under the name of the release", ""),
            (("fullnameOverride",), "under the name of the release", ""),
            (("primary", "service", "ports", "postgresql"), "at port 5432", 5432),
            (("auth", "existingSecret"), "with the chart's own password", ""),
            (("auth", "enablePostgresUser"), "as the user postgres", True),
        )
    ),
    FixedValue(
        path=("postgresql", "architecture"),
        why="and each replica would get a disk of the cluster's default class, whatever that is",
        instead="remove it, or name a database outside of the chart by airflow.database.secret",
        default="standalone",
    ),
)
"""The database, the broker and the secrets that name them."""

_ACCESS: Final = (
    *(
        FixedValue(
            path=(*section, "serviceAccount"),
            why="and the role of airflow.permissions trusts that account only",
            instead="remove it",
            always=False,
        )
        for section in (("workers", "celery"), ("triggerer",), ("apiServer",))
    ),
    FixedValue(
        path=("ingress", "apiServer", "enabled"),
        why="but who reaches Airflow from outside is decided by airflow.ingress",
        instead="write airflow.ingress",
        default=False,
    ),
    FixedValue(
        path=("createUserJob", "enabled"),
        why="and the chart's first user is admin with the password admin",
        instead="write airflow.admin",
    ),
)
"""Who reaches Airflow, and what its pods may do."""

FIXED_VALUES: Final = (*_COMPONENTS, *_DAGS, *_LOGS, *_WORKERS, *_STORES, *_ACCESS)
"""Every such value. A user may say there what is made from the settings, or the chart's own default."""
