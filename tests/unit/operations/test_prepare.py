"""`airflow-efs rehearse --prepare`: which programs it finds or builds."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.cli import app
from rehearsal.binaries import MODULES, SCALING_MODULES
from tests.unit.rehearsal.programs import script

ALWAYS = {name for module in MODULES for name in module.packages}
FOR_SCALING = {name for module in SCALING_MODULES for name in module.packages}


@pytest.mark.parametrize(
    ("options", "programs"), [([], ALWAYS), (["--scaling"], ALWAYS | FOR_SCALING)], ids=["plain", "scaling"]
)
def test_only_what_a_rehearsal_needs_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], programs: set[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_EFS_BINARIES", str(tmp_path))
    for name in ALWAYS | FOR_SCALING:
        script(tmp_path / name, "")
    run = CliRunner().invoke(app, ["rehearse", "--prepare", *options])
    assert run.exit_code == 0, run.output
    found = {words[2].removesuffix(":") for line in run.output.splitlines() if len(words := line.split()) > 2}
    assert found == programs
