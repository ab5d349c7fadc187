from collections.abc import Callable

import pytest

from settings import Environment

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

AT = "environments/prod.yaml:16: file_system.backup_plan"


def with_plan(fields: str) -> tuple[str, str]:
    return "  name: shared", f"  name: shared\n  backup_plan: {{name: logs, {fields}}}"


def test_a_plan_takes_the_place_of_the_automatic_backups(load: Load) -> None:
    file_system = load(*with_plan("vault: Default")).file_system
    assert file_system.backups is False
    assert file_system.backup_plan is not None
    assert (file_system.backup_plan.schedule, file_system.backup_plan.retention_days) == (
        "cron(0 5 * * ? *)",
        35,
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ("retention_days: 7", ": names no vault: write either vault or new_vault"),
        ("vault: Default, new_vault: logs", ": names two vaults: write either vault or new_vault"),
        (
            "vault: x",
            '.vault: "x" is not a name that AWS Backup accepts for a vault: '
            "write 2 to 50 letters, digits, - and _",
        ),
        (
            "vault: Default, retention_days: 0",
            ".retention_days: 0 is out of range: write a whole number from 1 to 36500",
        ),
        (
            "vault: Default, retention_days: 100, cold_storage_after_days: 30",
            ".retention_days: 100 is less than 90 days after cold_storage_after_days, 30: "
            "write at least 120, or cold_storage_after_days: null",
        ),
        (
            "vault: Default, cold_storage_after_days: 30",
            ".retention_days: 35 (the default) is less than 90 days after cold_storage_after_days, 30: "
            "write at least 120, or cold_storage_after_days: null",
        ),
    ],
)
def test_a_plan_has_its_rules(complaints: Complaints, fields: str, fault: str) -> None:
    assert complaints(*with_plan(fields)) == [f"{AT}{fault}"]


@pytest.mark.parametrize(
    "schedule",
    [
        "cron(0 5 * * ? *)",
        "cron(15 */6 ? * MON-FRI *)",
        "cron(0 3 L * ? *)",
        "cron(0 3 ? JAN,JUL 2#1 2027-2030)",
        "cron(0 3 ? * FRIL *)",
        "cron(0 3 ? * 6L *)",
        "cron(0 3 LW * ? *)",
        "cron(0 3 15W * ? *)",
    ],
)
def test_a_schedule_is_one_of_awss_cron_expressions(load: Load, schedule: str) -> None:
    plan = load(*with_plan(f"vault: Default, schedule: '{schedule}'")).file_system.backup_plan
    assert plan is not None
    assert plan.schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("cron(60 5 * * ? *)", "has 60 for MINUTE: write a number from 0 to 59"),
        ("cron(0 3,25 * * ? *)", "has 25 for HOUR: write a number from 0 to 23"),
        ("cron(0 5 0 * ? *)", "has 0 for DAY: write a number from 1 to 31"),
        ("cron(0 5 ? 13/2 1 *)", "has 13 for MONTH: write a number from 1 to 12"),
        ("cron(0 5 ? * 0 *)", "has 0 for WEEKDAY: write a number from 1 to 7"),
        ("cron(0 5 * * ? 26)", "has 26 for YEAR: write a number from 1970 to 2199"),
        ("cron(0 5 ? * MO *)", "has MO for WEEKDAY: write SUN, MON, TUE, WED, THU, FRI or SAT"),
        (
            "cron(0 5 1 JAN-JUNE ? *)",
            "has JUNE for MONTH: write JAN, FEB, MAR, APR, MAY, JUN, JUL, AUG, SEP, OCT, NOV or DEC",
        ),
    ],
)
def test_a_number_out_of_range_is_named(complaints: Complaints, schedule: str, fault: str) -> None:
    assert complaints(*with_plan(f"vault: Default, schedule: '{schedule}'")) == [
        f'{AT}.schedule: "{schedule}" {fault}'
    ]


@pytest.mark.parametrize(
    "schedule",
    [
        "0 5 * * *",
        "rate(1 day)",
        "cron(0 5 * * *)",
        "cron(0 5 * * * *)",
        "cron(0 5 ? * ? *)",
        "cron(0 5 * * ? *) ",
    ],
)
def test_what_is_no_schedule_of_aws_backup_is_refused(complaints: Complaints, schedule: str) -> None:
    assert complaints(*with_plan(f"vault: Default, schedule: '{schedule}'")) == [
        f'{AT}.schedule: "{schedule}" is not a schedule of AWS Backup: write cron(MINUTE HOUR DAY '
        "MONTH WEEKDAY YEAR) in UTC, with ? for DAY or for WEEKDAY, such as cron(0 5 * * ? *)"
    ]
