"""The driver: is it there, and ready in every zone."""

from collections import defaultdict
from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.installation import (
    DRIVER_ACCOUNTS,
    NODE_PODS,
    ZONE_LABEL,
    Installation,
    NotThereError,
    Thing,
)
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from operations.trace import DRIVER


@check("driver-missing", Severity.ERROR, "Is the driver in the cluster?", when=When.AFTER)
def exists(installation: Installation) -> Iterator[Problem]:
    """Its two workloads and its registration."""
    storage = kubernetes.StorageV1Api(installation.api)
    parts = {
        f"Deployment {installation.driver_namespace}/efs-csi-controller": installation.driver_controller,
        f"DaemonSet {installation.driver_namespace}/efs-csi-node": installation.driver_nodes,
        f"CSIDriver {DRIVER}": installation.read(storage.read_csi_driver, DRIVER),
    }
    for name, thing in parts.items():
        if thing is None:
            yield Problem(
                what=f"the driver's {name.split()[0]} is gone",
                where=name,
                cure="helm upgrade --reuse-values, or change driver.chart_version and deploy: "
                "CloudFormation does not notice that it is gone",
            )


@check("driver-elsewhere", Severity.ERROR, "Is the existing driver who the stack's roles trust?")
def elsewhere(installation: Installation) -> Iterator[Problem]:
    """An existing driver in another namespace, or with other service accounts, than the roles trust."""
    settings = installation.environment.driver
    if settings.install != "existing" or not settings.make_roles:
        return
    workloads = (installation.driver_controller, installation.driver_nodes)
    parts = zip(workloads, installation.driver_accounts, DRIVER_ACCOUNTS, strict=True)
    wrong = [(has, trusted) for workload, has, trusted in parts if workload is not None and has != trusted]
    if wrong:
        yield Problem(
            what="the driver runs as "
            + " and ".join(f"{has}, not as {trusted}" for has, trusted in wrong)
            + ": it cannot take the roles that the stack makes, and claims would stay Pending",
            where=f"namespace {installation.driver_namespace}",
            cure="install it in kube-system with the chart's own service accounts; or give it roles of its "
            "own that reach the file system, and write make_roles: false",
        )


@check("no-nodes", Severity.WARNING, "Are there nodes on which the driver could run?", when=When.AFTER)
def nodes(installation: Installation) -> Iterator[Problem]:
    """Without a node nothing of the driver runs, and nothing of it can be checked."""
    if not installation.nodes:
        yield Problem(
            what="the cluster has no node that is ready: whether the driver works cannot be seen",
            where=f"cluster {installation.environment.cluster.name}",
            cure="start a node and ask again",
        )


@check("controller-not-ready", Severity.ERROR, "Does the driver's controller run?", when=When.AFTER)
def controller(installation: Installation) -> Iterator[Problem]:
    """Without it claims stay Pending."""
    deployment = installation.driver_controller
    if deployment is None:
        raise NotThereError("driver-missing")
    if not installation.nodes:
        raise NotThereError("no-nodes")
    namespace = installation.driver_namespace
    wanted = deployment["spec"].get("replicas", 1)
    if wanted == 0:
        yield Problem(
            what="the driver's controller is scaled to zero; claims stay Pending",
            where=f"Deployment {namespace}/efs-csi-controller",
            cure=f"kubectl -n {namespace} scale deployment efs-csi-controller --replicas=2",
        )
    elif not (deployment.get("status") or {}).get("readyReplicas"):
        yield Problem(
            what=f"none of the {wanted} pods of the driver's controller is ready; claims stay Pending",
            where=f"Deployment {namespace}/efs-csi-controller",
            cure=f"kubectl -n {namespace} describe pods -l app=efs-csi-controller says why",
        )


@check("driver-not-ready-in-zone", Severity.ERROR, "Is the driver ready on every node?", when=When.AFTER)
def node_pods(installation: Installation) -> Iterator[Problem]:
    """A pod of the driver that is ready on each node, and its registration with the kubelet."""
    if installation.driver_nodes is None:
        raise NotThereError("driver-missing")
    core, storage = kubernetes.CoreV1Api(installation.api), kubernetes.StorageV1Api(installation.api)
    pods = installation.all_of(
        core.list_namespaced_pod, installation.driver_namespace, label_selector=NODE_PODS
    )
    ready = {pod["spec"].get("nodeName") for pod in pods if _is_ready(pod)}
    registered = {
        one["metadata"]["name"]
        for one in installation.all_of(storage.list_csi_node)
        if any(driver["name"] == DRIVER for driver in one["spec"].get("drivers") or [])
    }
    without: dict[str, list[str]] = defaultdict(list)
    for node in installation.nodes:
        name = node["metadata"]["name"]
        if name not in ready or name not in registered:
            without[(node["metadata"].get("labels") or {}).get(ZONE_LABEL, "no zone")].append(name)
    for zone, names in sorted(without.items()):
        yield Problem(
            what=f"the driver is not ready on {len(names)} node{'s' if len(names) > 1 else ''} of {zone}; "
            "pods there stay in ContainerCreating",
            where=", ".join(sorted(names)[:5]),
            cure=f"kubectl -n {installation.driver_namespace} get pods -l {NODE_PODS} -o wide; "
            "a taint that the DaemonSet does not tolerate is the usual reason",
        )


def _is_ready(pod: Thing) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
