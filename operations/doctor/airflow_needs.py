"""What the `airflow` section of an environment expects of the cluster."""

from collections.abc import Iterator, Mapping
from typing import Any

from operations.doctor.needs import AirflowNeeds, Disk, KedaRelease, SecretKey, Url
from settings import Environment
from settings.airflow import Airflow
from settings.airflow.guards import disk_classes
from settings.airflow.keda import KEDA_RELEASE
from settings.airflow.values import airflow_values
from settings.value_at import value_at

CONNECTION_KEY = "connection"
"""The key of a connection string in a Secret, as Airflow's chart wants it."""


def airflow_needs(environment: Environment) -> AirflowNeeds | None:
    """What must be in the cluster before `AirflowStack`; None where the environment has no Airflow.

    What the stacks make themselves is left out: generated keys, KEDA from its chart. Claims of the file are
    looked at where they are there already.
    """
    airflow = environment.airflow
    if airflow is None:
        return None
    by_chart = airflow.keda.install == "chart"
    claims = (airflow.logs.existing_claim, airflow.dags.claim)
    values = airflow_values(environment)
    return AirflowNeeds(
        namespace=airflow.namespace,
        secrets=tuple(_secrets(airflow)),
        keda=not by_chart,
        keda_namespace=airflow.keda.namespace,
        keda_release=KedaRelease(name=KEDA_RELEASE, namespace=airflow.keda.namespace) if by_chart else None,
        helm=airflow.install == "chart",
        block_classes=tuple(sorted(set(disk_classes(values)))),
        claims=tuple(claim for claim in claims if claim),
        made_claims=frozenset(
            one.name for one in environment.every_claim if one.namespace == airflow.namespace
        ),
        external_secrets=airflow.secrets.source != "expected",
        disks=tuple(_disks(airflow, values)),
        logs=_logs(airflow),
    )


def _disks(airflow: Airflow, values: Mapping[str, Any]) -> Iterator[Disk]:
    """Disks of the chart's PostgreSQL and Redis, under the names that the charts give their StatefulSets."""
    if airflow.database.bundled is not None:
        # PostgreSQL's own chart does not add its name to a release that has it.
        named = "postgresql" in airflow.release
        yield Disk(
            name=airflow.release if named else f"{airflow.release}-postgresql",
            field="airflow.database.bundled",
            **_claim(value_at(values, ("postgresql", "primary", "persistence")), "storageClass"),
        )
    if airflow.broker.bundled is not None:
        yield Disk(
            name=f"{airflow.release}-redis",
            field="airflow.broker.bundled",
            **_claim(value_at(values, ("redis", "persistence")), "storageClassName"),
        )


def _claim(persistence: Mapping[str, Any], class_key: str) -> dict[str, str]:
    if persistence.get("enabled", True) is False:
        return {}
    return {"storage_class": persistence[class_key], "size": persistence["size"]}


def _logs(airflow: Airflow) -> Disk | None:
    if airflow.logs.storage_class is None:
        return None
    return Disk(
        name=airflow.logs_claim,
        storage_class=airflow.logs.storage_class,
        size=airflow.logs.size,
        field="airflow.logs",
    )


def _secrets(airflow: Airflow) -> Iterator[SecretKey]:
    database, keys, git = airflow.database, airflow.secrets, airflow.dags.git
    if database.secret is not None:
        yield SecretKey(name=database.secret, key=CONNECTION_KEY, url=Url.DATABASE)
    if database.result_backend_secret is not None:
        yield SecretKey(name=database.result_backend_secret, key=CONNECTION_KEY, url=Url.RESULTS)
    if airflow.broker.secret is not None:
        yield SecretKey(name=airflow.broker.secret, key=CONNECTION_KEY, url=Url.BROKER)
    if keys.source == "expected":
        yield SecretKey(name=keys.fernet_key, key="fernet-key")
        yield SecretKey(name=keys.api_secret_key, key="api-secret-key")
        yield SecretKey(name=keys.jwt_secret, key="jwt-secret")
    if airflow.admin is not None:
        yield SecretKey(name=airflow.admin.password_secret, key="password")
    if git is not None and git.secret is not None:
        for key in _git_keys(by_bundle=git.by == "bundle", by_https=git.repository.startswith("https://")):
            yield SecretKey(name=git.secret, key=key)
    if airflow.ingress is not None and airflow.ingress.tls_secret is not None:
        yield SecretKey(name=airflow.ingress.tls_secret, key="tls.crt")


def _git_keys(*, by_bundle: bool, by_https: bool) -> tuple[str, ...]:
    if by_bundle:
        return (CONNECTION_KEY,)
    return ("GITSYNC_USERNAME", "GITSYNC_PASSWORD") if by_https else ("gitSshKey",)
