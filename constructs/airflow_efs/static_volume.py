"""A volume that is made beforehand: an access point with its PersistentVolume and claim."""

from typing import Literal

from aws_cdk import RemovalPolicy
from aws_cdk import aws_efs as efs
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from airflow_efs.efs_storage_class import PROVISIONER
from airflow_efs.imported_cluster import ImportedCluster


class StaticVolume(Construct):
    """A directory of a file system as a named claim, for data that many pods share: DAGs, models, exports.

    The access point gives whoever mounts it the owner's identity, and makes the directory at the first mount.
    Nothing is provisioned, so no class is needed, and no driver deletes it: the PersistentVolume's reclaim
    policy is Retain. The claim and the volume name each other, so that no other claim gets it.

    Path, owner and permissions cannot change: EFS would make another access point.

    What leaves the stack stays, unless ``removal_policy`` says otherwise. The data stays in any case.

    Args:
        cluster: where the volume is made. The namespace must exist.
        file_system_id: the file system.
        volume_name: the name of the PersistentVolume.
        name: the name of the claim.
        namespace: the namespace of the claim.
        path: the directory on the file system; made when it does not exist.
        uid: the POSIX user of the directory and of everybody who uses it.
        gid: the POSIX group, likewise.
        permissions: octal permissions of the directory when it is made.
        size: a Kubernetes quantity, which EFS takes no notice of.
        access_mode: Default: ``ReadWriteMany``.
        read_only: whether pods can only read it. Default: False.
        mounts_by_iam: mount it with the node's role, which a file system that lets clients in by IAM wants.
            Default: False.
        removal_policy: Default: retain, but not after a deployment that made it and failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        file_system_id: str,
        volume_name: str,
        name: str,
        namespace: str,
        path: str,
        uid: int,
        gid: int,
        permissions: str,
        size: str,
        access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany",
        read_only: bool = False,
        mounts_by_iam: bool = False,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        self._name = name
        self._namespace = namespace

        self._access_point = efs.CfnAccessPoint(
            self,
            "AccessPoint",
            file_system_id=file_system_id,
            posix_user=efs.CfnAccessPoint.PosixUserProperty(uid=str(uid), gid=str(gid)),
            root_directory=efs.CfnAccessPoint.RootDirectoryProperty(
                path=path,
                creation_info=efs.CfnAccessPoint.CreationInfoProperty(
                    owner_uid=str(uid), owner_gid=str(gid), permissions=permissions
                ),
            ),
            access_point_tags=[efs.CfnAccessPoint.AccessPointTagProperty(key="Name", value=volume_name)],
        )
        self._access_point.apply_removal_policy(removal_policy)

        common = {"accessModes": [access_mode], "storageClassName": ""}
        options = ["tls", *(["iam"] if mounts_by_iam else []), *(["ro"] if read_only else [])]
        volume = eks.KubernetesManifest(
            self,
            "Volume",
            cluster=cluster.cluster,
            prune=False,
            removal_policy=removal_policy,
            manifest=[
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolume",
                    "metadata": {"name": volume_name},
                    "spec": {
                        **common,
                        "capacity": {"storage": size},
                        "volumeMode": "Filesystem",
                        "persistentVolumeReclaimPolicy": "Retain",
                        "mountOptions": options,
                        "claimRef": {
                            "apiVersion": "v1",
                            "kind": "PersistentVolumeClaim",
                            "name": name,
                            "namespace": namespace,
                        },
                        "csi": {
                            "driver": PROVISIONER,
                            "volumeHandle": f"{file_system_id}::{self._access_point.ref}",
                        },
                    },
                }
            ],
        )
        volume.node.add_dependency(cluster.access)
        claim = eks.KubernetesManifest(
            self,
            "Claim",
            cluster=cluster.cluster,
            prune=False,
            removal_policy=removal_policy,
            manifest=[
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": name, "namespace": namespace},
                    "spec": {
                        **common,
                        "volumeName": volume_name,
                        "resources": {"requests": {"storage": size}},
                    },
                }
            ],
        )
        claim.node.add_dependency(cluster.access, volume)

    @property
    def name(self) -> str:
        """The name of the claim, for pods of its namespace."""
        return self._name

    @property
    def namespace(self) -> str:
        """The namespace of the claim."""
        return self._namespace
