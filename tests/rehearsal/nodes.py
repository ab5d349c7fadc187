"""Nodes for tests: EC2 instances, Node objects, and a stand-in for scheduler and kubelet.

It binds pods to nodes that fit them and reports them as running. A pod that brings a `runner` with it is run:
its command becomes a real process on this machine, with its volume as a folder, and what it leaves as its
termination message goes into its status, as a kubelet does.
"""

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kubernetes import client as kubernetes

from rehearsal.rehearsal import Rehearsal

DRIVER = "efs.csi.aws.com"
ZONE = "topology.kubernetes.io/zone"


@dataclass
class Nodes:
    """One node in each zone of the environment."""

    rehearsal: Rehearsal
    volume: Path | None = None
    """The folder that stands for the volume of pods that are run; None: such pods stay Pending."""
    mounts: Path | None = None
    """What such pods see as /proc/mounts."""
    instances: dict[str, str] = field(default_factory=dict)
    """Zone -> the instance of its node."""

    def __post_init__(self) -> None:
        self._api = self.rehearsal.kubernetes()
        # Any: the stubs lack options that the client has, and every field may be None for them.
        self._core: Any = kubernetes.CoreV1Api(self._api)
        self._stop = threading.Event()
        self._processes: dict[str, tuple[Any, subprocess.Popen[bytes], Path]] = {}
        self.failures: list[str] = []

    def add(self, zone: str, *, name: str | None = None, subnet: str | None = None) -> str:
        """Start a node in a zone; returns its name."""
        cluster = self.rehearsal.settings.cluster
        subnet = subnet or next(one.id for one in cluster.subnets if one.availability_zone == zone)
        launched = self.rehearsal.client("ec2").run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=list(cluster.node_security_groups),
        )
        instance = launched["Instances"][0]["InstanceId"]
        self.instances[zone] = instance
        name = name or f"node-{zone}"
        self.register(name, zone, provider_id=f"aws:///{zone}/{instance}")
        return name

    def register(self, name: str, zone: str, *, provider_id: str = "") -> None:
        """Make a Node that is ready, and its CSINode, as its kubelet does."""
        labels = {ZONE: zone, "kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
        self._core.create_node(
            kubernetes.V1Node(
                metadata=kubernetes.V1ObjectMeta(name=name, labels=labels),
                spec=kubernetes.V1NodeSpec(provider_id=provider_id or None),
            )
        )
        self._core.patch_node(name, {"spec": {"taints": None}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        self._core.patch_node_status(
            name, {"status": {"conditions": [ready], "allocatable": {"pods": "110"}}}
        )
        self.register_driver(name)

    def register_driver(self, name: str) -> None:
        kubernetes.StorageV1Api(self._api).create_csi_node(
            kubernetes.V1CSINode(
                metadata=kubernetes.V1ObjectMeta(name=name),
                spec=kubernetes.V1CSINodeSpec(
                    drivers=[kubernetes.V1CSINodeDriver(name=DRIVER, node_id=name, topology_keys=[])]
                ),
            )
        )

    def remove(self, name: str) -> None:
        """Take a node away."""
        self._core.delete_node(name)
        kubernetes.StorageV1Api(self._api).delete_csi_node(name)

    @contextmanager
    def running(self) -> Iterator["Nodes"]:
        """Schedule and run pods until the block ends."""
        thread = threading.Thread(target=self._tend, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join(10)
            for _, process, _ in self._processes.values():
                process.kill()
                process.wait()

    def _tend(self) -> None:
        while not self._stop.wait(0.2):
            try:
                nodes = self._core.list_node().items
                for pod in self._core.list_pod_for_all_namespaces().items:
                    self._tend_pod(pod, nodes)
            except kubernetes.ApiException as error:
                if error.status not in (404, 409):  # gone, or changed, since it was listed
                    self.failures.append(str(error))
            except Exception as error:
                self.failures.append(repr(error))

    def _tend_pod(self, pod: Any, nodes: list[Any]) -> None:
        if pod.metadata.deletion_timestamp:
            self._core.delete_namespaced_pod(
                pod.metadata.name, pod.metadata.namespace, grace_period_seconds=0
            )
            return
        if not pod.spec.node_name:
            node = next((one for one in nodes if _fits(pod, one)), None)
            if node:
                self._bind(pod, node.metadata.name)
        elif pod.metadata.uid in self._processes:
            self._report_end(pod)
        elif pod.status.phase == "Pending":
            self._start(pod)

    def _bind(self, pod: Any, node: str) -> None:
        # A class that waits for its first pod learns from the scheduler which node that pod has.
        for claim in _claims(pod):
            annotations = {"volume.kubernetes.io/selected-node": node}
            self._core.patch_namespaced_persistent_volume_claim(
                claim, pod.metadata.namespace, {"metadata": {"annotations": annotations}}
            )
        target = kubernetes.V1ObjectReference(kind="Node", name=node)
        core: Any = self._core  # the stubs do not know the option
        core.create_namespaced_binding(
            pod.metadata.namespace,
            kubernetes.V1Binding(metadata=kubernetes.V1ObjectMeta(name=pod.metadata.name), target=target),
            _preload_content=False,  # the client cannot read its own answer
        )

    def _start(self, pod: Any) -> None:
        for claim in _claims(pod):
            found: Any = self._core.read_namespaced_persistent_volume_claim(claim, pod.metadata.namespace)
            if found.status.phase != "Bound":
                return  # there is nothing to mount yet
        if pod.spec.restart_policy == "Never":
            if self.volume is None:
                return
            self._run(pod)
        ready = [{"type": kind, "status": "True"} for kind in ("Initialized", "ContainersReady", "Ready")]
        self._set_status(pod, {"phase": "Running", "conditions": ready})

    def _run(self, pod: Any) -> None:
        assert self.volume is not None
        (container,) = pod.spec.containers
        (mount,) = container.volume_mounts
        message = self.rehearsal.plan.directory / f"termination-{pod.metadata.uid}"
        message.touch()
        variables = {one.name: one.value for one in container.env}
        assert variables["DATA"] == mount.mount_path
        variables |= {"DATA": str(self.volume), "RESULT": str(message)}
        if self.mounts:
            variables["MOUNTS"] = str(self.mounts)
        process = subprocess.Popen(
            [*container.command, *(container.args or [])],
            env={**os.environ, **variables},
            cwd=self.rehearsal.plan.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes[pod.metadata.uid] = (pod, process, message)

    def _report_end(self, pod: Any) -> None:
        _, process, message = self._processes[pod.metadata.uid]
        status = process.poll()
        if status is None or pod.status.phase in ("Succeeded", "Failed"):
            return
        terminated: Mapping[str, Any] = {
            "exitCode": status,
            "message": message.read_text(),
            "reason": "Completed" if status == 0 else "Error",
            "finishedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "startedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        container = {
            "name": pod.spec.containers[0].name,
            "image": pod.spec.containers[0].image,
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"terminated": terminated},
        }
        self._set_status(
            pod, {"phase": "Succeeded" if status == 0 else "Failed", "containerStatuses": [container]}
        )

    def _set_status(self, pod: Any, status: Mapping[str, Any]) -> None:
        self._core.patch_namespaced_pod_status(
            pod.metadata.name, pod.metadata.namespace, {"status": dict(status)}
        )


def _claims(pod: Any) -> list[str]:
    sources = [volume.persistent_volume_claim for volume in pod.spec.volumes or []]
    return [source.claim_name for source in sources if source]


def _fits(pod: Any, node: Any) -> bool:
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in (pod.spec.node_selector or {}).items()):
        return False
    affinity = pod.spec.affinity and pod.spec.affinity.node_affinity
    required = affinity and affinity.required_during_scheduling_ignored_during_execution
    if not required:
        return True
    return any(
        all(_matches(one, node.metadata.name) for one in term.match_fields or [])
        for term in required.node_selector_terms
    )


def _matches(requirement: Any, name: str) -> bool:
    return requirement.key != "metadata.name" or name in requirement.values
