"""Rehearsals for tests: started once for each module, stopped whatever happens."""

from collections.abc import Iterator

import pytest

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines


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
