"""The command `airflow-efs trace`, and how an explanation is printed or given to programs."""

from collections.abc import Mapping
from typing import Annotated, Any

import boto3
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.cluster_access import current_client
from operations.explanation import Break, Explanation, Mount, Pod, explain
from operations.findings import STATUS_OF_ERRORS, Record
from operations.names import namespace_name, object_name, region_name
from operations.output import Output, OutputOption
from operations.trace import Chain, as_table


class ClaimLink(Record):
    """The claim."""

    name: str
    namespace: str
    phase: str | None
    """None: there is no such claim."""
    access_modes: tuple[str, ...]
    storage_class: str | None


class ClassLink(Record):
    """The class of the claim, as it is now."""

    name: str
    provisioner: str
    file_system: str | None
    reclaim_policy: str
    binding_mode: str


class VolumeLink(Record):
    """The volume."""

    name: str
    handle: str | None
    reclaim_policy: str


class AccessPointLink(Record):
    """The access point."""

    id: str
    path: str
    uid: int | None
    gid: int | None
    permissions: str | None


class FileSystemLink(Record):
    """The file system."""

    id: str
    name: str
    state: str
    encrypted: bool
    throughput: str


class MountTargetLink(Record):
    """A mount target."""

    id: str
    zone: str
    subnet: str
    address: str | None
    state: str


class TraceReport(Record):
    """What `airflow-efs trace` found: the shape of its JSON. A link that was not reached is null or empty."""

    claim: ClaimLink
    storage_class: ClassLink | None
    volume: VolumeLink | None
    access_point: AccessPointLink | None
    file_system: FileSystemLink | None
    mount_targets: tuple[MountTargetLink, ...]
    pods: tuple[Pod, ...]
    mount: Mount | None
    breaks: tuple[Break, ...]

    @property
    def status(self) -> int:
        """The exit status: 0 when the chain is whole."""
        return STATUS_OF_ERRORS if self.breaks else 0


