"""What an Airflow installation expects of its cluster, by name."""

from dataclasses import dataclass
from enum import StrEnum


class Url(StrEnum):
    """A URL that Airflow reads, with a password in it."""

    DATABASE = "database"
    """The connection string of the metadata database, which KEDA reads as well."""
    RESULTS = "results"
    """Where Celery keeps its results."""
    BROKER = "broker"
    """Where Celery keeps its queues."""


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """A key of a Kubernetes Secret that Airflow reads."""

    name: str
    key: str
    url: Url | None = None
    """Which URL its value is. Default: it is none."""


@dataclass(frozen=True, kw_only=True)
class KedaRelease:
    """The Helm release with which a stack installs KEDA."""

    name: str
    namespace: str


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A volume of Airflow's own, as its chart would make it. It cannot be changed once it is there."""

    name: str
    """Of the StatefulSet, or of the claim."""
    storage_class: str | None = None
    """Default: the cluster's default class."""
    size: str | None = None
    """Default: there is no disk."""
    field: str
    """Where the environment describes it."""


@dataclass(frozen=True, kw_only=True)
class AirflowNeeds:
    """What an Airflow installation expects of the cluster, by name."""

    namespace: str
    secrets: tuple[SecretKey, ...] = ()
    keda: bool = True
    """Whether it wants a KEDA that is there."""
    keda_namespace: str = "keda"
    """Where KEDA's operator is, or will be."""
    keda_release: KedaRelease | None = None
    """The release that the stack makes of KEDA. Default: it makes none."""
    helm: bool = True
    """Whether the handler's helm installs its chart."""
    claims: tuple[str, ...] = ()
    """Claims of its namespace that pods on all nodes use."""
    made_claims: frozenset[str] = frozenset()
    """Claims of its namespace that the environment makes, so that they need not be there beforehand."""
    external_secrets: bool = False
    """Whether the External Secrets operator copies its keys."""
    block_classes: tuple[str, ...] = ()
    """Classes of block volumes that are named for disks of its own."""
    disks: tuple[Disk, ...] = ()
    """Disks of a database or a broker of its own, by their StatefulSets."""
    logs: Disk | None = None
    """The claim of the logs. Default: its chart makes none."""
    block_volumes: bool = False
    """Whether a database, broker or triggerer of its own needs block volumes."""
