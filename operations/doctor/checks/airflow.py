"""What Airflow and KEDA need of the cluster before their charts are installed. Names come as data."""

from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.airflow_cluster import namespace_of, needs_of, secret_of
from operations.doctor.installation import Installation, NotThereError, Thing
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER
from settings.versions import (
    AIRFLOW_CHART_NEEDS_HELM,
    AIRFLOW_CHART_NEEDS_KUBERNETES,
    HELM_OF_LAYERS,
    kubectl_layer_for,
)

_KEDA_GROUP = "keda.sh"
_KEDA_VERSION = "v1alpha1"
_KEDA_KINDS = ("scaledobjects", "triggerauthentications")
_EXTERNAL_SECRETS = "externalsecrets.external-secrets.io"


@check("keda-missing", Severity.ERROR, "Does the cluster know KEDA's kinds?", when=When.AIRFLOW)
def keda(installation: Installation) -> Iterator[Problem]:
    """The kinds must be known, and served, before Airflow's chart is installed."""
    if not needs_of(installation).keda:
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
        elif not _is_served(definition, _KEDA_VERSION):
            yield Problem(
                what=f"the cluster does not serve {_KEDA_GROUP}/{_KEDA_VERSION} {kind}",
                where=f"CustomResourceDefinition {name}",
                cure="install KEDA 2: its charts serve that version",
            )


@check("keda-of-another", Severity.ERROR, "Is KEDA the stack's own?", when=When.AIRFLOW)
def another_keda(installation: Installation) -> Iterator[Problem]:
    """Helm refuses to install over what another release, or nobody's, has made: a cluster has one KEDA."""
    ours = needs_of(installation).keda_release
    if ours is None:
        return
    api = kubernetes.ApiextensionsV1Api(installation.api)
    name = f"{_KEDA_KINDS[0]}.{_KEDA_GROUP}"
    definition = installation.read(api.read_custom_resource_definition, name)
    if definition is None:
        return
    annotations = definition["metadata"].get("annotations") or {}
    owner = (
        annotations.get("meta.helm.sh/release-namespace"),
        annotations.get("meta.helm.sh/release-name"),
    )
    if owner != (ours.namespace, ours.name):
        whose = f"Helm release {owner[0]}/{owner[1]}" if all(owner) else "no Helm release"
        yield Problem(
            what=f"the cluster has a KEDA of {whose}, and the stack would install another",
            where=f"CustomResourceDefinition {name}",
            cure="write airflow.keda.install: existing; or keda.namespace of that release, to take it over",
        )


@check(
    "external-secrets-missing",
    Severity.ERROR,
    "Does the cluster know ExternalSecrets?",
    when=When.AIRFLOW,
)
def external_secrets(installation: Installation) -> Iterator[Problem]:
    """The operator copies keys from AWS Secrets Manager; its kinds must be known before."""
    if not needs_of(installation).external_secrets:
        return
    api = kubernetes.ApiextensionsV1Api(installation.api)
    definition = installation.read(api.read_custom_resource_definition, _EXTERNAL_SECRETS)
    if definition is None or not _is_served(definition, "v1"):
        yield Problem(
            what="the cluster does not serve external-secrets.io/v1 ExternalSecret, which copies the keys",
            where=f"CustomResourceDefinition {_EXTERNAL_SECRETS}",
            cure="install the External Secrets operator, or write airflow.secrets.source: expected",
        )


@check(
    "airflow-claim-missing",
    Severity.ERROR,
    "Are the claims that Airflow names there, for all nodes?",
    when=When.AIRFLOW,
)
def claims(installation: Installation) -> Iterator[Problem]:
    """A pod whose claim is missing stays Pending, and one of a single node keeps the others away."""
    needs = needs_of(installation)
    core = kubernetes.CoreV1Api(installation.api)
    for name in needs.claims:
        where = f"PersistentVolumeClaim {needs.namespace}/{name}"
        found = installation.read(core.read_namespaced_persistent_volume_claim, name, needs.namespace)
        if found is None:
            if name not in needs.made_claims:
                yield Problem(
                    what=f"there is no claim {needs.namespace}/{name}",
                    where=where,
                    cure="make it, or write it in claims or volumes of the environment",
                )
        elif "ReadWriteMany" not in found["spec"]["accessModes"]:
            yield Problem(
                what=f"claim {needs.namespace}/{name} is not ReadWriteMany, but pods on all nodes use it",
                where=where,
                cure="make another with accessModes: [ReadWriteMany]: the mode of a claim cannot change",
            )


@check("airflow-namespace-missing", Severity.ERROR, "Does Airflow's namespace exist?", when=When.AIRFLOW)
def namespace(installation: Installation) -> Iterator[Problem]:
    """Secrets by name must lie in it beforehand."""
    if namespace_of(installation) is None:
        name = needs_of(installation).namespace
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
    needs = needs_of(installation)
    if namespace_of(installation) is None:
        raise NotThereError("airflow-namespace-missing")
    for wanted in needs.secrets:
        found = secret_of(installation, wanted.name)
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


@check("block-class-missing", Severity.ERROR, "Is there a class for block volumes?", when=When.AIRFLOW)
def block_class(installation: Installation) -> Iterator[Problem]:
    """A database, a broker or a triggerer of Airflow's own must not lie on EFS access points."""
    needs = needs_of(installation)
    for name in needs.block_classes:
        found = installation.classes.get(name)
        if found is None:
            yield Problem(
                what=f"there is no StorageClass {name}, of which a disk of Airflow's is to be",
                where=f"StorageClass {name}",
                cure="make it, or name one that is there: kubectl get storageclasses",
            )
        elif found["provisioner"] == DRIVER:
            yield Problem(
                what=f"StorageClass {name} is of EFS, and a database or a queue needs a block volume",
                where=f"StorageClass {name}",
                cure="name a class of block storage, such as one of the EBS CSI driver",
            )
    if not needs.block_volumes:
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
    if not needs_of(installation).helm:
        return
    version = installation.environment.cluster.version
    layer = HELM_OF_LAYERS[kubectl_layer_for(version)]
    if layer < AIRFLOW_CHART_NEEDS_HELM:
        yield Problem(
            what=f"cluster version {version} picks a layer with Helm {_text(layer)}; Airflow's chart wants "
            f"{_text(AIRFLOW_CHART_NEEDS_HELM)}",
            where="field cluster.version",
            cure="upgrade the cluster to 1.32 or newer",
        )


@check("kubernetes-too-old", Severity.ERROR, "Does the cluster fit Airflow's chart?", when=When.AIRFLOW)
def kubernetes_version(installation: Installation) -> Iterator[Problem]:
    """The oldest version that the chart states."""
    version = str(installation.cluster["version"])
    if _numbers(version) < AIRFLOW_CHART_NEEDS_KUBERNETES:
        yield Problem(
            what=f"the cluster is of version {version}; Airflow's chart wants "
            f"{_text(AIRFLOW_CHART_NEEDS_KUBERNETES)}",
            where=f"cluster {installation.environment.cluster.name}",
            cure="upgrade the cluster",
        )


def _text(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _is_served(definition: Thing, version: str) -> bool:
    served = any(one["name"] == version and one["served"] for one in definition["spec"]["versions"])
    conditions = (definition.get("status") or {}).get("conditions") or []
    return served and any(one["type"] == "Established" and one["status"] == "True" for one in conditions)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
