"""app.py as the CDK CLI runs it: a process of its own, told by environment variables."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.conftest import ROOT

PLANT = """
import sys
import app
from aws_cdk import Stack, aws_ec2 as ec2
real = app.add_stacks
def add_stacks(root):
    real(root)
    stack = Stack(root, "Planted")
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"])
    group = ec2.SecurityGroup(stack, "Open", vpc=vpc, description="Open to all", allow_all_outbound=False)
    group.add_ingress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(2049), "everybody")
app.add_stacks = add_stacks
sys.exit(app.main())
"""


def run(
    outdir: Path, *arguments: str, context: dict[str, object] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    # Nobody answers at port 9: a synthesis that called AWS would fail.
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    # Node.js 20 is what many machines have; jsii complains of it on standard error, where the tests read.
    quiet = {
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
    # CDK behaves otherwise when it sees that a test runs it.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "AWS_"))}
    return subprocess.run(
        [sys.executable, *(arguments or ["app.py"])],
        cwd=ROOT,
        env=inherited
        | nowhere
        | quiet
        | {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(flags | (context or {}))}
        | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_chosen_environment_is_synthesised(tmp_path: Path) -> None:
    assert run(tmp_path, context={"environment": "airflow-seoul"}).returncode == 0
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    properties = manifest["artifacts"]["EfsStorageStack"]["properties"]
    assert properties["stackName"] == "EfsStorageStack-airflow-seoul"


# In mode "process" CDK sets only the exit status of Node, which Python does not hear of.
@pytest.mark.parametrize("mode", ["unknown", "process"])
def test_a_finding_stops_synthesis_and_says_rule_construct_and_cure(tmp_path: Path, mode: str) -> None:
    done = run(tmp_path, "-c", PLANT, CDK_APP_MODE=mode, CDK_VALIDATION="false")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: AwsSolutions-EC23 in Planted/Open/Resource: The Security Group allows for 0.0.0.0/0"
    )
    assert "stacks/acknowledged_findings.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_environment_is_one_line_and_nothing_is_synthesised(tmp_path: Path) -> None:
    outdir = tmp_path / "cdk.out"
    done = run(outdir, context={"environment": "nope"})
    assert done.returncode == 1
    assert done.stderr.startswith(
        'error: there is no environment "nope": choose airflow-demo or airflow-seoul or '
    )
    assert len(done.stderr.splitlines()) == 1
    assert not (outdir / "manifest.json").exists()


def test_environments_can_be_in_another_directory(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("account: 123456789012\n", encoding="utf-8")
    done = run(tmp_path / "out", context={"environments": str(tmp_path), "environment": "broken"})
    assert done.returncode == 1
    assert all(line.startswith("error: ") for line in done.stderr.splitlines())
    assert "broken.yaml" in done.stderr


def test_without_the_cli_no_environment_is_chosen(tmp_path: Path) -> None:
    done = run(tmp_path, CDK_CONTEXT_JSON="{}")
    assert (done.returncode, done.stderr) == (
        1,
        "error: no environment is chosen: run this by the CDK CLI, with -c environment=NAME\n",
    )
