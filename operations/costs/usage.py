"""How much a file system is used in a month, and what follows from it."""

from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

MONTH_DAYS: Final = Decimal("30.4")
"""Days of an average month."""

MONTH_SECONDS: Final = MONTH_DAYS * 86_400

BACKUP_DAYS: Final = 35
"""How long the automatic backups of EFS keep each daily backup."""

_BASELINE: Final = Decimal(50) / 1024
"""MiB/s that a GiB of Standard storage includes: 50 KiB/s."""

_LEAST: Final = Decimal(1)
"""MiB/s that every file system may have."""

_BURST: Final = Decimal(100)
"""MiB/s to which a file system may burst, and as many more for each TiB above the first."""

_READ_SHARE: Final = Decimal(3)
"""Reads count a third of writes against throughput."""

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class Usage(BaseModel):
    """What is stored, read and written in a month; in GiB, which EFS bills as GB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gib: Amount = Field(description="Data stored, on average.")
    write_gib: Amount = Field(description="Data written.")
    read_gib: Amount = Field(description="Data read.")
    cold_read_gib: Amount = Field(description="Of that, data read that has not been read for long.")
    peak_mibps: Amount = Field(description="Throughput needed at the busiest time, in metered MiB/s.")
    claims: int = Field(ge=0, description="Volumes; they cost nothing by themselves.")

    def older_than(self, days: int) -> Decimal:
        """GiB that was written longer ago.

        As much is deleted as is written, oldest first, and what was written is not read again for that long,
        but for `cold_read_gib`. So the newest data of any length of time is what is written in it.
        """
        return max(Decimal(0), self.gib - self.write_gib * days / MONTH_DAYS)

    def aging_past(self, days: int) -> Decimal:
        """GiB that reaches that age in a month: all that is written, unless it is deleted before."""
        return self.write_gib if self.older_than(days) > 0 else Decimal(0)

    def average_mibps(self) -> Decimal:
        """The metered throughput over the whole month."""
        return (self.write_gib + self.read_gib / _READ_SHARE) * 1024 / MONTH_SECONDS

    def backup_gib(self, days: int) -> Decimal:
        """GiB of backups: everything once, and what was written in the days that they are kept."""
        return self.gib + self.write_gib * days / MONTH_DAYS


def baseline_mibps(standard_gib: Decimal) -> Decimal:
    """The throughput that Standard storage includes."""
    return max(_LEAST, standard_gib * _BASELINE)


def burst_mibps(standard_gib: Decimal) -> Decimal:
    """The throughput to which a file system may burst while it has credits."""
    return max(_BURST, standard_gib / 1024 * _BURST)


def derived_peak(usage_average: Decimal) -> Decimal:
    """A peak for those who know none: ten times the average, in whole MiB/s."""
    return max(_LEAST, (usage_average * 10).to_integral_value(ROUND_CEILING))
