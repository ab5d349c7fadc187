"""The values of the driver's chart, and the configuration of the EKS add-on, which is made of the same chart.

Neither chart nor add-on says which value it does not know: a wrong key has no effect. A test holds every key
that is written here against those that the chart has.
"""

from collections.abc import Mapping
from typing import Any, Literal

from airflow_efs.efs_csi_installation import Controller, DriverPart, HelmInstallation, Node
from airflow_efs.irsa_role import ROLE_ANNOTATION

CONTROLLER_SERVICE_ACCOUNT = "efs-csi-controller-sa"
"""The service account of the controller, which makes and deletes access points."""

NODE_SERVICE_ACCOUNT = "efs-csi-node-sa"
"""The service account of the DaemonSet, which mounts."""

STARTUP_TAINT = "efs.csi.aws.com/agent-not-ready"
"""A taint that new nodes may have until the driver runs on them, so that no pod comes before its mounts.

The driver takes it away; it could not if its own pods did not tolerate it.
"""

IDENTITY_ANNOTATION = "airflow-efs/identity"
"""Says on the driver's pods what gives them their role: another one needs new pods, with other variables."""

ROLE_OF_POD_ANNOTATION = "airflow-efs/role"
"""Says on the driver's pods which role they are to have: a pod keeps the one with which it was started."""

REMOVAL_LABEL = "airflow-efs/removal"
"""Says ``retain`` on the Deployment of a chart that the stack leaves behind; an add-on may take that over."""

_ALWAYS_TOLERATED: tuple[Mapping[str, str | int], ...] = (
    {"key": "CriticalAddonsOnly", "operator": "Exists"},
    {"key": STARTUP_TAINT, "operator": "Exists"},
)

_IMAGES = {
    (): "efs-csi-driver/amazon/aws-efs-csi-driver",
    ("sidecars", "livenessProbe"): "csi-components/livenessprobe",
    ("sidecars", "nodeDriverRegistrar"): "csi-components/csi-node-driver-registrar",
    ("sidecars", "csiProvisioner"): "csi-components/csi-provisioner",
}
"""Where a value of the chart names an image, and the image's path at public.ecr.aws."""


def chart_values(
    installation: HelmInstallation,
    *,
    controller: Controller,
    node: Node,
    role_arns: tuple[str, str],
    identity: Literal["irsa", "pod-identity"],
) -> dict[str, Any]:
    """Return the values of the driver's chart.

    Args:
        installation: what is said of the chart.
        controller: the Deployment.
        node: the DaemonSet.
        role_arns: the roles of controller and nodes.
        identity: how the pods get them. By ``irsa`` the service accounts are annotated with them.
    """
    controller_role, node_role = role_arns
    values: dict[str, Any] = {
        "controller": {
            **addon_configuration(controller=controller, node=node).get("controller", {}),
            **_account(CONTROLLER_SERVICE_ACCOUNT, controller_role, identity),
        },
        "node": {
            **addon_configuration(controller=controller, node=node).get("node", {}),
            **_account(NODE_SERVICE_ACCOUNT, node_role, identity),
        },
    }
    if installation.keep:
        values["controller"]["additionalLabels"] = {REMOVAL_LABEL: "retain"}
    if installation.access_point_tags:
        values["controller"]["tags"] = dict(installation.access_point_tags)
    if installation.metrics:
        values["controller"]["enableMetrics"] = True
    if installation.worker_threads != HelmInstallation.worker_threads:
        values["controller"]["workerThreads"] = installation.worker_threads
    if installation.timeout_seconds != HelmInstallation.timeout_seconds:
        values["controller"]["timeout"] = f"{installation.timeout_seconds}s"
    if installation.kube_api_qps is not None:
        qps = installation.kube_api_qps
        _at(values, "sidecars", "csiProvisioner")["additionalArgs"] = [
            f"--kube-api-qps={qps}",
            f"--kube-api-burst={2 * qps}",
        ]
    if installation.image_registry is not None:
        for place, image in _IMAGES.items():
            _at(values, *place)["image"] = {"repository": f"{installation.image_registry}/{image}"}
    return values


def addon_configuration(*, controller: Controller, node: Node) -> dict[str, Any]:
    """Return the configuration of the EKS add-on: what differs from its defaults, by the chart's names."""
    configuration: dict[str, Any] = {}
    if controller.replicas != Controller.replicas:
        configuration["controller"] = {"replicaCount": controller.replicas}
    for name, part in (("controller", controller), ("node", node)):
        if placed := _placement(part):
            configuration[name] = {**configuration.get(name, {}), **placed}
    return configuration


def _placement(part: DriverPart) -> dict[str, Any]:
    placement: dict[str, Any] = {}
    if part.resources:
        placement["resources"] = {kind: dict(amounts) for kind, amounts in part.resources.items()}
    if part.node_selector:
        placement["nodeSelector"] = dict(part.node_selector)
    if part.tolerations:
        # A list of one's own stands in the place of the chart's.
        placement["tolerations"] = [dict(one) for one in (*_ALWAYS_TOLERATED, *part.tolerations)]
    return placement


def _account(name: str, role_arn: str, identity: Literal["irsa", "pod-identity"]) -> dict[str, Any]:
    account: dict[str, Any] = {"create": True, "name": name}
    if identity == "irsa":
        account["annotations"] = {ROLE_ANNOTATION: role_arn}
    return {
        "serviceAccount": account,
        "podAnnotations": {IDENTITY_ANNOTATION: identity, ROLE_OF_POD_ANNOTATION: role_arn},
    }


def _at(values: dict[str, Any], *place: str) -> dict[str, Any]:
    for name in place:
        values = values.setdefault(name, {})
    return values
