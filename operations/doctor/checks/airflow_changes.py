"""Changes of Airflow's disks that helm would try, and that Kubernetes forbids."""

from collections.abc import Iterator

from kubernetes import client as kubernetes

from operations.doctor.airflow_cluster import needs_of
from operations.doctor.installation import Installation, Thing
from operations.doctor.needs import Disk
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from settings.kubernetes import quantity_in_bytes


@check(
    "airflow-disk-change",
    Severity.ERROR,
    "Would Kubernetes take the change of each disk of Airflow's?",
    when=When.AIRFLOW,
)
def disks(installation: Installation) -> Iterator[Problem]:
    """The claim templates of a StatefulSet are for life; helm says only which other fields may change."""
    needs = needs_of(installation)
    apps = kubernetes.AppsV1Api(installation.api)
    for disk in needs.disks:
        there = installation.read(apps.read_namespaced_stateful_set, disk.name, needs.namespace)
        if there is None:
            continue
        templates = there["spec"].get("volumeClaimTemplates") or ()
        for what in _changes(templates[0]["spec"] if templates else None, disk):
            claim = f" pvc/{templates[0]['metadata']['name']}-{disk.name}-0" if templates else ""
            yield Problem(
                what=f"the disk of StatefulSet {needs.namespace}/{disk.name} {what}, "
                "which Kubernetes forbids",
                where=f"field {disk.field}",
                cure="write it as it was; or save what is on it, and deploy again after kubectl "
                f"-n {needs.namespace} delete statefulset/{disk.name}{claim}",
            )


@check(
    "airflow-logs-change",
    Severity.ERROR,
    "Would Kubernetes take the change of the logs' claim?",
    when=When.AIRFLOW,
)
def logs(installation: Installation) -> Iterator[Problem]:
    """Class and size of a claim on EFS are for life, and it is the chart's: the whole upgrade fails."""
    needs = needs_of(installation)
    if needs.logs is None:
        return
    core = kubernetes.CoreV1Api(installation.api)
    claim = installation.read(core.read_namespaced_persistent_volume_claim, needs.logs.name, needs.namespace)
    if claim is None:
        return
    spec = claim["spec"]
    for what in _changes(spec, needs.logs):
        size = spec["resources"]["requests"]["storage"]
        yield Problem(
            what=f"claim {needs.namespace}/{needs.logs.name} {what}, which Kubernetes forbids",
            where=f"field {needs.logs.field}",
            cure=f"write storage_class: {spec.get('storageClassName')} and size: {size}, as they are; for "
            "another class make a claim of it and write logs.existing_claim",
        )


def _changes(spec: Thing | None, disk: Disk) -> Iterator[str]:
    """What of a claim, or of a template of claims, would change; None: there is none."""
    if spec is None or disk.size is None:
        if (spec is None) != (disk.size is None):
            yield "is not there, and would be made" if spec is None else "would go"
        return
    there = spec.get("storageClassName")
    if there != disk.storage_class:
        yield f"is of class {there}, and would be of {disk.storage_class}"
    size = spec["resources"]["requests"]["storage"]
    if quantity_in_bytes(size) != quantity_in_bytes(disk.size):
        yield f"asks for {size}, and would ask for {disk.size}"
