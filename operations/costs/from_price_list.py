"""Makes a list of prices from answers of AWS's Price List API.

    aws pricing get-products --region us-east-1 --service-code AmazonEFS \\
        --filters Type=TERM_MATCH,Field=regionCode,Value=eu-west-1 > efs.json
    aws pricing get-products --region us-east-1 --service-code AWSBackup \\
        --filters Type=TERM_MATCH,Field=regionCode,Value=eu-west-1 > backup.json
    python -m operations.costs.from_price_list efs.json backup.json > prices.yaml

An answer is `{"PriceList": [product, …]}`, each product a JSON document, as text or not. The list is made of
the usage types, without the region's prefix, in
https://docs.aws.amazon.com/efs/latest/ug/billing-usage-reports-understand.html
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import yaml

from operations.costs.prices import PriceList, PricesError

_URL: Final = (
    "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html"
)

_FIGURES: Final[Mapping[tuple[str, str, str | None], tuple[str, str]]] = {
    ("AmazonEFS", "TimedStorage-ByteHrs", None): ("efs", "standard"),
    ("AmazonEFS", "TimedStorage-Z-ByteHrs", None): ("efs", "one_zone_standard"),
    ("AmazonEFS", "IATimedStorage-Z-ByteHrs", None): ("efs", "one_zone_infrequent_access"),
    ("AmazonEFS", "IATimedStorage-ByteHrs", None): ("efs", "infrequent_access"),
    ("AmazonEFS", "IATimedStorage-ET-ByteHrs", None): ("efs", "infrequent_access_elastic"),
    ("AmazonEFS", "ArchiveTimedStorage-ByteHrs", None): ("efs", "archive"),
    ("AmazonEFS", "IADataAccess-Bytes", "Read"): ("efs", "infrequent_access_read"),
    ("AmazonEFS", "IADataAccess-Bytes", "Write"): ("efs", "infrequent_access_write"),
    ("AmazonEFS", "ArchiveDataAccess-Bytes", "Read"): ("efs", "archive_read"),
    ("AmazonEFS", "ArchiveDataAccess-Bytes", "Write"): ("efs", "archive_write"),
    ("AmazonEFS", "ETDataAccess-Bytes", "Read"): ("efs", "elastic_read"),
    ("AmazonEFS", "ETDataAccess-Bytes", "Write"): ("efs", "elastic_write"),
    ("AmazonEFS", "ProvisionedTP-MiBpsHrs", None): ("efs", "provisioned"),
    ("AWSBackup", "WarmStorage-ByteHrs-EFS", None): ("backup", "warm_storage"),
}
"""Service, usage type and kind of access of a product -> the section and the name of its figure."""

_PREFIX: Final = re.compile(r"^[A-Z]{2,4}[0-9]?-(?=[A-Z])")


def price_list(answers: Sequence[Any]) -> PriceList:
    """The list of prices that answers of `get-products` hold.

    Raises:
        PricesError: one is no such answer, or nothing in them is a price of EFS.
    """
    regions: dict[str, dict[str, dict[str, Decimal]]] = {}
    published: dict[str, date] = {}
    for product in (one for answer in answers for one in _products(answer)):
        attributes = product["product"]["attributes"]
        usage = _PREFIX.sub("", attributes.get("usagetype", ""))
        service = product.get("serviceCode") or attributes.get("servicecode")
        access = attributes.get("accessType") if usage.endswith("DataAccess-Bytes") else None
        place = _FIGURES.get((service, usage, access))
        price = _dollars(product)
        if place is None or price is None:
            continue
        section, name = place
        regions.setdefault(attributes["regionCode"], {}).setdefault(section, {})[name] = price
        day = date.fromisoformat(product["publicationDate"][:10])
        published[section] = min(day, published.get(section, day))
    if not regions:
        raise PricesError(
            "nothing in there is a price of Amazon EFS: pass what aws pricing get-products printed"
        )
    return PriceList.model_validate(
        {
            "currency": "USD",
            "sources": {
                section: {"name": "AWS's Price List API, get-products", "url": _URL, "published": day}
                for section, day in published.items()
            },
            "regions": regions,
        }
    )


def _products(answer: Any) -> Iterator[Any]:
    if not isinstance(answer, dict) or not isinstance(answer.get("PriceList"), list):
        raise PricesError('there is no "PriceList": pass what aws pricing get-products printed')
    for one in answer["PriceList"]:
        yield json.loads(one) if isinstance(one, str) else one


def _dollars(product: Any) -> Decimal | None:
    """The price in USD on demand; the first for a product that has steps."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in sorted(
            term["priceDimensions"].values(), key=lambda one: Decimal(one.get("beginRange", 0))
        ):
            try:
                return Decimal(dimension["pricePerUnit"]["USD"])
            except (KeyError, InvalidOperation):
                continue
    return None


def render(prices: PriceList) -> str:
    """The list as YAML."""
    content = prices.model_dump(mode="json", exclude_unset=True)
    for region in content["regions"].values():
        for section in region.values():
            section.update({name: float(figure) for name, figure in section.items()})
    for source in content["sources"].values():
        source["published"] = date.fromisoformat(source["published"])
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the answers, write the list to standard output; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m operations.costs.from_price_list",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("answers", nargs="+", type=Path, help="files that aws pricing get-products printed")
    try:
        answers = [
            json.loads(path.read_text(encoding="utf-8")) for path in parser.parse_args(arguments).answers
        ]
        sys.stdout.write(render(price_list(answers)))
    except (OSError, ValueError, KeyError, PricesError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
