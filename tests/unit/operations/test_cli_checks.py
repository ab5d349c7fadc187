"""The command lines of doctor, trace and prove: help, wrong usage, and errors as one line."""

import sys

import pytest
from typer.testing import CliRunner

from operations.cli import app, main


@pytest.mark.parametrize("command", ["doctor", "trace", "prove"])
def test_help_shows_an_example_and_the_exit_statuses(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert f"airflow-efs {command} " in result.output
    assert "Exit status" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["doctor", "dynamic-provisioning", "--connection", "metadata"], "--airflow"),
        (["doctor", "dynamic-provisioning", "--airflow", "airflow", "--secret", "fernet"], "SECRET:KEY"),
        (["doctor", "dynamic-provisioning", "--output", "xml"], "xml"),
        (["prove", "dynamic-provisioning", "--claim", "one", "--class", "efs-sc-1"], "has its class"),
        (["prove", "dynamic-provisioning", "--timeout", "3600"], "--timeout"),
        (["trace"], "claim"),
    ],
)
def test_wrong_usage_is_said_and_nothing_is_asked(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "TERM": "dumb"})
    assert words in result.output
    assert result.exit_code == 2


def test_the_list_of_checks_needs_no_account() -> None:
    result = CliRunner().invoke(app, ["doctor", "--list"], env={"COLUMNS": "200"})
    assert "mount-target-missing" in result.output
    assert "not-checked" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("command", ["doctor", "prove"])
def test_an_environment_that_is_not_there_is_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow-efs", command, "nowhere"])
    with pytest.raises(SystemExit) as ended:
        main()
    error = capsys.readouterr().err
    assert error.startswith('error: there is no environment "nowhere": ')
    assert error.count("\n") == 1
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("command", "words"),
    [("doctor", "Unable to locate credentials"), ("prove", "there are no AWS credentials")],
)
def test_without_credentials_there_is_no_stack_trace(
    command: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    nowhere = str(tmp_path_factory.mktemp("home") / "none")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(sys, "argv", ["airflow-efs", command, "dynamic-provisioning"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert words in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err
    assert ended.value.code == (4 if command == "doctor" else 1)


def test_without_a_kubeconfig_trace_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    monkeypatch.setattr(sys, "argv", ["airflow-efs", "trace", "airflow-logs"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert "aws eks update-kubeconfig" in capsys.readouterr().err
    assert ended.value.code == 1
