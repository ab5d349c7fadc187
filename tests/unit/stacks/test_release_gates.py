"""The gates of an environment in the pipeline: in the template, and what their commands decide.

The commands run in a shell with a stand-in for the CDK CLI, whose exit statuses each test chooses.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from app import add_stacks
from tests.unit.conftest import fast_app
from tests.unit.stacks.pipeline_environments import (
    ACCOUNT,
    DELIVERY_ROLE,
    OTHER_ACCOUNT,
    REGION,
    write_all,
)
from tests.unit.templates import of_type, only, references

CDK = """#!/bin/sh
case "$*" in
  *destructive*) exit "${DESTRUCTIVE:-0}" ;;
  *broadening*) exit "${BROADENING:-0}" ;;
  *) echo "${CHANGED:-the differences}"; exit "${DIFF:-0}" ;;
esac
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The pipeline of staging (approval where it is risky), prod (always) and release itself."""
    directory = tmp_path_factory.mktemp("environments")
    write_all(directory)
    app = fast_app(directory / "cdk.out")
    app.node.set_context("environment", "release")
    app.node.set_context("environments", str(directory))
    add_stacks(app)
    found = app.node.find_child("DeliveryPipelineStack")
    assert isinstance(found, Stack)
    return Template.from_stack(found)


def stage(template: Template, name: str) -> dict[str, Any]:
    stages = only(of_type(template, "AWS::CodePipeline::Pipeline"))["Properties"]["Stages"]
    (found,) = (one for one in stages if one["Name"] == name)
    return dict(found)


def project(template: Template, stage_name: str, action: str) -> dict[str, Any]:
    (found,) = (one for one in stage(template, stage_name)["Actions"] if one["Name"] == action)
    projects = of_type(template, "AWS::CodeBuild::Project")
    return dict(projects[found["Configuration"]["ProjectName"]["Ref"]]["Properties"])


def buildspec(template: Template, stage_name: str, action: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project(template, stage_name, action)["Source"]["BuildSpec"])
    return found


def assumed(template: Template, stage_name: str, action: str) -> list[Any]:
    """What the role of a step may assume."""
    (role,) = references(project(template, stage_name, action)["ServiceRole"])
    return [
        statement["Resource"]
        for policy in of_type(template, "AWS::IAM::Policy").values()
        if role in references(policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "sts:AssumeRole"
    ]


def run_build(commands: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run commands as one build does: in one shell, until one fails."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "cdk").write_text(CDK)
    (programs / "cdk").chmod(0o755)
    shell = shutil.which("sh") or "/bin/sh"
    return subprocess.run(
        [shell, "-ec", "\n".join(commands)],
        cwd=folder,
        env={"PATH": f"{programs}{os.pathsep}{os.defpath}", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def review(template: Template, folder: Path, *, exported: str = "APPROVAL", **environment: str) -> str:
    """What a review decides; or another variable that it exports."""
    commands = [
        *buildspec(template, "staging-review", "Changes")["phases"]["build"]["commands"],
        f'printf "%s" "${exported}" > decision',
    ]
    done = run_build(commands, folder, **environment)
    assert done.returncode == 0, done.stderr
    return (folder / "decision").read_text()


def test_a_change_without_risk_needs_no_approval(release: Template, tmp_path: Path) -> None:
    assert review(release, tmp_path) == "not-needed"


@pytest.mark.parametrize("risk", [{"DESTRUCTIVE": "1"}, {"BROADENING": "1"}], ids=str)
def test_a_change_with_a_risk_needs_an_approval(
    release: Template, tmp_path: Path, risk: Mapping[str, str]
) -> None:
    assert review(release, tmp_path, **risk) == "needed"


def test_a_comparison_that_breaks_down_needs_an_approval(release: Template, tmp_path: Path) -> None:
    assert review(release, tmp_path, BROADENING="127") == "needed"


def test_differences_that_cannot_be_had_fail_the_review(release: Template, tmp_path: Path) -> None:
    commands = buildspec(release, "staging-review", "Changes")["phases"]["build"]["commands"]
    done = run_build(commands, tmp_path, DIFF="1")
    assert done.returncode != 0
    assert "the differences" in done.stdout


def test_the_differences_are_kept_as_an_artefact(release: Template, tmp_path: Path) -> None:
    review(release, tmp_path)
    assert (tmp_path / "review" / "diff.txt").read_text() == "the differences\n"
    assert buildspec(release, "staging-review", "Changes")["artifacts"] == {
        "base-directory": "review",
        "files": ["**/*"],
    }
    (action,) = stage(release, "staging-review")["Actions"]
    assert action["OutputArtifacts"]


def test_the_decision_and_a_digest_of_the_differences_are_variables_of_the_review(release: Template) -> None:
    exported = buildspec(release, "staging-review", "Changes")["env"]["exported-variables"]
    assert sorted(exported) == ["APPROVAL", "CHANGES"]


def test_the_approval_is_skipped_only_when_the_review_says_so(release: Template) -> None:
    (action,) = stage(release, "staging-review")["Actions"]
    (condition,) = stage(release, "staging-approval")["BeforeEntry"]["Conditions"]
    (rule,) = condition["Rules"]
    assert condition["Result"] == "SKIP"
    assert rule["Configuration"] == {
        "Variable": f"#{{{action['Namespace']}.APPROVAL}}",
        "Operator": "NE",
        "Value": "not-needed",
    }


def test_an_environment_that_wants_it_is_approved_every_time(release: Template) -> None:
    found = stage(release, "prod-approval")
    assert "BeforeEntry" not in found
    assert [action["ActionTypeId"]["Provider"] for action in found["Actions"]] == ["Manual"]


def confirm(
    template: Template, folder: Path, *, of: str = "staging", **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Confirm a deployment after a review of "the differences"."""
    reviewed = review(template, folder, exported="CHANGES")
    commands = buildspec(template, of, "Confirm")["phases"]["build"]["commands"]
    return run_build(commands, folder, **{"REVIEWED_CHANGES": reviewed, **environment})


