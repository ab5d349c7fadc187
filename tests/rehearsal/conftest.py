"""Rehearsals for tests: started once for each module, stopped whatever happens."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cdk import PROJECT
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with copies of the project's environments, which a test may change and add to."""
    folder = tmp_path_factory.mktemp("environments")
    for path in (PROJECT / "environments").glob("*.yaml"):
        shutil.copy(path, folder)
    return folder


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
