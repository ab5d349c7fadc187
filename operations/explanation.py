"""How a claim reaches its data, link by link, and what is wrong at the link where it breaks.

`explain` reads what there is, however far the chain goes, and names each break with its reason and its cure:
from the links themselves where they can be read, from the events' words where only the driver knows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError
from kubernetes import client as kubernetes

from operations.findings import Record
from operations.trace import DRIVER, TraceError, VolumeHandle

Thing = Mapping[str, Any]

_SECONDS = 15
"""How long one call of the Kubernetes API may take."""

_MAKE_VOLUME = "make a volume with the same handle and claimRef, or a new claim: the data is still there"

_ZONE = "topology.kubernetes.io/zone"
_CONTROLLER = ("efs-csi-controller", "kube-system")
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class Link(StrEnum):
    """The links of the chain, in its order."""

    CLAIM = "claim"
    CLASS = "storage class"
    DRIVER = "driver"
    VOLUME = "volume"
    ACCESS_POINT = "access point"
    FILE_SYSTEM = "file system"
    MOUNT_TARGET = "mount target"
    POD = "pod"


class Kind(StrEnum):
    """The kinds of break; docs/commands-checks.md says what each means."""

    CLAIM_MISSING = "claim-missing"
    CLASS_MISSING = "class-missing"
    CLASS_OF_ANOTHER_DRIVER = "class-of-another-driver"
    DRIVER_MISSING = "driver-missing"
    DRIVER_SILENT = "driver-silent"
    NO_ACCESS = "no-access"
    WRONG_FILE_SYSTEM = "wrong-file-system"
    QUOTA = "quota"
    GID_EXHAUSTED = "gid-exhausted"
    PATH_TOO_LONG = "path-too-long"
    REFUSED = "refused"
    WAITS_FOR_A_POD = "waits-for-a-pod"
    VOLUME_MISSING = "volume-missing"
    VOLUME_OF_ANOTHER_DRIVER = "volume-of-another-driver"
    WRONG_HANDLE = "wrong-handle"
    ACCESS_POINT_MISSING = "access-point-missing"
    MISSING_MOUNT_TARGET = "missing-mount-target"
    POD_NOT_SCHEDULED = "pod-not-scheduled"
    UNREACHABLE = "unreachable"
    MOUNT_FAILED = "mount-failed"


class Break(Record):
    """Where the chain breaks, why, and what mends it."""

    link: Link
    kind: Kind
    what: str
    why: str
    cure: str
    said: str
    """The words of the event or of the service; empty where the links themselves say it."""


class Pod(Record):
    """A pod that uses the claim."""

    name: str
    phase: str
    node: str | None
    zone: str | None
    """The node's zone."""
    mount_target: str | None
    """The mount target of that zone."""
    driver_on_node: bool | None
    """Whether the driver is registered with the node's kubelet; None for a pod without a node."""


class Mount(Record):
    """How a node mounts the volume: what the driver is asked for. What the kernel has, only a pod can see."""

    source: str
    """What the driver mounts: file system and path."""
    options: tuple[str, ...]
    """The options that the driver gives to mount.efs."""
    tls: bool
    on_node: str
    """What /proc/mounts of a pod then begins with."""
    unseen: str
    """What cannot be seen from outside, and how to see it."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Every link that there is, and the breaks."""

    name: str
    namespace: str
    claim: Thing | None = None
    storage_class: Thing | None = None
    volume: Thing | None = None
    handle: VolumeHandle | None = None
    access_point: Thing | None = None
    file_system: Thing | None = None
    mount_targets: tuple[Thing, ...] = ()
    pods: tuple[Pod, ...] = ()
    mount: Mount | None = None
    breaks: tuple[Break, ...] = ()


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
    return _Reader(api, efs, name, namespace).read()