@pytest.mark.parametrize("environment", [{"REVIEWED": "not-needed"}, {"REVIEWED": "needed"}], ids=str)
def test_what_is_as_it_was_reviewed_is_deployed(
    release: Template, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    assert confirm(release, tmp_path, **environment).returncode == 0


def test_what_was_approved_is_deployed(release: Template, tmp_path: Path) -> None:
    done = confirm(release, tmp_path, REVIEWED="needed", DESTRUCTIVE="1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_risk_that_the_review_did_not_see_stops_the_deployment(release: Template, tmp_path: Path) -> None:
    done = confirm(release, tmp_path, REVIEWED="not-needed", DESTRUCTIVE="1")
    assert done.returncode != 0
    assert "staging has changed since its review" in done.stdout


@pytest.mark.parametrize("of", ["staging", "prod"])
def test_another_risk_than_the_one_that_was_approved_stops_the_deployment(
    release: Template, tmp_path: Path, of: str
) -> None:
    done = confirm(release, tmp_path, of=of, REVIEWED="needed", DESTRUCTIVE="1", CHANGED="others")
    assert done.returncode != 0
    assert f"{of} has changed since its review" in done.stdout


def test_other_differences_without_a_risk_are_deployed(release: Template, tmp_path: Path) -> None:
    assert confirm(release, tmp_path, REVIEWED="needed", CHANGED="others").returncode == 0


def test_a_risk_is_deployed_where_a_person_is_asked_every_time(release: Template, tmp_path: Path) -> None:
    assert confirm(release, tmp_path, of="prod", DESTRUCTIVE="1").returncode == 0


def test_what_stops_the_deployment_is_in_the_log(release: Template, tmp_path: Path) -> None:
    done = confirm(release, tmp_path, REVIEWED="not-needed", DESTRUCTIVE="1", CHANGED="the latest")
    assert "the latest" in done.stdout


def test_a_comparison_that_cannot_be_made_stops_the_deployment(release: Template, tmp_path: Path) -> None:
    assert confirm(release, tmp_path, REVIEWED="not-needed", DIFF="1").returncode != 0


@pytest.mark.parametrize(
    ("of", "told"),
    [
        ("staging", {"REVIEWED": "APPROVAL", "REVIEWED_CHANGES": "CHANGES"}),
        ("prod", {"REVIEWED_CHANGES": "CHANGES"}),
    ],
)
def test_the_confirmation_knows_what_the_review_said(
    release: Template, of: str, told: Mapping[str, str]
) -> None:
    (action,) = stage(release, f"{of}-review")["Actions"]
    (found,) = (one for one in stage(release, of)["Actions"] if one["Name"] == "Confirm")
    variables = json.loads(found["Configuration"]["EnvironmentVariables"])
    assert {one["name"]: one["value"] for one in variables} == {
        name: f"#{{{action['Namespace']}.{exported}}}" for name, exported in told.items()
    }


@pytest.mark.parametrize(("name", "account"), [("staging", ACCOUNT), ("prod", OTHER_ACCOUNT)])
def test_a_review_only_reads_as_the_role_that_looks_up(release: Template, name: str, account: str) -> None:
    assert assumed(release, f"{name}-review", "Changes") == [
        f"arn:aws:iam::{account}:role/cdk-hnb659fds-lookup-role-{account}-{REGION}"
    ]


def test_doctor_comes_before_the_deployment_and_prove_after_it(release: Template) -> None:
    actions = sorted(stage(release, "prod")["Actions"], key=lambda action: action["RunOrder"])
    by_order: dict[int, set[str]] = {}
    for action in actions:
        by_order.setdefault(action["RunOrder"], set()).add(action["Name"])
    assert list(by_order.values()) == [
        {"Confirm", "Doctor"},
        {"EfsStorageStack-prod.Prepare"},
        {"EfsStorageStack-prod.Deploy"},
        {"Prove"},
    ]


@pytest.mark.parametrize("action", ["Doctor", "Prove"])
def test_a_check_acts_as_the_role_of_its_environment_and_as_no_other(release: Template, action: str) -> None:
    assert assumed(release, "prod", action) == [DELIVERY_ROLE]
    assert any(
        DELIVERY_ROLE in one for one in buildspec(release, "prod", action)["phases"]["install"]["commands"]
    )


def test_without_that_role_nothing_is_checked_in_the_cluster(release: Template) -> None:
    names = {action["Name"] for action in stage(release, "staging")["Actions"]}
    assert not names & {"Doctor", "Prove"}


@pytest.mark.parametrize(("status", "goes_on"), [(0, True), (3, False), (4, False), (5, True)])
def test_doctor_lets_warnings_pass_and_nothing_else(
    release: Template, tmp_path: Path, status: int, goes_on: bool
) -> None:
    assert check(release, tmp_path, "Doctor", status) is goes_on


@pytest.mark.parametrize(("status", "goes_on"), [(0, True), (3, False), (4, False)])
def test_a_proof_that_fails_fails_the_stage(
    release: Template, tmp_path: Path, status: int, goes_on: bool
) -> None:
    assert check(release, tmp_path, "Prove", status) is goes_on


def check(template: Template, folder: Path, action: str, status: int) -> bool:
    program = folder / ".venv" / "bin" / "airflow-efs"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\necho "$AWS_PROFILE $*" > {folder}/called\nexit {status}\n')
    program.chmod(0o755)
    commands = buildspec(template, "prod", action)["phases"]["build"]["commands"]
    done = run_build(commands, folder)
    assert (folder / "called").read_text() == f"delivery {action.lower()} prod\n"
    return done.returncode == 0


def test_a_stage_takes_one_execution_at_a_time(release: Template) -> None:
    assert (
        only(of_type(release, "AWS::CodePipeline::Pipeline"))["Properties"]["ExecutionMode"] == "SUPERSEDED"
    )


def test_a_failure_is_told_on_a_topic_that_is_encrypted(release: Template) -> None:
    ((topic, resource),) = of_type(release, "AWS::SNS::Topic").items()
    (key,) = of_type(release, "AWS::KMS::Key")
    assert resource["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    rule = only(of_type(release, "AWS::Events::Rule"))["Properties"]
    assert rule["EventPattern"]["detail"]["state"] == ["FAILED"]
    assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": topic}]
    release.has_resource_properties("AWS::SNS::Subscription", {"Endpoint": "platform@example.com"})


def test_the_topic_wants_tls(release: Template) -> None:
    policy = only(of_type(release, "AWS::SNS::TopicPolicy"))["Properties"]["PolicyDocument"]
    assert any(
        statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["Statement"]
    )


def test_eventbridge_may_use_the_key_of_the_topic(release: Template) -> None:
    document = only(of_type(release, "AWS::KMS::Key"))["Properties"]["KeyPolicy"]
    assert any(
        statement["Principal"].get("Service") == "events.amazonaws.com" for statement in document["Statement"]
    )


def test_the_approval_tells_the_same_topic(release: Template) -> None:
    (action,) = stage(release, "prod-approval")["Actions"]
    (topic,) = of_type(release, "AWS::SNS::Topic")
    assert action["Configuration"]["NotificationArn"] == {"Ref": topic}
