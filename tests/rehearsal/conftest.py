"""Rehearsals for tests: started once for each module, stopped whatever happens."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.unit.rehearsal.users_shell import SHELL_OF_THE_USER


@pytest.fixture(scope="session", autouse=True)
def _folder_of_the_worker() -> Iterator[None]:
    """Rehearsals of their own for each worker: a test of one stops every rehearsal that was kept."""
    # Not pytest's own folder: the path of a Unix socket is limited.
    with tempfile.TemporaryDirectory(prefix="rt-") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(scope="session")
def users_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose settings of the CDK CLI name a profile and a proxy, with the caches of this machine."""
    home = tmp_path_factory.mktemp("home")
    (home / ".cdk.json").write_text('{"profile": "the-users-own", "proxy": "http://127.0.0.1:9"}')
    for name in (".cache", "go"):
        (Path.home() / name).mkdir(parents=True, exist_ok=True)
        (home / name).symlink_to(Path.home() / name)
    return home


@pytest.fixture(scope="module")
def dynamic_provisioning(users_home: Path) -> Iterator[Rehearsal]:
    """Worked example B, deployed from a shell that is set up for the user's own account and cluster."""
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    try:
        with pytest.MonkeyPatch.context() as shell:
            for name, value in {**SHELL_OF_THE_USER, "HOME": str(users_home)}.items():
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
