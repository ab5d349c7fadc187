"""Whether the URLs in Airflow's secrets can be read by those who open them. They are never shown."""

from collections.abc import Callable, Iterator

from kubernetes import client as kubernetes

from operations.doctor.airflow_cluster import namespace_of, needs_of, secret_of, text_of
from operations.doctor.celery_urls import unreadable_broker, unreadable_results
from operations.doctor.connection_options import named_files
from operations.doctor.connection_string import unreadable
from operations.doctor.installation import Installation, NotThereError
from operations.doctor.needs import SecretKey, Url
from operations.doctor.registry import When, check
from operations.doctor.unreadable import Reader, Unreadable
from operations.findings import Problem, Severity

_KEDA_OPERATOR = "keda-operator"
"""The Deployment of KEDA that opens the database, in its chart and in its manifests."""

_OF_THE_IMAGE = "/etc/ssl/certs/ca-certificates.crt"
"""The public authorities, a file of KEDA's image."""

_SILENT = "workers would not scale, and nothing would say so"


@check("airflow-connection-scheme", Severity.ERROR, "Can KEDA read the connection string?", when=When.AIRFLOW)
def connection(installation: Installation) -> Iterator[Problem]:
    """KEDA opens the database itself, with another library than Airflow's: both must take the string."""
    yield from _unreadable(installation, Url.DATABASE, unreadable)


@check("airflow-result-backend", Severity.ERROR, "Can Celery keep its results?", when=When.AIRFLOW)
def results(installation: Installation) -> Iterator[Problem]:
    """With a store that Celery does not know the workers do not start, or the scheduler learns of no end."""
    yield from _unreadable(installation, Url.RESULTS, unreadable_results)


@check("airflow-broker-url", Severity.ERROR, "Can Celery reach its broker?", when=When.AIRFLOW)
def broker(installation: Installation) -> Iterator[Problem]:
    """With a URL that Celery does not know no task reaches a worker."""
    yield from _unreadable(installation, Url.BROKER, unreadable_broker)


@check(
    "airflow-connection-file",
    Severity.ERROR,
    "Has KEDA the files that the connection string names?",
    when=When.AIRFLOW,
)
def connection_files(installation: Installation) -> Iterator[Problem]:
    """A certificate is read by KEDA's operator in its own pod, whatever is mounted in Airflow's."""
    needs = needs_of(installation)
    mounted: tuple[str, ...] | None = None
    for wanted, text in _urls(installation, Url.DATABASE):
        if unreadable(text) is not None:
            continue  # said by airflow-connection-scheme
        for option, path in named_files(text):
            if mounted is None:
                mounted = _mounted_in_keda(installation)
            if path != _OF_THE_IMAGE and not any(_lies_in(path, folder) for folder in mounted):
                yield Problem(
                    what=f"the connection string names a file in {option} that KEDA's operator does not "
                    f"have: it reads it in its own pod; {_SILENT}",
                    where=f"Secret {needs.namespace}/{wanted.name}, key {wanted.key}",
                    cure="mount the file at the same path there, with a KEDA of your own whose chart has "
                    "volumes.keda.extraVolumes; or write sslmode=require without it, which encrypts but does "
                    "not check the server's certificate",
                )


def _mounted_in_keda(installation: Installation) -> tuple[str, ...]:
    """Folders and files that are mounted in KEDA's operator; none where it is not there yet."""
    apps = kubernetes.AppsV1Api(installation.api)
    namespace = needs_of(installation).keda_namespace
    found = installation.read(apps.read_namespaced_deployment, _KEDA_OPERATOR, namespace)
    containers = found["spec"]["template"]["spec"]["containers"] if found else ()
    return tuple(mount["mountPath"] for one in containers for mount in one.get("volumeMounts") or ())


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _urls(installation: Installation, url: Url) -> Iterator[tuple[SecretKey, str]]:
    """Each secret that holds such a URL, and the URL. What is missing, airflow-secret-missing says."""
    if namespace_of(installation) is None:
        raise NotThereError("airflow-namespace-missing")
    for wanted in needs_of(installation).secrets:
        if wanted.url is url:
            value = ((secret_of(installation, wanted.name) or {}).get("data") or {}).get(wanted.key)
            if value:
                yield wanted, text_of(value)


def _unreadable(
    installation: Installation, url: Url, fault_of: Callable[[str], Unreadable | None]
) -> Iterator[Problem]:
    for wanted, text in _urls(installation, url):
        fault = fault_of(text)
        if fault is not None:
            outcome = _SILENT if fault.reader is Reader.KEDA else "its pods would fail"
            yield Problem(
                what=f"{fault.what}, which {fault.reader.value} cannot read; {outcome}",
                where=f"Secret {needs_of(installation).namespace}/{wanted.name}, key {wanted.key}",
                cure=fault.cure,
            )
