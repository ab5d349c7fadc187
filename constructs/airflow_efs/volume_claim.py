"""A PersistentVolumeClaim."""

from collections.abc import Mapping
from typing import Literal

from aws_cdk import RemovalPolicy
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from airflow_efs.efs_storage_class import EfsStorageClass
from airflow_efs.imported_cluster import ImportedCluster


class VolumeClaim(Construct):
    """A claim of a volume of one class.

    A claim that leaves the stack stays in the cluster, unless ``removal_policy`` says otherwise: deleting a
    claim deletes its volume, and with it the way to the data.

    Args:
        cluster: where the claim is made. The namespace must exist.
        storage_class: the class, which is made first and outlives the claim.
        name: the name of the claim.
        namespace: the namespace of the claim.
        size: a Kubernetes quantity. EFS grows by itself and takes no notice of it, but Kubernetes wants
            one.
        access_mode: Default: ``ReadWriteMany``.
        removal_policy: Default: retain, but not after a deployment that made it and failed.
        adopted: the claim may be there already, made by somebody else. Default: False.
        labels: of the claim. Default: none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        storage_class: EfsStorageClass,
        name: str,
        namespace: str,
        size: str,
        access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany",
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        adopted: bool = False,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = name
        self._namespace = namespace
        metadata: dict[str, object] = {"name": name, "namespace": namespace}
        if labels:
            metadata["labels"] = dict(labels)

        manifest = eks.KubernetesManifest(
            self,
            "Manifest",
            cluster=cluster.cluster,
            prune=False,
            removal_policy=removal_policy,
            overwrite=adopted,
            manifest=[
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": metadata,
                    "spec": {
                        "accessModes": [access_mode],
                        "storageClassName": storage_class.name,
                        "resources": {"requests": {"storage": size}},
                    },
                }
            ],
        )
        manifest.node.add_dependency(cluster.access, storage_class)

    @property
    def name(self) -> str:
        """The name of the claim, for pods of its namespace."""
        return self._name

    @property
    def namespace(self) -> str:
        """The namespace of the claim."""
        return self._namespace
