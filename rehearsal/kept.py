"""Rehearsals that run on after the process that began them."""

import contextlib
import os
import signal
import time

from rehearsal import directory as directories
from rehearsal.errors import RehearsalError

_STOP_SECONDS = 30.0


def stop_kept() -> list[str]:
    """Stop every rehearsal that was kept, and wait until nothing of it is left.

    Returns:
        The names of their folders.
    """
    stopped = []
    for directory, supervisor in directories.kept():
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
