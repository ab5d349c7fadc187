"""A StorageClass whose volumes are access points of one file system."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal

from constructs import Construct, IDependable

from airflow_efs.bundled_chart import BundledChart
from airflow_efs.imported_cluster import ImportedCluster

PROVISIONER = "efs.csi.aws.com"
"""The name under which the EFS CSI driver registers."""

DEFAULT_CLASS_ANNOTATION = "storageclass.kubernetes.io/is-default-class"
"""Marks the class that claims without a class get."""


class EfsStorageClass(Construct):
    """A StorageClass of the EFS CSI driver, in mode ``efs-ap``: one access point for each volume.

    Kubernetes allows no change of parameters, mount options, reclaim policy or binding mode. So a class that
    changes is deleted and made again, in one step of Helm: volumes and claims that are bound do not depend on
    their class any more. It never moves to another file system: that is refused.

    Args:
        cluster: where the class is made.
        depends_on: what a volume of this class needs: the driver and the mount targets.
        field: where the settings describe the class, for messages: ``storage_classes[0]``.
        manifest: the class, by `storage_class_manifest`.
        adopted: the class may be there already, made by somebody else, and stays when it leaves the stack.
            Default: False.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        depends_on: Sequence[IDependable],
        field: str,
        manifest: Mapping[str, object],
        adopted: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        metadata = manifest["metadata"]
        assert isinstance(metadata, Mapping)  # noqa: S101  # a Kubernetes object
        self._name = str(metadata["name"])
        chart = BundledChart(
            self,
            "Chart",
            cluster=cluster,
            chart="storage-class",
            release=_release(self._name),
            values={"field": field, "keep": adopted, "storageClass": manifest},
        )
        chart.node.add_dependency(*depends_on)

    @property
    def name(self) -> str:
        """The name of the class, for claims."""
        return self._name


def storage_class_manifest(
    *,
    name: str,
    file_system_id: str,
    base_path: str = "/",
    directory_permissions: str = "700",
    uid: int | None = None,
    gid: int | None = None,
    gid_range: tuple[int, int] | None = None,
    sub_path_pattern: str | None = None,
    ensure_unique_directory: bool = True,
    reuse_access_point: bool = False,
    mount_options: Sequence[str] = ("tls",),
    reclaim_policy: Literal["Delete", "Retain"] = "Delete",
    volume_binding_mode: Literal["Immediate", "WaitForFirstConsumer"] = "Immediate",
    default: bool = False,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """The StorageClass as Kubernetes has it.

    Parameters that are not given are left out, so that the driver's own defaults hold. Left out for good are
    ``az``, which is for a file system of another account, and the mode ``efs-dir``, whose volumes have no
    access point.
    https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/v3.4.1/docs/parameters.md

    Args:
        name: the name of the class.
        file_system_id: the file system of its volumes.
        base_path: the directory on the file system below which volumes lie. Default: its root.
        directory_permissions: octal permissions of a new volume's directory. Default: ``700``.
        uid: the POSIX user that every client of a volume acts as; ``gid`` goes with it.
        gid: the POSIX group that every client of a volume acts as; ``uid`` goes with it.
        gid_range: first and last GID from which the driver picks one for each volume.
        sub_path_pattern: the directory of a volume below the base path, such as ``${.PVC.name}``.
        ensure_unique_directory: False: volumes with the same path share a directory. Default: True, the
            driver's.
        reuse_access_point: take an access point that exists for the same claim. Default: False.
        mount_options: Default: ``tls``, without which the file system policy refuses the mount.
        reclaim_policy: Default: ``Delete``, which deletes the access point and keeps the data.
        volume_binding_mode: Default: ``Immediate``.
        default: whether claims without a class get this one. Default: False.
        labels: of the class. Default: none.
        annotations: of the class. Default: none.

    Raises:
        ValueError: when only one of uid and gid is given.
    """
    if (uid is None) != (gid is None):
        given, missing = ("gid", "uid") if uid is None else ("uid", "gid")
        raise ValueError(f"{given} is given without {missing}: the driver wants both or none")

    parameters = {
        "provisioningMode": "efs-ap",
        "fileSystemId": file_system_id,
        "directoryPerms": directory_permissions,
    }
    if base_path != "/":
        parameters["basePath"] = base_path
    if uid is not None and gid is not None:
        parameters |= {"uid": str(uid), "gid": str(gid)}
    if gid_range is not None:
        parameters |= {"gidRangeStart": str(gid_range[0]), "gidRangeEnd": str(gid_range[1])}
    if sub_path_pattern is not None:
        parameters["subPathPattern"] = sub_path_pattern
    if not ensure_unique_directory:
        parameters["ensureUniqueDirectory"] = "false"
    if reuse_access_point:
        parameters["reuseAccessPoint"] = "true"

    marks = {**(annotations or {}), **({DEFAULT_CLASS_ANNOTATION: "true"} if default else {})}
    metadata: dict[str, object] = {"name": name}
    if labels:
        metadata["labels"] = dict(labels)
    if marks:
        metadata["annotations"] = marks

    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": PROVISIONER,
        "parameters": parameters,
        "mountOptions": list(mount_options),
        "reclaimPolicy": reclaim_policy,
        "volumeBindingMode": volume_binding_mode,
    }


def _release(name: str) -> str:
    # Helm allows 53 characters, Kubernetes 253 for a class: the digest tells shortened names apart.
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"efs-class-{name[:32].rstrip('-.')}-{digest}"
