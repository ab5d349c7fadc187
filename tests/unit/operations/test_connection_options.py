"""Options of a connection string: those that libpq and pgx take, and those of one of them."""

import pytest

from operations.doctor.connection_options import named_files, unreadable_option
from operations.doctor.unreadable import Reader


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sslmode=disable",
        "sslmode=verify-full&sslrootcert=/rds/global-bundle.pem",
        "sslmode=verify-full&sslrootcert=system",
        "sslmode=require&application_name=airflow&connect_timeout=10",
        "options=-c%20search_path%3Dairflow",
        "target_session_attrs=read-write",
        "sslmode=",
    ],
)
def test_options_that_both_take_are_no_problem(query: str) -> None:
    assert unreadable_option(query) is None


@pytest.mark.parametrize("value", ["true", "on", "required", "verify_full", "no-verify", "Require", "hush"])
def test_an_unknown_sslmode_is_refused_with_those_there_are(value: str) -> None:
    fault = unreadable_option(f"sslmode={value}")
    assert fault is not None
    assert fault.what == "the connection string has an unknown sslmode"
    assert fault.cure == "write one of disable, allow, prefer, require, verify-ca, verify-full"


def test_a_time_with_a_unit_is_refused() -> None:
    fault = unreadable_option("connect_timeout=10s")
    assert fault is not None
    assert fault.cure == "write a whole number, of seconds"


def test_an_unknown_role_of_a_server_is_refused() -> None:
    fault = unreadable_option("target_session_attrs=master")
    assert fault is not None
    assert fault.what == "the connection string has an unknown target_session_attrs"


@pytest.mark.parametrize(
    "name", ["keepalives_idle", "gssencmode", "hostaddr", "sslcrl", "ssl_min_protocol_version"]
)
def test_an_option_of_libpq_only_is_refused_for_keda(name: str) -> None:
    fault = unreadable_option(f"sslmode=require&{name}=hush")
    assert fault is not None
    assert fault.what == f"the connection string has the option {name}"
    assert fault.reader is Reader.KEDA


@pytest.mark.parametrize("name", ["pool_max_conns", "ssl", "sslMode", "schema"])
def test_an_option_that_libpq_does_not_know_is_refused_for_airflow(name: str) -> None:
    fault = unreadable_option(f"{name}=hush")
    assert fault is not None
    assert f"the option {name}, which is none of PostgreSQL's" in fault.what
    assert fault.reader is Reader.AIRFLOW
    assert "hush" not in fault.what + fault.cure


def test_what_is_no_name_of_an_option_is_not_shown() -> None:
    fault = unreadable_option("hu-sh=1")
    assert fault is not None
    assert "hu-sh" not in fault.what + fault.cure


@pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey", "servicefile"])
def test_a_file_is_named(option: str) -> None:
    assert [*named_files(f"postgresql://db/airflow?{option}=/certs/a.pem")] == [(option, "/certs/a.pem")]


@pytest.mark.parametrize("query", ["sslmode=disable&sslrootcert=/certs/a.pem", "sslrootcert=system", ""])
def test_no_file_is_named_where_none_is_read(query: str) -> None:
    assert [*named_files(f"postgresql://db/airflow?{query}")] == []
