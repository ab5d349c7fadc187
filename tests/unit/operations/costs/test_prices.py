"""The price lists: the one that comes with the project, and those of users."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.costs.prices import SHIPPED, EfsPrices, PricesError, load_prices
from settings.aws import efs_regions

CONTENT: dict[str, Any] = {
    "currency": "USD",
    "sources": {"efs": {"name": "a list", "url": "https://example.com", "published": date(2026, 1, 1)}},
    "regions": {"eu-west-1": {"efs": {"standard": 0.33}}},
}


def refusal(path: Path, content: Any) -> str:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    with pytest.raises(PricesError) as caught:
        load_prices(path)
    return str(caught.value)


def test_the_shipped_list_has_every_figure_of_several_zones_for_every_region_in_it() -> None:
    figures = [figure for figure in EfsPrices.model_fields if not figure.startswith("one_zone_")]
    for name, region in load_prices(SHIPPED).regions.items():
        missing = [figure for figure in figures if region.figure(f"efs.{figure}") is None]
        assert missing == [], name


def test_where_one_zone_has_one_price_it_has_the_other_and_both_are_lower() -> None:
    regions = load_prices(SHIPPED).regions
    known = {name: one.efs for name, one in regions.items() if one.efs.one_zone_standard is not None}
    assert len(known) == 24
    for name, efs in known.items():
        assert efs.one_zone_standard < efs.standard, name  # type: ignore[operator]
        assert efs.one_zone_infrequent_access < efs.infrequent_access, name  # type: ignore[operator]


def test_the_shipped_list_has_regions_of_efs_only_and_most_of_them() -> None:
    regions = load_prices(SHIPPED).regions
    assert set(regions) <= set(efs_regions())
    assert {"us-east-1", "ap-northeast-2", "eu-west-1", "us-gov-west-1"} <= set(regions)


def test_every_source_of_the_shipped_list_has_a_page_and_a_day() -> None:
    for source in load_prices(SHIPPED).sources.values():
        assert source.url.startswith("https://")
        assert date(2025, 1, 1) < source.published <= date.today()


@pytest.mark.parametrize(
    ("region", "figure", "price"),
    [
        ("us-east-1", "standard", "0.3"),
        ("us-east-1", "elastic_write", "0.06"),
        ("us-east-2", "infrequent_access_elastic", "0.016"),
        ("us-east-2", "archive", "0.008"),
        ("ap-northeast-1", "provisioned", "7.2"),
        ("ap-northeast-1", "elastic_read", "0.04"),
        ("ap-northeast-2", "standard", "0.33"),
        ("ap-northeast-2", "infrequent_access_read", "0.011"),
    ],
)
def test_figures_are_what_other_readings_of_the_price_list_say(region: str, figure: str, price: str) -> None:
    found = load_prices(SHIPPED).regions[region].figure(f"efs.{figure}")
    assert f"{found}" == price


def test_a_region_without_prices_is_refused_with_those_that_have_them() -> None:
    with pytest.raises(PricesError, match=r"no prices for cn-north-1, but for af-south-1, .*--prices"):
        load_prices(SHIPPED).region("cn-north-1", shown="the list of this project")


def test_figures_without_a_source_are_refused(tmp_path: Path) -> None:
    content = {**CONTENT, "regions": {"eu-west-1": {"backup": {"warm_storage": 0.05}}}}
    assert "regions.eu-west-1.backup has figures, but sources has no backup" in refusal(
        tmp_path / "p.yaml", content
    )


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ({"standrad": 0.3}, r"regions.eu-west-1.efs.standrad: Extra inputs"),
        ({"standard": -0.3}, r"regions.eu-west-1.efs.standard: Input should be greater"),
        ({"standard": float("nan")}, r"regions.eu-west-1.efs.standard: Input should be a finite number"),
        ({"standard": "cheap"}, r"regions.eu-west-1.efs.standard: Input should be a valid decimal"),
    ],
)
def test_a_wrong_figure_is_named(tmp_path: Path, figure: dict[str, Any], message: str) -> None:
    content = {**CONTENT, "regions": {"eu-west-1": {"efs": figure}}}
    assert message in refusal(tmp_path / "p.yaml", content)


def test_what_is_not_yaml_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path / "p.yaml", "a: [")
    assert "p.yaml: is not YAML" in said
    assert "write it as in prices.yaml" in said


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PricesError, match=r"none\.yaml: cannot be read: No such file"):
        load_prices(tmp_path / "none.yaml")
