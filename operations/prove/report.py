"""What `airflow-efs prove` reports: a line a zone, for people and programs."""

from enum import StrEnum

from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.explanation import Break
from operations.findings import STATUS_OF_ERRORS, STATUS_OF_UNKNOWNS, Record


class Outcome(StrEnum):
    """What is known of a zone, or of the whole."""

    PROVEN = "proven"
    FAILED = "failed"
    NOT_PROVEN = "not-proven"
    """The pod never ran, so nothing can be said."""
    NO_NODE = "no-node"
    """No node runs in the zone, so nothing was asked."""


class Tls(StrEnum):
    """What is known of the encryption between node and file system."""

    PROVEN = "proven"
    """The mount goes through a local proxy, and the file system lets nobody in without TLS."""
    LIKELY = "likely"
    """The mount goes through a local proxy; whether the file system insists on TLS is not known."""
    NO = "no"
    """The mount goes to the mount target directly."""
    UNKNOWN = "unknown"
    """No pod has looked."""


class Zone(Record):
    """One zone of a proof."""

    zone: str
    role: str
    """writer or reader; empty where no pod was made."""
    outcome: Outcome
    node: str | None = None
    content: bool | None = None
    """Whether a reader found what the writer wrote; None for the writer and for what never ran."""
    owner: str | None = None
    """uid:gid of the file, as seen in this zone."""
    append_seconds: int | None = None
    """Seconds until a reader saw what was appended while it watched."""
    source: str | None = None
    """The source of the mount, from inside."""
    options: tuple[str, ...] = ()
    """The options of the mount, from inside."""
    tls: Tls = Tls.UNKNOWN
    detail: str = ""
    """What went wrong, or what else is worth knowing."""


class ProveReport(Record):
    """The result: the shape of the command's JSON."""

    environment: str
    namespace: str
    claim: str
    own_claim: bool
    """Whether the claim was made for this run."""
    storage_class: str | None
    claim_bound: bool
    outcome: Outcome
    zones: tuple[Zone, ...]
    breaks: tuple[Break, ...]
    """Where the claim's chain breaks, when it does not become Bound."""
    removed: tuple[str, ...]
    """What an interrupted run had left, and this one has removed first."""
    left_behind: tuple[str, ...]
    """What could not be removed at the end."""

    @property
    def status(self) -> int:
        """The exit status."""
        if self.outcome is Outcome.FAILED:
            return STATUS_OF_ERRORS
        return 0 if self.outcome is Outcome.PROVEN else STATUS_OF_UNKNOWNS


def overall(zones: tuple[Zone, ...]) -> Outcome:
    """The outcome of a whole: failed when one zone is, proven when every zone with nodes is."""
    outcomes = {zone.outcome for zone in zones} - {Outcome.NO_NODE}
    if Outcome.FAILED in outcomes:
        return Outcome.FAILED
    return Outcome.PROVEN if outcomes == {Outcome.PROVEN} else Outcome.NOT_PROVEN


_STYLES = {
    Outcome.PROVEN: "green",
    Outcome.FAILED: "red",
    Outcome.NOT_PROVEN: "yellow",
    Outcome.NO_NODE: "dim",
}


def show(report: ProveReport, console: Console) -> None:
    """Print a report for a person."""
    bound = "Bound" if report.claim_bound else "NOT Bound"
    console.print(
        Text(f"Claim {report.namespace}/{report.claim} ({report.storage_class or '-'}): {bound}"),
        soft_wrap=True,
    )
    for one in report.breaks:
        console.print(
            Text(f"  breaks at the {one.link.value}: {one.what}\n  cure  {one.cure}"), soft_wrap=True
        )
    if report.zones:
        console.print(_zones_table(report.zones))
    for zone in report.zones:
        if zone.detail:
            console.print(Text(f"  {zone.zone} {zone.role}: {zone.detail}"), soft_wrap=True)
    for name in report.removed:
        console.print(Text(f"Removed first: {name}, left by a run that was interrupted"), soft_wrap=True)
    for name in report.left_behind:
        console.print(Text(f"Left behind: {name}; delete it by hand", style="red"), soft_wrap=True)
    console.print(Text(_summary(report), style=f"bold {_STYLES[report.outcome]}"), soft_wrap=True)


def _zones_table(zones: tuple[Zone, ...]) -> Table:
    table = Table(
        "zone", "role", "outcome", "owner", "append", "TLS", "mounted from", box=None, pad_edge=False
    )
    for zone in zones:
        seen = "-" if zone.append_seconds is None else f"{zone.append_seconds} s"
        table.add_row(
            Text(zone.zone),
            Text(zone.role or "-"),
            Text(zone.outcome.value, style=_STYLES[zone.outcome]),
            Text(zone.owner or "-"),
            Text(seen),
            Text(zone.tls.value),
            Text(zone.source or "-"),
        )
    return table


def _summary(report: ProveReport) -> str:
    if report.outcome is Outcome.PROVEN:
        return "Proven: what one zone writes, every other zone with nodes reads."
    if report.outcome is Outcome.FAILED:
        return "Failed: see above."
    proven = "the claim is Bound" if report.claim_bound else "nothing"
    return f"Not proven: {proven}, but not every pod has run, so nothing is known of its mount."
