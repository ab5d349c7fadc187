"""Claims: is each there, Bound, and there to stay."""

from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.events import last_event
from operations.doctor.installation import Installation, Thing
from operations.doctor.registry import When, check
from operations.finalizers import is_going, keep_volume_of, others_of
from operations.findings import Problem, Severity


@check("claim-missing", Severity.ERROR, "Are the environment's claims there?", when=When.AFTER)
def missing_claims(installation: Installation) -> Iterator[Problem]:
    """Claims that the stack declared and that are gone."""
    there = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in installation.claims}
    for kind, namespace, name in installation.declared_objects:
        if kind == "PersistentVolumeClaim" and (namespace, name) not in there:
            yield Problem(
                what=f"claim {namespace}/{name} is gone",
                where=f"PersistentVolumeClaim {namespace}/{name}",
                cure="CloudFormation does not notice it: take the claim out of the environment, deploy, "
                "put it back and deploy again",
            )


@check(
    "claim-not-bound", Severity.ERROR, "Are the claims of the environment's classes Bound?", when=When.AFTER
)
def pending_claims(installation: Installation) -> Iterator[Problem]:
    """Claims that wait for a volume, or have lost it."""
    immediate = {
        one.name for one in installation.environment.storage_classes if one.volume_binding_mode == "Immediate"
    }
    for claim in installation.claims:
        phase = (claim.get("status") or {}).get("phase")
        metadata, name = claim["metadata"], claim["spec"].get("storageClassName")
        if name in immediate and phase != "Bound":
            yield Problem(
                what=f"claim {metadata['namespace']}/{metadata['name']} is {phase}: "
                f"{last_event(installation, claim)}",
                where=f"PersistentVolumeClaim {metadata['namespace']}/{metadata['name']}",
                cure=f"airflow-efs trace {metadata['name']} -n {metadata['namespace']} says where it breaks",
            )


@check(
    "claim-being-deleted",
    Severity.ERROR,
    "Do the claims of the environment's classes stay?",
    when=When.AFTER,
)
def going_claims(installation: Installation) -> Iterator[Problem]:
    """Claims that somebody has deleted and that are still there: no new pod gets them."""
    classes = {one.name for one in installation.environment.storage_classes}
    declared = {
        (namespace, name)
        for kind, namespace, name in installation.declared_objects
        if kind == "PersistentVolumeClaim"
    }
    for claim in installation.claims:
        namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
        ours = claim["spec"].get("storageClassName") in classes or (namespace, name) in declared
        if ours and is_going(claim):
            waits, cure = _what_keeps(installation, claim)
            yield Problem(
                what=f"claim {namespace}/{name} is being deleted and waits for {waits}; "
                "no new pod may use it",
                where=f"PersistentVolumeClaim {namespace}/{name}",
                cure=keep_volume_of(claim) + cure,
            )


def _what_keeps(installation: Installation, claim: Thing) -> tuple[str, str]:
    """What a claim waits for that is being deleted, and the cure."""
    namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
    if others := ", ".join(others_of(claim)):
        return (
            f"the finalizer {others}",
            f"let what has set it finish; where that is gone, kubectl edit pvc {name} -n {namespace} "
            "takes it out",
        )
    users = _users(installation, namespace, name)
    if not users:
        return (
            "Kubernetes to see that no pod uses it",
            "wait a minute; then make the claim again, if it was not meant: a deletion cannot be called back",
        )
    return (
        f"{'pod' if len(users) == 1 else 'pods'} {', '.join(users)}",
        "end what uses it, then make the claim again; a deletion cannot be called back. "
        f"kubectl describe pvc {name} -n {namespace} names the pods",
    )


def _users(installation: Installation, namespace: str, name: str) -> list[str]:
    """The pods that mount a claim and have not ended, at most a few."""
    core = kubernetes.CoreV1Api(installation.api)
    names = [
        pod["metadata"]["name"]
        for pod in installation.all_of(core.list_namespaced_pod, namespace)
        if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        for volume in pod["spec"].get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == name
    ]
    return [*names[:_MOST_PODS], *(["…"] if len(names) > _MOST_PODS else [])]


_MOST_PODS = 3
"""How many pods a finding names."""
