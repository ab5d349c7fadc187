"""Programs of a rehearsal: apart from the user's accounts and clusters, and gone with their owner."""

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.children import clean_environment, kill_group
from rehearsal.processes import Server
from tests.unit.rehearsal.running import eventually, is_running
from tests.unit.rehearsal.users_shell import SHELL_OF_THE_USER


def test_no_variable_leads_a_program_to_what_is_the_users() -> None:
    clean = clean_environment({**SHELL_OF_THE_USER, "PATH": "/bin", "HTTPS_PROXY": "http://proxy"})
    assert clean.keys() & SHELL_OF_THE_USER.keys() == set()
    assert (clean["PATH"], clean["HTTPS_PROXY"]) == ("/bin", "http://proxy")


def test_no_file_of_the_user_is_read(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[broken")
    program = [sys.executable, "-c", "import rehearsal.account.backups, boto3; boto3.client('s3')"]
    environment = {**clean_environment(), "HOME": str(tmp_path)}
    run = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
    assert run.stderr == ""


def test_a_server_has_only_what_it_is_given_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SHELL_OF_THE_USER.items():
        monkeypatch.setenv(name, value)
    server = Server(
        name="env", command=["env"], log=tmp_path / "log", environment={"AWS_REGION": "eu-west-1"}
    )
    assert eventually(lambda: server.exit_status() == 0)
    written = dict(line.split("=", 1) for line in (tmp_path / "log").read_text().splitlines() if "=" in line)
    assert {name: written[name] for name in SHELL_OF_THE_USER.keys() & written.keys()} == {
        "AWS_REGION": "eu-west-1"
    }


def test_what_a_program_has_started_ends_with_it() -> None:
    program = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        kill_group(process)
    assert eventually(lambda: not is_running(child))


def test_to_end_what_has_ended_is_harmless() -> None:
    with subprocess.Popen(["/bin/true"], text=True, process_group=0) as process:
        process.wait()
        kill_group(process)
