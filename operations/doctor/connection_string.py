"""Whether Airflow and KEDA can read the connection string of Airflow's database."""

import re
from typing import Final

from operations.doctor.connection_options import unreadable_option
from operations.doctor.unreadable import Reader, Unreadable

_CURE: Final = "write postgresql://USER:PASSWORD@HOST:5432/DATABASE"
_ESCAPE: Final = "write such characters of user and password by their percent code: / is %2F, # is %23"


def unreadable(text: str) -> Unreadable | None:
    """What KEDA or Airflow cannot read in a connection string, and the cure; None: nothing.

    KEDA's scaler is written in Go: its driver, pgx, gives the string to `net/url`, which is stricter than
    SQLAlchemy but where a password holds an @, or one of several hosts a port.

    https://pkg.go.dev/net/url#Parse, https://keda.sh/docs/latest/scalers/postgresql/,
    https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
    """
    scheme = scheme_of(text) or "something other than postgresql"
    if scheme != "postgresql":
        return Unreadable(
            f"the connection string begins with {scheme}://",
            "write postgresql://…, without the name of a driver; Airflow takes it as well",
        )
    if text != text.rstrip("\r\n"):
        return Unreadable(
            "the connection string ends in a line break", "make the Secret with printf, or echo -n"
        )
    if re.search(r"[\x00-\x1f\x7f]", text):
        return Unreadable("the connection string holds a control character", _CURE)
    whole, _, query = text.removeprefix("postgresql://").partition("?")
    if not has_host(text):
        return Unreadable(
            "the connection string has no host and port where KEDA looks for them", f"{_CURE}; {_ESCAPE}"
        )
    authority, _, path = whole.partition("#")[0].partition("/")
    user, _, host = authority.rpartition("@")
    if not re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*", user):
        return Unreadable(
            "the connection string has a character in user or password that KEDA does not take", _ESCAPE
        )
    if "@" in user:
        return Unreadable(
            "the connection string has an @ in user or password, behind which Airflow looks for the host",
            "write it by its percent code: @ is %40",
            Reader.AIRFLOW,
        )
    if re.search(r":[0-9]*,", host):
        return Unreadable(
            "the connection string has a port for one of several hosts",
            "write HOST,HOST:5432: the port of all stands behind the last",
            Reader.AIRFLOW,
        )
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        return Unreadable("the connection string has a % in the name of the database", "write %25")
    return unreadable_option(query)


def has_host(text: str) -> bool:
    """Whether a host, and a port that is a number, stand where `/`, `?` and `#` end them.

    With one of these in a password, what is taken for the port is the password's beginning.
    """
    whole = re.split(r"[?#]", text.partition("://")[2], maxsplit=1)[0]
    authority, _, path = whole.partition("/")
    user, _, host = authority.rpartition("@")
    port = re.fullmatch(r"(?:\[[^]]*\]|[^:\]]*(?::[0-9]*,[^:]*)*)(?::[0-9]*)?", host)
    return port is not None and (bool(user) or "@" not in path)


def scheme_of(text: str) -> str | None:
    """What stands before ://; None where that is no scheme: it could be of a password."""
    scheme, separator, _ = text.partition("://")
    return scheme if separator and scheme.replace("+", "").isalnum() else None
