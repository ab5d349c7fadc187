"""Connection strings that KEDA and Airflow read, and that one of them does not."""

import pytest

from operations.doctor.connection_string import unreadable
from operations.doctor.unreadable import Reader


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://airflow:word@db.example.com:5432/airflow",
        "postgresql://airflow@db/airflow",
        "postgresql://airflow:w%2Frd%23%40@db:5432/airflow?sslmode=require",
        "postgresql://airflow:wrd!$&'()*+,;=~@db/airflow",
        "postgresql://airflow:word@[fd00::1]:5432/airflow",
        "postgresql://airflow:word@one,two:5432/airflow",
        "postgresql://airflow:word@one,two/airflow",
        "postgresql://airflow:word@db/air flow",
        "postgresql:///airflow?host=db&user=airflow",
    ],
)
def test_a_string_that_both_read_is_no_problem(text: str) -> None:
    assert unreadable(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql+psycopg2://airflow:hush@db/airflow", "begins with postgresql+psycopg2://"),
        ("postgresql+asyncpg://airflow:hush@db/airflow", "begins with postgresql+asyncpg://"),
        ("mysql://airflow:hush@db/airflow", "begins with mysql://"),
        ("host=db user=airflow password=hush", "something other than postgresql"),
        ("", "something other than postgresql"),
        ("postgresql://airflow:hush@db/airflow\n", "ends in a line break"),
        ("postgresql://airflow:hush@db/airflow\r\n", "ends in a line break"),
        ("postgresql://airflow:hush hush@db/airflow", "a character in user or password"),
        ("postgresql://airflow:hu\tsh@db/airflow", "a control character"),
        ("postgresql://airflow:hush/x@db/airflow", "no host and port where KEDA looks for them"),
        ("postgresql://airflow:hush#x@db/airflow", "no host and port where KEDA looks for them"),
        ("postgresql://airflow:hush?x@db/airflow", "no host and port where KEDA looks for them"),
        ("postgresql://airflow:hush@db:port/airflow", "no host and port where KEDA looks for them"),
        ("postgresql://airflow:123/hush@db/airflow", "no host and port where KEDA looks for them"),
        ("postgresql://airflow:hush@db/air%flow", "a % in the name of the database"),
        ("postgresql://airflow:hush%zz@db/airflow", "a character in user or password"),
        ("postgresql://airflow:hush%@db/airflow", "a character in user or password"),
        ("postgresql://airflow:hush^<>@db/airflow", "a character in user or password"),
    ],
)
def test_a_string_that_keda_does_not_read_is_named_and_not_shown(text: str, said: str) -> None:
    fault = unreadable(text)
    assert fault is not None
    assert said in fault.what
    assert fault.reader is Reader.KEDA
    assert "hush" not in fault.what + fault.cure


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://airflow:hush@hush@db/airflow", "an @ in user or password"),
        ("postgresql://airflow:hush@one:5432,two:5432/airflow", "a port for one of several hosts"),
        ("postgresql://airflow:hush@db/airflow?search_path=hush", "the option search_path"),
    ],
)
def test_a_string_that_airflow_does_not_read_is_named_and_not_shown(text: str, said: str) -> None:
    fault = unreadable(text)
    assert fault is not None
    assert said in fault.what
    assert fault.reader is Reader.AIRFLOW
    assert "hush" not in fault.what + fault.cure
