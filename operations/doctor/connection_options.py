"""Options behind the ? of a PostgreSQL connection string, which two libraries must take.

Airflow gives them to libpq, and KEDA to pgx. What one of them does not know, it does not pass over: libpq
refuses the string, and pgx sends the option to the server, which refuses the connection.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS,
https://pkg.go.dev/github.com/jackc/pgx/v5/pgconn#ParseConfig
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import parse_qsl

from operations.doctor.unreadable import Reader, Unreadable

_BOTH: Final = {
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname", "host",
    "krbsrvname", "max_protocol_version", "min_protocol_version", "options", "passfile", "password",
    "port", "replication", "service", "sslcert", "sslkey", "sslmode", "sslnegotiation", "sslpassword",
    "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
}  # fmt: skip
"""Options that libpq knows, and pgx or the server."""

_LIBPQ_ONLY: Final = {
    "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "require_auth",
    "requirepeer", "sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "ssl_max_protocol_version",
    "ssl_min_protocol_version",
}  # fmt: skip

_WORDS: Final[Mapping[str, str]] = {
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "target_session_attrs": "any|read-write|read-only|primary|standby|prefer-standby",
    "connect_timeout": "[0-9]+",
}
"""What both libraries take for an option, as a pattern."""

_FILES: Final = ("sslrootcert", "sslcert", "sslkey", "servicefile")


def unreadable_option(query: str) -> Unreadable | None:
    """What Airflow or KEDA cannot read in what follows the ? of a connection string; None: nothing.

    No value is repeated.
    """
    for name, value in parse_qsl(query):
        if name in _LIBPQ_ONLY:
            return Unreadable(
                f"the connection string has the option {name}", f"remove {name}, or set it in the server"
            )
        if name not in _BOTH:
            shown = f"the option {name}" if re.fullmatch(r"[A-Za-z_]{1,40}", name) else "an option"
            return Unreadable(
                f"the connection string has {shown}, which is none of PostgreSQL's",
                "remove it; options of a session are written as options=-c%20NAME%3DVALUE",
                Reader.AIRFLOW,
            )
        if name in _WORDS and not re.fullmatch(_WORDS[name], value):
            allowed = "a whole number" if name == "connect_timeout" else _WORDS[name].replace("|", ", ")
            return Unreadable(
                f"the connection string has an unknown {name}",
                f"write one of {allowed}" if "," in allowed else f"write {allowed}, of seconds",
            )
    return None


def named_files(text: str) -> Iterator[tuple[str, str]]:
    """Option and path of each file that a connection string names; none where no TLS is used."""
    options = dict(parse_qsl(text.partition("?")[2]))
    if options.get("sslmode") == "disable":
        return
    for name in _FILES:
        path = options.get(name)
        # This word stands for the authorities that the system trusts.
        if path and (name, path) != ("sslrootcert", "system"):
            yield name, path
