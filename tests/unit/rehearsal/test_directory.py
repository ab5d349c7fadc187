"""The folders of rehearsals: to whom they belong, and when they are swept."""

import fcntl
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal import directory as directories
from rehearsal.errors import RehearsalError

OWNER = """
import sys, tempfile, time
tempfile.tempdir = sys.argv[1]
from rehearsal.directory import make_directory, mark_kept
directory, lock = make_directory("example")
if "keep" in sys.argv:
    mark_kept(directory, supervisor=4711)
print(directory, flush=True)
time.sleep(120)
"""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"airflow-efs-{os.getuid()}"


@contextmanager
def owner(tmp_path: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """A process that owns a folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_folder_is_made_for_its_user_only_with_a_place_for_logs(base: Path) -> None:
    directory, lock = directories.make_directory("example")
    os.close(lock)
    assert directory.parent == base
    assert re.fullmatch(r"example-[0-9a-f]{6}", directory.name)
    assert (directory / "logs").is_dir()
    for path in (base, directory):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_folder_is_locked_by_whoever_holds_its_descriptor() -> None:
    directory, lock = directories.make_directory("example")
    with (directory / "lock").open() as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(lock)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_lock_does_not_reach_programs_that_are_started() -> None:
    _, lock = directories.make_directory("example")
    assert not os.get_inheritable(lock)
    os.close(lock)


def test_a_folder_is_not_swept_while_its_owner_lives(tmp_path: Path) -> None:
    with owner(tmp_path) as (_, directory):
        directories.sweep()
        assert directory.is_dir()


def test_a_folder_is_swept_when_its_owner_was_killed(tmp_path: Path) -> None:
    with owner(tmp_path) as (process, directory):
        kill(process)
        assert directory.is_dir()
        directories.sweep()
        assert not directory.exists()


def test_only_the_folders_of_the_dead_are_swept(tmp_path: Path, base: Path) -> None:
    with owner(tmp_path) as (dying, abandoned), owner(tmp_path) as (_, alive):
        kill(dying)
        directories.sweep()
        assert [path.name for path in base.iterdir()] == [alive.name]
        assert abandoned != alive


def test_what_is_no_folder_of_a_rehearsal_is_left_alone(base: Path) -> None:
    base.mkdir()
    (base / "something").mkdir()
    (base / "file").touch()
    directories.sweep()
    assert sorted(path.name for path in base.iterdir()) == ["file", "something"]


def test_a_folder_that_is_being_made_is_not_swept(base: Path) -> None:
    hidden = base / ".example-000000"
    hidden.mkdir(parents=True)
    (hidden / "lock").touch()
    directories.sweep()
    assert hidden.is_dir()


def test_only_living_rehearsals_that_were_kept_are_listed(tmp_path: Path) -> None:
    with owner(tmp_path, "keep") as (kept, directory), owner(tmp_path):
        assert list(directories.kept()) == [(directory, 4711)]
        kill(kept)
        assert list(directories.kept()) == []


def test_a_sweep_at_the_same_time_does_not_make_a_dead_rehearsal_look_alive(tmp_path: Path) -> None:
    with owner(tmp_path, "keep") as (process, directory):
        kill(process)
        with (directory / "lock").open() as sweeper:
            fcntl.flock(sweeper, fcntl.LOCK_SH)  # another process looks whether it is abandoned
            assert list(directories.kept()) == []
            directories.sweep()
        assert not directory.exists()


def test_a_rehearsal_that_goes_while_it_is_looked_at_is_not_listed(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = base / "example-000000"
    base.mkdir()
    monkeypatch.setattr(directories, "_directories", lambda: [gone])
    assert list(directories.kept()) == []
    directories.sweep()


def test_looking_for_rehearsals_makes_no_folder(base: Path) -> None:
    directories.sweep()
    assert list(directories.kept()) == []
    assert not base.exists()


def test_the_last_folder_takes_the_base_with_it(base: Path) -> None:
    first, second = directories.make_directory("example"), directories.make_directory("example")
    for directory, lock in (first, second):
        assert base.is_dir()
        os.close(lock)
        directories.remove_directory(directory)
    assert not base.exists()


def test_a_base_that_goes_while_a_folder_is_made_is_made_again(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir
    gone: list[Path] = []

    def make(path: Path, mode: int = 0o777) -> None:
        if path.name.startswith(".") and not gone:
            gone.append(path)
            base.rmdir()
        mkdir(path, mode)

    monkeypatch.setattr(Path, "mkdir", make)
    directory, lock = directories.make_directory("example")
    os.close(lock)
    assert gone
    assert directory.is_dir()


def test_a_temporary_folder_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Python would take another one without a word.
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    for use in (directories.sweep, lambda: list(directories.kept()), lambda: directories.make_directory("e")):
        with pytest.raises(RehearsalError, match=r"^TMPDIR names .*/none, which is no folder: make it"):
            use()


def test_two_of_the_same_environment_have_folders_of_their_own() -> None:
    first, second = directories.make_directory("example"), directories.make_directory("example")
    directories.sweep()
    assert first[0] != second[0]
    for directory, lock in (first, second):
        assert directory.is_dir()
        os.close(lock)


def refused(base: Path) -> None:
    message = f"{base} is not a folder of yours: remove it, or name another place in TMPDIR."
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        directories.make_directory("example")


def test_a_base_folder_of_somebody_else_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    base = base.with_name(f"airflow-efs-{other}")
    base.mkdir()
    refused(base)


def test_a_link_in_the_place_of_the_base_folder_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    base.symlink_to(tmp_path / "elsewhere")
    refused(base)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_link_to_nowhere_in_its_place_is_refused(base: Path, tmp_path: Path) -> None:
    base.symlink_to(tmp_path / "nowhere")
    refused(base)
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_its_place_is_refused(base: Path) -> None:
    base.touch()
    refused(base)


def test_a_path_that_is_too_long_for_sockets_is_refused_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(RehearsalError, match=r"too long for the sockets of a rehearsal of example: name a"):
        directories.refuse_a_long_path("example")
    assert list(folder.iterdir()) == []
