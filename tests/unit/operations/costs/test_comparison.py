"""Which way wins, and why."""

from decimal import Decimal
from typing import Any

import pytest

from operations.costs.comparison import CostReport, compare
from operations.costs.prices import SHIPPED, PriceList, PricesError, load_prices
from operations.costs.usage import Usage
from settings import Environment, load_environment
from settings.backup_plan import BackupPlan
from settings.file_system import ExistingFileSystem
from settings.replication import Replication
from tests.unit.conftest import ENVIRONMENTS

PRICES = load_prices(SHIPPED)
EXISTING = ExistingFileSystem(id="fs-0a1b2c3d4e5f60718", security_group="sg-0a1b2c3d4e5f60718")


@pytest.fixture(scope="module")
def airflow() -> Environment:
    return load_environment("airflow-seoul", ENVIRONMENTS)


def report(environment: Environment, prices: PriceList = PRICES, **amounts: Any) -> CostReport:
    numbers = {"gib": 100, "write_gib": 30, "read_gib": 60, "cold_read_gib": 0, "peak_mibps": 1, **amounts}
    claims = numbers.pop("claims", 1)
    usage = Usage(claims=claims, **{name: Decimal(str(value)) for name, value in numbers.items()})
    return compare(environment, usage, prices, shown="the list")


def with_file_system(environment: Environment, **changed: Any) -> Environment:
    system = environment.file_system.model_copy(update=changed)
    return environment.model_copy(update={"file_system": system})


def test_bursting_wins_where_its_storage_carries_the_load(airflow: Environment) -> None:
    found = report(airflow)
    assert found.winner is not None
    assert found.winner.throughput == "bursting"
    assert "elastic costs" in found.why
    assert found.saves is not None
    assert found.saves > 0


def test_elastic_wins_where_bursting_does_not_carry_a_rare_peak(airflow: Environment) -> None:
    found = report(airflow, peak_mibps=140)
    assert found.winner is not None
    assert found.winner.throughput == "elastic"
    assert "bursting has too little at the peak" in found.why
    assert "provisioned costs" in found.why


def test_provisioned_wins_where_much_is_moved_all_month(airflow: Environment) -> None:
    # 20 MiB/s day and night on 100 GiB: gigabytes are dear, and the storage includes 5 MiB/s.
    found = report(airflow, write_gib=51_000, peak_mibps=21)
    assert found.winner is not None
    assert found.winner.throughput == "provisioned"
    assert "bursting has too little: " in found.why


def test_what_does_not_carry_the_load_never_comes_before_what_does(airflow: Environment) -> None:
    carries = [one.carries_load for one in report(airflow, peak_mibps=140).alternatives]
    assert carries == sorted(carries, reverse=True)


def test_the_environments_own_way_is_among_them_once_and_wins_a_tie(airflow: Environment) -> None:
    found = report(airflow, gib=10, write_gib=600, peak_mibps=140)
    assert [one.plan for one in found.alternatives].count(found.current.plan) == 1
    assert found.winner == found.current.plan
    assert found.saves == 0
    assert found.why.endswith("the environment has it already")


def test_another_throughput_is_said_to_need_an_empty_archive(airflow: Environment) -> None:
    assert any("once a file is in Archive" in remark for remark in report(airflow).remarks)


def test_an_environment_that_archives_nothing_may_leave_elastic(airflow: Environment) -> None:
    lifecycle = airflow.file_system.lifecycle.model_copy(update={"archive_after_days": None})
    found = report(with_file_system(airflow, lifecycle=lifecycle))
    assert found.winner is not None
    assert found.winner.throughput == "bursting"
    assert not any("Archive" in remark for remark in found.remarks)


def test_archive_is_compared_with_elastic_only(airflow: Environment) -> None:
    for one in report(airflow).alternatives:
        assert one.plan.archive_after_days is None or one.plan.throughput == "elastic"


def test_the_environments_own_throughput_is_named_when_it_is_too_little(airflow: Environment) -> None:
    found = report(with_file_system(airflow, throughput="bursting"), peak_mibps=140)
    assert any(
        remark.startswith("the environment's own throughput is too little") for remark in found.remarks
    )


