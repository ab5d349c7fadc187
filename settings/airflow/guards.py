"""What `airflow.values` may not do: break the storage, deadlock an install, or hold a secret."""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from settings.airflow.deprecated import deprecated_faults
from settings.airflow.fixed_values import FIXED_VALUES
from settings.airflow.scaling_guards import scaling_faults
from settings.airflow.variables import variable_faults
from settings.faults import Fault, Path, render_path
from settings.merging import merged
from settings.value_at import ABSENT, value_at

_SECRETS: Final[Mapping[Path, str]] = {
    ("fernetKey",): "airflow.secrets.fernet_key",
    ("apiSecretKey",): "airflow.secrets.api_secret_key",
    ("jwtSecret",): "airflow.secrets.jwt_secret",
    ("webserverSecretKey",): "airflow.secrets.api_secret_key",
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
        if value_at(values, path) is not ABSENT:
            yield Fault(
                "is a secret, and values are kept in clear text in the template and in the release",
                f"remove it, and name a secret by {name}",
                path,
                "",
            )
    yield from deprecated_faults(values)
    yield from variable_faults(values)
    yield from scaling_faults(values)
    yield from _mounts(values)
    yield from _cloned_over_a_claim(values, made)
    yield from _another_airflow(values)
    yield from _pooled_elsewhere(values, made)
    yield from _password_in_a_url(values)
    yield from _without_certificate(values, made)
    yield from _without_password(values, made)
    yield from _disks(
        merged(made, values), efs_classes, said=lambda path: value_at(values, path) is not ABSENT
    )


def disk_classes(values: Mapping[str, Any]) -> Iterator[str]:
    """Classes that the values of the whole chart name for disks of Airflow's own: block storage.

    Args:
        values: made from the settings, with those of the user over them.
    """
    for where, below, _ in _DISKS:
        disk = value_at(values, where)
        name = value_at(disk, below)
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
    for fixed in FIXED_VALUES:
        said = value_at(values, fixed.path)
        if said is ABSENT:
            continue
        ours = value_at(made, fixed.path)
        if ours is ABSENT and not fixed.always:
            continue
        if ours is ABSENT:
            ours = fixed.default
        same = said == ours if not isinstance(said, Mapping) else _within(said, ours)
        if not same:
            yield Fault(f"goes over what the settings make, {fixed.why}", fixed.instead, fixed.path, "")


def _within(said: Any, ours: Any) -> bool:
    """Whether a value of the user's says nothing else than ours."""
    if isinstance(said, Mapping):
        return isinstance(ours, Mapping) and all(_within(said[key], ours.get(key, ABSENT)) for key in said)
    return bool(said == ours)


def _mounts(values: Mapping[str, Any]) -> Iterator[Fault]:
    home = values.get("airflowHome", "/opt/airflow")
    for section, key in _MOUNTS:
        mounts = value_at(values, (*section, key))
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            path = mount.get("mountPath") if isinstance(mount, Mapping) else None
            if isinstance(path, str) and posixpath.normpath(path) == posixpath.normpath(f"{home}/logs"):
                yield Fault(
                    "is where the volume of the logs is mounted",
                    "mount it elsewhere",
                    (*section, key, index, "mountPath"),
                )
    dags = value_at(values, ("dags", "mountPath"))
    if isinstance(dags, str) and posixpath.normpath(dags) == posixpath.normpath(f"{home}/logs"):
        yield Fault("is where the volume of the logs is mounted", "mount it elsewhere", ("dags", "mountPath"))


def _cloned_over_a_claim(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("dags", "gitSync", "enabled")
    if value_at(values, at) is True and value_at(made, ("dags", "persistence")) is not ABSENT:
        yield Fault(
            "clones into the claim of airflow.dags.claim, from every component at a time",
            "remove it, or write airflow.dags.git in the place of the claim",
            at,
        )


def _another_airflow(values: Mapping[str, Any]) -> Iterator[Fault]:
    version = values.get("airflowVersion")
    if isinstance(version, str) and (major := re.match(r"v?(\d+)", version)) and int(major[1]) < 3:
        yield Fault(
            "is an Airflow for which the chart does not take all keys that airflow.secrets names",
            "write a version 3 that the chart knows",
            ("airflowVersion",),
        )


def _pooled_elsewhere(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    """The chart writes the pool's configuration from `data.metadataConnection`, whatever secret is named."""
    at = ("pgbouncer", "enabled")
    configured = value_at(values, ("pgbouncer", "configSecretName")) not in (ABSENT, "")
    outside = value_at(made, ("data", "metadataSecretName")) is not ABSENT
    if value_at(values, at) is True and outside and not configured:
        yield Fault(
            "pools connections to the chart's own PostgreSQL, not to the database of airflow.database.secret",
            "write pgbouncer.configSecretName, a secret with pgbouncer.ini and users.txt, or remove it",
            at,
        )


def _password_in_a_url(values: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("dags", "gitSync", "repo")
    repository = value_at(values, at)
    if isinstance(repository, str) and re.match(r"[a-z+]+://[^/@]*:[^/]*@", repository):
        yield Fault(
            "holds a password, and values are kept in clear text in the template and in the release",
            "remove it, and name a secret by airflow.dags.git.secret",
            at,
            "",
        )


def _without_certificate(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("ingress", "apiServer", "hosts")
    ours, hosts = value_at(made, at), value_at(values, at)
    if not isinstance(ours, list) or not all(_has_certificate(host) for host in ours):
        return  # the annotations name a certificate, for all hosts
    for index, host in enumerate(hosts if isinstance(hosts, list) else ()):
        if not _has_certificate(host):
            yield Fault(
                "has no certificate, and takes the place of the host of airflow.ingress, which has one",
                "write tls: {enabled: true, secretName: NAME} for it",
                (*at, index),
                "",
            )


def _has_certificate(host: Any) -> bool:
    return value_at(host, ("tls", "enabled")) is True


def _without_password(values: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Fault]:
    at = ("createUserJob", "env")
    ours, variables = value_at(made, at), value_at(values, at)
    if isinstance(ours, list) and isinstance(variables, list):
        for one in ours:
            if one not in variables:
                yield Fault(
                    f"leaves out {one['name']}, with which the user of airflow.admin is made",
                    f"add the entry that airflow-efs values shows for {one['name']}, or remove this",
                    at,
                    "",
                )


def _disks(
    values: Mapping[str, Any], efs_classes: Collection[str], *, said: Callable[[Path], bool]
) -> Iterator[Fault]:
    for where, below, whose in _DISKS:
        disk = value_at(values, where)
        if not said(where[:1]) or not isinstance(disk, Mapping) or not _runs(values, where, disk):
            continue  # what the settings make is checked where it is written
        name = value_at(disk, below)
        at = (*where, *below) if said((*where, *below)) else where
        if name is ABSENT or not name:
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
    component = value_at(values, (where[0], "enabled"))
    return component is not False and disk.get("enabled", True) is not False
