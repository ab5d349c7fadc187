"""Whether Celery can read the URLs of its broker and of its store of results.

https://docs.celeryq.dev/en/stable/userguide/configuration.html#conf-result-backend,
https://docs.celeryq.dev/projects/kombu/en/stable/userguide/connections.html#urls
"""

import re
from typing import Final
from urllib.parse import parse_qs

from operations.doctor.connection_string import has_host, scheme_of
from operations.doctor.unreadable import Reader, Unreadable

_BROKERS: Final = ("redis", "rediss", "sentinel", "amqp", "amqps", "pyamqp", "sqs")
_BROKER_CURE: Final = (
    "write a URL that begins with redis://, rediss://, sentinel://, amqp://, amqps:// or sqs://"
)

_RESULTS_CURE: Final = "write db+postgresql://USER:PASSWORD@HOST:5432/DATABASE"
_KEY_VALUE_STORES: Final = {
    "arangodb", "azureblockblob", "cache", "cassandra", "consul", "cosmosdbsql", "couchbase", "couchdb",
    "dynamodb", "elasticsearch", "gs", "mongodb", "redis", "rediss", "rpc", "s3", "sentinel",
}  # fmt: skip
"""Celery's own names of stores that the scheduler and the workers can share."""

_DATABASES: Final = ("mysql", "postgres", "postgresql", "mariadb", "mssql", "oracle")
_ASYNCHRONOUS: Final = ("aiomysql", "asyncmy", "asyncpg", "psycopg_async")

_CERTIFICATE: Final = "ssl_cert_reqs"
_CHECKS: Final = ("CERT_REQUIRED", "CERT_OPTIONAL", "CERT_NONE", "required", "optional", "none")
"""What an option says of the server's certificate: whether it is checked."""

_ESCAPE: Final = "write such characters of user and password by their percent code: / is %2F, # is %23"


def unreadable_broker(text: str) -> Unreadable | None:
    """What Celery cannot read in the URL of its broker, and the cure; None: nothing.

    Several brokers of a kind are separated by semicolons. No part but the scheme is repeated.
    """
    for one in text.split(";"):
        scheme = scheme_of(one)
        if scheme is None or scheme.lower() not in _BROKERS:
            shown = f"{scheme}://" if scheme else "no scheme"
            return _told(f"the broker's URL begins with {shown}", _BROKER_CURE)
        if scheme.lower() == "sqs":
            continue  # no host: it names the keys of an account, or nothing
        if not has_host(one):
            return _told("the broker's URL has no host and port where Celery looks for them", _ESCAPE)
        if scheme.lower() in ("redis", "rediss"):
            if fault := _redis_database(one, "the broker's URL"):
                return fault
            if _checks(one) - {*_CHECKS}:
                return _told(f"the broker's URL has an unknown {_CERTIFICATE}", "write required")
    return None


def unreadable_results(text: str) -> Unreadable | None:
    """What Celery cannot read in the URL of its store of results, and the cure; None: nothing."""
    scheme = scheme_of(text)
    if scheme is None:
        return _told("the result backend begins with no scheme", _RESULTS_CURE)
    store, _, dialect = scheme.partition("+")
    if store in _DATABASES:
        return _told(
            f"the result backend begins with {scheme}://, and Celery wants db+ before a database",
            _RESULTS_CURE,
        )
    if store in ("file", "disabled") or dialect in ("memory", "sqlite"):
        return _told(
            f"the result backend begins with {scheme}://, of which each pod has its own", _RESULTS_CURE
        )
    if store in ("db", "database"):
        return _database(text, dialect)
    if store not in _KEY_VALUE_STORES:
        return _told(
            f"the result backend begins with {scheme}://, which is no store that Celery knows", _RESULTS_CURE
        )
    if store not in ("redis", "rediss"):
        return None
    return _redis(text, store)


def _database(text: str, dialect: str) -> Unreadable | None:
    """What SQLAlchemy, which Celery gives the URL, does not take."""
    database, _, driver = dialect.partition("+")
    if database in ("", "postgres"):
        return _told(
            f"the result backend begins with db+{database}://, which SQLAlchemy does not know", _RESULTS_CURE
        )
    if driver in _ASYNCHRONOUS:
        return _told(
            f"the result backend names the driver {driver}, which Celery cannot wait for",
            f"write db+{database}://",
        )
    if text != text.rstrip("\r\n"):
        return _told("the result backend ends in a line break", "make the Secret with printf, or echo -n")
    # SQLAlchemy takes an @ in a password for its end, and a / for a part of it.
    authority = re.match(r"(?:[^:/]*(?::[^@]*)?@)?([^/?]*)", text.partition("://")[2])
    host = authority[1] if authority else ""
    if "@" in host:
        return _told(
            "the result backend has an @ in user or password, behind which Airflow looks for the host",
            "write it by its percent code: @ is %40",
        )
    if not re.fullmatch(r"(?:\[[^]]+\]|[^:]*)(?::[0-9]*)?", host):
        return _told("the result backend has a port that is no number", _RESULTS_CURE)
    return None


def _redis(text: str, scheme: str) -> Unreadable | None:
    if not has_host(text):
        return _told("the result backend has no host and port where Celery looks for them", _ESCAPE)
    if fault := _redis_database(text, "the result backend"):
        return fault
    said = _checks(text)
    if scheme == "rediss" and (not said or said - {*_CHECKS}):
        return _told(
            f"the result backend begins with rediss://, and Celery wants to be told {_CERTIFICATE}",
            f"write ?{_CERTIFICATE}=required behind it",
        )
    if scheme == "redis" and said:
        return _told(
            f"the result backend begins with redis://, and has the option {_CERTIFICATE} of TLS",
            "write rediss://, or remove the option",
        )
    return None


def _redis_database(text: str, which: str) -> Unreadable | None:
    path = re.split(r"[?#]", text.partition("://")[2], maxsplit=1)[0].partition("/")[2]
    if re.fullmatch(r"(?:/?[0-9]+)?\s*", path):  # a slash more is passed over
        return None
    return _told(f"{which} has a database that is no number", "write redis://HOST:6379/0")


def _checks(text: str) -> set[str]:
    return set(parse_qs(text.partition("?")[2]).get(_CERTIFICATE, []))


def _told(what: str, cure: str) -> Unreadable:
    return Unreadable(what, cure, Reader.AIRFLOW)
