"""A backup plan of the file system's own, in the place of AWS Backup's default one."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from settings.faults import Fault, FaultsError
from settings.section import Between, Form, Section

_LEAST_DAYS_COLD: Final = 90
"""AWS Backup keeps a recovery point in cold storage for at least so long."""

_CRON_FIELDS: Final = {
    "MINUTE": (0, 59),
    "HOUR": (0, 23),
    "DAY": (1, 31),
    "MONTH": (1, 12),
    "WEEKDAY": (1, 7),
    "YEAR": (1970, 2199),
}
"""The numbers that AWS takes in each field of a cron expression, Sunday being 1."""


_CRON_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "MONTH": ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"),
    "WEEKDAY": ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"),
}
"""The words that AWS takes there."""


def _check_schedule(schedule: str) -> str:
    fields = schedule.removeprefix("cron(").removesuffix(")").split()
    for (name, (least, most)), field in zip(_CRON_FIELDS.items(), fields, strict=True):
        # What follows a slash is a step and no point in time.
        for number in re.findall(r"(?<![/0-9])[0-9]+", field):
            if not least <= int(number) <= most:
                raise FaultsError(
                    [Fault(f"has {number} for {name}", f"write a number from {least} to {most}")]
                )
        words = _CRON_WORDS.get(name, ())
        for word in re.findall(r"[A-Z]{2,}", field) if words else ():
            # An L after a weekday makes it the month's last.
            if word not in words and word.removesuffix("L") not in words:
                known = f"{', '.join(words[:-1])} or {words[-1]}"
                raise FaultsError([Fault(f"has {word} for {name}", f"write {known}")])
    return schedule


VaultName = Annotated[
    str,
    Form(
        r"[A-Za-z0-9_-]{2,50}",
        "is not a name that AWS Backup accepts for a vault",
        "write 2 to 50 letters, digits, - and _",
    ),
]


class BackupPlan(Section):
    """A backup plan of the file system's own; exactly one of vault and new_vault."""

    name: Annotated[
        str,
        Form(
            r"[A-Za-z0-9_.-]{1,50}",
            "is not a name that AWS Backup accepts for a plan",
            "write 1 to 50 letters, digits, -, _ and .",
        ),
    ] = Field(description="Name of the plan.", examples=["airflow-logs"])
    schedule: Annotated[
        str,
        Form(
            r"cron\([0-9*,/-]+ [0-9*,/-]+ (?:[0-9LW*,/-]+ [A-Z0-9*,/-]+ \?|\? [A-Z0-9*,/-]+ [A-Z0-9L#*,/-]+)"
            r" [0-9*,/-]+\)",
            "is not a schedule of AWS Backup",
            "write cron(MINUTE HOUR DAY MONTH WEEKDAY YEAR) in UTC, with ? for DAY or for WEEKDAY, such as "
            "cron(0 5 * * ? *)",
        ),
        AfterValidator(_check_schedule),
    ] = Field(
        default="cron(0 5 * * ? *)", description="When a backup starts: a cron expression of AWS, in UTC."
    )
    retention_days: Annotated[int, Between(1, 36500)] = Field(
        default=35, description="Days for which a backup is kept."
    )
    cold_storage_after_days: Annotated[int, Between(1, 36500)] | None = Field(
        default=None, description="Days after which a backup moves to cold storage; null: never."
    )
    vault: VaultName | None = Field(
        default=None, description="Name of the vault that keeps the backups and exists already."
    )
    new_vault: VaultName | None = Field(
        default=None, description="Name of a vault that the stack makes, and never deletes."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if (self.vault is None) == (self.new_vault is None):
            named = "names no vault" if self.vault is None else "names two vaults"
            yield Fault(named, "write either vault or new_vault", subject="")
        cold = self.cold_storage_after_days
        if cold is not None and self.retention_days < cold + _LEAST_DAYS_COLD:
            written = "retention_days" in self.model_fields_set
            yield Fault(
                f"is less than {_LEAST_DAYS_COLD} days after cold_storage_after_days, {cold}",
                f"write at least {cold + _LEAST_DAYS_COLD}, or cold_storage_after_days: null",
                ("retention_days",),
                None if written else f"{self.retention_days} (the default)",
            )
