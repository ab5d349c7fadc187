"""What the cluster's own API says: nodes, the driver's objects, classes, who is let in.

Only reads. Each part is read by itself, so that a role that may list classes and not nodes still helps.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from kubernetes import client as kubernetes
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from operations.cluster_access import cluster_client
from operations.discovery.findings import Unseen
from operations.kubernetes_errors import why_silent
from rehearsal.account.eks.cluster_tokens import TokenError

T = TypeVar("T")

DRIVER = "efs.csi.aws.com"
NAMESPACE = "kube-system"
CONTROLLER = "efs-csi-controller"
NODE_PLUGIN = "efs-csi-node"
CONTROLLER_ACCOUNT = "efs-csi-controller-sa"
TRUSTED_ACCOUNT = f"{NAMESPACE}/{CONTROLLER_ACCOUNT}"
"""Whom the controller's role of a stack trusts."""

_SECONDS = (5, 20)
"""To connect, and to read."""

_NODE_CLASSES = (
    ("karpenter.k8s.aws", "v1", "ec2nodeclasses"),
    ("eks.amazonaws.com", "v1", "nodeclasses"),
)
"""What starts nodes without a scaling group: Karpenter, and EKS Auto Mode."""


@dataclass(kw_only=True)
class ClusterView:
    """What was read. None: it was not seen; an object that is not there is empty."""

    instance_ids: tuple[str, ...] = ()
    """EC2 instances that are nodes."""
    fargate_nodes: int = 0
    node_classes: tuple[Mapping[str, Any], ...] = ()
    csi_driver: Mapping[str, Any] | None = None
    controller: Mapping[str, Any] | None = None
    """The driver's Deployment: in kube-system, or where somebody else has installed it."""
    node_plugin: Mapping[str, Any] | None = None
    controller_account: Mapping[str, Any] | None = None
    storage_classes: tuple[Mapping[str, Any], ...] | None = None
    claims: tuple[Mapping[str, Any], ...] | None = None
    """Read only where an installation is adopted."""
    volumes: tuple[Mapping[str, Any], ...] | None = None
    aws_auth: str | None = None
    """The rows of mapRoles in the ConfigMap aws-auth."""
    unseen: list[Unseen] = field(default_factory=list)

    @property
    def controller_account_name(self) -> tuple[str, str]:
        """Namespace and name of the service account of the driver's controller, there or not."""
        controller = self.controller or {}
        pod = controller.get("spec", {}).get("template", {}).get("spec", {})
        namespace = controller.get("metadata", {}).get("namespace", NAMESPACE)
        return namespace, pod.get("serviceAccountName", CONTROLLER_ACCOUNT)


def view_cluster(described: Any, region: str, *, with_claims: bool = False) -> ClusterView:
    """Everything that discovery wants from the cluster, as far as it can be reached and read.

    Args:
        described: the cluster as EKS describes it.
        region: its region.
        with_claims: read claims and volumes, too. Default: False.
    """
    try:
        return read_view(cluster_client(described, region=region), with_claims=with_claims)
    except (ConfigException, HTTPError, TokenError, ValueError) as error:
        return ClusterView(unseen=[_not_reached(error)])