def trace(
    claim: Annotated[str, typer.Argument(help="The claim.", callback=object_name)],
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Its namespace.", callback=namespace_name)
    ] = "default",
    region: Annotated[
        str | None,
        typer.Option(
            envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
            help="The file system's region.",
            show_default="the profile's",
            callback=region_name,
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how a claim reaches its data, and what is wrong at the link where it breaks.

    Claim, class, volume, access point, file system, mount targets, the pods that use it with node and zone,
    and how a node mounts it. Uses the kubeconfig's current context and the AWS credentials of the shell, and
    only reads.

    Exit status: 0 the chain is whole; 3 it breaks; 1 the cluster or AWS could not be read.

    Examples: `airflow-efs trace airflow-logs -n airflow`, `airflow-efs trace airflow-logs -o json`.
    """
    api = current_client()
    explanation = explain(api, boto3.client("efs", region_name=region), name=claim, namespace=namespace)
    report = report_of(explanation)
    if output is Output.JSON:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show(explanation, Console())
    raise typer.Exit(report.status)


def report_of(explanation: Explanation) -> TraceReport:
    """An explanation in the form for programs."""
    return TraceReport(
        claim=_claim_link(explanation),
        storage_class=_class_link(explanation.storage_class),
        volume=_volume_link(explanation.volume),
        access_point=_access_point_link(explanation.access_point),
        file_system=_file_system_link(explanation.file_system),
        mount_targets=tuple(_target_link(target) for target in explanation.mount_targets),
        pods=explanation.pods,
        mount=explanation.mount,
        breaks=explanation.breaks,
    )


def show(explanation: Explanation, console: Console) -> None:
    """Print an explanation for a person: the links, the pods, the mount, and last what is wrong."""
    chain = _whole_chain(explanation)
    console.print(as_table(chain) if chain else _links_so_far(report_of(explanation)))
    if explanation.pods:
        console.print(_pods_table(explanation.pods))
    if mount := explanation.mount:
        text = Text("Mounted on a node\n")
        text.append(f"  source   {mount.source}\n  options  {','.join(mount.options)}\n")
        text.append(f"  TLS      {'yes' if mount.tls else 'NO'}\n  seen as  {mount.on_node}\n")
        text.append(f"  unseen   {mount.unseen}")
        console.print(text, soft_wrap=True)
    for one in explanation.breaks:
        console.print()
        console.print(_block(one), soft_wrap=True)


def _block(one: Break) -> Text:
    text = Text()
    text.append(f"breaks at the {one.link.value}", style="bold red")
    text.append(f" ({one.kind}): {one.what}\n  why   {one.why}\n  cure  {one.cure}")
    if one.said:
        text.append(f"\n  said  {one.said}")
    return text


def _pods_table(pods: tuple[Pod, ...]) -> Table:
    table = Table(
        "pod", "phase", "node", "zone", "mount target", title="Pods", title_justify="left", box=None
    )
    for pod in pods:
        row = (pod.name, pod.phase, pod.node or "-", pod.zone or "-", pod.mount_target or "-")
        table.add_row(*(Text(cell) for cell in row))
    return table


def _links_so_far(report: TraceReport) -> Table:
    claim = report.claim
    title = f"Claim {claim.namespace}/{claim.name}, as far as it goes"
    table = Table("link", "what it is", title=title, title_justify="left", box=None, pad_edge=False)
    rows = [("claim", f"{claim.phase or 'not there'}, class {claim.storage_class or '-'}")]
    if one := report.storage_class:
        rows.append(("storage class", f"{one.name}, {one.provisioner}, file system {one.file_system or '-'}"))
    if volume := report.volume:
        rows.append(("volume", f"{volume.name}, handle {volume.handle or '-'}"))
    for name, text in rows:
        table.add_row(name, Text(text))
    return table


def _whole_chain(explanation: Explanation) -> Chain | None:
    if (
        explanation.claim is None
        or explanation.volume is None
        or explanation.handle is None
        or explanation.file_system is None
    ):
        return None
    return Chain(
        claim=explanation.claim,
        volume=explanation.volume,
        handle=explanation.handle,
        access_point=explanation.access_point,
        file_system=explanation.file_system,
        mount_targets=explanation.mount_targets,
    )


def _claim_link(explanation: Explanation) -> ClaimLink:
    claim: Mapping[str, Any] = explanation.claim or {}
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    return ClaimLink(
        name=explanation.name,
        namespace=explanation.namespace,
        phase=status.get("phase", "Pending") if explanation.claim else None,
        access_modes=tuple(spec.get("accessModes") or ()),
        storage_class=spec.get("storageClassName"),
    )


def _class_link(one: Mapping[str, Any] | None) -> ClassLink | None:
    if one is None:
        return None
    return ClassLink(
        name=one["metadata"]["name"],
        provisioner=one["provisioner"],
        file_system=(one.get("parameters") or {}).get("fileSystemId"),
        reclaim_policy=one.get("reclaimPolicy", "Delete"),
        binding_mode=one.get("volumeBindingMode", "Immediate"),
    )


def _volume_link(one: Mapping[str, Any] | None) -> VolumeLink | None:
    if one is None:
        return None
    return VolumeLink(
        name=one["metadata"]["name"],
        handle=(one["spec"].get("csi") or {}).get("volumeHandle"),
        reclaim_policy=one["spec"].get("persistentVolumeReclaimPolicy", "Retain"),
    )


def _access_point_link(one: Mapping[str, Any] | None) -> AccessPointLink | None:
    if one is None:
        return None
    root, owner = one.get("RootDirectory") or {}, one.get("PosixUser") or {}
    return AccessPointLink(
        id=one["AccessPointId"],
        path=root.get("Path", "/"),
        uid=owner.get("Uid"),
        gid=owner.get("Gid"),
        permissions=(root.get("CreationInfo") or {}).get("Permissions"),
    )


def _file_system_link(one: Mapping[str, Any] | None) -> FileSystemLink | None:
    if one is None:
        return None
    return FileSystemLink(
        id=one["FileSystemId"],
        name=one.get("Name") or "",
        state=one["LifeCycleState"],
        encrypted=bool(one.get("Encrypted")),
        throughput=one.get("ThroughputMode", "bursting"),
    )


def _target_link(one: Mapping[str, Any]) -> MountTargetLink:
    return MountTargetLink(
        id=one["MountTargetId"],
        zone=one["AvailabilityZoneName"],
        subnet=one["SubnetId"],
        address=one.get("IpAddress") or one.get("Ipv6Address"),
        state=one["LifeCycleState"],
    )
