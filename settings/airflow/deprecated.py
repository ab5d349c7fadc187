"""Keys that Airflow's chart deprecates: some go over what the settings make, and all will go."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings.faults import Fault, Path
from settings.value_at import ABSENT, value_at

DEPRECATED: Final[Mapping[Path, str]] = {
    ("securityContext",): "securityContexts",
    **{
        (component, "securityContext"): f"{component}.securityContexts"
        for component in (
            *("scheduler", "triggerer", "dagProcessor", "createUserJob", "migrateDatabaseJob"),
            *("webserver", "flower", "statsd", "redis", "cleanup"),
        )
    },
    ("dags", "gitSync", "securityContext"): "dags.gitSync.securityContexts",
    ("ingress", "enabled"): "airflow.ingress",
    ("ingress", "apiServer", "host"): "airflow.ingress.host",
    ("ingress", "apiServer", "tls"): "airflow.ingress.tls_secret",
    **{
        ("ingress", component, "host"): f"ingress.{component}.hosts"
        for component in ("web", "flower", "statsd", "pgbouncer")
    },
    **{("ingress", component, "tls"): f"ingress.{component}.hosts[0].tls" for component in ("web", "flower")},
    **{
        (component, "extraNetworkPolicies"): f"{component}.networkPolicy.ingress.from"
        for component in ("webserver", "flower")
    },
    ("webserver", "defaultUser"): "airflow.admin",
    ("webserverSecretKeySecretName",): "airflow.secrets.api_secret_key",
    ("webserverSecretAnnotations",): "apiSecretAnnotations",
    ("registry",): "imagePullSecrets",
}
"""Those outside of `workers`, and what to write instead, as values.yaml of chart 1.22.0 states."""


def deprecated_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Deprecated keys in the values of a user; paths begin at the top of the values."""
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
    for path, instead in DEPRECATED.items():
        if value_at(values, path) is not ABSENT:
            yield Fault("is deprecated by the chart", f"write {instead}", path, "")