def read_view(api: kubernetes.ApiClient, *, with_claims: bool = False) -> ClusterView:
    """The view through a client.

    Args:
        api: a client of the cluster.
        with_claims: read claims and volumes, too. Default: False.

    Raises:
        HTTPError: the API server does not answer.
    """
    view = ClusterView()
    read = _Reader(api, view.unseen)
    core, apps, storage = kubernetes.CoreV1Api(api), kubernetes.AppsV1Api(api), kubernetes.StorageV1Api(api)
    if not _is_let_in(api, view.unseen):
        return view
    nodes = read("nodes", lambda **kw: core.list_node(**kw)) or {}
    view.instance_ids, view.fargate_nodes = _instances(nodes.get("items", ()))
    view.node_classes = tuple(_node_classes(api, read))
    view.csi_driver = read("CSI drivers", lambda **kw: storage.read_csi_driver(DRIVER, **kw))
    view.controller = read(
        f"Deployments in {NAMESPACE}",
        lambda **kw: apps.read_namespaced_deployment(CONTROLLER, NAMESPACE, **kw),
    )
    if view.csi_driver and view.controller == {}:
        elsewhere = read(
            "Deployments",
            lambda **kw: apps.list_deployment_for_all_namespaces(
                field_selector=f"metadata.name={CONTROLLER}", **kw
            ),
        )
        view.controller = next(iter((elsewhere or {}).get("items", ())), {})
    namespace, account = view.controller_account_name
    view.node_plugin = read(
        f"DaemonSets in {namespace}",
        lambda **kw: apps.read_namespaced_daemon_set(NODE_PLUGIN, namespace, **kw),
    )
    view.controller_account = read(
        f"service accounts in {namespace}",
        lambda **kw: core.read_namespaced_service_account(account, namespace, **kw),
    )
    classes = read("StorageClasses", lambda **kw: storage.list_storage_class(**kw))
    view.storage_classes = None if classes is None else tuple(classes["items"])
    if with_claims:
        claims = read("claims", lambda **kw: core.list_persistent_volume_claim_for_all_namespaces(**kw))
        view.claims = None if claims is None else tuple(claims["items"])
        volumes = read("volumes", lambda **kw: core.list_persistent_volume(**kw))
        view.volumes = None if volumes is None else tuple(volumes["items"])
    config = read(
        "the ConfigMap aws-auth", lambda **kw: core.read_namespaced_config_map("aws-auth", NAMESPACE, **kw)
    )
    view.aws_auth = None if config is None else str((config.get("data") or {}).get("mapRoles", ""))
    return view


class _Reader:
    """Reads one thing after the other, and notes which it may not."""

    def __init__(self, api: kubernetes.ApiClient, unseen: list[Unseen]) -> None:
        self._api = api
        self._unseen = unseen

    def __call__(self, what: str, call: Callable[..., Any]) -> dict[str, Any] | None:
        """The answer; {} where there is no such object; None where it is not seen."""
        try:
            found: dict[str, Any] = self._api.sanitize_for_serialization(call(_request_timeout=_SECONDS))
        except kubernetes.ApiException as error:
            if error.status == 404:
                return {}
            self._unseen.append(
                Unseen(
                    what=f"{what} of the cluster",
                    why=f"the API server answers {error.status} {error.reason}",
                    cure="associate AmazonEKSAdminViewPolicy with the caller's access entry",
                )
            )
            return None
        return found


def _is_let_in(api: kubernetes.ApiClient, unseen: list[Unseen]) -> bool:
    try:
        # Everybody may read this whose token is believed.
        kubernetes.VersionApi(api).get_code(_request_timeout=_SECONDS)
    except kubernetes.ApiException as error:
        unseen.append(
            Unseen(
                what="everything in the cluster (driver, classes, nodes)",
                why=f"the API server does not let the caller in: {error.status} {error.reason}",
                cure="give the caller an access entry with AmazonEKSAdminViewPolicy, or use another role",
            )
        )
        return False
    return True


def _not_reached(error: Exception) -> Unseen:
    return Unseen(
        what="everything in the cluster (driver, classes, nodes)",
        why=f"the API server is not reached: {why_silent(error)}",
        cure="run this where the cluster's endpoint is reached, such as in its VPC",
    )


def _instances(nodes: Any) -> tuple[tuple[str, ...], int]:
    """The EC2 instances among the nodes, and how many run on Fargate."""
    ids, fargate = [], 0
    for node in nodes:
        provider = node["spec"].get("providerID") or ""
        last = provider.rpartition("/")[2]
        if last.startswith("i-"):
            ids.append(last)
        elif last.startswith("fargate-"):
            fargate += 1
    return tuple(sorted(ids)), fargate


def _node_classes(api: kubernetes.ApiClient, read: _Reader) -> Iterator[Mapping[str, Any]]:
    custom = kubernetes.CustomObjectsApi(api)
    for group, version, plural in _NODE_CLASSES:
        answer = read(
            plural,
            partial(custom.list_cluster_custom_object, group, version, plural),
        )
        yield from (answer or {}).get("items", ())
