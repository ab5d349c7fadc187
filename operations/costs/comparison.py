"""Compares the ways to run an environment's file system, and says which wins and why."""

from collections.abc import Iterator
from decimal import Decimal
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from operations.costs.plans import Estimate, Line, Plan, backup_line, estimate
from operations.costs.prices import BACKUP_PRICES, PriceList, Source
from operations.costs.usage import BACKUP_DAYS, Usage
from settings import Environment
from settings.aws import MOST_ACCESS_POINTS

_CENT = Decimal("0.01")
_INFREQUENT, _ARCHIVE = 30, 90
"""Days after which files move, where the environment says nothing: the defaults of the settings."""


class CostReport(BaseModel):
    """What an environment costs in a month: the shape of `airflow-efs cost --output json`.

    Money and quantities are decimal numbers, written as text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    region: str
    currency: str
    sources: dict[str, Source] = Field(description="Where the figures come from, and their day.")
    usage: Usage
    assumed: tuple[str, ...] = Field(description="Parts of the usage that nobody said.")
    current: Estimate = Field(description="The environment as its file says.")
    alternatives: tuple[Estimate, ...] = Field(
        description="Every way, the environment's own among them; the cheapest that carry the load first."
    )
    backups: Line | None = Field(description="The same with every plan; None: the environment has none.")
    total: Decimal | None = Field(description="The environment and its backups; None: a figure is missing.")
    winner: Plan | None = Field(description="The cheapest that carries the load.")
    why: str
    saves: Decimal | None = Field(description="What the winner saves in a month, against the environment.")
    remarks: tuple[str, ...]


def compare(
    environment: Environment, usage: Usage, prices: PriceList, *, shown: str, assumed: tuple[str, ...] = ()
) -> CostReport:
    """Estimate an environment and its alternatives.

    Args:
        environment: the environment.
        usage: how it is used in a month.
        prices: the price list.
        shown: the list as messages call it.
        assumed: the parts of the usage that nobody said.

    Raises:
        PricesError: the list has no prices for the region.
    """
    region = prices.region(environment.region, shown=shown)
    own = _plan_of(environment)
    priced = partial(
        estimate,
        usage=usage,
        prices=region,
        one_zone=environment.file_system.availability_zone is not None,
    )
    current = priced(own)
    ways = sorted((priced(plan) for plan in _plans(own)), key=partial(_order, own))
    fit = [one for one in ways if one.carries_load and one.total is not None]
    winner = fit[0] if fit else None
    days = _backup_days(environment)
    backups = None if days is None else backup_line(usage, region, days=days)
    return CostReport(
        environment=environment.name,
        region=environment.region,
        currency=prices.currency,
        sources=dict(prices.sources),
        usage=usage,
        assumed=assumed,
        current=current,
        alternatives=tuple(ways),
        backups=backups,
        total=_total(current, backups),
        winner=winner.plan if winner else None,
        why=_why(winner, ways, current),
        saves=None
        if winner is None or winner.total is None or current.total is None
        else max(Decimal(0), current.total - winner.total),
        remarks=(
            *_remarks(usage, current, backups, environment.region),
            *_bound_to_elastic(own, winner),
            *_not_counted(environment),
        ),
    )


def _plan_of(environment: Environment) -> Plan:
    system = environment.file_system
    lifecycle = system.lifecycle
    return Plan(
        throughput=system.throughput,
        infrequent_access_after_days=lifecycle.infrequent_access_after_days,
        archive_after_days=lifecycle.archive_after_days,
        provisioned_mibps=None
        if system.provisioned_throughput is None
        else Decimal(system.provisioned_throughput),
    )


def _backup_days(environment: Environment) -> int | None:
    """How long backups are kept; None: there are none."""
    system = environment.file_system
    if system.backup_plan is not None:
        return system.backup_plan.retention_days
    return BACKUP_DAYS if system.backups else None


def _bound_to_elastic(own: Plan, winner: Estimate | None) -> Iterator[str]:
    """What keeps a file system that archives from the throughput that wins."""
    if winner is not None and winner.plan.throughput != "elastic" and own.archive_after_days is not None:
        yield (
            f"EFS refuses to change from elastic to {winner.plan.throughput} once a file is in Archive: "
            f"choose before the first {own.archive_after_days} days are over"
        )


def _not_counted(environment: Environment) -> Iterator[str]:
    """What the environment has that is in no figure."""
    system = environment.file_system
    if system.existing is not None:
        yield (
            f"{system.existing.id} exists already, and the environment does not say how it is run: the "
            "defaults of a new one were counted"
        )
    if system.replication is not None:
        yield (
            f"not counted: the copy in {system.replication.region}, with its storage there and the transfer "
            "to it; the list has no price for them"
        )
    if system.backup_plan is not None and system.backup_plan.cold_storage_after_days is not None:
        yield "counted as warm: backups that have moved to cold storage, for which the list has no price"


def _plans(own: Plan) -> list[Plan]:
    infrequent = own.infrequent_access_after_days or _INFREQUENT
    archive = own.archive_after_days or max(_ARCHIVE, infrequent * 3)
    plans = [own]
    for mode in ("elastic", "bursting", "provisioned"):
        for first, last in ((None, None), (infrequent, None), (infrequent, archive)):
            plan = Plan(throughput=mode, infrequent_access_after_days=first, archive_after_days=last)
            if plan not in plans and (last is None or mode == "elastic"):  # EFS archives with elastic only
                plans.append(plan)
    return plans


def _order(own: Plan, one: Estimate) -> tuple[bool, bool, Decimal, bool, str]:
    # At the same price the environment stays as it is.
    total = one.total or Decimal(0)
    return (not one.carries_load, one.total is None, total, one.plan != own, one.plan.describe())


def _total(current: Estimate, backups: Line | None) -> Decimal | None:
    if current.total is None or (backups is not None and backups.cost is None):
        return None
    return current.total + ((backups.cost or Decimal(0)) if backups else Decimal(0))


def _why(winner: Estimate | None, ways: list[Estimate], current: Estimate) -> str:
    if winner is None or winner.total is None:
        return "no way both carries the load and has all its prices in the list"
    rivals = [_against(winner, mode, ways) for mode in ("elastic", "bursting", "provisioned")]
    same = "the environment has it already" if winner.plan == current.plan else ""
    parts = [f"its throughput: {winner.remark}", *filter(None, rivals), same]
    return "; ".join(part for part in parts if part)


def _against(winner: Estimate, mode: str, ways: list[Estimate]) -> str:
    """Why the best of another throughput mode does not win."""
    if mode == winner.plan.throughput or winner.total is None:
        return ""
    best = next(one for one in ways if one.plan.throughput == mode)
    if not best.carries_load:
        return f"{mode} has {best.remark}"
    if best.total is None:
        return f"{mode} has no price for {', '.join(best.missing)}"
    more = best.total - winner.total
    return f"{mode} costs {more:.2f} more" if more >= _CENT else f"{mode} costs the same"


def _remarks(usage: Usage, current: Estimate, backups: Line | None, region: str) -> list[str]:
    remarks = []
    if not current.carries_load:
        remarks.append(f"the environment's own throughput is {current.remark}")
    if current.missing:
        remarks.append(f"the list has no price for {', '.join(current.missing)}: give one with --prices")
    if backups is not None and backups.cost is None:
        remarks.append(
            f"the price of backups in {region} is not known, so they are in no total: "
            f"{BACKUP_PRICES} has it; give it with --backup-price"
        )
    if usage.claims > MOST_ACCESS_POINTS:
        remarks.append(
            f"{usage.claims} claims are more than the {MOST_ACCESS_POINTS} access points of a file system: "
            "spread them over several"
        )
    return remarks
