"""What a way to run a file system costs: worked figures, and what holds for all of them."""

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.costs.plans import Estimate, Mode, Plan, backup_line, estimate
from operations.costs.prices import SHIPPED, RegionPrices, load_prices
from operations.costs.usage import Usage, baseline_mibps, burst_mibps, derived_peak

PRICES = load_prices(SHIPPED).regions
OHIO = PRICES["us-east-2"]

AMOUNTS = st.decimals(min_value=0, max_value=100_000, places=2)
USAGES = st.builds(
    Usage,
    gib=AMOUNTS,
    write_gib=AMOUNTS,
    read_gib=AMOUNTS,
    cold_read_gib=AMOUNTS,
    peak_mibps=st.decimals(min_value=0, max_value=1000, places=1),
    claims=st.integers(0, 20_000),
)
DAYS = st.sampled_from([1, 7, 14, 30, 60])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    mode = draw(st.sampled_from(get_args(Mode)))
    first = draw(st.none() | DAYS)
    last = draw(st.none() | st.sampled_from([90, 180])) if mode == "elastic" else None
    return Plan(throughput=mode, infrequent_access_after_days=first, archive_after_days=last)


def usage(**changed: float) -> Usage:
    amounts = {"gib": 100, "write_gib": 0, "read_gib": 0, "cold_read_gib": 0, "peak_mibps": 1, **changed}
    return Usage(claims=1, **{name: Decimal(str(value)) for name, value in amounts.items()})


def standard(mode: Mode) -> Plan:
    return Plan(throughput=mode, infrequent_access_after_days=None, archive_after_days=None)


def cost(one: Estimate, item: str) -> Decimal | None:
    return next(line.cost for line in one.lines if line.item == item)


def test_storage_alone_is_its_price() -> None:
    assert estimate(standard("bursting"), usage(), OHIO).total == Decimal("30.0")


def test_elastic_throughput_is_paid_by_what_is_read_and_written() -> None:
    one = estimate(standard("elastic"), usage(read_gib=10, write_gib=10), OHIO)
    assert cost(one, "Elastic throughput, read") == Decimal("0.30")
    assert cost(one, "Elastic throughput, written") == Decimal("0.60")


def test_provisioned_throughput_is_paid_above_what_the_storage_includes() -> None:
    # 1 TiB includes 50 MiB/s.
    one = estimate(standard("provisioned"), usage(gib=1024, peak_mibps=60), OHIO)
    assert cost(one, "Provisioned throughput") == Decimal("60.0")


def test_provisioned_throughput_of_the_plan_counts_and_may_be_too_little() -> None:
    plan = standard("provisioned").model_copy(update={"provisioned_mibps": Decimal(70)})
    one = estimate(plan, usage(gib=1024, peak_mibps=80), OHIO)
    assert cost(one, "Provisioned throughput") == Decimal("120.0")
    assert not one.carries_load


def test_old_data_is_in_cheaper_storage_and_pays_for_its_moves() -> None:
    plan = Plan(throughput="elastic", infrequent_access_after_days=30, archive_after_days=90)
    one = estimate(plan, usage(gib=400, write_gib=101.333333, cold_read_gib=5), OHIO)
    quantities = {line.item: round(line.quantity, 2) for line in one.lines}
    assert quantities["Standard storage"] == 100
    assert quantities["Infrequent Access storage"] == 200
    assert quantities["Archive storage"] == 100
    assert quantities["Moved to Infrequent Access"] == quantities["Moved to Archive"] == Decimal("101.33")
    assert cost(one, "Read from Archive") == Decimal("0.15")


def test_infrequent_access_has_another_price_with_elastic_throughput() -> None:
    prices = {
        mode: estimate(
            Plan(throughput=mode, infrequent_access_after_days=30, archive_after_days=None), usage(), OHIO
        )
        for mode in get_args(Mode)
    }
    assert cost(prices["elastic"], "Infrequent Access storage") == Decimal("1.600")
    assert cost(prices["bursting"], "Infrequent Access storage") == Decimal("2.500")