@dataclass
class _Reader:
    """Reads the links one after the other and keeps the breaks."""

    api: kubernetes.ApiClient
    efs: Any
    name: str
    namespace: str
    breaks: list[Break] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._core = kubernetes.CoreV1Api(self.api)
        self._storage = kubernetes.StorageV1Api(self.api)

    def read(self) -> Explanation:
        claim = self._get(self._core.read_namespaced_persistent_volume_claim, self.name, self.namespace)
        if claim is None:
            self._break(
                Link.CLAIM,
                Kind.CLAIM_MISSING,
                what=f"there is no claim {self.name} in namespace {self.namespace}",
                why="nothing has made it, or it was deleted",
                cure="kubectl get pvc --all-namespaces shows what there is",
            )
            return self._explanation()
        storage_class = self._class_of(claim)
        if (claim.get("status") or {}).get("phase") != "Bound":
            self._explain_pending(claim, storage_class)
            pods = self._pods(())
            return self._explanation(claim=claim, storage_class=storage_class, pods=pods)
        volume = self._get(self._core.read_persistent_volume, claim["spec"]["volumeName"])
        if volume is None:
            self._break(
                Link.VOLUME,
                Kind.VOLUME_MISSING,
                what=f"the claim names the volume {claim['spec']['volumeName']}, which is gone",
                why="somebody has deleted the PersistentVolume",
                cure=_MAKE_VOLUME,
            )
            return self._explanation(claim=claim, storage_class=storage_class, pods=self._pods(()))
        handle = self._handle(volume)
        if handle is None:
            return self._explanation(
                claim=claim, storage_class=storage_class, volume=volume, pods=self._pods(())
            )
        file_system = self._file_system(volume, handle)
        access_point = self._access_point(handle) if file_system else None
        targets = self._targets(handle) if file_system else ()
        pods = self._pods(targets)
        self._explain_pods(pods, file_system, targets)
        return self._explanation(
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

    def _explanation(self, **links: Any) -> Explanation:
        return Explanation(name=self.name, namespace=self.namespace, breaks=tuple(self.breaks), **links)

    def _break(self, link: Link, kind: Kind, *, what: str, why: str, cure: str, said: str = "") -> None:
        self.breaks.append(Break(link=link, kind=kind, what=what, why=why, cure=cure, said=said))

    def _get(self, read: Callable[..., Any], *arguments: str) -> Thing | None:
        try:
            found: Thing = self.api.sanitize_for_serialization(read(*arguments, _request_timeout=_SECONDS))
        except kubernetes.ApiException as error:
            if error.status == 404:
                return None
            raise
        return found

    def _items(self, read: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        answer = read(*arguments, _request_timeout=_SECONDS, **options)
        items: list[Thing] = self.api.sanitize_for_serialization(answer)["items"]
        return items

    def _class_of(self, claim: Thing) -> Thing | None:
        name = claim["spec"].get("storageClassName")
        return self._get(self._storage.read_storage_class, name) if name else None

    def _events(self, kind: str, name: str) -> list[Thing]:
        """The events of an object, the newest first."""
        selector = f"involvedObject.kind={kind},involvedObject.name={name}"
        found = self._items(self._core.list_namespaced_event, self.namespace, field_selector=selector)
        return sorted(found, key=_time_of, reverse=True)

    # A claim that waits.

    def _explain_pending(self, claim: Thing, storage_class: Thing | None) -> None:
        phase = (claim.get("status") or {}).get("phase", "Pending")
        if phase == "Lost":
            self._break(
                Link.VOLUME,
                Kind.VOLUME_MISSING,
                what=f"the claim has lost its volume {claim['spec'].get('volumeName')}",
                why="somebody has deleted the PersistentVolume",
                cure=_MAKE_VOLUME,
            )
            return
        class_name = claim["spec"].get("storageClassName")
        if not class_name:
            self._break(
                Link.CLASS,
                Kind.CLASS_MISSING,
                what="the claim names no class, and the cluster has no default class",
                why="the claim waits for a volume that somebody makes by hand",
                cure="make the claim again with storageClassName; kubectl get storageclass shows the classes",
            )
        elif storage_class is None:
            events = self._events("PersistentVolumeClaim", self.name)
            self._break(
                Link.CLASS,
                Kind.CLASS_MISSING,
                what=f"there is no class {class_name}",
                why="the class was never made in this cluster, has another name, or was deleted",
                cure=f"make the class {class_name}, and the claim binds by itself; "
                "a claim's own class cannot be changed",
                said=_words(events[:1]),
            )
        elif storage_class["provisioner"] != DRIVER:
            self._break(
                Link.CLASS,
                Kind.CLASS_OF_ANOTHER_DRIVER,
                what=f"class {class_name} is of {storage_class['provisioner']}, not of {DRIVER}",
                why="another driver makes its volumes, and says in the events why it does not",
                cure="read the events below, or make the claim with a class of EFS",
                said=_words(self._events("PersistentVolumeClaim", self.name)[:1]),
            )
        else:
            self._explain_unprovisioned(class_name, storage_class)

    def _explain_unprovisioned(self, class_name: str, storage_class: Thing) -> None:
        events = self._events("PersistentVolumeClaim", self.name)
        failures = [event for event in events if event.get("reason") == "ProvisioningFailed"]
        apps = kubernetes.AppsV1Api(self.api)
        controller = self._get(apps.read_namespaced_deployment, *_CONTROLLER)
        system = (storage_class.get("parameters") or {}).get("fileSystemId", "")
        if controller is None or controller["spec"].get("replicas", 1) == 0:
            gone = "is not there" if controller is None else "is scaled to zero"
            self._break(
                Link.DRIVER,
                Kind.DRIVER_MISSING,
                what=f"the driver's controller {gone}: nobody makes a volume for the claim",
                why="the driver was never installed, or was removed, as by destroying its stack",
                cure="deploy the environment"
                if controller is None
                else "kubectl -n kube-system scale deployment efs-csi-controller --replicas=2",
                said=_words(events[:1]),
            )
        elif not self._exists(system):
            self._break(
                Link.FILE_SYSTEM,
                Kind.WRONG_FILE_SYSTEM,
                what=f"class {class_name} names the file system {system}, which does not exist here",
                why="it was deleted, or is in another account or region",
                cure="make a class of another name with the file system that is there, and the claim with it",
                said=_words(failures[:1]),
            )
        elif failures:
            self._explain_failure(failures[0], class_name, storage_class)
        elif storage_class.get("volumeBindingMode") == "WaitForFirstConsumer":
            self._break(
                Link.POD,
                Kind.WAITS_FOR_A_POD,
                what=f"class {class_name} makes a volume when a pod uses the claim, and none is scheduled",
                why="its binding mode is WaitForFirstConsumer",
                cure="start the pod, or use a class with Immediate",
                said=_words(events[:1]),
            )
        else:
            self._break(
                Link.DRIVER,
                Kind.DRIVER_SILENT,
                what="the driver has not answered yet",
                why="the controller is starting, or its provisioner does not reach the API server",
                cure="wait half a minute; then kubectl -n kube-system logs deployment/efs-csi-controller "
                "-c csi-provisioner",
                said=_words(events[:1]),
            )

    def _explain_failure(self, event: Thing, class_name: str, storage_class: Thing) -> None:
        said = _words([event])
        parameters = storage_class.get("parameters") or {}
        for expression, link, kind, what, why, cure in _FAILURES:
            if re.search(expression, said):
                values = {
                    "storage_class": class_name,
                    "system": parameters.get("fileSystemId", ""),
                    "range": f"{parameters.get('gidRangeStart', '50000')} to "
                    f"{parameters.get('gidRangeEnd', '60000')}",
                }
                self._break(
                    link,
                    kind,
                    what=what.format(**values),
                    why=why.format(**values),
                    cure=cure.format(**values),
                    said=said,
                )
                return
        self._break(
            Link.DRIVER,
            Kind.REFUSED,
            what="the driver could not make the volume",
            why="see its words",
            cure="kubectl -n kube-system logs deployment/efs-csi-controller -c efs-plugin says more",
            said=said,
        )

    def _exists(self, file_system_id: str) -> bool:
        try:
            self.efs.describe_file_systems(FileSystemId=file_system_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("FileSystemNotFound", "BadRequest", "ValidationException"):
                return False
            raise
        return True

    # A claim that is Bound.

    def _handle(self, volume: Thing) -> VolumeHandle | None:
        name, source = volume["metadata"]["name"], volume["spec"].get("csi") or {}
        if source.get("driver") != DRIVER:
            self._break(
                Link.VOLUME,
                Kind.VOLUME_OF_ANOTHER_DRIVER,
                what=f"volume {name} is not of {DRIVER}, but of {source.get('driver', 'no CSI driver')}",
                why="its class is of another driver, or it was made by hand",
                cure="make the claim with a class of EFS",
            )
            return None
        try:
            return VolumeHandle.parse(source["volumeHandle"])
        except TraceError as error:
            self._break(
                Link.VOLUME,
                Kind.WRONG_HANDLE,
                what=str(error),
                why="the volume was made by hand",
                cure="make it again with a handle such as fs-…::fsap-…",
            )
            return None

    def _file_system(self, volume: Thing, handle: VolumeHandle) -> Thing | None:
        try:
            found: Thing = self.efs.describe_file_systems(FileSystemId=handle.file_system_id)["FileSystems"][
                0
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] != "FileSystemNotFound":
                raise
            self._break(
                Link.FILE_SYSTEM,
                Kind.WRONG_FILE_SYSTEM,
                what=f"volume {volume['metadata']['name']} is on {handle.file_system_id}, "
                "which does not exist here",
                why="it was deleted, or is in another account or region",
                cure="restore its data from AWS Backup, and make a volume and claim for it; "
                "for a volume made by hand, mend its handle",
                said=str(error),
            )
            return None
        return found

    def _access_point(self, handle: VolumeHandle) -> Thing | None:
        if handle.access_point_id is None:
            return None
        try:
            found: Thing = self.efs.describe_access_points(AccessPointId=handle.access_point_id)[
                "AccessPoints"
            ][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessPointNotFound":
                raise
            self._break(
                Link.ACCESS_POINT,
                Kind.ACCESS_POINT_MISSING,
                what=f"the access point {handle.access_point_id} of the volume is gone",
                why="somebody has deleted it; its directory, with the data, is still in the file system",
                cure="make an access point with the same path and owner, and a volume and claim that name it",
                said=str(error),
            )
            return None
        if found.get("FileSystemId") != handle.file_system_id:
            self._break(
                Link.ACCESS_POINT,
                Kind.WRONG_FILE_SYSTEM,
                what=f"the access point {handle.access_point_id} is of {found.get('FileSystemId')}, "
                f"the volume names {handle.file_system_id}",
                why="the volume was made by hand, with halves of two handles",
                cure=f"make it again with {found.get('FileSystemId')}::{handle.access_point_id}",
            )
        return found

    def _targets(self, handle: VolumeHandle) -> tuple[Thing, ...]:
        pages = self.efs.get_paginator("describe_mount_targets").paginate(FileSystemId=handle.file_system_id)
        found = [target for page in pages for target in page["MountTargets"]]
        return tuple(sorted(found, key=lambda target: str(target["AvailabilityZoneName"])))

    # Pods.

    def _pods(self, targets: tuple[Thing, ...]) -> tuple[Pod, ...]:
        by_zone = {target["AvailabilityZoneName"]: target["MountTargetId"] for target in targets}
        found = []
        for pod in self._items(self._core.list_namespaced_pod, self.namespace):
            if not any(
                (volume.get("persistentVolumeClaim") or {}).get("claimName") == self.name
                for volume in pod["spec"].get("volumes") or []
            ):
                continue
            node = pod["spec"].get("nodeName")
            zone = self._zone(node) if node else None
            found.append(
                Pod(
                    name=pod["metadata"]["name"],
                    phase=(pod.get("status") or {}).get("phase", "Unknown"),
                    node=node,
                    zone=zone,
                    mount_target=by_zone.get(zone) if zone else None,
                    driver_on_node=self._has_driver(node) if node else None,
                )
            )
        return tuple(sorted(found, key=lambda pod: pod.name))

    def _zone(self, node: str) -> str | None:
        found = self._get(self._core.read_node, node)
        labels = ((found or {}).get("metadata") or {}).get("labels") or {}
        zone: str | None = labels.get(_ZONE)
        return zone

    def _has_driver(self, node: str) -> bool:
        found = self._get(self._storage.read_csi_node, node)
        drivers = ((found or {}).get("spec") or {}).get("drivers") or []
        return any(driver["name"] == DRIVER for driver in drivers)

    def _explain_pods(
        self, pods: tuple[Pod, ...], file_system: Thing | None, targets: tuple[Thing, ...]
    ) -> None:
        for target in targets:
            zone, state = target["AvailabilityZoneName"], target["LifeCycleState"]
            if state != "available":
                self._break(
                    Link.MOUNT_TARGET,
                    Kind.MISSING_MOUNT_TARGET,
                    what=f"the mount target in {zone} is {state}",
                    why="it was made a moment ago, or is being deleted",
                    cure="wait a minute and a half",
                )
        if file_system is not None and not targets:
            self._no_target("any zone", str(file_system["FileSystemId"]), "")
        for pod in pods:
            failures = [
                event
                for event in self._events("Pod", pod.name)
                if event.get("reason") in ("FailedMount", "FailedAttachVolume")
            ]
            said = _words(failures[:1])
            if pod.zone and file_system is not None and targets and pod.mount_target is None:
                self._no_target(pod.zone, str(file_system["FileSystemId"]), said, pod=pod)
            elif pod.driver_on_node is False:
                self._break(
                    Link.DRIVER,
                    Kind.DRIVER_MISSING,
                    what=f"the driver is not on node {pod.node}, on which pod {pod.name} is to run",
                    why="its DaemonSet is gone, does not tolerate a taint, or has not started yet",
                    cure="kubectl -n kube-system get pods -l app=efs-csi-node -o wide",
                    said=said,
                )
            elif failures and pod.phase == "Pending":
                self._explain_mount(pod, said)
            elif pod.node is None and pod.phase == "Pending":
                scheduling = [
                    event
                    for event in self._events("Pod", pod.name)
                    if event.get("reason") == "FailedScheduling"
                ]
                self._break(
                    Link.POD,
                    Kind.POD_NOT_SCHEDULED,
                    what=f"pod {pod.name} has no node yet",
                    why="no node fits it; that is not for want of its volume, which is there",
                    cure=f"kubectl -n {self.namespace} describe pod {pod.name}",
                    said=_words(scheduling[:1]),
                )

    def _no_target(self, zone: str, system: str, said: str, *, pod: Pod | None = None) -> None:
        who = f"pod {pod.name} is on node {pod.node} in {zone}, where" if pod else f"in {zone},"
        self._break(
            Link.MOUNT_TARGET,
            Kind.MISSING_MOUNT_TARGET,
            what=f"{who} the file system {system} has no mount target",
            why="the zone is not among cluster.subnets of the environment, or its mount target was deleted",
            cure=f"add a subnet of {zone} to the environment and deploy; "
            "where it is there already, airflow-efs doctor prints the command that makes it again",
            said=said,
        )

    def _explain_mount(self, pod: Pod, said: str) -> None:
        for expression, kind, what, why, cure in _MOUNT_FAILURES:
            if re.search(expression, said, re.IGNORECASE):
                self._break(
                    Link.POD,
                    kind,
                    what=what.format(pod=pod.name, node=pod.node),
                    why=why,
                    cure=cure,
                    said=said,
                )
                return
        self._break(
            Link.POD,
            Kind.MOUNT_FAILED,
            what=f"node {pod.node} cannot mount the volume for pod {pod.name}",
            why="see the node's words",
            cure="kubectl -n kube-system logs -l app=efs-csi-node -c efs-plugin says more",
            said=said,
        )


def mount_of(volume: Thing, handle: VolumeHandle) -> Mount:
    """How a node mounts a volume, as the driver does it (pkg/driver/node.go).

    Args:
        volume: the PersistentVolume.
        handle: its handle.
    """
    attributes = {
        key.lower(): str(value)
        for key, value in (volume["spec"]["csi"].get("volumeAttributes") or {}).items()
    }
    options = [f"accesspoint={handle.access_point_id}"] if handle.access_point_id else []
    asked = [option.lower() for option in volume["spec"].get("mountOptions") or []]
    # An access point needs TLS, so the driver adds it; without one it does unless it is told not to.
    tls = bool(handle.access_point_id) or attributes.get("encryptintransit", "true").lower() != "false"
    if tls or "tls" in asked:
        options.append("tls")
    options += [option for option in asked if option not in options]
    encrypted = "tls" in options
    return Mount(
        source=f"{handle.file_system_id}:{handle.path}",
        options=tuple(options),
        tls=encrypted,
        on_node=f"127.0.0.1:{handle.path}, type nfs4; the proxy of efs-utils at that address speaks TLS"
        if encrypted
        else f"the mount target's address, or that of efs-utils' proxy, and {handle.path}, type nfs4",
        unseen="whether the mount of a running pod has these options: airflow-efs prove looks from inside",
    )


_FAILURES: tuple[tuple[str, Link, Kind, str, str, str], ...] = (
    (
        r"AssumeRoleWithWebIdentity|InvalidIdentityToken|No OpenIDConnect provider",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "AWS does not let the driver take its role",
        "the role's trust policy names another service account, cluster or audience, or IAM has no OIDC "
        "provider for the cluster's issuer",
        "airflow-efs doctor ENVIRONMENT says which: oidc-provider-missing, oidc-issuer-mismatch, "
        "driver-role-trust",
    ),
    (
        r"AccessPointLimitExceeded|maximum number of access points",
        Link.ACCESS_POINT,
        Kind.QUOTA,
        "the file system {system} has all the access points that its quota allows",
        "each claim takes an access point, and EFS allows 10,000 for a file system",
        "delete claims and access points that are not used (airflow-efs doctor lists the latter), "
        "ask for a higher quota, or use a second file system",
    ),
    (
        r"free GID|allocator failed to find available GID",
        Link.ACCESS_POINT,
        Kind.GID_EXHAUSTED,
        "every GID of class {storage_class}, {range}, is taken by an access point of {system}",
        "the driver gives each volume a GID of its own from the class's range",
        "make a class with a wider gid_range, or with a fixed owner, which takes no GID; "
        "a class's own range cannot be changed",
    ),
    (
        r"File System does not exist|FileSystemNotFound",
        Link.FILE_SYSTEM,
        Kind.WRONG_FILE_SYSTEM,
        "the driver finds no file system {system}, which class {storage_class} names",
        "it was deleted, or is in another account or region",
        "make a class with the file system that is there, under another name, and the claim with it",
    ),
    (
        r"Access ?Denied|not authorized|UnauthorizedOperation",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "the driver's role may not do in AWS what the claim needs",
        "its policy is detached or changed, or is for another file system than {system}; CloudTrail shows "
        "the call that was refused",
        "airflow-efs doctor ENVIRONMENT says which right is missing: driver-role-rights",
    ),
    (
        r"NoCredentialProviders|failed to refresh cached credentials|no EC2 IMDS role",
        Link.DRIVER,
        Kind.NO_ACCESS,
        "the driver has no AWS credentials",
        "its service account has no role: the annotation eks.amazonaws.com/role-arn is missing, or the pods "
        "were started before it was there",
        "airflow-efs doctor ENVIRONMENT looks at the annotation; then restart the driver's pods",
    ),
    (
        r"exceeds EFS limit|EFS limit of 4 subdirectories",
        Link.ACCESS_POINT,
        Kind.PATH_TOO_LONG,
        "the path that class {storage_class} gives the volume is longer than EFS allows",
        "base path and pattern make it, with the names of the claim and its namespace",
        "make a class with a shorter base_path or sub_path_pattern",
    ),
)
"""Words of the driver -> link, kind, what, why, cure; the first that fits."""

_MOUNT_FAILURES: tuple[tuple[str, Kind, str, str, str], ...] = (
    (
        r"not found in the list of registered CSI drivers",
        Kind.DRIVER_MISSING,
        "the driver is not registered on node {node}, so pod {pod} cannot start",
        "its pod there is gone, or has not started yet",
        "kubectl -n kube-system get pods -l app=efs-csi-node -o wide",
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


def _time_of(event: Thing) -> str:
    metadata = event.get("metadata") or {}
    return str(
        (event.get("series") or {}).get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or metadata.get("creationTimestamp")
        or ""
    )


def _words(events: list[Thing]) -> str:
    return "; ".join(" ".join(f"{one.get('reason')}: {one.get('message')}".split()) for one in events)
