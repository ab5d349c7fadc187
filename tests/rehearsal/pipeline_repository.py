"""A repository whose branch a rehearsed pipeline deploys: this project, with a test's own environments.

So that the developer's script takes a minute and not ten in each release, its revision has few unit tests
and mypy looks at few modules. Everything else is as in this clone.
"""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.cdk import PROJECT
from tests.rehearsal.environment_files import write_environment

_LEFT_OUT = ("tests/rehearsal/", "tests/unit/", "tests/charts/", "environments/")
_KEPT = ("tests/unit/__init__.py", "tests/unit/settings/test_versions.py", "environments/schema.json")
_MYPY_FILES = re.compile(r"(?<=^files = )\[.*\]$", re.MULTILINE)


class Repository:
    """A git repository in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in _git(PROJECT, "ls-files").splitlines():
            if name.startswith(_LEFT_OUT) and name not in _KEPT:
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, folder / name)
        project = folder / "pyproject.toml"
        project.write_text(_MYPY_FILES.sub('["settings/versions.py"]', project.read_text(), count=1))
        _git(folder, "init", "--quiet")

    @property
    def environments(self) -> Path:
        return self.folder / "environments"

    def describe(
        self, name: str, change: Callable[[dict[str, Any]], None], *, like: str = "dynamic-provisioning"
    ) -> None:
        self.environments.mkdir(exist_ok=True)
        write_environment(self.environments, name, change, like=like)

    def commit(self) -> str:
        """Commit everything; returns the revision."""
        _git(self.folder, "add", "--all")
        _git(
            self.folder,
            *("-c", "user.name=A developer", "-c", "user.email=developer@example.com"),
            *("commit", "--quiet", "--allow-empty", "--message", "Change something"),
        )
        return _git(self.folder, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [shutil.which("git") or "git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
