"""Exit statuses of `airflow-efs`, besides 0 (done), 1 (it could not be done) and 2 (wrong usage)."""

from typing import Final

DIFFERS: Final = 3
"""A file differs from what was found, and was not written."""

INCOMPLETE: Final = 4
"""It was done, but a deployment would fail before what is called an error is mended."""
