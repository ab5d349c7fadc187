"""The manifests of a run: pods that may do nothing but use the volume, and a claim of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.prove.script import SCRIPT

LABEL = "airflow-efs/prove"
"""The label of everything that a run makes, with the run's id."""

EXPIRES = "airflow-efs/expires"
"""The annotation that says when what a run made is left over."""

ZONE = "topology.kubernetes.io/zone"

_MOUNT = "/data"
_TERMINATION_MESSAGE = "/dev/termination-log"
_NOBODY = 65534
"""A user without rights; on an access point everybody is the access point's user anyway."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One pod of a run."""

    role: str
    """writer or reader."""
    zone: str

    @property
    def name(self) -> str:
        """What tells it apart within the run."""
        return f"{self.role}-{self.zone}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run."""

    id: str
    token: str
    """What the writer writes; made anew for each run."""
    namespace: str
    claim: str
    image: str
    seconds: int
    """How long the pods may take."""
    parts: Sequence[Part]

    def labels(self) -> Mapping[str, str]:
        """The labels of all that it makes."""
        return {LABEL: self.id, "app.kubernetes.io/name": "airflow-efs-prove"}

    def annotations(self) -> Mapping[str, str]:
        """The time after which what it made is left over: long after its own clean-up."""
        return {EXPIRES: (datetime.now(UTC) + timedelta(seconds=2 * self.seconds + 300)).isoformat()}

    def pod_name(self, part: Part) -> str:
        """The name of a pod."""
        return f"airflow-efs-prove-{self.id}-{part.name}"


def claim_manifest(run: Run, *, storage_class: str) -> Mapping[str, Any]:
    """The run's own claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": run.claim, "labels": run.labels(), "annotations": run.annotations()},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def pod_manifest(run: Run, part: Part) -> Mapping[str, Any]:
    """A pod of the run: in its zone, unprivileged, small, and ended by Kubernetes when it takes too long."""
    variables = {
        "DATA": _MOUNT,
        "RESULT": _TERMINATION_MESSAGE,
        "MOUNTS": "/proc/mounts",
        "ROLE": part.role,
        "RUN": run.id,
        "TOKEN": run.token,
        "LIMIT": str(run.seconds),
        "READER": part.zone,
        "READERS": " ".join(one.zone for one in run.parts if one.role == "reader"),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": run.pod_name(part),
            "labels": run.labels(),
            "annotations": run.annotations(),
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": run.seconds + 60,
            "terminationGracePeriodSeconds": 5,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "nodeSelector": {ZONE: part.zone},
            # Nodes for workers are often tainted; it runs for seconds and asks for next to nothing.
            "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _NOBODY,
                "runAsGroup": _NOBODY,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": part.role,
                    "image": run.image,
                    "command": ["sh", "-c", SCRIPT],
                    "env": [{"name": name, "value": value} for name, value in variables.items()],
                    "terminationMessagePath": _TERMINATION_MESSAGE,
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "resources": {
                        "requests": {"cpu": "10m", "memory": "16Mi"},
                        "limits": {"cpu": "100m", "memory": "64Mi"},
                    },
                    "volumeMounts": [{"name": "data", "mountPath": _MOUNT}],
                }
            ],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": run.claim}}],
        },
    }
