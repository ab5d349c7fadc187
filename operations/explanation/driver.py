"""Where the driver is: in kube-system, or where somebody else has installed it."""

from typing import Final

from kubernetes import client as kubernetes

from operations.explanation.reading import Reader
from operations.explanation.records import Thing

CONTROLLER: Final = "efs-csi-controller"
"""The driver's Deployment, by the name that its chart gives it."""

_NAMESPACE: Final = "kube-system"


def controller_of(reader: Reader) -> Thing | None:
    """The driver's controller; None: there is none, or none that may be seen."""
    apps = kubernetes.AppsV1Api(reader.api)
    if (there := reader.get(apps.read_namespaced_deployment, CONTROLLER, _NAMESPACE)) is not None:
        return there
    try:
        elsewhere = reader.items(
            apps.list_deployment_for_all_namespaces, field_selector=f"metadata.name={CONTROLLER}"
        )
    except kubernetes.ApiException as error:
        if error.status not in (403, 404):
            raise
        return None  # whoever may see kube-system alone has seen what there is
    return elsewhere[0] if elsewhere else None


def namespace_of(controller: Thing | None) -> str:
    """The driver's namespace, by its controller; kube-system where that is not seen."""
    return str((controller or {}).get("metadata", {}).get("namespace", _NAMESPACE))


def driver_namespace(reader: Reader) -> str:
    """The driver's namespace, to be named in a cure; kube-system for whoever may not look."""
    try:
        return namespace_of(controller_of(reader))
    except kubernetes.ApiException as error:
        if error.status != 403:
            raise
        return _NAMESPACE
