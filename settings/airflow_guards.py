"""What `airflow.values` may not do: break the storage, deadlock an install, or hold a secret."""

import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from settings.airflow_variables import variable_faults
from settings.airflow_workers import SET_LABEL
from settings.faults import Fault, Path, render_path
from settings.merging import merged

_ABSENT: Final = object()


@dataclass(frozen=True, kw_only=True)
class _Fixed:
    """A value that the settings decide, so that the chart's values must not say something else."""

    path: Path
    why: str
    instead: str
    always: bool = True
    """False: only where the settings make something there."""
    default: Any = _ABSENT
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

_FIXED: Final = (
    _Fixed(
        path=("executor",),
        why="but only Celery workers are scaled here",
        instead="remove it: CeleryExecutor is set",
    ),
    *(
        _Fixed(
            path=(key,),
            why="and gives the workers, their scaling and perhaps the claim of the logs other names",
            instead="remove it; airflow.release is the beginning of all names",
        )
        for key in ("fullnameOverride", "nameOverride", "useStandardNaming")
    ),
    _Fixed(
        path=("logs", "persistence"),
        why="but where the logs are is decided by airflow.logs",
        instead="write airflow.logs",
    ),
    _Fixed(
        path=("dags", "persistence"),
        why="but a claim for the DAGs is named by airflow.dags.claim",
        instead="write airflow.dags.claim",
    ),
    _Fixed(
        path=("workers", "celery", "persistence"),
        why="but a worker keeps nothing: the logs have their claim, and chown fails on an access point",
        instead="remove it; a volume of your own goes into workers.celery.extraVolumes",
    ),
    _Fixed(
        path=("workers", "celery", "sets"),
        why="which would replace every set of airflow.workers.sets",
        instead="write airflow.workers.sets",
    ),
    _Fixed(
        path=("workers", "celery", "keda", "enabled"),
        why="but KEDA scales the workers",
        instead="remove it; for a fixed number write airflow.workers.minimum and maximum, both the same",
    ),
    _Fixed(
        path=("dagProcessor", "dagBundleConfigList"),
        why="which would replace the repository of airflow.dags.git",
        instead="remove airflow.dags.git, or this list",
        always=False,
    ),
    _Fixed(
        path=("secret",),
        why="which would replace the connection to the repository of airflow.dags.git",
        instead="write extraEnv, or name the secret in airflow.dags.git only",
        always=False,
    ),
    *(
        _Fixed(
            path=(*section, "serviceAccount"),
            why="and the role of airflow.permissions trusts that account only",
            instead="remove it",
            always=False,
        )
        for section in (("workers", "celery"), ("triggerer",), ("apiServer",))
    ),
    _Fixed(
        path=("config", "celery", "worker_concurrency"),
        why="but KEDA divides by airflow.workers.concurrency",
        instead="write airflow.workers.concurrency",
    ),
    _Fixed(
        path=("postgresql", "enabled"),
        why="but airflow.database says whether the chart's PostgreSQL runs",
        instead="write airflow.database",
    ),
    _Fixed(
        path=("redis", "enabled"),
        why="but airflow.broker says whether the chart's Redis runs",
        instead="write airflow.broker",
    ),
    _Fixed(
        path=("migrateDatabaseJob", "useHelmHooks"),
        why="with which an install that waits deadlocks: every pod waits for the migration",
        instead="remove it",
    ),
    _Fixed(
        path=("migrateDatabaseJob", "applyCustomEnv"),
        why="with which an install that waits deadlocks: every pod waits for the migration",
        instead="remove it",
    ),
    _Fixed(
        path=("createUserJob", "useHelmHooks"),
        why="with which an install that waits deadlocks: the hook waits for pods that wait for it",
        instead="remove it",
    ),
    *(
        _Fixed(path=path, why="but another setting names this secret", instead=f"write {field}")
        for path, field in _NAMES.items()
    ),
    *(
        _Fixed(path=("enableBuiltInSecretEnvVars", name), why=f"but {why}", instead="remove it", default=True)
        for name, why in _BUILT_IN.items()
    ),
    *(
        _Fixed(
            path=("data", "metadataConnection", key),
            why="but the database is that of airflow.database, and KEDA reads no scheme but postgresql",
            instead="write airflow.database.secret, the name of a secret with the whole connection",
            default=default,
        )
        for key, default in (
            ("protocol", "postgresql"),
            ("host", _ABSENT),
            ("port", 5432),
            ("db", "postgres"),
            ("user", "postgres"),
            ("sslmode", "disable"),
        )
    ),
    *(
        _Fixed(
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
    _Fixed(
        path=("workers", "celery", "enableDefault"),
        why="but no other set takes the tasks of its queues",
        instead="remove it, and let the default set serve the queues that need no set of their own",
        default=True,
    ),
    _Fixed(
        path=("workers", "celery", "hpa", "enabled"),
        why="but KEDA scales the workers",
        instead="remove it",
        default=False,
    ),
    _Fixed(
        path=("workers", "celery", "keda", "usePgbouncer"),
        why="with which KEDA reads a key of the secret that Airflow does not",
        instead="remove it",
        default=True,
    ),
    _Fixed(
        path=("workers", "celery", "labels", SET_LABEL),
        why="by which the workers of a set are spread over the zones",
        instead="choose another label",
    ),
    *(
        _Fixed(
            path=(*section, "logGroomerSidecar", "enabled"),
            why="but one groomer, the dag processor's, is enough: each reads the attributes of every log",
            instead="remove it",
        )
        for section in (("workers", "celery"), ("scheduler",), ("triggerer",))
    ),
    *(
        _Fixed(
            path=("dagProcessor", "logGroomerSidecar", key),
            why="but airflow.logs says how old logs are found",
            instead=f"write airflow.logs.{field}",
        )
        for key, field in (("retentionDays", "retention_days"), ("frequencyMinutes", "groom_every_minutes"))
    ),
    _Fixed(
        path=("config", "core", "executor"),
        why="but only Celery workers are scaled here",
        instead="remove it: CeleryExecutor is set",
        default="{{ .Values.executor }}",
    ),
    _Fixed(
        path=("config", "logging", "base_log_folder"),
        why="and logs outside of their volume are lost with the worker",
        instead="remove it: the logs are written where their volume is mounted",
    ),
    _Fixed(
        path=("createUserJob", "enabled"),
        why="and the chart's first user is admin with the password admin",
        instead="write airflow.admin",
    ),
)

_SECRETS: Final[Mapping[Path, str]] = {
    ("fernetKey",): "airflow.secrets.fernet_key",
    ("apiSecretKey",): "airflow.secrets.api_secret_key",
    ("jwtSecret",): "airflow.secrets.jwt_secret",
    ("webserverSecretKey",): "webserverSecretKeySecretName",
    ("data", "metadataConnection", "pass"): "airflow.database.secret",
    ("data", "resultBackendConnection"): "airflow.database.result_backend_secret",
    ("data", "brokerUrl"): "airflow.broker.secret",
    ("postgresql", "auth", "password"): "airflow.database.secret",
    ("postgresql", "auth", "postgresPassword"): "airflow.database.secret",
    ("redis", "password"): "redis.passwordSecretName",
    ("config", "database", "sql_alchemy_conn"): "airflow.database.secret",
    ("config", "celery", "broker_url"): "airflow.broker.secret",
    ("config", "celery", "result_backend"): "airflow.database.result_backend_secret",
    ("config", "core", "fernet_key"): "airflow.secrets.fernet_key",
    ("config", "api", "secret_key"): "airflow.secrets.api_secret_key",
    ("config", "api_auth", "jwt_secret"): "airflow.secrets.jwt_secret",
    ("createUserJob", "defaultUser", "password"): "airflow.admin.password_secret",
    ("dags", "gitSync", "sshKey"): "airflow.dags.git.secret",
    ("elasticsearch", "connection"): "elasticsearch.secretName",
    ("opensearch", "connection"): "opensearch.secretName",
    ("flower", "password"): "flower.secretName",
    ("registry", "connection"): "imagePullSecrets",
    ("kerberos", "keytabBase64Content"): "a volume with the keytab",
    ("extraSecrets",): "the name of a secret that is there, in secret or extraEnvFrom",
}
"""Keys of the chart that hold a secret in clear text, and where its name goes instead."""

_DISKS: Final[tuple[tuple[Path, Path, str], ...]] = (
    (("triggerer", "persistence"), ("storageClassName",), "the triggerer's"),
    (("redis", "persistence"), ("storageClassName",), "Redis'"),
    (("postgresql", "primary", "persistence"), ("storageClass",), "PostgreSQL's"),
)
"""Disks that belong on block storage: where they are described, where their class is, and whose they are."""

_MOUNTS: Final[tuple[tuple[Path, str], ...]] = (
    ((), "volumeMounts"),
    *(
        (section, "extraVolumeMounts")
        for section in (
            ("workers", "celery"),
            ("scheduler",),
            ("triggerer",),
            ("dagProcessor",),
            ("apiServer",),
        )
    ),
)
"""Lists of what is mounted into containers that have the logs' volume."""

_DEPRECATED: Final[Mapping[Path, str]] = {
    ("securityContext",): "securityContexts",
    ("ingress", "enabled"): "airflow.ingress",
    **{
        (component, "securityContext"): f"{component}.securityContexts"
        for component in ("scheduler", "triggerer", "dagProcessor", "createUserJob", "migrateDatabaseJob")
    },
}


def guard_faults(
    values: Mapping[str, Any], made: Mapping[str, Any], efs_classes: Collection[str]
) -> Iterator[Fault]:
    """What is wrong with the values of a user.

    Args:
        values: what the user wrote.
        made: what the settings make, over which those go.
        efs_classes: classes whose volumes are access points.
    """
    yield from _replaced((), values, made)
    yield from _overridden(values, made)
    for path, name in _SECRETS.items():
        if _at(values, path) is not _ABSENT:
            yield Fault(
                "is a secret, and values are kept in clear text in the template and in the release",
                f"remove it, and name a secret by {name}",
                path,
                "",
            )
    yield from _deprecated(values)
    yield from variable_faults(values)
    yield from _mounts(values)
    yield from _cloned_over_a_claim(values, made)
    yield from _disks(merged(made, values), efs_classes, said=lambda path: _at(values, path) is not _ABSENT)


def disk_classes(values: Mapping[str, Any]) -> Iterator[str]:
    """Classes that the values of the whole chart name for disks of Airflow's own: block storage.

    Args:
        values: made from the settings, with those of the user over them.
    """
    for where, below, _ in _DISKS:
        disk = _at(values, where)
        name = _at(disk, below)
        if isinstance(disk, Mapping) and _runs(values, where, disk) and isinstance(name, str) and name:
            yield name


def _replaced(path: Path, values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    for key, value in values.items():
        ours = made.get(key)
        if isinstance(ours, Mapping) and isinstance(value, Mapping):
            yield from _replaced((*path, key), value, ours)
        elif isinstance(ours, Mapping):
            yield Fault(
                "takes the place of a mapping that the settings make",
                "write a mapping, with the keys that differ",
                (*path, key),
            )


def _overridden(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    for fixed in _FIXED:
        said = _at(values, fixed.path)
        if said is _ABSENT:
            continue
        ours = _at(made, fixed.path)
        if ours is _ABSENT and not fixed.always:
            continue
        if ours is _ABSENT:
            ours = fixed.default
        same = said == ours if not isinstance(said, Mapping) else _within(said, ours)
        if not same:
            yield Fault(f"goes over what the settings make, {fixed.why}", fixed.instead, fixed.path, "")


def _within(said: Any, ours: Any) -> bool:
    """Whether a value of the user's says nothing else than ours."""
    if isinstance(said, Mapping):
        return isinstance(ours, Mapping) and all(_within(said[key], ours.get(key, _ABSENT)) for key in said)
    return bool(said == ours)


def _deprecated(values: Mapping[str, Any]) -> Iterator[Fault]:
    workers = values.get("workers")
    if isinstance(workers, Mapping):
        for key in workers:
            if key not in ("celery", "kubernetes"):
                yield Fault(
                    "is deprecated by the chart, and what the settings make goes over it",
                    f"write it below workers.celery: workers.celery.{key}",
                    ("workers", key),
                    "",
                )
    for path, instead in _DEPRECATED.items():
        if _at(values, path) is not _ABSENT:
            yield Fault("is deprecated by the chart", f"write {instead}", path, "")


def _mounts(values: Mapping[str, Any]) -> Iterator[Fault]:
    home = values.get("airflowHome", "/opt/airflow")
    for section, key in _MOUNTS:
        mounts = _at(values, (*section, key))
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            path = mount.get("mountPath") if isinstance(mount, Mapping) else None
            if isinstance(path, str) and posixpath.normpath(path) == posixpath.normpath(f"{home}/logs"):
                yield Fault(
                    "is where the volume of the logs is mounted",
                    "mount it elsewhere",
                    (*section, key, index, "mountPath"),
                )


def _cloned_over_a_claim(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("dags", "gitSync", "enabled")
    if _at(values, at) is True and _at(made, ("dags", "persistence")) is not _ABSENT:
        yield Fault(
            "clones into the claim of airflow.dags.claim, from every component at a time",
            "remove it, or write airflow.dags.git in the place of the claim",
            at,
        )


def _disks(
    values: Mapping[str, Any], efs_classes: Collection[str], *, said: Callable[[Path], bool]
) -> Iterator[Fault]:
    for where, below, whose in _DISKS:
        disk = _at(values, where)
        if not said(where[:1]) or not isinstance(disk, Mapping) or not _runs(values, where, disk):
            continue  # what the settings make is checked where it is written
        name = _at(disk, below)
        at = (*where, *below) if said((*where, *below)) else where
        if name is _ABSENT or not name:
            yield Fault(
                f"gives {whose} disk no class, so that the cluster's default one is taken, whatever that is",
                f"write {render_path((*where, *below))}, a class of block storage",
                at,
                "",
            )
        elif name in efs_classes:
            yield Fault(
                f"puts {whose} disk on an access point of EFS, which is neither fast nor its owner's",
                "write a class of block storage, such as one of the EBS CSI driver",
                at,
            )


def _runs(values: Mapping[str, Any], where: Path, disk: Mapping[str, Any]) -> bool:
    # The chart's default is a disk for each of the three; where the settings turn it off, they say so.
    component = _at(values, (where[0], "enabled"))
    return component is not False and disk.get("enabled", True) is not False


def _at(values: Any, path: Path) -> Any:
    for step in path:
        if not isinstance(values, Mapping) or step not in values:
            return _ABSENT
        values = values[step]
    return values
