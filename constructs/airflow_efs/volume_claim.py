"""A PersistentVolumeClaim."""

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
        removal_policy: Default: retain.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id)

        manifest = eks.KubernetesManifest(
            self,
            "Manifest",
            cluster=cluster.cluster,
            prune=False,
            removal_policy=removal_policy,
            manifest=[
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {
                        "accessModes": [access_mode],
                        "storageClassName": storage_class.name,
                        "resources": {"requests": {"storage": size}},
                    },
                }
            ],
        )
        manifest.node.add_dependency(cluster.access, storage_class)
