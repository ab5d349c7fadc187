"""Servers that cannot outlive whoever started them."""

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from rehearsal.children import clean_environment, die_with_parent
from rehearsal.errors import RehearsalError

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""The ports that the kernel gives to connections: https://docs.kernel.org/networking/ip-sysctl.html."""
_FIRST_PORT = 10_000
_TRIES = 100


def free_port() -> int:
    """A TCP port on loopback that nobody uses at this moment.

    Not one that the kernel would choose: between this call and the moment when a server listens, any
    connection that is made on the machine could be given it.

    Raises:
        RehearsalError: none was found.
    """
    first_ephemeral = int(_EPHEMERAL.read_text(encoding="ascii").split()[0])
    for _ in range(_TRIES):
        port = _FIRST_PORT + secrets.randbelow(max(first_ephemeral - _FIRST_PORT, 1))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RehearsalError(f"no port between {_FIRST_PORT} and {first_ephemeral} is free on 127.0.0.1")


class Server:
    """One process of a rehearsal: its command, its log file and its end.

    It runs in its own process group, so that Ctrl-C in a terminal reaches only the owner, which then stops
    the servers in the right order.
    """

    def __init__(
        self,
        *,
        name: str,
        command: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._log_stream: IO[bytes] = log.open("ab")
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=self._log_stream,
                stderr=subprocess.STDOUT,
                env={**clean_environment(), **(environment or {})},
                cwd=directory,
                process_group=0,
                preexec_fn=die_with_parent,
            )
        except OSError as error:
            self._log_stream.close()
            raise RehearsalError(f"{name} cannot be started: {error}") from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_status(self) -> int | None:
        """The exit status, or None while the process runs."""
        return self._process.poll()

    def log_tail(self, *, lines: int = 12) -> str:
        """The last lines of the log, for an error message."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def raise_if_ended(self) -> None:
        """Raise RehearsalError with the log's last lines when the process has ended by itself."""
        status = self.exit_status()
        if status is not None:
            raise RehearsalError(
                f"{self.name} ended with status {status}. The last lines of {self.log}:\n{self.log_tail()}"
            )

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Poll `ready` every 50 ms until it is true; a process that never gets there is stopped.

        Raises:
            RehearsalError: the process ended, or was not ready within `seconds`.
        """
        deadline = time.monotonic() + seconds
        try:
            while not ready():
                self.raise_if_ended()
                if time.monotonic() > deadline:
                    raise RehearsalError(
                        f"{self.name} was not ready after {seconds:.0f} s. "
                        f"The last lines of {self.log}:\n{self.log_tail()}"
                    )
                time.sleep(0.05)
        except BaseException:
            self.stop()  # nobody else knows of it yet
            raise

    def stop(self, *, patience: float = 5.0) -> None:
        """End the process: SIGTERM, then SIGKILL after `patience` seconds. Safe to call twice."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log_stream.close()
