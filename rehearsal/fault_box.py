"""The faults of one rehearsal, in its folder: put in by its owner, struck by the process that each concerns.

A folder, because several processes look at it, and so that a fault can come and go while they run. Each fault
is a file; beside it lies one line for each time that it struck, which is also its count.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rehearsal.faults import Fault, parse_fault

_SPEC, _STRIKES = ".fault", ".strikes"


class FaultBox:
    """What is asked for, and how often it struck."""

    def __init__(self, directory: Path) -> None:
        """Look into the folder of a rehearsal; it need not have had a fault yet."""
        self._folder = directory / "faults"
        self._striking = threading.Lock()

    def put(self, fault: Fault) -> str:
        """Ask for a fault from now on.

        Returns:
            Its key, for `strikes` and `remove`.
        """
        self._folder.mkdir(exist_ok=True)
        key = f"{time.time_ns()}-{secrets.token_hex(4)}"  # the oldest strikes first
        partial = self._folder / key
        partial.write_text(fault.spec, encoding="utf-8")
        partial.rename(self._folder / f"{key}{_SPEC}")  # nobody reads half of it
        return key

    def remove(self, key: str) -> None:
        """Ask for a fault no longer; how often it struck stays known."""
        (self._folder / f"{key}{_SPEC}").unlink(missing_ok=True)

    def strikes(self, key: str) -> int:
        """How often a fault has struck."""
        return len(self._times(key))

    def standing(self, kind: str) -> Fault | None:
        """The newest fault of a kind that is still asked for, without counting anything."""
        newest = None
        for key, fault in self._asked_for():
            if fault.kind == kind and self._is_left(key, fault):
                newest = fault
        return newest

    def strike(self, *kinds: str, concerns: Callable[[Fault], bool] = lambda _: True) -> Fault | None:
        """Let the oldest fault that is asked for strike, and count it.

        Args:
            kinds: which kinds are asked.
            concerns: whether a fault is meant for what happens now. Default: every fault is.

        Returns:
            The fault; None when nothing is to happen.
        """
        if not self._folder.exists():
            return None
        with self._striking:
            for key, fault in self._asked_for():
                if fault.kind in kinds and self._is_left(key, fault) and concerns(fault):
                    with (self._folder / f"{key}{_STRIKES}").open("a", encoding="utf-8") as strikes:
                        strikes.write(f"{time.time()}\n")
                    return fault
        return None

    def _asked_for(self) -> Iterator[tuple[str, Fault]]:
        for path in sorted(self._folder.glob(f"*{_SPEC}")):
            try:
                spec = path.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue  # it was removed at this moment
            yield path.name.removesuffix(_SPEC), parse_fault(spec)

    def _is_left(self, key: str, fault: Fault) -> bool:
        struck = self._times(key)
        if fault.times is not None:
            return len(struck) < fault.times
        return fault.seconds is None or not struck or time.time() < struck[0] + fault.seconds

    def _times(self, key: str) -> list[float]:
        path = self._folder / f"{key}{_STRIKES}"
        if not path.exists():
            return []
        return [float(line) for line in path.read_text(encoding="utf-8").split()]
