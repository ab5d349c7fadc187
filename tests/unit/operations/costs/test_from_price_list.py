"""A list of prices from answers of AWS's Price List API, in the form that its documentation shows."""

import json
from pathlib import Path
from typing import Any

import pytest

from operations.costs.from_price_list import main
from operations.costs.prices import load_prices


def product(usagetype: str, price: str, *, service: str = "AmazonEFS", **attributes: str) -> str:
    return json.dumps(
        {
            "product": {
                "productFamily": "Storage",
                "attributes": {
                    "regionCode": "eu-west-1",
                    "servicecode": service,
                    "usagetype": usagetype,
                    **attributes,
                },
                "sku": "SKU",
            },
            "serviceCode": service,
            "terms": {
                "OnDemand": {
                    "SKU.JRTCKXETXF": {
                        "priceDimensions": {
                            "SKU.JRTCKXETXF.6YS6EN2CT7": {
                                "unit": "GB-Mo",
                                "beginRange": "0",
                                "endRange": "Inf",
                                "pricePerUnit": {"USD": price},
                            }
                        }
                    }
                }
            },
            "publicationDate": "2026-10-02T17:21:06Z",
        }
    )


EFS = [
    product("EU-TimedStorage-ByteHrs", "0.3300000000", storageClass="General Purpose"),
    product("EU-TimedStorage-Z-ByteHrs", "0.1760000000", storageClass="One Zone-General Purpose"),
    product("EU-IATimedStorage-ET-ByteHrs", "0.0200000000"),
    product("EU-IADataAccess-Bytes", "0.0110000000", accessType="Read"),
    product("EU-IADataAccess-Bytes", "0.0120000000", accessType="Write"),
    product("EU-ETDataAccess-Bytes", "0.0330000000", accessType="Read"),
    product("EU-ProvisionedTP-MiBpsHrs", "6.6000000000"),
    product("EU-IncludedTP-MiBpsHrs", "0.0000000000"),
]
BACKUP = [product("EU-WarmStorage-ByteHrs-EFS", "0.0500000000", service="AWSBackup")]


def answers(folder: Path, *products: list[str]) -> list[str]:
    paths = []
    for number, one in enumerate(products):
        path = folder / f"{number}.json"
        path.write_text(json.dumps({"FormatVersion": "aws_v1", "PriceList": one}))
        paths.append(str(path))
    return paths


def test_the_list_that_it_makes_is_one_that_cost_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(answers(tmp_path, EFS, BACKUP)) == 0
    path = tmp_path / "prices.yaml"
    path.write_text(capsys.readouterr().out)
    prices = load_prices(path)
    region = prices.regions["eu-west-1"]
    assert {name: str(getattr(region.efs, name)) for name in region.efs.model_fields_set} == {
        "standard": "0.33",
        "one_zone_standard": "0.176",
        "infrequent_access_elastic": "0.02",
        "infrequent_access_read": "0.011",
        "infrequent_access_write": "0.012",
        "elastic_read": "0.033",
        "provisioned": "6.6",
    }
    assert str(region.backup.warm_storage) == "0.05"
    assert {f"{source.published}" for source in prices.sources.values()} == {"2026-10-02"}


def test_the_regions_of_us_east_1_have_no_prefix_and_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = product("TimedStorage-ByteHrs", "0.3000000000", regionCode="us-east-1")
    assert main(answers(tmp_path, [plain])) == 0
    assert "us-east-1:\n    efs:\n      standard: 0.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", 'there is no "PriceList"'),
        ('{"PriceList": []}', "nothing in there is a price of Amazon EFS"),
        ("[", "Expecting value"),
    ],
)
def test_what_is_no_answer_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path: Any = tmp_path / "answer.json"
    path.write_text(content)
    assert main([str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {message}")
