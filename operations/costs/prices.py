"""Dated prices, each with its source: the list that comes with this project, or one of the user's own."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHIPPED: Final = Path(__file__).parent / "prices.yaml"
"""The list that comes with this project."""

BACKUP_PRICES: Final = "https://aws.amazon.com/backup/pricing/"
"""AWS's page, which has the price of every region for a person to read."""

Figure = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class PricesError(Exception):
    """There are no prices to estimate with; the text says why, and what to do."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Record):
    """Where figures come from, and of which day they are."""

    name: str
    url: str
    published: date


class EfsPrices(_Record):
    """Amazon EFS in one region. None: no source for this figure."""

    standard: Figure | None = None
    one_zone_standard: Figure | None = Field(default=None, description="Of a One Zone file system.")
    one_zone_infrequent_access: Figure | None = Field(
        default=None, description="Of a One Zone file system, with bursting or provisioned."
    )
    one_zone_infrequent_access_elastic: Figure | None = Field(
        default=None, description="Of a One Zone file system, with elastic throughput."
    )
    one_zone_archive: Figure | None = Field(default=None, description="Of a One Zone file system.")
    infrequent_access: Figure | None = Field(default=None, description="With bursting or provisioned.")
    infrequent_access_elastic: Figure | None = Field(default=None, description="With elastic throughput.")
    archive: Figure | None = None
    infrequent_access_read: Figure | None = Field(default=None, description="A GB read from there.")
    infrequent_access_write: Figure | None = Field(default=None, description="A GB moved there.")
    archive_read: Figure | None = None
    archive_write: Figure | None = None
    elastic_read: Figure | None = None
    elastic_write: Figure | None = None
    provisioned: Figure | None = Field(default=None, description="A MiB/s above what the storage includes.")


class BackupPrices(_Record):
    """AWS Backup of Amazon EFS in one region."""

    warm_storage: Figure | None = None


class RegionPrices(_Record):
    """The prices of one region."""

    efs: EfsPrices = EfsPrices()
    backup: BackupPrices = BackupPrices()

    def figure(self, name: str) -> Decimal | None:
        """A figure by its name, such as `efs.standard`."""
        section, _, field = name.partition(".")
        found: Decimal | None = getattr(getattr(self, section), field)
        return found


class PriceList(_Record):
    """A file of prices."""

    currency: str
    sources: Mapping[str, Source]
    regions: Mapping[str, RegionPrices]

    @model_validator(mode="after")
    def _has_a_source_for_every_figure(self) -> "PriceList":
        for name, region in self.regions.items():
            for section in region.model_fields_set:
                if section not in self.sources:
                    raise ValueError(f"regions.{name}.{section} has figures, but sources has no {section}")
        return self

    def with_backup_price(self, region: str, price: Decimal) -> "PriceList":
        """The list with a price of backups in a region that it knows, in the place of its own.

        Args:
            region: the region.
            price: a GB-month of warm storage of EFS's backups.
        """
        if region not in self.regions:
            return self
        prices = self.regions[region].model_copy(update={"backup": BackupPrices(warm_storage=price)})
        given = Source(name="the command line", url="--backup-price", published=datetime.now(UTC).date())
        return self.model_copy(
            update={
                "regions": {**self.regions, region: prices},
                "sources": {**self.sources, "backup": given},
            }
        )

    def region(self, name: str, *, shown: str) -> RegionPrices:
        """The prices of a region.

        Args:
            name: the region.
            shown: the list as messages call it.

        Raises:
            PricesError: it is not in the list.
        """
        if name not in self.regions:
            raise PricesError(
                f"{shown} has no prices for {name}, but for {', '.join(sorted(self.regions))}: name a list "
                "that has them with --prices; docs/commands.md says how AWS's Price List API gives one"
            )
        return self.regions[name]


def load_prices(path: Path) -> PriceList:
    """Read a list of prices.

    Raises:
        PricesError: it cannot be read, or something in it is wrong.
    """
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", "it is not UTF-8")
        raise PricesError(f"{path}: cannot be read: {why}: name another list with --prices") from None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise PricesError(f"{path}: is not YAML: {said}: write it as in {SHIPPED.name}") from None
    try:
        return PriceList.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the file"
        raise PricesError(
            f"{path}: {where}: {first['msg'].removeprefix('Value error, ')}: write it as in {SHIPPED.name}"
        ) from None
