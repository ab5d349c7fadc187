"""A look at the cluster before anything is changed, and the record of what has been deployed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aws_cdk import Aws, Fn
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IDependable

from airflow_efs.bundled_chart import NAMESPACE, BundledChart
from airflow_efs.efs_csi_driver import RELEASE
from airflow_efs.efs_csi_values import REMOVAL_LABEL
from airflow_efs.imported_cluster import ImportedCluster

RECORD_LABEL = "airflow-efs/record"
"""On both ConfigMaps of an environment: ``accepted`` by the preflight, or ``deployed``."""


@dataclass(frozen=True, kw_only=True)
class ClassCheck:
    """A StorageClass that the stack is about to make.

    Args:
        field: where the settings say so, for messages: ``storage_classes[0]``.
        manifest: the class. The file system in its parameters is not compared: it may not exist yet.
        adopt: whether a class of this name that somebody else made is taken over.
    """

    field: str
    manifest: Mapping[str, object]
    adopt: bool = False


@dataclass(frozen=True, kw_only=True)
class ClaimCheck:
    """A PersistentVolumeClaim that the stack is about to make.

    Args:
        field: where the settings say so, for messages: ``claims[0]``.
        namespace: its namespace, which must exist.
        name: its name.
        storage_class: its class; empty for a volume that is made beforehand.
        access_mode: its access mode.
        sizes: the spellings of its size that Kubernetes may show.
        fixed: what cannot change, by the name of the field below ``field``.
        adopt: whether a claim of this name that somebody else made is taken over.
        removal: what happens to it when it leaves the stack.
    """

    field: str
    namespace: str
    name: str
    storage_class: str
    access_mode: str
    sizes: Sequence[str]
    fixed: Mapping[str, str]
    adopt: bool = False
    removal: Literal["retain", "destroy"] = "retain"


@dataclass(frozen=True, kw_only=True)
class VolumeCheck:
    """A PersistentVolume that the stack is about to make.

    Args:
        field: where the settings say so, for messages: ``volumes[0]``.
        name: its name.
    """

    field: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What a stack is about to make in a cluster.

    Args:
        environment: the environment's name.
        driver: how the driver comes into the cluster: ``helm``, ``addon``, or ``existing``.
        overwrites_driver: whether the add-on takes over a driver that is there. Default: False.
        keeps_driver: whether the driver stays when it leaves the stack. Default: False.
        fixed: settings that cannot change without a new file system, by their fields.
        subnets: the subnets of the mount targets that the stack makes, by their zones.
        file_system_id: an existing file system. Default: the stack makes one.
        classes: its classes.
        claims: its claims.
        volumes: its volumes that are made beforehand.
    """

    environment: str
    driver: str
    overwrites_driver: bool = False
    keeps_driver: bool = False
    fixed: Mapping[str, str] = field(default_factory=dict)
    subnets: Mapping[str, str] = field(default_factory=dict)
    file_system_id: str | None = None
    classes: Sequence[ClassCheck] = ()
    claims: Sequence[ClaimCheck] = ()
    volumes: Sequence[VolumeCheck] = ()


class Preflight(Construct):
    """Refuses a deployment that could not go well, while nothing has been changed yet.

    Everything else of the stack must depend on it. Its chart makes one ConfigMap, which remembers what was
    accepted: what is in it is the stack's own, and is not refused the next time. It is deployed again only
    when the intent changes.

    A refusal is the reason that CloudFormation shows for this resource: each fault with its field, its value
    and the cure, separated by two dashes.

    What has been deployed already (`DeploymentRecord`) is accepted without a look, or CloudFormation could
    not go back to it after a failed update.

    Args:
        cluster: where to look.
        intent: what is about to be made.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, cluster: ImportedCluster, intent: Intent
    ) -> None:
        super().__init__(scope, construct_id)
        self.intent = intent
        name = f"airflow-efs-{intent.environment}"
        self._chart = BundledChart(
            self,
            "Chart",
            cluster=cluster,
            chart="preflight",
            # A release has at most 53 characters; an environment's name has at most 40.
            release=name,
            values={
                **declared(intent),
                "revision": revision(intent),
                "stack": stack_uuid(),
                "label": RECORD_LABEL,
                "marker": f"{name}-accepted",
                "record": name,
                "release": RELEASE,
                "removalLabel": REMOVAL_LABEL,
            },
        )


class DeploymentRecord(Construct):
    """A ConfigMap in ``kube-system`` that says what a stack has deployed, for people and for `Preflight`.

    It is written last, so what it says is there.

    Args:
        cluster: where it is written.
        intent: what was deployed.
        file_system_id: the file system.
        after: everything else of the stack that a deployment may change.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        intent: Intent,
        file_system_id: str,
        after: Sequence[IDependable],
    ) -> None:
        super().__init__(scope, construct_id)
        manifest = eks.KubernetesManifest(
            self,
            "Manifest",
            cluster=cluster.cluster,
            prune=False,
            # A leftover of a deletion that failed would otherwise be in the way.
            overwrite=True,
            manifest=[
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {
                        "name": f"airflow-efs-{intent.environment}",
                        "namespace": NAMESPACE,
                        "labels": {RECORD_LABEL: "deployed"},
                    },
                    "data": {
                        "environment": intent.environment,
                        "stack": stack_uuid(),
                        "revision": revision(intent),
                        "fileSystemId": file_system_id,
                        "declared": json.dumps(declared(intent), sort_keys=True),
                    },
                }
            ],
        )
        manifest.node.add_dependency(cluster.access, *after)


def stack_uuid() -> str:
    """What tells this stack from a later one of the same name: the end of its id, known at deployment."""
    return Fn.select(2, Fn.split("/", Aws.STACK_ID))


def revision(intent: Intent) -> str:
    """A digest of an intent: equal for equal ones."""
    return hashlib.sha256(json.dumps(declared(intent), sort_keys=True).encode()).hexdigest()[:16]


def declared(intent: Intent) -> dict[str, object]:
    """An intent as the chart's values have it; it holds nothing that is known only at deployment."""
    return {
        "environment": intent.environment,
        "driver": intent.driver,
        "overwrites": intent.overwrites_driver,
        "keepsDriver": intent.keeps_driver,
        "fixed": dict(intent.fixed),
        "subnets": dict(intent.subnets),
        "fileSystem": intent.file_system_id or "",
        "classes": [_class(check) for check in intent.classes],
        "claims": [
            {
                "field": check.field,
                "namespace": check.namespace,
                "name": check.name,
                "class": check.storage_class,
                "accessMode": check.access_mode,
                "sizes": list(check.sizes),
                "fixed": dict(check.fixed),
                "adopt": check.adopt,
                "removal": check.removal,
            }
            for check in intent.claims
        ],
        "volumes": [{"field": check.field, "name": check.name} for check in intent.volumes],
    }


def _class(check: ClassCheck) -> dict[str, object]:
    manifest = check.manifest
    metadata, parameters = manifest["metadata"], manifest["parameters"]
    assert isinstance(metadata, Mapping)  # noqa: S101  # a Kubernetes object
    assert isinstance(parameters, Mapping)  # noqa: S101
    spec = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")}
    spec["parameters"] = {key: value for key, value in parameters.items() if key != "fileSystemId"}
    return {"field": check.field, "name": metadata["name"], "adopt": check.adopt, "spec": spec}
