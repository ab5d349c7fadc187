"""The driver as an environment describes it, in the words of the constructs."""

from airflow_efs.efs_csi_installation import (
    AddonInstallation,
    Controller,
    ExistingInstallation,
    HelmInstallation,
    Installation,
    Node,
)
from settings import Environment
from settings.driver import Controller as ControllerSettings
from settings.driver import Node as NodeSettings
from settings.pods import Toleration

_ENVIRONMENT_TAG = "airflow-efs/environment"
"""The tag of an access point that says whose it is; the driver cannot give a key with a colon."""

_CLUSTER_TAG = "airflow-efs/cluster"
"""The same for the cluster."""


def driver_installation(environment: Environment) -> Installation:
    """How the driver comes into the cluster of an environment."""
    settings = environment.driver
    keep = settings.removal == "retain"
    if settings.install == "addon":
        return AddonInstallation(
            version=settings.addon_version,
            overwrite=settings.resolve_conflicts == "overwrite",
            keep=keep,
        )
    if settings.install == "existing":
        return ExistingInstallation(make_roles=settings.make_roles, patch=settings.patch_existing)
    return HelmInstallation(
        version=settings.chart_version,
        repository=settings.chart_repository,
        archive=environment.chart_archive,
        keep=keep,
        image_registry=settings.image_registry,
        access_point_tags={
            **environment.access_point_tags,
            _ENVIRONMENT_TAG: environment.name,
            _CLUSTER_TAG: environment.cluster.name,
        },
        metrics=settings.metrics,
        kube_api_qps=settings.provisioner.kube_api_qps,
        worker_threads=settings.provisioner.worker_threads,
        timeout_seconds=settings.provisioner.timeout_seconds,
    )


def driver_controller(settings: ControllerSettings) -> Controller:
    """The driver's Deployment and its role."""
    return Controller(
        role_name=settings.role_name,
        policy_name=settings.policy_name,
        replicas=settings.replicas,
        resources=settings.resources.as_manifest(),
        node_selector=settings.node_selector,
        tolerations=_tolerations(settings.tolerations),
    )


def driver_node(settings: NodeSettings) -> Node:
    """The driver's DaemonSet and its role."""
    resources = settings.resources.as_manifest()
    if memory := settings.memory_request():
        resources["requests"] = {**resources.get("requests", {}), "memory": memory}
    return Node(
        role_name=settings.role_name,
        policy_name=settings.policy_name,
        resources=resources,
        node_selector=settings.node_selector,
        tolerations=_tolerations(settings.tolerations),
    )


def _tolerations(settings: tuple[Toleration, ...]) -> list[dict[str, str | int]]:
    return [toleration.as_manifest() for toleration in settings]
