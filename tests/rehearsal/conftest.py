"""Rehearsals for tests: started once for each module, stopped whatever happens."""

import os
import tempfile
from collections.abc import Iterator

import pytest

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.unit.rehearsal.users_shell import AWS_OF_THE_USER


@pytest.fixture(scope="session", autouse=True)
def _folder_of_the_worker() -> Iterator[None]:
    """Rehearsals of their own for each worker: a test of one stops every rehearsal that was kept."""
    # Not pytest's own folder: the path of a Unix socket is limited.
    with tempfile.TemporaryDirectory(prefix="rt-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(scope="module")
def dynamic_provisioning() -> Iterator[Rehearsal]:
    """Worked example B, deployed from a shell that is set up for the user's own account."""
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    try:
        with pytest.MonkeyPatch.context() as shell:
            for name, value in AWS_OF_THE_USER.items():
                shell.setenv(name, value)
            rehearsal.start()
            rehearsal.deploy()
        yield rehearsal
    finally:
        rehearsal.stop()


@pytest.fixture(scope="module")
def airflow_seoul() -> Iterator[Rehearsal]:
    """Worked example A, deployed."""
    with Rehearsal(environment="airflow-seoul", reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal
