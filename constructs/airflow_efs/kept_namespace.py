"""A namespace that may be there already, and that stays."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from airflow_efs.imported_cluster import ImportedCluster


class KeptNamespace(Construct):
    """A namespace: made where it is missing, taken as it is where it is there, never deleted.

    Deleting a namespace deletes every claim in it, and so the way to the data.

    Args:
        cluster: where the namespace is.
        name: the name of the namespace.
    """

    def __init__(self, scope: Construct, construct_id: str, *, cluster: ImportedCluster, name: str) -> None:
        super().__init__(scope, construct_id)
        self._name = name
        manifest = eks.KubernetesManifest(
            self,
            "Manifest",
            cluster=cluster.cluster,
            prune=False,
            # Applied, not created: it is no error that the namespace is there.
            overwrite=True,
            removal_policy=RemovalPolicy.RETAIN,
            manifest=[{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}],
        )
        manifest.node.add_dependency(cluster.access)

    @property
    def name(self) -> str:
        """The name of the namespace."""
        return self._name
