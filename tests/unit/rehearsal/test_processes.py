"""Servers of a rehearsal: their start, their errors, their end."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.processes import Server, free_port
from tests.unit.rehearsal.running import eventually, is_running

Start = Callable[..., Server]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


@pytest.fixture
def start(log: Path) -> Iterator[Start]:
    """Start a shell script as a server."""
    started = []

    def start(script: str, **named: Any) -> Server:
        started.append(Server(name="etcd", command=["/bin/sh", "-c", script], log=log, **named))
        return started[-1]

    yield start
    for server in started:
        server.stop(patience=0)


def test_a_server_runs_until_it_is_stopped(start: Start) -> None:
    server = start("exec sleep 60")
    assert server.exit_status() is None
    assert is_running(server.pid)
    server.stop()
    assert server.exit_status() == -signal.SIGTERM
    assert not is_running(server.pid)


def test_stopping_twice_is_harmless(start: Start) -> None:
    server = start("exec sleep 60")
    server.stop()
    server.stop()
    assert server.exit_status() == -signal.SIGTERM


def test_a_server_that_ignores_the_wish_to_end_is_killed(start: Start, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    server = start(f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done")
    server.wait_until(ready.exists, seconds=10)
    began = time.monotonic()
    server.stop(patience=0.2)
    assert server.exit_status() == -signal.SIGKILL
    assert 0.2 <= time.monotonic() - began < 5


def test_what_a_server_prints_is_in_its_log(start: Start, log: Path) -> None:
    server = start("echo out; echo err >&2")
    assert eventually(lambda: server.exit_status() is not None)
    assert log.read_text() == "out\nerr\n"


def test_a_log_is_continued(start: Start, log: Path) -> None:
    log.write_text("before\n")
    server = start("echo after")
    assert eventually(lambda: server.exit_status() is not None)
    assert log.read_text() == "before\nafter\n"


def test_the_tail_of_a_log_is_its_last_lines_whatever_their_bytes(start: Start, log: Path) -> None:
    server = start("exec sleep 60")
    log.write_bytes(b"\n".join(b"line %d" % number for number in range(30)) + b"\n\xff\n")
    assert server.log_tail(lines=3) == "line 28\nline 29\n\ufffd"
    assert len(server.log_tail().splitlines()) == 12


def test_a_server_that_ended_is_reported_with_its_last_words(start: Start, log: Path) -> None:
    server = start("echo first; echo address already in use; exit 3")
    message = f"etcd ended with status 3. The last lines of {log}:\nfirst\naddress already in use"
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        server.wait_until(lambda: False, seconds=10)


def test_a_server_that_is_not_ready_in_time_is_reported_with_its_last_words(start: Start, log: Path) -> None:
    server = start("echo waiting; exec sleep 60")
    assert eventually(lambda: log.read_text() == "waiting\n")
    message = f"etcd was not ready after 0 s. The last lines of {log}:\nwaiting"
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        server.wait_until(lambda: False, seconds=0.1)


def test_a_server_that_is_ready_at_once_is_not_waited_for(start: Start) -> None:
    server = start("exec sleep 60")
    began = time.monotonic()
    server.wait_until(lambda: True, seconds=10)
    assert time.monotonic() - began < 1


def test_a_running_server_is_no_error(start: Start) -> None:
    start("exec sleep 60").raise_if_ended()


def test_a_command_that_does_not_exist_is_one_error(log: Path) -> None:
    with pytest.raises(RehearsalError, match=r"^etcd cannot be started: \[Errno 2\] .*'/no/such/program'$"):
        Server(name="etcd", command=["/no/such/program"], log=log)


def test_a_server_has_the_users_variables_and_its_own(
    start: Start, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_USER", "one")
    server = start(
        'echo "$OF_THE_USER $OWN $(pwd)"',
        environment={"OWN": "two"},
        directory=tmp_path,
    )
    assert eventually(lambda: server.exit_status() is not None)
    assert log.read_text() == f"one two {tmp_path}\n"


def test_a_server_is_not_in_the_group_that_a_terminal_interrupts(start: Start) -> None:
    server = start("exec sleep 60")
    assert os.getpgid(server.pid) == server.pid != os.getpgrp()


def test_a_server_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from rehearsal.processes import Server\n"
        "server = Server(name='x', command=['sleep', '120'], log=pathlib.Path(sys.argv[1]))\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(120)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    assert is_running(pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert eventually(lambda: not is_running(pid))


def test_a_free_port_can_be_listened_on() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", free_port()))
        server.listen()


def test_a_free_port_is_none_that_a_connection_of_anyone_could_be_given() -> None:
    ephemeral = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    assert all(free_port() < int(ephemeral[0]) for _ in range(20))


def test_a_server_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    server = Server(name="sleeper", command=["sleep", "60"], log=tmp_path / "log")
    with pytest.raises(RehearsalError, match=r"sleeper was not ready after 0 s"):
        server.wait_until(lambda: False, seconds=0.1)
    assert server.exit_status() is not None
