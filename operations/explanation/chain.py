"""Follows a claim from link to link, as far as the chain goes."""

from typing import Any

from kubernetes import client as kubernetes

from operations.explanation.deletion import explain_claim_deletion, explain_volume_deletion
from operations.explanation.mount import mount_of
from operations.explanation.pending import MAKE_VOLUME, explain_pending
from operations.explanation.pods import explain_pods, pods_of
from operations.explanation.reading import Reader
from operations.explanation.records import Explanation, Kind, Link, Thing
from operations.explanation.storage import access_point_of, file_system_of, handle_of, mount_targets_of


def explain(api: kubernetes.ApiClient, efs: Any, *, name: str, namespace: str) -> Explanation:
    """Follow a claim as far as it goes.

    Args:
        api: a client of the cluster.
        efs: a boto3 client of EFS in the file system's region.
        name: the claim.
        namespace: its namespace.

    Raises:
        kubernetes.ApiException: the cluster refuses to be read.
        ClientError: AWS refuses to be read.
    """
    return _follow(Reader(api, efs, name, namespace))


def _follow(reader: Reader) -> Explanation:
    claim = reader.get(reader.core.read_namespaced_persistent_volume_claim, reader.name, reader.namespace)
    if claim is None:
        reader.add(
            Link.CLAIM,
            Kind.CLAIM_MISSING,
            what=f"there is no claim {reader.name} in namespace {reader.namespace}",
            why="nothing has made it, or it was deleted",
            cure="kubectl get pvc --all-namespaces shows what there is",
        )
        return _explanation(reader)
    explain_claim_deletion(reader, claim)
    storage_class = _class_of(reader, claim)
    if (claim.get("status") or {}).get("phase") != "Bound":
        explain_pending(reader, claim, storage_class)
        pods = pods_of(reader, ())
        return _explanation(reader, claim=claim, storage_class=storage_class, pods=pods)
    volume = reader.get(reader.core.read_persistent_volume, claim["spec"]["volumeName"])
    if volume is None:
        reader.add(
            Link.VOLUME,
            Kind.VOLUME_MISSING,
            what=f"the claim names the volume {claim['spec']['volumeName']}, which is gone",
            why="somebody has deleted the PersistentVolume",
            cure=MAKE_VOLUME,
        )
        return _explanation(reader, claim=claim, storage_class=storage_class, pods=pods_of(reader, ()))
    explain_volume_deletion(reader, volume)
    handle = handle_of(reader, volume)
    if handle is None:
        return _explanation(
            reader, claim=claim, storage_class=storage_class, volume=volume, pods=pods_of(reader, ())
        )
    file_system = file_system_of(reader, volume, handle)
    access_point = access_point_of(reader, handle) if file_system else None
    targets = mount_targets_of(reader, handle) if file_system else ()
    pods = pods_of(reader, targets)
    explain_pods(reader, pods, file_system, targets)
    return _explanation(
        reader,
        claim=claim,
        storage_class=storage_class,
        volume=volume,
        handle=handle,
        access_point=access_point,
        file_system=file_system,
        mount_targets=targets,
        pods=pods,
        mount=mount_of(volume, handle),
    )


def _explanation(reader: Reader, **links: Any) -> Explanation:
    return Explanation(name=reader.name, namespace=reader.namespace, breaks=tuple(reader.breaks), **links)


def _class_of(reader: Reader, claim: Thing) -> Thing | None:
    name = claim["spec"].get("storageClassName")
    return reader.get(reader.storage.read_storage_class, name) if name else None
