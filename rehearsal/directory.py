"""The folders of rehearsals: made, found again, and swept when their owner has died.

Each rehearsal has one folder with everything that it writes. A lock on it is held by the processes that own
it, and by the kernel's doing only as long as they live: a folder without a lock belongs to nobody.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rehearsal.errors import RehearsalError

_LOCK = "lock"
_KEPT = "kept"
_SOCKET_PATH = 107
"""Bytes that Linux has for the path of a Unix socket (unix(7): 108 with the zero at its end)."""
_LONGEST_SOCKET = "services.sock"


def base_directory() -> Path:
    """The folder that holds all rehearsals of this user; short, because a Unix socket's path is limited.

    It need not be there: the first rehearsal makes it, and the last one removes it.

    Raises:
        RehearsalError: somebody else owns it, or TMPDIR names no folder.
    """
    # Python would look in another place without a word, and a rehearsal that was kept would not be found.
    named = os.environ.get("TMPDIR")
    if named and not Path(named).is_dir():
        raise RehearsalError(f"TMPDIR names {named}, which is no folder: make it, or name another place.")
    base = Path(tempfile.gettempdir()) / f"airflow-efs-{os.getuid()}"
    try:
        status = base.lstat()
    except FileNotFoundError:
        return base
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RehearsalError(f"{base} is not a folder of yours: remove it, or name another place in TMPDIR.")
    return base


def refuse_a_long_path(environment: str) -> None:
    """See to it that the paths of a rehearsal's sockets will not be too long.

    Raises:
        RehearsalError: they would be.
    """
    base = base_directory()
    longest = base / f"{environment}-{'0' * 6}" / _LONGEST_SOCKET
    if (too_long := len(os.fsencode(longest)) - _SOCKET_PATH) > 0:
        raise RehearsalError(
            f"{base} is {too_long} characters too long for the sockets of a rehearsal of {environment}: "
            "name a shorter folder in TMPDIR."
        )


def make_directory(environment: str) -> tuple[Path, int]:
    """Make a rehearsal's folder and lock it.

    Returns:
        The folder, and the locked file descriptor: whoever inherits it keeps the folder alive.
    """
    directory = base_directory() / f"{environment}-{secrets.token_hex(3)}"
    partial = directory.with_name(f".{directory.name}")
    _make_within_base(partial)
    (partial / "logs").mkdir()
    lock = os.open(partial / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    partial.rename(directory)  # only now can it be seen, with its lock
    return directory, lock


def remove_directory(directory: Path) -> None:
    """Remove a rehearsal's folder, and the folder of all rehearsals when it was the last."""
    shutil.rmtree(directory, ignore_errors=True)
    with contextlib.suppress(OSError):
        directory.parent.rmdir()


def _make_within_base(directory: Path) -> None:
    while True:
        with contextlib.suppress(FileExistsError):
            base_directory().mkdir(mode=0o700)
        with contextlib.suppress(FileNotFoundError):  # the last rehearsal has removed it at this moment
            directory.mkdir(mode=0o700)
            return


def mark_kept(directory: Path, *, supervisor: int) -> None:
    """Note that a rehearsal stays after its command has ended, and which process owns it now."""
    partial = directory / f".{_KEPT}"
    partial.write_text(str(supervisor), encoding="utf-8")
    partial.rename(directory / _KEPT)  # never seen half-written


def kept() -> Iterator[tuple[Path, int]]:
    """Folder and supervising process of every rehearsal that was kept and still runs."""
    for directory in _directories():
        try:
            supervisor = int((directory / _KEPT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue  # it was not kept, or is being removed
        if not _is_abandoned(directory):
            yield directory, supervisor


def sweep() -> None:
    """Remove the folders whose owners have died without cleaning up."""
    for directory in _directories():
        if _is_abandoned(directory):
            remove_directory(directory)


def _directories() -> list[Path]:
    try:
        return sorted(
            path for path in base_directory().iterdir() if (path / _LOCK).is_file() and path.name[0] != "."
        )
    except FileNotFoundError:
        return []  # there is no rehearsal


def _is_abandoned(directory: Path) -> bool:
    try:
        lock = os.open(directory / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False  # its owner is removing it at this moment
    try:
        # Shared: two who look at the same time must not take each other for the owner.
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)
