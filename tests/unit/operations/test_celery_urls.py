"""URLs of Celery's broker and of its results: those that it takes, and those that it does not."""

import pytest

from operations.doctor.celery_urls import unreadable_broker, unreadable_results
from operations.doctor.unreadable import Reader


@pytest.mark.parametrize(
    "text",
    [
        "redis://:word@cache:6379/0",
        "redis://cache",
        "redis://cache:6379/0\n",
        "rediss://airflow:word@cache.example.com:6379/1?ssl_cert_reqs=required",
        "rediss://cache:6379",
        "sentinel://one:26379;sentinel://two:26379",
        "amqp://airflow:word@rabbit:5672//",
        "amqps://airflow:word@rabbit:5671/airflow",
        "pyamqp://airflow:word@rabbit:5672//",
        "redis://cache:6379//1",
        "sqs://",
        "sqs://KEY:SE/CRET@",
        "SQS://",
    ],
)
def test_a_broker_of_celerys_is_no_problem(text: str) -> None:
    assert unreadable_broker(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://airflow:hush@db/airflow", "begins with postgresql://"),
        ("http://hush@cache", "begins with http://"),
        ("memory://", "begins with memory://"),
        ("sqla+postgresql://airflow:hush@db/airflow", "begins with sqla+postgresql://"),
        ("hush@cache:6379", "begins with no scheme"),
        ("", "begins with no scheme"),
        ("redis://:hush/x@cache:6379/0", "no host and port where Celery looks for them"),
        ("redis://:hush#x@cache:6379/0", "no host and port where Celery looks for them"),
        ("redis://cache:hush/0", "no host and port where Celery looks for them"),
        ("amqp://airflow:hush/x@rabbit:5672//", "no host and port where Celery looks for them"),
        ("redis://:hush@cache:6379/airflow", "a database that is no number"),
        ("rediss://:hush@cache:6379/0?ssl_cert_reqs=yes", "an unknown ssl_cert_reqs"),
        ("sentinel://one:26379;two:26379", "begins with no scheme"),
    ],
)
def test_a_broker_that_celery_does_not_take_is_named_and_not_shown(text: str, said: str) -> None:
    fault = unreadable_broker(text)
    assert fault is not None
    assert said in fault.what
    assert fault.reader is Reader.AIRFLOW
    assert "hush" not in fault.what + fault.cure


@pytest.mark.parametrize(
    "text",
    [
        "db+postgresql://airflow:word@db:5432/airflow",
        "db+postgresql+psycopg2://airflow:wo/rd@db/airflow?sslmode=require",
        "database+mysql://airflow:word@db/airflow",
        "db+postgresql://airflow@[fd00::1]:5432/airflow",
        "redis://:word@cache:6379/1",
        "rediss://:word@cache:6379/1?ssl_cert_reqs=required",
        "rediss://:word@cache:6379/1?ssl_cert_reqs=CERT_NONE",
        "sentinel://one:26379;sentinel://two:26379",
        "s3://bucket",
        "cache+memcached://cache:11211/",
    ],
)
def test_a_store_of_celerys_is_no_problem(text: str) -> None:
    assert unreadable_results(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("postgresql://airflow:hush@db/airflow", "begins with postgresql://, and Celery wants db+"),
        (
            "postgresql+psycopg2://airflow:hush@db/a",
            "begins with postgresql+psycopg2://, and Celery wants db+",
        ),
        ("mysql://airflow:hush@db/airflow", "begins with mysql://, and Celery wants db+"),
        (
            "db+postgres://airflow:hush@db/airflow",
            "begins with db+postgres://, which SQLAlchemy does not know",
        ),
        ("db://airflow:hush@db/airflow", "which SQLAlchemy does not know"),
        ("db+postgresql+asyncpg://airflow:hush@db/airflow", "names the driver asyncpg"),
        ("db+sqlite:///hush.db", "begins with db+sqlite://, of which each pod has its own"),
        ("cache+memory://", "begins with cache+memory://, of which each pod has its own"),
        ("file:///hush", "begins with file://, of which each pod has its own"),
        ("https://hush@db", "begins with https://, which is no store that Celery knows"),
        ("hush", "begins with no scheme"),
        ("db+postgresql://airflow:hush@db/airflow\n", "ends in a line break"),
        ("db+postgresql://airflow:hush@hush@db/airflow", "an @ in user or password"),
        ("db+postgresql://airflow:hush@db:port/airflow", "a port that is no number"),
        ("redis://:hush/x@cache:6379/0", "no host and port where Celery looks for them"),
        ("redis://:hush@cache:6379/results", "a database that is no number"),
        ("rediss://:hush@cache:6379/0", "wants to be told ssl_cert_reqs"),
        ("rediss://:hush@cache:6379/0?ssl_cert_reqs=yes", "wants to be told ssl_cert_reqs"),
        ("redis://:hush@cache:6379/0?ssl_cert_reqs=required", "begins with redis://, and has the option"),
    ],
)
def test_a_store_that_celery_does_not_take_is_named_and_not_shown(text: str, said: str) -> None:
    fault = unreadable_results(text)
    assert fault is not None
    assert said in fault.what
    assert fault.reader is Reader.AIRFLOW
    assert "hush" not in fault.what + fault.cure
