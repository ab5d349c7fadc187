"""Rehearsals for tests: started once for each module, stopped whatever happens."""

import os
import tempfile
from collections.abc import Iterator

import pytest

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines


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
    """Worked example B, deployed."""
    with Rehearsal(environment="dynamic-provisioning", reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal


@pytest.fixture(scope="module")
def airflow_seoul() -> Iterator[Rehearsal]:
    """Worked example A, deployed."""
    with Rehearsal(environment="airflow-seoul", reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal
