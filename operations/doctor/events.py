"""What Kubernetes says last of an object."""

from kubernetes import client as kubernetes

from operations.doctor.installation import Installation, Thing
from operations.events import seen_last, words

_OF_THE_CLUSTER = "default"
"""The namespace of events about objects that are in none, such as volumes."""


def last_event(installation: Installation, thing: Thing) -> str:
    """Reason and message of the last event of a claim or volume, in one line."""
    metadata = thing["metadata"]
    namespace = metadata.get("namespace", _OF_THE_CLUSTER)
    kind = "PersistentVolumeClaim" if "namespace" in metadata else "PersistentVolume"
    selector = f"involvedObject.kind={kind},involvedObject.name={metadata['name']}"
    core = kubernetes.CoreV1Api(installation.api)
    events = installation.all_of(core.list_namespaced_event, namespace, field_selector=selector)
    if not events:
        return "it has no events"
    return words([max(events, key=seen_last)])
