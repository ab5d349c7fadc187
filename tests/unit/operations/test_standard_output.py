"""A result that nobody can take: an error in one line, and never a stack trace."""

import subprocess
import sys
from pathlib import Path


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "operations.cli", "values", "airflow-demo"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert run.stderr == "error: cannot read or write the result: No space left on device\n"
    assert run.returncode == 1


def test_an_output_that_is_closed_is_no_stack_trace() -> None:
    command = [sys.executable, "-m", "operations.cli", "cost", "dynamic-provisioning", "-o", "json"]
    run = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False
    )
    assert run.stderr == ""
