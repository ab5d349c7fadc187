"""A rehearsal leaves nothing behind, however it ends, and two do not disturb each other."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import directory as directories
from rehearsal.errors import RehearsalError
from rehearsal.kept import stop_kept
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.rehearsal.processes import command_of, eventually, processes_of

OWNER = """
import signal, sys, time
from rehearsal.rehearsal import Rehearsal
signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the tests run in the background
rehearsal = Rehearsal(environment="dynamic-provisioning")
with rehearsal:
    print(rehearsal.plan.directory, flush=True)
    time.sleep(300)
"""


def start_owner() -> tuple["subprocess.Popen[str]", Path]:
    """A process of its own that owns a running rehearsal, and the rehearsal's folder."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    return owner, Path(owner.stdout.readline().strip())


def test_stop_leaves_no_process_and_no_folder() -> None:
    with Rehearsal(environment="dynamic-provisioning", reporter=Lines()) as rehearsal:
        directory = rehearsal.plan.directory
        assert len(processes_of(directory)) >= 5  # supervisor, account, etcd and two of Kubernetes
    assert processes_of(directory) == []
    assert not directory.exists()


def test_stopping_twice_is_harmless() -> None:
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    rehearsal.start()
    rehearsal.stop()
    rehearsal.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_nothing_is_left_when_the_owner_is_ended_by(number: signal.Signals) -> None:
    owner, directory = start_owner()
    assert processes_of(directory)
    owner.send_signal(number)
    owner.wait(30)
    assert eventually(lambda: processes_of(directory) == [])
    assert eventually(lambda: not directory.exists())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_deployment_that_is_under_way_ends_when_its_command_is_ended_by(number: signal.Signals) -> None:
    command = [sys.executable, "-m", "operations.cli", "rehearse"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as owner:
        assert owner.stdout is not None
        assert any("deploying..." in line for line in owner.stdout)
        (directory,) = directories.base_directory().iterdir()
        assert any(b"bin/cdk" in command_of(pid) for pid in processes_of(directory))
        os.kill(owner.pid, number)
        owner.wait(20)
    assert eventually(lambda: processes_of(directory) == [])
    assert eventually(lambda: not directory.exists())


def test_nothing_is_left_when_the_supervisor_is_killed() -> None:
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    rehearsal.start()
    directory = rehearsal.plan.directory
    (supervisor,) = [pid for pid in processes_of(directory) if is_supervisor(pid)]
    os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: processes_of(directory) == [])
    rehearsal.stop()
    assert not directory.exists()


def test_the_next_rehearsal_sweeps_what_a_crash_of_everything_left() -> None:
    owner, directory = start_owner()
    (supervisor,) = [pid for pid in processes_of(directory) if is_supervisor(pid)]
    os.kill(supervisor, signal.SIGSTOP)  # it must not notice the end of its owner and clean up
    owner.kill()
    owner.wait(30)
    os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: processes_of(directory) == [])
    assert directory.exists()
    directories.sweep()
    assert not directory.exists()


def test_the_death_of_a_server_is_reported_and_ends_the_rehearsal() -> None:
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    rehearsal.start()
    directory = rehearsal.plan.directory
    (server,) = [pid for pid in processes_of(directory) if b"kube-apiserver" in command_of(pid)]
    os.kill(server, signal.SIGKILL)
    with pytest.raises(RehearsalError, match="kube-apiserver ended with status -9"):
        rehearsal.deploy()
    rehearsal.stop()
    assert processes_of(directory) == []
    assert not directory.exists()


def test_two_rehearsals_run_at_once() -> None:
    with (
        Rehearsal(environment="dynamic-provisioning", reporter=Lines()) as first,
        Rehearsal(environment="airflow-seoul", reporter=Lines()) as second,
    ):
        clusters = [
            one.client("eks").describe_cluster(name="k8s-cluster")["cluster"] for one in (first, second)
        ]
    assert clusters[0]["endpoint"] != clusters[1]["endpoint"]
    assert [cluster["version"] for cluster in clusters] == ["1.33", "1.35"]


def test_a_kept_rehearsal_outlives_its_owner_until_it_is_stopped() -> None:
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines())
    rehearsal.start()
    directory = rehearsal.plan.directory
    rehearsal.keep()
    rehearsal.stop()
    try:
        assert rehearsal.client("eks").list_clusters()["clusters"] == ["k8s-cluster"]
        assert directory in [kept for kept, _ in directories.kept()]
    finally:
        stopped = stop_kept()
    assert directory.name in stopped
    assert not directory.exists()
    assert eventually(lambda: processes_of(directory) == [])


def test_a_kept_rehearsal_ends_by_itself_when_its_time_is_over() -> None:
    rehearsal = Rehearsal(environment="dynamic-provisioning", reporter=Lines(), kept_for=2)
    rehearsal.start()
    rehearsal.keep()
    assert eventually(lambda: not rehearsal.plan.directory.exists())
    assert eventually(lambda: processes_of(rehearsal.plan.directory) == [])


def is_supervisor(pid: int) -> bool:
    return b"rehearsal.supervisor" in command_of(pid)