def test_bursting_does_not_carry_more_than_its_storage_includes_in_the_long_run() -> None:
    # 3 MiB/s written all month, on 20 GiB, which include 1 MiB/s.
    one = estimate(standard("bursting"), usage(gib=20, write_gib=7695), OHIO)
    assert not one.carries_load
    assert one.remark.startswith("too little: 1.00 MiB/s in the long run, 100 in bursts")


def test_bursting_does_not_carry_a_peak_above_its_bursts() -> None:
    assert not estimate(standard("bursting"), usage(peak_mibps=101), OHIO).carries_load
    assert estimate(standard("bursting"), usage(gib=2048, peak_mibps=101), OHIO).carries_load


def test_reads_count_a_third_against_throughput() -> None:
    assert usage(read_gib=300).average_mibps() == usage(write_gib=100).average_mibps()


def test_backups_keep_everything_once_and_what_was_written_in_35_days() -> None:
    line = backup_line(usage(gib=100, write_gib=30.4), PRICES["us-east-1"])
    assert (line.quantity, line.cost) == (Decimal(135), Decimal("6.75"))


def test_a_figure_that_is_missing_is_said_and_gives_no_total() -> None:
    one = estimate(standard("bursting"), usage(), RegionPrices())
    assert (one.total, one.missing) == (None, ("efs.standard",))


def test_a_figure_that_is_not_needed_is_not_missed() -> None:
    assert estimate(standard("bursting"), usage(gib=0), RegionPrices()).total == 0


@given(plan=plans(), used=USAGES, region=st.sampled_from(sorted(PRICES)))
def test_the_total_is_the_sum_of_lines_that_are_quantity_times_price(
    plan: Plan, used: Usage, region: str
) -> None:
    one = estimate(plan, used, PRICES[region])
    for line in one.lines:
        assert line.quantity >= 0
        assert line.cost == line.quantity * (line.price or 0)
    assert one.total == sum(line.cost or 0 for line in one.lines)


@given(plan=plans(), used=USAGES)
def test_all_data_is_in_exactly_one_class(plan: Plan, used: Usage) -> None:
    lines = estimate(plan, used, OHIO).lines
    assert sum(line.quantity for line in lines if line.unit == "GB-month") == used.gib


@given(
    plan=plans(),
    used=USAGES,
    more=AMOUNTS,
    field=st.sampled_from(["read_gib", "cold_read_gib", "peak_mibps"]),
)
def test_more_of_what_is_read_or_needed_never_costs_less(
    plan: Plan, used: Usage, more: Decimal, field: str
) -> None:
    larger = used.model_copy(update={field: getattr(used, field) + more})
    before, after = estimate(plan, used, OHIO).total, estimate(plan, larger, OHIO).total
    assert before is not None
    assert after is not None
    assert after >= before


@given(mode=st.sampled_from(["elastic", "bursting"]), used=USAGES, more=AMOUNTS)
def test_more_data_in_standard_storage_never_costs_less(mode: Mode, used: Usage, more: Decimal) -> None:
    larger = used.model_copy(update={"gib": used.gib + more})
    before, after = (estimate(standard(mode), one, OHIO).total for one in (used, larger))
    assert before is not None
    assert after is not None
    assert after >= before


@given(used=USAGES, more=AMOUNTS)
def test_a_load_that_is_too_much_stays_so_when_it_grows(used: Usage, more: Decimal) -> None:
    larger = used.model_copy(update={"write_gib": used.write_gib + more})
    if not estimate(standard("bursting"), used, OHIO).carries_load:
        assert not estimate(standard("bursting"), larger, OHIO).carries_load


@given(used=USAGES)
def test_elastic_throughput_carries_any_load(used: Usage) -> None:
    assert estimate(standard("elastic"), used, OHIO).carries_load


@given(first=AMOUNTS, second=AMOUNTS)
def test_throughput_grows_with_the_storage(first: Decimal, second: Decimal) -> None:
    small, large = sorted((first, second))
    assert baseline_mibps(small) <= baseline_mibps(large)
    assert burst_mibps(small) <= burst_mibps(large)


@pytest.mark.parametrize(("average", "peak"), [("0", "1"), ("0.05", "1"), ("0.11", "2"), ("3", "30")])
def test_a_peak_that_nobody_knows_is_ten_times_the_average(average: str, peak: str) -> None:
    assert derived_peak(Decimal(average)) == Decimal(peak)
