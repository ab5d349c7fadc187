"""Rehearsals that run on after the process that began them."""

import contextlib
import os
import signal
import time
from collections.abc import Callable

from rehearsal import directory as directories
from rehearsal.errors import RehearsalError

_STOP_SECONDS = 30.0


def stop_kept(environment: str | None = None, *, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Stop rehearsals that were kept, and wait until nothing of them is left.

    Args:
        environment: only those of this one. Default: every one.
        say: receives a line before each stop, which takes seconds.

    Returns:
        The names of their folders.
    """
    stopped = []
    for directory, supervisor in directories.kept():
        if environment not in (None, directory.name.rpartition("-")[0]):
            continue
        say(f"Stopping {directory.name}")
        with contextlib.suppress(ProcessLookupError):  # it ends at this moment, by itself
            os.kill(supervisor, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while directory.exists():
            if time.monotonic() > deadline:
                raise RehearsalError(f"the rehearsal {directory.name} (process {supervisor}) does not stop")
            time.sleep(0.1)
        stopped.append(directory.name)
    directories.sweep()
    return stopped
