"""What Airflow and KEDA need of the cluster before their charts are installed. Names come as data."""

import base64
import binascii
from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.installation import AirflowNeeds, Installation, NotThereError, Thing
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER
from settings.versions import kubectl_layer_for

_KEDA_GROUP = "keda.sh"
_KEDA_VERSION = "v1alpha1"
_KEDA_KINDS = ("scaledobjects", "triggerauthentications")
_HELM = {27: "3.12", 30: "3.17", 33: "4.1", 36: "4.2"}
"""Helm in each kubectl layer."""
_OLDEST_HELM = (3, 19)
_OLDEST_KUBERNETES = (1, 30)
"""What the chart airflow 1.22.0 wants."""


@check("keda-missing", Severity.ERROR, "Does the cluster know KEDA's kinds?", when=When.AIRFLOW)
def keda(installation: Installation) -> Iterator[Problem]:
    """The kinds must be known, and served, before Airflow's chart is installed."""
    if not _needs(installation).keda:
        return
    api = kubernetes.ApiextensionsV1Api(installation.api)
    for kind in _KEDA_KINDS:
        name = f"{kind}.{_KEDA_GROUP}"
        definition = installation.read(api.read_custom_resource_definition, name)
        if definition is None:
            yield Problem(
                what=f"the cluster does not know KEDA's {kind}",
                where=f"CustomResourceDefinition {name}",
                cure="install KEDA before Airflow: helm install keda kedacore/keda -n keda",
            )
        elif not _is_served(definition):
            yield Problem(
                what=f"the cluster does not serve {_KEDA_GROUP}/{_KEDA_VERSION} {kind}",
                where=f"CustomResourceDefinition {name}",
                cure="install KEDA 2: its charts serve that version",
            )


@check("airflow-namespace-missing", Severity.ERROR, "Does Airflow's namespace exist?", when=When.AIRFLOW)
def namespace(installation: Installation) -> Iterator[Problem]:
    """Secrets by name must lie in it beforehand."""
    if _namespace(installation) is None:
        name = _needs(installation).namespace
        yield Problem(
            what=f"there is no namespace {name}", where="Airflow", cure=f"kubectl create namespace {name}"
        )


@check(
    "airflow-secret-missing",
    Severity.ERROR,
    "Are Airflow's secrets there, with their keys?",
    when=When.AIRFLOW,
)
def secrets(installation: Installation) -> Iterator[Problem]:
    """Without them pods stay in CreateContainerConfigError."""
    needs = _needs(installation)
    if _namespace(installation) is None:
        raise NotThereError("airflow-namespace-missing")
    for wanted in needs.secrets:
        found = _secret(installation, wanted.name)
        create = (
            f"kubectl -n {needs.namespace} create secret generic {wanted.name} --from-literal={wanted.key}=…"
        )
        if found is None:
            yield Problem(
                what=f"there is no Secret {needs.namespace}/{wanted.name}",
                where=f"Secret {needs.namespace}/{wanted.name}",
                cure=create,
            )
        elif not (found.get("data") or {}).get(wanted.key):
            yield Problem(
                what=f"Secret {needs.namespace}/{wanted.name} has no key {wanted.key}, or an empty one",
                where=f"Secret {needs.namespace}/{wanted.name}",
                cure=f"add the key: {create}",
            )


@check("airflow-connection-scheme", Severity.ERROR, "Can KEDA read the connection string?", when=When.AIRFLOW)
def connection(installation: Installation) -> Iterator[Problem]:
    """KEDA opens the database itself and knows no SQLAlchemy driver. The string itself is never shown."""
    needs = _needs(installation)
    if _namespace(installation) is None:
        raise NotThereError("airflow-namespace-missing")
    for wanted in needs.secrets:
        if not wanted.is_connection:
            continue
        value = ((_secret(installation, wanted.name) or {}).get("data") or {}).get(wanted.key)
        if not value:
            continue  # said by airflow-secret-missing
        scheme = _scheme(value)
        if scheme != "postgresql":
            yield Problem(
                what=f"the connection string begins with {scheme}://, which KEDA cannot read; "
                "workers would not scale, and nothing would say so",
                where=f"Secret {needs.namespace}/{wanted.name}, key {wanted.key}",
                cure="write postgresql://…, without the name of a driver; Airflow takes it as well",
            )


@check("block-class-missing", Severity.ERROR, "Is there a class for block volumes?", when=When.AIRFLOW)
def block_class(installation: Installation) -> Iterator[Problem]:
    """A database, a broker or a triggerer of Airflow's own must not lie on EFS access points."""
    if not _needs(installation).block_volumes:
        return
    if not any(one["provisioner"] != DRIVER for one in installation.classes.values()):
        yield Problem(
            what="the cluster has no StorageClass but those of EFS; databases need block volumes",
            where="StorageClasses",
            cure="install the EBS CSI driver and make a class of it, or use a database outside the cluster",
        )


@check("helm-too-old", Severity.ERROR, "Does Helm of the layer fit Airflow's chart?", when=When.AIRFLOW)
def helm(installation: Installation) -> Iterator[Problem]:
    """The layer that the cluster's version picks holds one version of Helm."""
    version = installation.environment.cluster.version
    layer = _HELM[kubectl_layer_for(version)]
    if _numbers(layer) < _OLDEST_HELM:
        yield Problem(
            what=f"cluster version {version} picks a layer with Helm {layer}; Airflow's chart wants "
            f"{'.'.join(map(str, _OLDEST_HELM))}",
            where="field cluster.version",
            cure="upgrade the cluster to 1.32 or newer",
        )


@check("kubernetes-too-old", Severity.ERROR, "Does the cluster fit Airflow's chart?", when=When.AIRFLOW)
def kubernetes_version(installation: Installation) -> Iterator[Problem]:
    """The oldest version that the chart states."""
    version = str(installation.cluster["version"])
    if _numbers(version) < _OLDEST_KUBERNETES:
        yield Problem(
            what=f"the cluster is of version {version}; Airflow's chart wants "
            f"{'.'.join(map(str, _OLDEST_KUBERNETES))}",
            where=f"cluster {installation.environment.cluster.name}",
            cure="upgrade the cluster",
        )


def _needs(installation: Installation) -> AirflowNeeds:
    assert installation.airflow is not None  # noqa: S101  # the check applies only then
    return installation.airflow


def _namespace(installation: Installation) -> Thing | None:
    core = kubernetes.CoreV1Api(installation.api)
    return installation.read(core.read_namespace, _needs(installation).namespace)


def _secret(installation: Installation, name: str) -> Thing | None:
    core = kubernetes.CoreV1Api(installation.api)
    return installation.read(core.read_namespaced_secret, name, _needs(installation).namespace)


def _scheme(value: str) -> str:
    """The scheme of a connection string in a Secret; of what is none, a few words and never the value."""
    try:
        text = base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "something that is no text, not postgresql"
    scheme, separator, _ = text.partition("://")
    return scheme if separator and scheme.replace("+", "").isalnum() else "something other than postgresql"


def _is_served(definition: Thing) -> bool:
    served = any(one["name"] == _KEDA_VERSION and one["served"] for one in definition["spec"]["versions"])
    conditions = (definition.get("status") or {}).get("conditions") or []
    return served and any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
