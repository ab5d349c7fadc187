"""The command lines of doctor, trace and prove: help, wrong usage, and errors as one line."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.cli import app, main


@pytest.mark.parametrize("command", ["doctor", "trace", "prove", "discover", "cost", "rehearse", "values"])
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
        (["doctor", "dynamic-provisioning", "--block-volumes"], "--block-volumes: give --airflow"),
        (["doctor", "dynamic-provisioning", "--no-keda"], "--no-keda: give --airflow"),
        (
            ["doctor", "x", "--airflow", "a", "--connection", "..", "--secret", "b:c"],
            '--connection: ".." is no',
        ),
        (["doctor", "x", "--airflow", "a", "--secret", "A_B:key"], '--secret: "A_B" is no name'),
        (["doctor", "x", "--airflow", "a", "--secret", "..:key"], '--secret: ".." is no name'),
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


def test_the_list_of_checks_is_one_object_for_programs() -> None:
    listed = json.loads(CliRunner().invoke(app, ["doctor", "--list", "--output", "json"]).output)["checks"]
    assert {"check", "when", "severity", "asks"} == {key for one in listed for key in one}
    assert {one["check"] for one in listed} >= {"mount-target-missing", "not-checked"}


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


BROKEN = {
    "no YAML": b"a: [",
    "no text": b"\xff\xfe",
    "a list": b"- a\n",
    "a context of nothing": b"current-context: a\ncontexts: [{name: a, context: }]\nclusters: [{name: a}]\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_kubeconfig_that_is_none_is_one_line(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert failure(monkeypatch, capsys, "trace", "logs", "--region", "ap-northeast-2").startswith("error: ")


def test_a_folder_as_a_kubeconfig_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path))
    assert str(tmp_path) in failure(monkeypatch, capsys, "trace", "logs", "--region", "ap-northeast-2")


@pytest.fixture
def unreachable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig whose cluster does not answer."""
    path = tmp_path / "kubeconfig"
    path.write_text(
        "{current-context: a, contexts: [{name: a, context: {cluster: a, user: a}}], "
        "users: [{name: a, user: {}}], clusters: [{name: a, cluster: {server: 'http://127.0.0.1:9'}}]}"
    )
    monkeypatch.setenv("KUBECONFIG", str(path))


@pytest.mark.usefixtures("unreachable")
def test_an_api_server_that_nobody_reaches_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = failure(monkeypatch, capsys, "trace", "logs", "--region", "ap-northeast-2")
    assert said == (
        "error: the Kubernetes API server does not answer: 127.0.0.1:9: Failed to establish a new "
        "connection: [Errno 111] Connection refused: check that this machine reaches the endpoint (VPN, "
        "publicAccessCidrs, proxy), and that the cluster is there\n"
    )


@pytest.mark.usefixtures("unreachable")
def test_trace_without_a_region_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert "give --region" in failure(monkeypatch, capsys, "trace", "logs")


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["discover", "c", "--region", "bad region"], {}, "write one such as ap-northeast-2"),
        (["discover", "c", "--region", "ap-northeast-2"], {"AWS_PROFILE": "nobody"}, "profile (nobody)"),
        (
            ["discover", "c", "--region", "ap-northeast-2"],
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            "check the region's name",
        ),
        (["cost", "dynamic-provisioning", "--prices", "/nowhere"], {}, "No such file"),
        (["rehearse", "nowhere"], {}, "there is no environment"),
        (["values", "airflow-seoul"], {}, "has no airflow"),
    ],
)
def test_bad_input_is_an_error_that_names_the_cure(
    arguments: list[str],
    variables: dict[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert words in failure(monkeypatch, capsys, *arguments)


def failure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command says on standard error, which is all that it says."""
    monkeypatch.setattr(sys, "argv", ["airflow-efs", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert printed.out == ""
    return printed.err
