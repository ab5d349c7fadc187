"""A run from the leftovers of another one to its own clean-up, bounded in time."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from kubernetes import client as kubernetes

from operations.explanation import Explanation, explain
from operations.prove.pods import EXPIRES, LABEL, ZONE, Part, Run, claim_manifest, pod_manifest
from operations.prove.report import Outcome, ProveReport, Zone, overall
from operations.prove.verdict import verdict
from settings import Environment

_SECONDS = 15
"""How long one call of the Kubernetes API may take."""
_CLEANING_SECONDS = 60
"""How long the run waits for what it has deleted to be gone."""
_TICK = 0.5


class ProveError(Exception):
    """The proof cannot begin; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be proven, and how."""

    namespace: str
    image: str
    seconds: int
    """How long claim and pods may take."""
    claim: str | None = None
    """A claim that exists. Default: the run makes one and deletes it."""
    storage_class: str | None = None
    """The class of a claim of its own. Default: the environment's first with reclaim policy Delete."""
    every_zone: bool = False
    """Also where no node runs now: an autoscaler may start one."""


class Proof:
    """One proof of one environment."""

    def __init__(
        self,
        api: kubernetes.ApiClient,
        efs: Any,
        environment: Environment,
        request: Request,
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is made yet.

        Args:
            api: a client of the cluster.
            efs: a boto3 client of EFS.
            environment: whose cluster it is.
            request: what is asked.
            say: hears what happens, a line at a time. Default: nobody.
        """
        self._api, self._efs = api, efs
        self._core = kubernetes.CoreV1Api(api)
        self._environment, self._request, self._say = environment, request, say
        self._class: str | None = None

    def run(self) -> ProveReport:
        """Prove, and clean up whatever happens.

        Raises:
            ProveError: the claim or class that was asked for cannot be used.
            kubernetes.ApiException: the cluster refuses what the proof needs.
        """
        removed = self._sweep()
        nodes = self._zones_with_nodes()
        run = self._plan(nodes)
        report: dict[str, Any] = {}
        try:
            report = self._prove(run, nodes)
        finally:
            left = self._clean(run)
        return ProveReport(**report, removed=tuple(removed), left_behind=tuple(left))

    def _plan(self, nodes: Sequence[str]) -> Run:
        """What the run makes: checked before anything is made."""
        identity = secrets.token_hex(4)
        own = self._request.claim is None
        if own:
            self._class = self._class_for_claim()
        else:
            self._check_claim(str(self._request.claim))
        declared = [subnet.availability_zone for subnet in self._environment.cluster.subnets]
        zones = list(dict.fromkeys([*nodes, *declared])) if self._request.every_zone or not nodes else nodes
        writer, *others = zones
        parts = [
            Part(role="writer", zone=writer),
            *(Part(role="reader", zone=zone) for zone in (others or [writer])),
        ]
        return Run(
            id=identity,
            token=secrets.token_hex(16),
            namespace=self._request.namespace,
            claim=self._request.claim or f"airflow-efs-prove-{identity}",
            image=self._request.image,
            seconds=self._request.seconds,
            parts=parts,
        )

    def _class_for_claim(self) -> str:
        classes = self._environment.storage_classes
        if wanted := self._request.storage_class:
            found = next((one for one in classes if one.name == wanted), None)
            if found is None:
                known = ", ".join(one.name for one in classes) or "none"
                raise ProveError(f'class "{wanted}" is not one of the environment: it has {known}')
            if found.reclaim_policy != "Delete":
                raise ProveError(
                    f'class "{wanted}" retains the volume of the claim that would be made: '
                    "name a claim with --claim"
                )
            return wanted
        for one in classes:
            if one.reclaim_policy == "Delete":
                return one.name
        raise ProveError("the environment has no class with reclaim_policy Delete: name a claim with --claim")

    def _check_claim(self, name: str) -> None:
        namespace = self._request.namespace
        try:
            claim = self._core.read_namespaced_persistent_volume_claim(
                name, namespace, _request_timeout=_SECONDS
            )
        except kubernetes.ApiException as error:
            if error.status != 404:
                raise
            raise ProveError(
                f"there is no claim {namespace}/{name}: kubectl get pvc -n {namespace}"
            ) from None
        spec = self._api.sanitize_for_serialization(claim)["spec"]
        if "ReadWriteMany" not in spec["accessModes"]:
            raise ProveError(
                f"claim {namespace}/{name} is not ReadWriteMany: pods in two zones cannot share it"
            )
        self._class = spec.get("storageClassName")

    def _prove(self, run: Run, nodes: Sequence[str]) -> dict[str, Any]:
        own = self._request.claim is None
        if own:
            self._say(f"making claim {run.namespace}/{run.claim} of class {self._class}")
            self._core.create_namespaced_persistent_volume_claim(
                run.namespace,
                claim_manifest(run, storage_class=str(self._class)),  # type: ignore[arg-type]
                _request_timeout=_SECONDS,
            )
        deadline = time.monotonic() + run.seconds
        waits = self._binds_with_a_pod()
        bound = self._await_bound(run, deadline=min(deadline, time.monotonic() + 60)) if not waits else False
        zones: tuple[Zone, ...] = ()
        if bound or waits:
            pods = self._run_pods(run, deadline)
            bound = bound or self._is_bound(run)
            zones = (*self._verdicts(run, pods), *self._without_nodes(run, nodes))
        breaks = () if bound else self._explain(run).breaks
        return {
            "environment": self._environment.name,
            "namespace": run.namespace,
            "claim": run.claim,
            "own_claim": own,
            "storage_class": self._class,
            "claim_bound": bound,
            "outcome": self._outcome(zones, bound=bound),
            "zones": zones,
            "breaks": breaks,
        }

    def _outcome(self, zones: tuple[Zone, ...], *, bound: bool) -> Outcome:
        if not zones:
            return Outcome.FAILED  # the claim is not Bound, so no pod was started
        outcome = overall(zones)
        return Outcome.NOT_PROVEN if outcome is Outcome.PROVEN and not bound else outcome

    def _binds_with_a_pod(self) -> bool:
        if self._class is None:
            return False
        found = kubernetes.StorageV1Api(self._api).list_storage_class(_request_timeout=_SECONDS)
        for one in self._api.sanitize_for_serialization(found)["items"]:
            if one["metadata"]["name"] == self._class:
                return bool(one.get("volumeBindingMode") == "WaitForFirstConsumer")
        return False

    def _await_bound(self, run: Run, *, deadline: float) -> bool:
        while not self._is_bound(run):
            if time.monotonic() > deadline:
                return False
            time.sleep(_TICK)
        return True

    def _is_bound(self, run: Run) -> bool:
        status = self._core.read_namespaced_persistent_volume_claim(
            run.claim, run.namespace, _request_timeout=_SECONDS
        ).status
        return status is not None and status.phase == "Bound"

    def _run_pods(self, run: Run, deadline: float) -> Mapping[str, Mapping[str, Any]]:
        """Start every pod and wait until all are done, or the time is over; the pods by name."""
        for part in run.parts:
            self._say(f"starting a {part.role} in {part.zone}")
            self._core.create_namespaced_pod(
                run.namespace,
                pod_manifest(run, part),  # type: ignore[arg-type]  # a plain object does
                _request_timeout=_SECONDS,
            )
        while True:
            pods = {pod["metadata"]["name"]: pod for pod in self._made(self._core.list_namespaced_pod, run)}
            if all(
                (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed") for pod in pods.values()
            ):
                return pods
            if time.monotonic() > deadline:
                return pods
            time.sleep(_TICK)

    def _verdicts(self, run: Run, pods: Mapping[str, Mapping[str, Any]]) -> Iterator[Zone]:
        explanation = self._explain(run)
        owner = _owner(explanation)
        refuses = self._refuses_without_tls(explanation)
        for part in run.parts:
            name = run.pod_name(part)
            if name not in pods:
                yield Zone(
                    zone=part.zone,
                    role=part.role,
                    outcome=Outcome.NOT_PROVEN,
                    detail="somebody has deleted the pod",
                )
                continue
            yield verdict(
                part,
                pods[name],
                owner=owner,
                refuses_without_tls=refuses,
                why_pending=self._why_pending(run, pods[name]),
            )

    def _without_nodes(self, run: Run, nodes: Sequence[str]) -> Iterator[Zone]:
        asked = {part.zone for part in run.parts}
        for subnet in self._environment.cluster.subnets:
            zone = subnet.availability_zone
            if zone not in asked and zone not in nodes:
                yield Zone(zone=zone, role="", outcome=Outcome.NO_NODE, detail="no node runs there")

    def _explain(self, run: Run) -> Explanation:
        return explain(self._api, self._efs, name=run.claim, namespace=run.namespace)

    def _refuses_without_tls(self, explanation: Explanation) -> bool | None:
        if explanation.file_system is None:
            return None
        try:
            answer = self._efs.describe_file_system_policy(
                FileSystemId=explanation.file_system["FileSystemId"]
            )
        except ClientError as error:
            return False if error.response["Error"]["Code"] == "PolicyNotFound" else None
        except BotoCoreError:
            return None
        statements = json.loads(answer["Policy"]).get("Statement", [])
        return any(
            one["Effect"] == "Deny"
            and str((one.get("Condition") or {}).get("Bool", {}).get("aws:SecureTransport")).lower()
            == "false"
            for one in (statements if isinstance(statements, list) else [statements])
        )

    def _why_pending(self, run: Run, pod: Mapping[str, Any]) -> str:
        """The last warning of a pod's events, or what its conditions say."""
        selector = f"involvedObject.kind=Pod,involvedObject.name={pod['metadata']['name']}"
        found = self._core.list_namespaced_event(
            run.namespace, field_selector=selector, _request_timeout=_SECONDS
        )
        warnings = [
            one
            for one in self._api.sanitize_for_serialization(found)["items"]
            if one.get("type") == "Warning"
        ]
        if warnings:
            return " ".join(f"{warnings[-1].get('reason')}: {warnings[-1].get('message')}".split())
        if not pod["spec"].get("nodeName"):
            return f"no node of {pod['spec']['nodeSelector'][ZONE]} has taken it"
        return "its node has not started it"

    def _zones_with_nodes(self) -> list[str]:
        found = self._core.list_node(_request_timeout=_SECONDS)
        zones = set()
        for node in self._api.sanitize_for_serialization(found)["items"]:
            conditions = (node.get("status") or {}).get("conditions") or []
            ready = any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
            zone = (node["metadata"].get("labels") or {}).get(ZONE)
            if ready and zone and not node["spec"].get("unschedulable"):
                zones.add(zone)
        return sorted(zones)

    # Clean-up.

    def _made(self, read: Callable[..., Any], run: Run | None = None) -> list[Mapping[str, Any]]:
        selector = f"{LABEL}={run.id}" if run else LABEL
        found = read(self._request.namespace, label_selector=selector, _request_timeout=_SECONDS)
        items: list[Mapping[str, Any]] = self._api.sanitize_for_serialization(found)["items"]
        return items

    def _sweep(self) -> list[str]:
        """Delete what interrupted runs have left; a run that goes on at this moment is not touched."""
        removed = []
        for kind, read, delete in self._kinds():
            for one in self._made(read):
                if _is_over(one):
                    self._delete(delete, one["metadata"]["name"])
                    removed.append(f"{kind} {one['metadata']['namespace']}/{one['metadata']['name']}")
        return removed

    def _clean(self, run: Run) -> list[str]:
        """Delete what the run has made; returns what is not gone in time."""
        deadline = time.monotonic() + _CLEANING_SECONDS
        for _, read, delete in self._kinds():
            for one in self._made(read, run):
                self._delete(delete, one["metadata"]["name"])
        while left := self._left(run):
            if time.monotonic() > deadline:
                break
            time.sleep(_TICK)
        return left

    def _left(self, run: Run) -> list[str]:
        return [
            f"{kind} {one['metadata']['namespace']}/{one['metadata']['name']}"
            for kind, read, _ in self._kinds()
            for one in self._made(read, run)
        ]

    def _kinds(self) -> list[tuple[str, Callable[..., Any], Callable[..., Any]]]:
        """Pods first: a claim stays while a pod uses it."""
        core = self._core
        return [
            ("Pod", core.list_namespaced_pod, core.delete_namespaced_pod),
            (
                "PersistentVolumeClaim",
                core.list_namespaced_persistent_volume_claim,
                core.delete_namespaced_persistent_volume_claim,
            ),
        ]

    def _delete(self, delete: Callable[..., Any], name: str) -> None:
        try:
            delete(name, self._request.namespace, _request_timeout=_SECONDS)
        except kubernetes.ApiException as error:
            if error.status != 404:
                raise


def _owner(explanation: Explanation) -> str | None:
    user = (explanation.access_point or {}).get("PosixUser")
    return f"{user['Uid']}:{user['Gid']}" if user else None


def _is_over(one: Mapping[str, Any]) -> bool:
    expires = (one["metadata"].get("annotations") or {}).get(EXPIRES, "")
    try:
        return datetime.fromisoformat(expires) < datetime.now(UTC)
    except (TypeError, ValueError):
        return False  # not of a run, whatever its label says
