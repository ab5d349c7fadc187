"""Claims in the rehearsed cluster: make one as a chart would, and wait until it is bound."""

import time

from kubernetes import client as kubernetes

from rehearsal.errors import RehearsalError

_BIND_SECONDS = 60.0
"""How long a claim may stay pending; under a second is usual once the driver runs."""


def make_claim(
    api: kubernetes.ApiClient, *, name: str, storage_class: str, namespace: str = "default", size: str = "1Gi"
) -> None:
    """Make a ReadWriteMany claim of a class, as Airflow's chart does for its logs.

    Args:
        api: a client of the cluster.
        name: the claim.
        storage_class: its class.
        namespace: its namespace. Default: `default`.
        size: a Kubernetes quantity; EFS does not use it. Default: 1Gi.
    """
    kubernetes.CoreV1Api(api).create_namespaced_persistent_volume_claim(
        namespace,
        kubernetes.V1PersistentVolumeClaim(
            metadata=kubernetes.V1ObjectMeta(name=name),
            spec=kubernetes.V1PersistentVolumeClaimSpec(
                access_modes=["ReadWriteMany"],
                storage_class_name=storage_class,
                resources=kubernetes.V1VolumeResourceRequirements(requests={"storage": size}),
            ),
        ),
    )


def await_bound(
    api: kubernetes.ApiClient, *, name: str, namespace: str = "default", seconds: float = _BIND_SECONDS
) -> None:
    """Wait until a claim is Bound.

    Raises:
        RehearsalError: there is no such claim, or it is not bound after `seconds`; the text has what its
            events say.
    """
    core = kubernetes.CoreV1Api(api)
    deadline = time.monotonic() + seconds
    while _phase(core, name, namespace) != "Bound":
        if time.monotonic() > deadline:
            selector = f"involvedObject.kind=PersistentVolumeClaim,involvedObject.name={name}"
            events = core.list_namespaced_event(namespace, field_selector=selector).items
            words = (
                "\n".join(f"{event.reason}: {event.message}" for event in events[-5:]) or "it has no events"
            )
            raise RehearsalError(f"claim {namespace}/{name} is not bound after {seconds:.0f} s:\n{words}")
        time.sleep(0.1)


def _phase(core: kubernetes.CoreV1Api, name: str, namespace: str) -> str | None:
    try:
        status = core.read_namespaced_persistent_volume_claim(name, namespace).status
    except kubernetes.ApiException as error:
        if error.status != 404:
            raise
        raise RehearsalError(f"there is no claim {namespace}/{name}") from error
    return status.phase if status else None
