"""A release of a small pipeline, whose builds run for real and whose account is moto's in this process."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.account import (  # noqa: F401  # a model is known to stacks once it is imported
    code_build_projects,
    code_pipelines,
)
from rehearsal.pipeline.release import Released, Releases
from tests.unit.rehearsal.account.conftest import account, stacks
from tests.unit.rehearsal.account.stacks import REGION, Stacks, aws_client
from tests.unit.rehearsal.pipeline.pipelines import Release, Resources

__all__ = ["account", "stacks"]


@pytest.fixture
def release(stacks: Stacks, tmp_path: Path) -> Release:
    """Deploy a pipeline, and release a repository with one file."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "word.txt").write_text("hello\n")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "1"]):
        subprocess.run([shutil.which("git") or "git", *command], cwd=repository, check=True)

    def run(
        resources: Resources, *, approve: bool = True, between: Callable[[str], None] = print
    ) -> Released:
        assert stacks.deploy(resources) == "CREATE_COMPLETE"
        return Releases(
            client=aws_client,
            region=REGION,
            endpoint=None,
            repository=repository,
            folder=tmp_path / "releases",
            say=between,
            approve=lambda _: approve,
        ).release()

    return run
