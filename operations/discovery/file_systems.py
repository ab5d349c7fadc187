"""File systems that belong to the cluster: by a tag, or because one of its classes names them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from operations.discovery.account import Account, tags_of
from operations.discovery.cluster_view import DRIVER, ClusterView
from operations.discovery.driver import ENVIRONMENT_TAG
from operations.discovery.findings import FileSystemFound, StorageClassFound
from operations.discovery.nodes import owner_tag

_DEFAULT = "storageclass.kubernetes.io/is-default-class"


def read_storage_classes(view: ClusterView) -> tuple[StorageClassFound, ...] | None:
    """The classes of the EFS CSI driver; None where classes were not seen."""
    if view.storage_classes is None:
        return None
    return tuple(
        StorageClassFound(
            name=one["metadata"]["name"],
            file_system_id=(one.get("parameters") or {}).get("fileSystemId"),
            base_path=(one.get("parameters") or {}).get("basePath"),
            default=(one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true",
        )
        for one in view.storage_classes
        if one["provisioner"] == DRIVER
    )


def class_names(view: ClusterView) -> frozenset[str]:
    """The names of all classes, of whatever driver."""
    return frozenset(one["metadata"]["name"] for one in view.storage_classes or ())


def has_default_class(view: ClusterView) -> bool:
    """Whether some class is the cluster's default."""
    return any(
        (one["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
        for one in view.storage_classes or ()
    )


def read_file_systems(
    account: Account, cluster: str, classes: Sequence[StorageClassFound]
) -> tuple[FileSystemFound, ...] | None:
    """The cluster's file systems; None where they were not seen."""
    systems = account.attempt(
        "the file systems",
        lambda: account.pages(account.efs, "describe_file_systems", "FileSystems"),
        cure="allow elasticfilesystem:DescribeFileSystems",
    )
    if systems is None:
        return None
    return tuple(
        _found(account, one, why)
        for one in sorted(systems, key=lambda one: str(one["FileSystemId"]))
        if (why := _why(one, cluster, classes))
    )


def _why(system: Any, cluster: str, classes: Iterable[StorageClassFound]) -> str | None:
    tags = tags_of(system)
    if owner_tag(cluster) in tags:
        return f"tag {owner_tag(cluster)}={tags[owner_tag(cluster)]}"
    for key in ("airflow-efs:cluster", "eks:cluster-name", "alpha.eksctl.io/cluster-name"):
        if tags.get(key) == cluster:
            return f"tag {key}={cluster}"
    for one in classes:
        if one.file_system_id == system["FileSystemId"]:
            return f"StorageClass {one.name}"
    return None


def _found(account: Account, system: Any, why: str) -> FileSystemFound:
    seen = account.attempt(
        f"the mount targets of {system['FileSystemId']}",
        lambda: read_mount_targets(account, system["FileSystemId"]),
        cure="allow elasticfilesystem:DescribeMountTargets and DescribeMountTargetSecurityGroups",
    )
    targets, tags = seen or [], tags_of(system)
    return FileSystemFound(
        id=system["FileSystemId"],
        name=system.get("Name") or tags.get("Name"),
        why=why,
        encrypted=system.get("Encrypted", False),
        throughput=system.get("ThroughputMode") or "bursting",
        zones=tuple(sorted(target["AvailabilityZoneName"] for target in targets)),
        security_groups=tuple(sorted({group for target in targets for group in target["groups"]})),
        environment=tags.get(ENVIRONMENT_TAG),
    )


def read_mount_targets(account: Account, file_system_id: str) -> list[Mapping[str, Any]]:
    """The mount targets of a file system, each with its security groups under `groups`.

    Raises:
        ClientError: AWS refuses to say.
    """
    targets = account.pages(
        account.efs, "describe_mount_targets", "MountTargets", FileSystemId=file_system_id
    )
    for target in targets:
        target["groups"] = account.efs.describe_mount_target_security_groups(
            MountTargetId=target["MountTargetId"]
        )["SecurityGroups"]
    return targets
