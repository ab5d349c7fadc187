"""Whether KEDA can read the connection string of Airflow's database."""

import re
from typing import Final

_CURE: Final = "write postgresql://USER:PASSWORD@HOST:5432/DATABASE"
_ESCAPE: Final = "write such characters of user and password by their percent code: / is %2F, # is %23"


def unreadable(text: str) -> tuple[str, str] | None:
    """What KEDA cannot read in a connection string, although SQLAlchemy may, and the cure; None: nothing.

    KEDA's scaler is written in Go: its driver, pgx, gives the string to `net/url`, which is stricter than
    SQLAlchemy. No part of the string but its scheme is repeated, because it holds a password.

    https://pkg.go.dev/net/url#Parse, https://keda.sh/docs/latest/scalers/postgresql/
    """
    scheme = _scheme(text)
    if scheme != "postgresql":
        return (
            f"the connection string begins with {scheme}://",
            "write postgresql://…, without the name of a driver; Airflow takes it as well",
        )
    if text != text.rstrip("\r\n"):
        return "the connection string ends in a line break", "make the Secret with printf, or echo -n"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "the connection string holds a control character", _CURE
    whole = re.split(r"[?#]", text.removeprefix("postgresql://"), maxsplit=1)[0]
    authority, _, path = whole.partition("/")
    user, _, host = authority.rpartition("@")
    # With / ? or # in a password what is taken for the port is the password's beginning.
    port = re.fullmatch(r"(?:\[[^]]*\]|[^:\]]*(?::[0-9]*,[^:]*)*)(?::[0-9]*)?", host)
    if port is None or (not user and "@" in path):
        return "the connection string has no host and port where KEDA looks for them", f"{_CURE}; {_ESCAPE}"
    if not re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*", user):
        return "the connection string has a character in user or password that KEDA does not take", _ESCAPE
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        return "the connection string has a % in the name of the database", "write %25"
    return None


def _scheme(text: str) -> str:
    """The scheme; of what is none, a few words and never the value."""
    scheme, separator, _ = text.partition("://")
    return scheme if separator and scheme.replace("+", "").isalnum() else "something other than postgresql"
