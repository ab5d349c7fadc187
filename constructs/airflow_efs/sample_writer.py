"""A pod that writes to a claim, to see it work."""

from collections.abc import Sequence

from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IDependable

from airflow_efs.imported_cluster import ImportedCluster

COMMAND = "while true; do date -u >> /data/out1; sleep 5; done"
"""What the container does."""


class SampleWriter(Construct):
    """A Deployment of one pod that appends the date to ``/data/out1`` every five seconds.

    A Deployment and not a bare pod, so that a change of the image goes through, and so that the pod comes
    back on another node, in any zone, and goes on with the same file: what the volume is for.

    The pod needs no rights: it runs as a user that is not root, with nothing but its volume to write to and
    without a service account's token. Who owns what it writes the access point decides.

    Args:
        cluster: where it runs.
        depends_on: what must be there before, and go afterwards.
        name: the name of the Deployment.
        claim: the name of the claim.
        namespace: the namespace of the claim and the Deployment.
        image: an image with a shell and ``date``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        depends_on: Sequence[IDependable],
        name: str,
        claim: str,
        namespace: str,
        image: str,
    ) -> None:
        super().__init__(scope, construct_id)
        labels = {"app.kubernetes.io/name": name}
        manifest = eks.KubernetesManifest(
            self,
            "Manifest",
            cluster=cluster.cluster,
            prune=False,
            manifest=[
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "metadata": {"name": name, "namespace": namespace, "labels": labels},
                    "spec": {
                        "replicas": 1,
                        "strategy": {"type": "Recreate"},
                        "selector": {"matchLabels": labels},
                        "template": {"metadata": {"labels": labels}, "spec": _pod(claim, image)},
                    },
                }
            ],
        )
        manifest.node.add_dependency(cluster.access, *depends_on)


def _pod(claim: str, image: str) -> dict[str, object]:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The loop ends at once; nothing of it is worth waiting for.
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "runAsGroup": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "app",
                "image": image,
                "command": ["/bin/sh", "-c", COMMAND],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "resources": {
                    "requests": {"cpu": "10m", "memory": "16Mi"},
                    "limits": {"memory": "32Mi"},
                },
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}],
    }
