"""A build: its commands, its environment, what it finds, what it hands on."""

import sys
from pathlib import Path

import pytest

from rehearsal.pipeline.build import Build, Built
from rehearsal.pipeline.buildspec import Buildspec
from rehearsal.pipeline.image import Image
from rehearsal.pipeline.step_failed import StepFailedError
from tests.unit.rehearsal.running import eventually, is_running


def run(folder: Path, text: str, **environment: str) -> Built:
    (folder / "src").mkdir()
    return Build(
        folder=folder,
        buildspec=Buildspec.read(text, folder / "src"),
        environment=environment,
        say=lambda _: None,
        log=folder / "build.log",
    ).run()


def spec(*commands: str, more: str = "") -> str:
    listed = "".join(f"\n      - {command}" for command in commands)
    return f"version: 0.2\n{more}phases:\n  build:\n    commands:{listed}\n"


def log(folder: Path) -> list[str]:
    lines = (folder / "build.log").read_text().splitlines()
    return [line for line in lines if not line.startswith("[Container]")]


def test_a_command_sees_what_one_before_has_set(tmp_path: Path) -> None:
    run(tmp_path, spec("WORD=hello", "echo $WORD"))
    assert log(tmp_path) == ["hello"]


def test_a_command_sees_the_declared_variables(tmp_path: Path) -> None:
    run(tmp_path, spec("echo $REVIEWED"), REVIEWED="not-needed")
    assert log(tmp_path) == ["not-needed"]


def test_a_command_sees_no_other_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    run(tmp_path, spec("echo ${AWS_PROFILE-unset}"))
    assert log(tmp_path) == ["unset"]


def test_what_a_build_left_running_ends_with_it(tmp_path: Path) -> None:
    run(tmp_path, spec("sleep 60 >/dev/null 2>&1 & echo $!"))
    assert eventually(lambda: not is_running(int(log(tmp_path)[0])))


def test_home_is_empty(tmp_path: Path) -> None:
    run(tmp_path, spec("ls -A ~"))
    assert log(tmp_path) == []


def test_a_command_that_fails_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="status 3"):
        run(tmp_path, spec("(exit 3)", "echo never"))
    assert log(tmp_path) == []


@pytest.mark.parametrize("command", ["cdk", "airflow-efs", "python3", "node", "npm", "aws", "docker"])
def test_a_command_that_is_not_installed_fails_the_build(tmp_path: Path, command: str) -> None:
    with pytest.raises(StepFailedError, match=f"{command}: not found"):
        run(tmp_path, spec(f"{command} --version"))


def test_a_runtime_that_is_asked_for_is_there(tmp_path: Path) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    runtimes = f"{{runtime-versions: {{python: '{here}'}}, commands: [python3 --version]}}"
    run(tmp_path, f"phases: {{install: {runtimes}}}\nversion: 0.2")
    assert log(tmp_path)[0].startswith(f"Python {here}.")


def test_another_version_of_python_is_stood_in_for(tmp_path: Path) -> None:
    said: list[str] = []
    image = Image(tmp_path / "bin")
    image.provide({"python": "3.99"}, said.append)
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert said == [f"Python {here} stands in for 3.99, which this rehearsal does not run with"]
    assert (tmp_path / "bin" / "python3.99").exists()


def test_a_version_of_python_that_the_project_does_not_run_with_is_refused(tmp_path: Path) -> None:
    text = "version: 0.2\nphases:\n  install:\n    runtime-versions: {python: 3.9}"
    with pytest.raises(StepFailedError, match=r"wants Python 3\.9"):
        run(tmp_path, text)


def test_an_exported_variable_is_handed_on(tmp_path: Path) -> None:
    exported = "env: {exported-variables: [APPROVAL]}\n"
    built = run(tmp_path, spec("APPROVAL=needed", more=exported))
    assert built.exported == {"APPROVAL": "needed"}


def test_a_variable_that_is_never_set_is_not_handed_on(tmp_path: Path) -> None:
    built = run(tmp_path, spec("pwd", more="env: {exported-variables: [APPROVAL]}\n"))
    assert built.exported == {}


def test_a_folder_is_handed_on(tmp_path: Path) -> None:
    files = "artifacts: {base-directory: out, files: '**/*'}\n"
    built = run(tmp_path, spec("mkdir out", "echo 1 > out/one", more=files))
    assert built.output is not None
    assert (built.output / "one").read_text() == "1\n"


def test_a_folder_that_is_missing_fails_the_build(tmp_path: Path) -> None:
    files = "artifacts: {base-directory: out, files: '**/*'}\n"
    with pytest.raises(StepFailedError, match="no files for the artefact: out"):
        run(tmp_path, spec("pwd", more=files))
