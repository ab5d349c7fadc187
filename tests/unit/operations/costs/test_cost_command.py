"""`airflow-efs cost`, run as a person or a pipeline runs it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.cli import app
from operations.costs.comparison import CostReport
from operations.costs.prices import PricesError

RUNNER = CliRunner()


def test_the_table_has_the_bill_the_ways_the_winner_and_the_sources() -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul"])
    assert run.exit_code == 0
    for words in (
        "Standard storage",
        "Ways to run it",
        "Cheapest: bursting",
        "(now)",
        "Prices of efs: 2025-",
    ):
        assert words in run.output


def test_what_nobody_said_is_called_assumed() -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--gib", "500", "--peak-mibps", "3"])
    assumed = next(line for line in run.output.splitlines() if line.startswith("Assumed"))
    assert "GiB written" in assumed
    assert "GiB stored" not in assumed
    assert "peak" not in assumed


def test_the_json_is_the_documented_report() -> None:
    run = RUNNER.invoke(app, ["cost", "dynamic-provisioning", "--gib", "500.5", "--output", "json"])
    report = CostReport.model_validate_json(run.stdout)
    assert (report.environment, f"{report.usage.gib}", report.usage.claims) == (
        "dynamic-provisioning",
        "500.5",
        1,
    )
    page = (Path(__file__).parents[4] / "docs" / "commands.md").read_text(encoding="utf-8")
    for field in json.loads(run.stdout):
        assert f"| `{field}` |" in page, field


def test_a_list_of_ones_own_is_used(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(
        "currency: USD\n"
        "sources: {efs: {name: mine, url: https://example.com, published: 2026-11-01}}\n"
        "regions: {ap-northeast-2: {efs: {standard: 1}}}\n"
    )
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--prices", str(path), "--output", "json"])
    report = CostReport.model_validate_json(run.stdout)
    assert report.sources["efs"].name == "mine"
    assert report.winner is not None
    assert report.winner.infrequent_access_after_days is None


def test_a_price_of_backups_that_the_list_has_not_can_be_given() -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--backup-price", "0.06", "--output", "json"])
    report = CostReport.model_validate_json(run.stdout)
    assert report.backups is not None
    assert report.backups.price is not None
    assert report.current.total is not None
    assert f"{report.backups.price}" == "0.06"
    assert report.backups.cost == report.backups.quantity * report.backups.price
    assert report.total == report.current.total + report.backups.cost
    assert report.sources["backup"].name == "the command line"
    assert not any("backups" in remark for remark in report.remarks)


def test_a_price_of_backups_that_is_given_comes_before_the_lists(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    source = "{name: mine, url: https://example.com, published: 2026-11-01}"
    path.write_text(
        f"currency: USD\nsources: {{efs: {source}, backup: {source}}}\n"
        "regions: {ap-northeast-2: {efs: {standard: 1}, backup: {warm_storage: 9}}}\n"
    )
    given = ["--prices", str(path), "--backup-price", "0.06", "--output", "json"]
    report = CostReport.model_validate_json(RUNNER.invoke(app, ["cost", "airflow-seoul", *given]).stdout)
    assert report.backups is not None
    assert f"{report.backups.price}" == "0.06"
    assert report.sources["efs"].name == "mine"


def test_a_price_of_backups_makes_no_prices_of_an_unknown_region(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("currency: USD\nsources: {}\nregions: {}\n")
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--prices", str(path), "--backup-price", "1"])
    assert "has no prices for ap-northeast-2" in str(run.exception)


def test_without_a_price_of_backups_the_table_says_what_is_missing() -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul"])
    assert "Without backups" in run.output
    assert "Together" not in run.output
    assert "the price of backups in ap-northeast-2 is not known" in run.output


def test_a_region_that_the_list_has_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("currency: USD\nsources: {}\nregions: {}\n")
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--prices", str(path)])
    assert isinstance(run.exception, PricesError)
    assert "has no prices for ap-northeast-2" in str(run.exception)


@pytest.mark.parametrize(
    "option", ["--gib", "--write-gib", "--read-gib", "--peak-mibps", "--claims", "--backup-price"]
)
def test_a_negative_amount_is_wrong_usage(option: str) -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", option, "-1"])
    assert run.exit_code == 2
    assert option in run.output


@pytest.mark.parametrize("amount", ["inf", "1e400", "nan"])
def test_an_amount_that_is_not_finite_is_wrong_usage(amount: str) -> None:
    assert RUNNER.invoke(app, ["cost", "airflow-seoul", "--gib", amount]).exit_code == 2


def test_cold_reads_are_a_part_of_all_reads() -> None:
    run = RUNNER.invoke(app, ["cost", "airflow-seoul", "--read-gib", "1", "--cold-read-gib", "500"])
    assert run.exit_code == 2
    assert "more than all that is read" in run.output


def test_the_output_has_its_short_option() -> None:
    run = RUNNER.invoke(app, ["cost", "dynamic-provisioning", "-o", "json"])
    assert CostReport.model_validate_json(run.stdout).environment == "dynamic-provisioning"
