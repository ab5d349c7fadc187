"""What the pipeline's review decides, by the real CDK CLI, of an environment in the emulated account.

The commands are those of the buildspec in the pipeline's own template, run in the cloud assembly that synth
hands on. Where the pipeline installs the CLI, the project's own of the same version is on PATH.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.cdk import PROJECT, search_path
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

NAME = "release"
CONNECTION = (
    "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
)

Change = Callable[[dict[str, Any]], None]


def as_deployed(content: dict[str, Any]) -> None:
    content["pipeline"] = {
        "source": {"connection_arn": CONNECTION, "repository": "example/airflow-efs-cdk"},
        "environments": [NAME],
    }
    content["file_system"]["throughput"] = "bursting"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def deployed(folder: Path) -> Iterator[Rehearsal]:
    write_environment(folder, NAME, as_deployed)
    with Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy(stack=f"DeliveryPipelineStack/{NAME}/EfsStorageStack")
        yield rehearsal


def review(rehearsal: Rehearsal, folder: Path, work: Path, change: Change) -> tuple[str, str]:
    """What the review of a commit decides, and the differences that it keeps."""

    def changed(content: dict[str, Any]) -> None:
        as_deployed(content)
        change(content)

    write_environment(folder, NAME, changed)
    synth = rehearsal.cdk("synth", "--quiet")
    assert synth.status == 0, synth.output
    assembly = work / "assembly"
    shutil.copytree(rehearsal.plan.directory / "cdk.out", assembly)
    done = subprocess.run(
        [shutil.which("sh") or "/bin/sh", "-ec", "\n".join(commands(assembly))],
        cwd=assembly,
        env={
            **rehearsal.plan.aws_environment(),
            "AWS_REGION": rehearsal.settings.region,
            "PATH": f"{PROJECT / 'node_modules' / '.bin'}{os.pathsep}{search_path()}",
            "HOME": str(work),
            "CI": "true",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    Lines().say(done.stdout + done.stderr)
    assert done.returncode == 0
    decision = (assembly / "review" / "approval.txt").read_text().strip()
    return decision, (assembly / "review" / "diff.txt").read_text()


def commands(assembly: Path) -> list[str]:
    template = json.loads((assembly / "DeliveryPipelineStack.template.json").read_text())
    projects = {
        key: resource["Properties"]
        for key, resource in template["Resources"].items()
        if resource["Type"] == "AWS::CodeBuild::Project"
    }
    (pipeline,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CodePipeline::Pipeline"
    )
    (action,) = next(stage["Actions"] for stage in pipeline["Stages"] if stage["Name"] == f"{NAME}-review")
    source = projects[action["Configuration"]["ProjectName"]["Ref"]]["Source"]["BuildSpec"]
    found: list[str] = json.loads(source)["phases"]["build"]["commands"]
    return found


def nothing(_: dict[str, Any]) -> None:
    pass


def a_tag(content: dict[str, Any]) -> None:
    content["tags"] = {"team": "data"}


def another_performance_mode(content: dict[str, Any]) -> None:
    content["file_system"]["performance_mode"] = "maxIO"


def a_zone_less(content: dict[str, Any]) -> None:
    del content["cluster"]["subnets"][3]


def a_claim_less(content: dict[str, Any]) -> None:
    content["claims"] = []
    content.pop("sample_writer", None)


def more_clients(content: dict[str, Any]) -> None:
    content["file_system"].setdefault("nfs_clients", {})["cidrs"] = [content["cluster"]["vpc"]["cidrs"][0]]


@pytest.mark.parametrize("change", [nothing, a_tag])
def test_a_harmless_change_needs_no_approval(
    deployed: Rehearsal, folder: Path, tmp_path: Path, change: Change
) -> None:
    decision, _ = review(deployed, folder, tmp_path, change)
    assert decision == "approval: not-needed"


def test_a_commit_without_a_change_has_no_differences(
    deployed: Rehearsal, folder: Path, tmp_path: Path
) -> None:
    _, differences = review(deployed, folder, tmp_path, nothing)
    assert "There were no differences" in differences


def test_a_commit_that_would_replace_the_file_system_needs_an_approval(
    deployed: Rehearsal, folder: Path, tmp_path: Path
) -> None:
    decision, differences = review(deployed, folder, tmp_path, another_performance_mode)
    assert decision == "approval: needed"
    assert "PerformanceMode (requires replacement)" in differences


@pytest.mark.parametrize("change", [a_zone_less, a_claim_less])
def test_a_commit_that_would_delete_storage_needs_an_approval(
    deployed: Rehearsal, folder: Path, tmp_path: Path, change: Change
) -> None:
    decision, _ = review(deployed, folder, tmp_path, change)
    assert decision == "approval: needed"


def test_a_commit_that_opens_the_security_group_further_needs_an_approval(
    deployed: Rehearsal, folder: Path, tmp_path: Path
) -> None:
    decision, _ = review(deployed, folder, tmp_path, more_clients)
    assert decision == "approval: needed"


def test_an_environment_that_is_not_deployed_yet_needs_an_approval(folder: Path, tmp_path: Path) -> None:
    write_environment(folder, NAME, as_deployed)
    with Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal:
        assert rehearsal.cdk("bootstrap", "aws://123456789012/ap-northeast-2").status == 0
        decision, _ = review(rehearsal, folder, tmp_path, nothing)
    assert decision == "approval: needed"
