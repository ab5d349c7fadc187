"""A function of the account run on this machine: what it is given, and what its failure says."""

import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account.functions.lambda_functions import FunctionError, LambdaRunner
from tests.unit.rehearsal.account.conftest import Functions, archive
from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, Stacks, aws_client


def invoke(runner: LambdaRunner, function: str, event: dict[str, Any] | None = None) -> Any:
    return runner.invoke(function, event or {}, account=ACCOUNT, region=REGION)


def test_a_function_gets_the_event_and_returns_its_result(
    functions: "Functions", runner: LambdaRunner
) -> None:
    function = functions.make("echo", "def handler(event, context): return {'got': event['value']}")
    assert invoke(runner, function, {"value": [1, None, "ä"]}) == {"got": [1, None, "ä"]}


def test_a_function_has_its_own_variables_and_those_of_the_machine(
    functions: "Functions", runner: LambdaRunner
) -> None:
    function = functions.make(
        "environment",
        "import os\ndef handler(event, context): return dict(os.environ)",
        Environment={"Variables": {"OWN": "value", "MACHINE": "overridden by the machine"}},
    )
    found = invoke(runner, function)
    assert (found["OWN"], found["MACHINE"]) == ("value", "rehearsal")
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "environment"
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == (REGION, REGION)


def test_nothing_of_this_process_reaches_a_function(
    functions: "Functions", runner: LambdaRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the-users-own")
    function = functions.make(
        "environment", "import os\ndef handler(event, context): return dict(os.environ)"
    )
    assert "AWS_PROFILE" not in invoke(runner, function)


def test_the_folders_of_layers_are_searched_for_programs_after_the_stand_in(
    functions: "Functions", runner: LambdaRunner
) -> None:
    layer = functions.make_layer({"kubectl/kubectl": "#!/bin/sh\necho from the layer\n"}, executable=True)
    source = (
        "import os, subprocess\n"
        "def handler(event, context):\n"
        "    return [os.environ['PATH'].split(':'), subprocess.check_output(['kubectl'], text=True)]\n"
    )
    path, said = invoke(runner, functions.make("layered", source, Layers=[layer]))
    assert said == "from the layer\n"
    assert path[0] == "/stand-in"
    assert path[1].endswith("/kubectl")


def test_a_layer_that_is_gone_is_named(functions: "Functions", runner: LambdaRunner) -> None:
    layer = functions.make_layer({"bin/tool": ""})
    function = functions.make("layered", "def handler(event, context): pass", Layers=[layer])
    functions.client.delete_layer_version(LayerName="layer", VersionNumber=1)
    message = f"the layer {layer} does not exist in the emulated account"
    with pytest.raises(FunctionError, match=f"^{re.escape(message)}$"):
        invoke(runner, function)


def test_home_and_the_temporary_folder_are_its_own_and_are_removed_afterwards(
    functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    source = (
        "import os, pathlib, tempfile\n"
        "def handler(event, context):\n"
        "    home = pathlib.Path.home()\n"
        "    (home / 'left-behind').touch()\n"
        "    names = ('HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME', 'TEST_OUTDIR')\n"
        "    return [str(home), tempfile.gettempdir(), *(os.environ[name] for name in names)]\n"
    )
    home, *others = invoke(runner, functions.make("scratch", source))
    assert Path(home).parent == tmp_path
    assert all(Path(other).is_relative_to(home) for other in others)
    assert not Path(home).exists()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no such release')", "ValueError: no such release"),
        ("import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
        ("return {1, 2}", "TypeError: Object of type set is not JSON serializable"),
    ],
)
def test_a_failure_is_said_in_the_functions_own_words(
    functions: "Functions", runner: LambdaRunner, body: str, message: str
) -> None:
    function = functions.make("failing", f"def handler(event, context):\n    {body}")
    with pytest.raises(FunctionError, match=f"^{re.escape(message)}$"):
        invoke(runner, function)


def test_a_handler_that_does_not_exist_is_named(functions: "Functions", runner: LambdaRunner) -> None:
    with pytest.raises(FunctionError, match=r"^AttributeError: module 'index' has no attribute 'handler'$"):
        invoke(runner, functions.make("empty", ""))


def test_a_function_that_ends_its_process_is_said_to_have_no_result(
    functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    function = functions.make("exiting", "import os\ndef handler(event, context): os._exit(3)")
    log = tmp_path / "logs" / "lambda-exiting.log"
    with pytest.raises(FunctionError, match=f"^exiting ended without a result; its log: {log}$"):
        invoke(runner, function)


def test_what_a_function_prints_is_in_its_log(
    functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    invoke(runner, functions.make("speaking", "def handler(event, context): print('applied')"))
    assert "applied" in (tmp_path / "logs" / "lambda-speaking.log").read_text()


def test_a_function_that_runs_too_long_is_ended_with_the_programs_that_it_called(
    functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    function = functions.make("slow", sleeping(pid), Timeout=1)
    with pytest.raises(FunctionError, match=r"^Task timed out after 1\.00 seconds$"):
        invoke(runner, function)
    assert ends(int(pid.read_text()))


def test_an_invocation_ends_with_the_account_that_runs_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    (tmp_path / "logs").mkdir()
    code = (
        "import pathlib, sys, types\n"
        "from rehearsal.account.functions.lambda_functions import LambdaRunner\n"
        "directory = pathlib.Path(sys.argv[1])\n"
        "runner = LambdaRunner(directory=directory, environment={}, path='/stand-in')\n"
        "function = types.SimpleNamespace(\n"
        "    function_name='slow', handler='index.handler', timeout=60, environment_vars={},\n"
        "    account_id='123456789012', region='eu-west-1', role='arn:aws:iam::123456789012:role/slow')\n"
        "runner._run(function, {}, code=directory, layers=[], scratch=directory)\n"
    )
    (tmp_path / "index.py").write_text(sleeping(pid))
    account = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    try:
        deadline = time.monotonic() + 15
        while not pid.exists() or not pid.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        account.send_signal(signal.SIGKILL)
        account.wait()
    assert ends(int(pid.read_text()))


def test_invocations_at_the_same_time_unpack_an_archive_once(
    functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    function = functions.make("echo", "def handler(event, context): return event['number']")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda number: invoke(runner, function, {"number": number}), range(6)))
    assert results == list(range(6))
    assert len(list((tmp_path / "lambda").iterdir())) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lambda", "logs"]


def test_the_loser_of_a_race_to_unpack_uses_what_the_winner_unpacked(
    runner: LambdaRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = archive({"index.py": "pass"})
    winner = runner._unpacked(content)
    monkeypatch.setattr(Path, "exists", lambda path: path != winner or "late" in seen)
    seen: list[str] = []
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        seen.append("late")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    assert runner._unpacked(content) == winner
    assert seen == ["late"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lambda", "logs"]


def test_programs_of_an_archive_can_be_run_and_files_can_be_removed(runner: LambdaRunner) -> None:
    program = runner._unpacked(archive({"bin/tool": "#!/bin/sh\n"}, executable=True)) / "bin" / "tool"
    plain = runner._unpacked(archive({"data/file": "text"})) / "data" / "file"
    assert os.access(program, os.X_OK)
    assert plain.stat().st_mode & 0o777 == 0o644


def test_a_folder_of_an_archive_without_permissions_can_be_filled(
    runner: LambdaRunner, tmp_path: Path
) -> None:
    path = tmp_path / "layer.zip"
    with zipfile.ZipFile(path, "w") as packed:
        folder = zipfile.ZipInfo("bin/")
        folder.external_attr = 0o40444 << 16
        packed.writestr(folder, "")
        packed.writestr("bin/tool", "text")
    unpacked = runner._unpacked(path.read_bytes())
    assert (unpacked / "bin" / "tool").read_text() == "text"
    assert (unpacked / "bin").stat().st_mode & 0o700 == 0o700


@pytest.mark.parametrize("name", ["../../outside", "/outside", "a/../../../outside"])
def test_no_entry_of_an_archive_is_written_outside_its_folder(
    runner: LambdaRunner, tmp_path: Path, name: str
) -> None:
    unpacked = runner._unpacked(archive({name: "text"}))
    (written,) = tmp_path.rglob("outside")
    assert written.is_relative_to(unpacked)
    assert not Path("/outside").exists()


def test_what_is_no_archive_is_one_error_and_leaves_nothing(runner: LambdaRunner, tmp_path: Path) -> None:
    with pytest.raises(
        FunctionError, match=r"^the code of a function or layer is not a zip archive: File is not a zip file$"
    ):
        runner._unpacked(b"not a zip archive")
    assert list((tmp_path / "lambda").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lambda", "logs"]


def test_a_function_of_a_stack_keeps_its_layers_and_gets_new_ones(
    functions: "Functions", stacks: Stacks
) -> None:
    layers = [functions.make_layer({"a/a": version}) for version in ("one", "two")]
    role = aws_client("iam").get_role(RoleName="function")["Role"]["Arn"]

    def resources(layer: str) -> dict[str, Any]:
        properties = {
            "FunctionName": "of-a-stack",
            "Role": role,
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Layers": [layer],
        }
        return {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}

    for layer in layers:
        stacks.deploy(resources(layer))
        found = functions.client.get_function_configuration(FunctionName="of-a-stack")["Layers"]
        assert [one["Arn"] for one in found] == [layer]


def sleeping(pid: Path) -> str:
    return (
        "import pathlib, subprocess\n"
        "def handler(event, context):\n"
        "    child = subprocess.Popen(['/bin/sleep', '120'])\n"
        f"    pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
        "    child.wait()\n"
    )


def ends(pid: int) -> bool:
    """Whether a process has ended, or does so soon."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if (Path("/proc") / str(pid) / "stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
