"""What one way to run a file system costs in a month, line by line."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from operations.costs.prices import RegionPrices
from operations.costs.usage import BACKUP_DAYS, Usage, baseline_mibps, burst_mibps

Mode = Literal["elastic", "bursting", "provisioned"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Plan(_Record):
    """A throughput mode, and when files move to cheaper storage."""

    throughput: Mode
    infrequent_access_after_days: int | None
    archive_after_days: int | None = Field(description="With elastic throughput only.")
    provisioned_mibps: Decimal | None = Field(
        default=None, description="With provisioned throughput; None: as much as the peak needs."
    )

    def describe(self) -> str:
        """In a few words."""
        if self.infrequent_access_after_days is None and self.archive_after_days is None:
            return f"{self.throughput}, all Standard"
        steps = [
            f"{name} after {days} days"
            for name, days in (
                ("IA", self.infrequent_access_after_days),
                ("Archive", self.archive_after_days),
            )
            if days is not None
        ]
        return f"{self.throughput}, {', '.join(steps)}"


class Line(_Record):
    """One line of a bill."""

    item: str
    quantity: Decimal
    unit: str
    price: Decimal | None = Field(description="None: the list has no figure for it.")
    cost: Decimal | None


class Estimate(_Record):
    """What a plan costs in a month, and whether it carries the load."""

    plan: Plan
    lines: tuple[Line, ...]
    total: Decimal | None = Field(description="None: a figure is missing.")
    missing: tuple[str, ...] = Field(description="Figures that the list has not.")
    carries_load: bool
    remark: str = Field(description="What the throughput is, against what is needed.")


def estimate(plan: Plan, usage: Usage, prices: RegionPrices, *, one_zone: bool = False) -> Estimate:
    """What a plan costs for a usage, without backups: they cost the same with every plan.

    Args:
        plan: the way to run the file system.
        usage: how it is used in a month.
        prices: of the region.
        one_zone: the file system is kept in one zone, whose storage has prices of its own. Default: False.
    """
    of = "efs.one_zone_" if one_zone else "efs."
    standard, infrequent, archive = _tiers(plan, usage)
    elastic = plan.throughput == "elastic"
    quantities = [
        ("Standard storage", standard, "GB-month", f"{of}standard"),
        (
            "Infrequent Access storage",
            infrequent,
            "GB-month",
            f"{of}infrequent_access_elastic" if elastic else f"{of}infrequent_access",
        ),
        ("Archive storage", archive, "GB-month", f"{of}archive"),
        *_moves(plan, usage),
    ]
    if elastic:
        quantities += [
            ("Elastic throughput, read", usage.read_gib, "GB", "efs.elastic_read"),
            ("Elastic throughput, written", usage.write_gib, "GB", "efs.elastic_write"),
        ]
    if plan.throughput == "provisioned":
        above = max(Decimal(0), _provisioned(plan, usage) - baseline_mibps(standard))
        quantities.append(("Provisioned throughput", above, "MiB/s-month", "efs.provisioned"))
    lines, missing = _priced(quantities, prices)
    carries, remark = _load(plan, usage, standard)
    return Estimate(
        plan=plan,
        lines=lines,
        total=None if missing else sum((line.cost or Decimal(0) for line in lines), Decimal(0)),
        missing=missing,
        carries_load=carries,
        remark=remark,
    )


def _provisioned(plan: Plan, usage: Usage) -> Decimal:
    return usage.peak_mibps if plan.provisioned_mibps is None else plan.provisioned_mibps


def backup_line(usage: Usage, prices: RegionPrices, *, days: int = BACKUP_DAYS) -> Line:
    """What the backups cost that are kept for some days. Default: those of the automatic plan."""
    lines, _ = _priced([("Backups", usage.backup_gib(days), "GB-month", "backup.warm_storage")], prices)
    return lines[0]


def _tiers(plan: Plan, usage: Usage) -> tuple[Decimal, Decimal, Decimal]:
    """GiB in Standard, Infrequent Access and Archive."""
    archive = Decimal(0) if plan.archive_after_days is None else usage.older_than(plan.archive_after_days)
    cold = archive
    if plan.infrequent_access_after_days is not None:
        cold = usage.older_than(plan.infrequent_access_after_days)
    return usage.gib - cold, cold - archive, archive


def _moves(plan: Plan, usage: Usage) -> list[tuple[str, Decimal, str, str]]:
    """What is moved to cheaper storage, and read from the cheapest in use."""
    moves, first, last = [], plan.infrequent_access_after_days, plan.archive_after_days
    if first is not None:
        moves.append(
            ("Moved to Infrequent Access", usage.aging_past(first), "GB", "efs.infrequent_access_write")
        )
    if last is not None:
        moves.append(("Moved to Archive", usage.aging_past(last), "GB", "efs.archive_write"))
        moves.append(("Read from Archive", usage.cold_read_gib, "GB", "efs.archive_read"))
    elif first is not None:
        moves.append(("Read from Infrequent Access", usage.cold_read_gib, "GB", "efs.infrequent_access_read"))
    return moves


def _priced(
    quantities: list[tuple[str, Decimal, str, str]], prices: RegionPrices
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    lines, missing = [], []
    for item, quantity, unit, name in quantities:
        price = prices.figure(name)
        if price is None and quantity > 0:
            missing.append(name)
        cost = Decimal(0) if quantity == 0 else None if price is None else quantity * price
        lines.append(Line(item=item, quantity=quantity, unit=unit, price=price, cost=cost))
    return tuple(lines), tuple(missing)


def _load(plan: Plan, usage: Usage, standard: Decimal) -> tuple[bool, str]:
    average, peak = usage.average_mibps(), usage.peak_mibps
    need = f"{average:.2f} MiB/s on average, {peak:.0f} at the peak"
    if plan.throughput == "elastic":
        return True, f"grows with the load ({need})"
    if plan.throughput == "provisioned":
        steady = max(_provisioned(plan, usage), baseline_mibps(standard))
        if peak > steady:
            return False, f"too little at the peak: {steady:.0f} MiB/s, but the load is {need}"
        return True, f"{steady:.0f} MiB/s at any time ({need})"
    baseline, burst = baseline_mibps(standard), burst_mibps(standard)
    has = f"{baseline:.2f} MiB/s in the long run, {burst:.0f} in bursts"
    if average > baseline:
        return False, f"too little: {has}, but the load is {need}"
    if peak > burst:
        return False, f"too little at the peak: {has}, but the load is {need}"
    return True, f"{has} ({need})"
