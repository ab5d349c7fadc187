"""What cannot be read in a URL of a database or a broker, and who could not."""

from enum import StrEnum
from typing import NamedTuple


class Reader(StrEnum):
    """A program that opens the URL."""

    AIRFLOW = "Airflow"
    KEDA = "KEDA"


class Unreadable(NamedTuple):
    """A fault in a URL. Nothing of it but scheme and options is repeated: it holds a password."""

    what: str
    cure: str
    reader: Reader = Reader.KEDA
    """Who cannot read it. KEDA is said where both cannot: it is the one that keeps silent."""
