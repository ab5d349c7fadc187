"""What tests of the driver's installations and identities look at."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

CLUSTER = "k8s-cluster"
CONTROLLER = "efs-csi-controller-sa"
NODE = "efs-csi-node-sa"


@contextmanager
def rehearsed(folder: Path, name: str, **driver: Any) -> Iterator[Rehearsal]:
    """A rehearsal, not yet deployed, whose environment says this of the driver."""
    say_of_driver(folder, name, **driver)
    with Rehearsal(environment=name, environments=folder, reporter=Lines()) as rehearsal:
        yield rehearsal


def say_of_driver(folder: Path, name: str, **driver: Any) -> None:
    """Write the environment again, with something else about the driver."""
    write_environment(folder, name, lambda content: content.update(driver=driver))


def bound_chain(rehearsal: Rehearsal) -> Chain:
    """The chain of the environment's claim, once it is Bound."""
    await_bound(rehearsal.kubernetes(), name="efs-claim-1")
    return trace(rehearsal.kubernetes(), rehearsal.client("efs"), name="efs-claim-1", namespace="default")


def has_no_differences(rehearsal: Rehearsal) -> bool:
    """Whether `cdk diff` finds nothing to change."""
    run = rehearsal.cdk("diff", "EfsStorageStack", "--fail")
    return run.status == 0 and "There were no differences" in run.output


def annotation_of(rehearsal: Rehearsal, account: str) -> str | None:
    """The role that a service account of the driver is annotated with."""
    metadata = (
        kubernetes.CoreV1Api(rehearsal.kubernetes())
        .read_namespaced_service_account(account, "kube-system")
        .metadata
    )
    assert metadata is not None
    return (metadata.annotations or {}).get("eks.amazonaws.com/role-arn")


def deployment(rehearsal: Rehearsal) -> kubernetes.V1Deployment:
    """The controller's Deployment."""
    return kubernetes.AppsV1Api(rehearsal.kubernetes()).read_namespaced_deployment(
        "efs-csi-controller", "kube-system"
    )


def managers(rehearsal: Rehearsal) -> set[str]:
    """Who has set fields of the controller's Deployment."""
    metadata = deployment(rehearsal).metadata
    assert metadata is not None
    return {str(one.manager) for one in metadata.managed_fields or []}


def outputs(rehearsal: Rehearsal, name: str) -> dict[str, str]:
    """The outputs of the stack of an environment."""
    (stack,) = rehearsal.client("cloudformation").describe_stacks(StackName=f"EfsStorageStack-{name}")[
        "Stacks"
    ]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def await_restart(rehearsal: Rehearsal, starts: int) -> None:
    """Wait until the driver has started more often than `starts` times."""
    deadline = time.monotonic() + 30
    while driver_starts(rehearsal) <= starts:
        assert time.monotonic() < deadline, "the driver did not restart"
        time.sleep(0.1)


def driver_starts(rehearsal: Rehearsal) -> int:
    """How often the driver has started."""
    log = rehearsal.plan.log("aws-efs-csi-driver")
    return log.read_text().count("Listening for connections") if log.exists() else 0


def restart_the_driver(rehearsal: Rehearsal) -> None:
    """As `kubectl rollout restart` does."""
    starts = driver_starts(rehearsal)
    annotations = {"kubectl.kubernetes.io/restartedAt": str(time.time())}
    kubernetes.AppsV1Api(rehearsal.kubernetes()).patch_namespaced_deployment(
        "efs-csi-controller",
        "kube-system",
        {"spec": {"template": {"metadata": {"annotations": annotations}}}},
    )
    await_restart(rehearsal, starts)


def await_event(rehearsal: Rehearsal, claim: str, words: str, *, seconds: float = 60.0) -> None:
    """Wait until an event of a claim has these words."""
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    deadline = time.monotonic() + seconds
    while True:
        events = core.list_namespaced_event("default", field_selector=f"involvedObject.name={claim}").items
        messages = [str(event.message) for event in events]
        if any(words in message for message in messages):
            return
        assert time.monotonic() < deadline, messages
        time.sleep(0.2)


def bind_another(rehearsal: Rehearsal, name: str) -> None:
    """Make a further claim and wait until it is Bound: the driver as it is now can do that."""
    make_claim(rehearsal.kubernetes(), name=name, storage_class="efs-sc-1")
    await_bound(rehearsal.kubernetes(), name=name)
