"""What `airflow.values` may not do: break the storage, deadlock an install, or hold a secret."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
    yield from _disks(merged(made, values), efs_classes, said=lambda path: _at(values, path) is not _ABSENT)


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
