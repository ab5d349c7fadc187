"""What a test sees of a rehearsal's processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def processes_of(directory: Path) -> list[int]:
    """The ids of the processes whose command line names the rehearsal's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended
            if os.fsencode(directory) in command:
                found.append(int(entry.name))
    return found


def command_of(pid: int) -> bytes:
    """The command line of a process, its arguments separated by zero bytes."""
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()


def eventually(condition: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Whether a condition becomes true within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True
