"""The pods that use a claim: where they run, and why one cannot mount its volume."""

import re

from operations.events import words
from operations.explanation.driver import driver_namespace
from operations.explanation.reading import Reader
from operations.explanation.records import Kind, Link, Pod, Thing
from operations.trace import DRIVER

_ZONE = "topology.kubernetes.io/zone"

_LOOK = "kubectl -n {namespace} get pods -l app=efs-csi-node -o wide"
"""Shows the driver's pods on the nodes."""


def pods_of(reader: Reader, targets: tuple[Thing, ...]) -> tuple[Pod, ...]:
    """The pods that use the claim."""
    by_zone = {target["AvailabilityZoneName"]: target["MountTargetId"] for target in targets}
    found = []
    for pod in reader.items(reader.core.list_namespaced_pod, reader.namespace):
        if not any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == reader.name
            for volume in pod["spec"].get("volumes") or []
        ):
            continue
        node = pod["spec"].get("nodeName")
        zone = _zone(reader, node) if node else None
        found.append(
            Pod(
                name=pod["metadata"]["name"],
                phase=(pod.get("status") or {}).get("phase", "Unknown"),
                node=node,
                zone=zone,
                mount_target=by_zone.get(zone) if zone else None,
                driver_on_node=_has_driver(reader, node) if node else None,
            )
        )
    return tuple(sorted(found, key=lambda pod: pod.name))


def explain_pods(
    reader: Reader, pods: tuple[Pod, ...], file_system: Thing | None, targets: tuple[Thing, ...]
) -> None:
    """Say why a pod cannot mount, and which mount target is missing."""
    for target in targets:
        zone, state = target["AvailabilityZoneName"], target["LifeCycleState"]
        if state != "available":
            reader.add(
                Link.MOUNT_TARGET,
                Kind.MISSING_MOUNT_TARGET,
                what=f"the mount target in {zone} is {state}",
                why="it was made a moment ago, or is being deleted",
                cure="wait a minute and a half",
            )
    if file_system is not None and not targets:
        _no_target(reader, "any zone", str(file_system["FileSystemId"]), "")
    for pod in pods:
        if pod.phase in ("Succeeded", "Failed"):
            continue  # it has ended, and mounts nothing any more
        failures = [
            event
            for event in reader.events("Pod", pod.name)
            if event.get("reason") in ("FailedMount", "FailedAttachVolume")
        ]
        said = words(failures[:1])
        if pod.zone and file_system is not None and targets and pod.mount_target is None:
            _no_target(reader, pod.zone, str(file_system["FileSystemId"]), said, pod=pod)
        elif pod.driver_on_node is False:
            reader.add(
                Link.DRIVER,
                Kind.DRIVER_MISSING,
                what=f"the driver is not on node {pod.node}, on which pod {pod.name} is to run",
                why="its DaemonSet is gone, does not tolerate a taint, or has not started yet",
                cure=_LOOK.format(namespace=driver_namespace(reader)),
                said=said,
            )
        elif failures and pod.phase == "Pending":
            _explain_mount(reader, pod, said)
        elif pod.node is None and pod.phase == "Pending":
            scheduling = [
                event for event in reader.events("Pod", pod.name) if event.get("reason") == "FailedScheduling"
            ]
            reader.add(
                Link.POD,
                Kind.POD_NOT_SCHEDULED,
                what=f"pod {pod.name} has no node yet",
                why="no node fits it; that is not for want of its volume, which is there",
                cure=f"kubectl -n {reader.namespace} describe pod {pod.name}",
                said=words(scheduling[:1]),
            )


def _zone(reader: Reader, node: str) -> str | None:
    found = reader.get(reader.core.read_node, node)
    labels = ((found or {}).get("metadata") or {}).get("labels") or {}
    zone: str | None = labels.get(_ZONE)
    return zone


def _has_driver(reader: Reader, node: str) -> bool:
    found = reader.get(reader.storage.read_csi_node, node)
    drivers = ((found or {}).get("spec") or {}).get("drivers") or []
    return any(driver["name"] == DRIVER for driver in drivers)


def _no_target(reader: Reader, zone: str, system: str, said: str, *, pod: Pod | None = None) -> None:
    who = f"pod {pod.name} is on node {pod.node} in {zone}, where" if pod else f"in {zone},"
    reader.add(
        Link.MOUNT_TARGET,
        Kind.MISSING_MOUNT_TARGET,
        what=f"{who} the file system {system} has no mount target",
        why="the zone is not among cluster.subnets of the environment, or its mount target was deleted",
        cure=f"add a subnet of {zone} to the environment and deploy; "
        "where it is there already, airflow-efs doctor prints the command that makes it again",
        said=said,
    )


def _explain_mount(reader: Reader, pod: Pod, said: str) -> None:
    for expression, kind, what, why, cure in _MOUNT_FAILURES:
        if re.search(expression, said, re.IGNORECASE):
            reader.add(
                Link.POD,
                kind,
                what=what.format(pod=pod.name, node=pod.node),
                why=why,
                cure=cure.format(namespace=driver_namespace(reader)) if cure is _LOOK else cure,
                said=said,
            )
            return
    reader.add(
        Link.POD,
        Kind.MOUNT_FAILED,
        what=f"node {pod.node} cannot mount the volume for pod {pod.name}",
        why="see the node's words",
        cure=f"kubectl -n {driver_namespace(reader)} logs -l app=efs-csi-node -c efs-plugin says more",
        said=said,
    )


_MOUNT_FAILURES: tuple[tuple[str, Kind, str, str, str], ...] = (
    (
        r"not found in the list of registered CSI drivers",
        Kind.DRIVER_MISSING,
        "the driver is not registered on node {node}, so pod {pod} cannot start",
        "its pod there is gone, or has not started yet",
        _LOOK,
    ),
    (
        r"access denied by server|AccessDenied|not authorized",
        Kind.NO_ACCESS,
        "the file system lets node {node} not mount for pod {pod}",
        "the file system's policy refuses it: no TLS, or a right that it does not grant",
        "airflow-efs doctor ENVIRONMENT looks at the policy: tls-not-enforced",
    ),
    (
        r"Failed to resolve|Name or service not known|mount target.*(not found|doesn't exist)",
        Kind.MISSING_MOUNT_TARGET,
        "node {node} finds no address of the file system for pod {pod}",
        "its zone has no mount target, or the VPC does not resolve the file system's name",
        "airflow-efs doctor ENVIRONMENT: mount-target-missing, vpc-dns",
    ),
    (
        r"timed out|timeout|DeadlineExceeded|Connection refused",
        Kind.UNREACHABLE,
        "node {node} does not reach the mount target for pod {pod}",
        "a security group or a network ACL keeps tcp 2049 out",
        "airflow-efs doctor ENVIRONMENT: node-cannot-reach, node-egress, network-acl",
    ),
)
"""Words of a node -> kind, what, why, cure; the first that fits."""