def test_backups_without_a_price_leave_the_total_open(airflow: Environment) -> None:
    found = report(airflow)
    assert found.backups is not None
    assert (found.backups.cost, found.total) == (None, None)
    assert found.current.total is not None
    assert [remark for remark in found.remarks if "backups" in remark] == [
        "the price of backups in ap-northeast-2 is not known, so they are in no total: "
        "https://aws.amazon.com/backup/pricing/ has it; give it with --backup-price"
    ]


def test_backups_with_a_price_are_in_the_total(airflow: Environment) -> None:
    virginia = airflow.model_copy(update={"region": "us-east-1"})
    found = report(virginia)
    assert found.backups is not None
    assert found.backups.cost is not None
    assert found.current.total is not None
    assert found.total == found.current.total + found.backups.cost


def test_an_environment_without_backups_pays_for_none(airflow: Environment) -> None:
    found = report(with_file_system(airflow, backups=False))
    assert found.backups is None
    assert found.total == found.current.total


def test_nothing_wins_where_every_way_misses_a_price(airflow: Environment) -> None:
    prices = PRICES.model_copy(update={"regions": {"ap-northeast-2": PRICES.regions["us-east-1"]}})
    without = prices.regions["ap-northeast-2"].efs.model_copy(update={"standard": None})
    region = prices.regions["ap-northeast-2"].model_copy(update={"efs": without})
    found = report(airflow, prices.model_copy(update={"regions": {"ap-northeast-2": region}}))
    assert (found.winner, found.saves, found.current.total) == (None, None, None)
    assert found.current.missing == ("efs.standard",)


def test_more_claims_than_access_points_are_said(airflow: Environment) -> None:
    assert any("10001 claims are more than" in remark for remark in report(airflow, claims=10_001).remarks)
    assert not any("claims" in remark for remark in report(airflow, claims=10_000).remarks)


def test_a_region_without_prices_is_refused(airflow: Environment) -> None:
    with pytest.raises(PricesError, match="the list has no prices for cn-north-1"):
        report(airflow.model_copy(update={"region": "cn-north-1"}))


def one_zone(environment: Environment, **changed: Any) -> Environment:
    return with_file_system(environment, availability_zone="ap-northeast-2a", **changed)


def test_one_zone_has_storage_prices_of_its_own(airflow: Environment) -> None:
    lifecycle = airflow.file_system.lifecycle.model_copy(
        update={"infrequent_access_after_days": None, "archive_after_days": None}
    )
    found = report(one_zone(airflow, throughput="bursting", lifecycle=lifecycle))
    assert found.current.lines[0].price == Decimal("0.176")
    assert found.current.total is not None


def test_what_one_zone_has_no_price_for_is_said(airflow: Environment) -> None:
    found = report(one_zone(airflow), gib=1000)
    assert found.current.total is None
    assert "efs.one_zone_infrequent_access_elastic" in found.current.missing
    assert any("efs.one_zone_infrequent_access_elastic" in remark for remark in found.remarks)


def test_backups_of_a_plan_count_with_its_retention(airflow: Environment) -> None:
    plan = BackupPlan(name="guarded", retention_days=304, new_vault="guarded")
    found = report(with_file_system(airflow, backups=False, backup_plan=plan))
    assert found.backups is not None
    assert found.backups.quantity == 400


@pytest.mark.parametrize(
    ("changed", "remark"),
    [
        ({"replication": Replication(region="ap-northeast-1")}, "the copy in ap-northeast-1"),
        (
            {
                "existing": ExistingFileSystem(
                    id="fs-0a1b2c3d4e5f60718", security_group="sg-0a1b2c3d4e5f60718"
                )
            },
            "does not say how it is run",
        ),
    ],
)
def test_what_is_not_counted_is_said(airflow: Environment, changed: dict[str, Any], remark: str) -> None:
    assert any(remark in one for one in report(with_file_system(airflow, **changed)).remarks)
