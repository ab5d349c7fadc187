"""What tests do with the driver: wait for its words on a claim, start it again."""

import time

from kubernetes import client as kubernetes

from rehearsal.rehearsal import Rehearsal


def await_event(rehearsal: Rehearsal, claim: str, words: str, *, seconds: float = 60.0) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    deadline = time.monotonic() + seconds
    while True:
        events = core.list_namespaced_event("default", field_selector=f"involvedObject.name={claim}").items
        messages = [str(event.message) for event in events]
        if any(words in message for message in messages):
            return
        assert time.monotonic() < deadline, messages
        time.sleep(0.2)


def restart_the_driver(rehearsal: Rehearsal) -> None:
    """As `kubectl rollout restart` does."""
    annotations = {"kubectl.kubernetes.io/restartedAt": str(time.time())}
    kubernetes.AppsV1Api(rehearsal.kubernetes()).patch_namespaced_deployment(
        "efs-csi-controller",
        "kube-system",
        {"spec": {"template": {"metadata": {"annotations": annotations}}}},
    )
    log = rehearsal.plan.log("aws-efs-csi-driver")
    starts = log.read_text().count("Listening for connections")
    deadline = time.monotonic() + 30
    while log.read_text().count("Listening for connections") == starts:
        assert time.monotonic() < deadline, "the driver did not restart"
        time.sleep(0.1)
