"""What a build finds on PATH: the commands of a bare image, and the runtimes that its buildspec asks for.

The image of CodeBuild has more. What is listed is what a Linux system has anyway, with make and git; so a
build that uses anything else has to install it.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rehearsal.cdk import search_path
from rehearsal.pipeline.step_failed import StepFailedError
from settings.versions import PIPELINE_PYTHON

_OLDEST_PYTHON = tuple(int(part) for part in PIPELINE_PYTHON.split("."))

_COMMANDS = """
    [ awk basename bash cat chmod cp curl cut date dirname echo env expr false find git grep gzip
    head id ln ls make mkdir mktemp mv printf pwd readlink realpath rm rmdir sed seq sh sha256sum
    sleep sort tail tar tee test touch tr true uname uniq unzip wc which xargs zip
"""


class Image:
    """A folder of commands.

    Args:
        folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for name in _COMMANDS.split():
            if found := shutil.which(name, path="/usr/bin:/bin"):
                (folder / name).symlink_to(found)

    def provide(self, runtimes: Mapping[str, str], say: Callable[[str], None]) -> None:
        """Add the runtimes of a buildspec.

        Args:
            runtimes: versions by name.
            say: hears which version stands in for the one that is asked for.

        Raises:
            StepFailedError: this machine does not have one of them, or nothing that may stand in for it.
        """
        for name, version in runtimes.items():
            if name == "python":
                self._provide_python(version, say)
            elif name == "nodejs":
                self._provide_node()
            else:
                raise StepFailedError(f"not rehearsed: the runtime {name}")

    def _provide_python(self, version: str, say: Callable[[str], None]) -> None:
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        if version != here:
            if not re.fullmatch(r"3\.[0-9]+", version) or int(version[2:]) < _OLDEST_PYTHON[1]:
                raise StepFailedError(f"the build wants Python {version}, and this rehearsal has {here}")
            say(f"Python {here} stands in for {version}, which this rehearsal does not run with")
        base = Path(sys.base_prefix) / "bin" / f"python{here}"
        linked = [sys.executable, "-m", "rehearsal.pipeline.linked_packages"]
        # pip then finds installed what it would download, and installs what differs.
        script = (
            f'#!/bin/sh\n{shlex.quote(str(base))} "$@" || exit\n'
            f'[ "$1 $2" != "-m venv" ] || exec {shlex.join(linked)} "$3"\n'
        )
        for name in ("python", "python3", f"python{version}"):
            self._write(name, script)

    def _provide_node(self) -> None:
        for name in ("node", "npm", "npx"):
            found = shutil.which(name, path=search_path())
            if found is None:
                raise StepFailedError(f"{name} is not on this machine: run `make setup`")
            self._write(name, f'#!/bin/sh\nexec {shlex.quote(found)} "$@"\n')

    def _write(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(script, encoding="utf-8")
        path.chmod(0o755)
