"""A release of a small pipeline, whose builds run for real and whose account is moto's in this process."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account import (  # noqa: F401  # a model is known to stacks once it is imported
    code_build_projects,
    code_pipelines,
)
from rehearsal.pipeline.release import Outcome, Released, Releases
from tests.unit.rehearsal.account.conftest import account, stacks
from tests.unit.rehearsal.account.stacks import REGION, Stacks, aws_client

__all__ = ["account", "stacks"]

CONNECTION = f"arn:aws:codeconnections:{REGION}:123456789012:connection/1"

Resources = dict[str, Any]


def allow(*actions: str, resource: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


EVERYTHING = allow("s3:*", "sts:*", "codebuild:*", "codeconnections:*", "sns:*", "kms:*", "logs:*")


def role(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": list(statements or [EVERYTHING])}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "own", "PolicyDocument": policy}],
        },
    }


def project(*commands: str, exported: str = "", handed_on: str = "") -> dict[str, Any]:
    spec: dict[str, Any] = {"version": "0.2", "phases": {"build": {"commands": list(commands)}}}
    if exported:
        spec["env"] = {"exported-variables": [exported]}
    if handed_on:
        spec["artifacts"] = {"base-directory": handed_on, "files": ["**/*"]}
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Environment": {
                "ComputeType": "X",
                "Image": "aws/codebuild/standard:8.0",
                "Type": "LINUX_CONTAINER",
            },
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": json.dumps(spec)},
        },
    }


def action(category: str, provider: str, configuration: dict[str, Any], **more: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": category, "ActionTypeId": kind, "Configuration": configuration, "RunOrder": 1, **more}


def build(name: str = "Build", *, takes: str = "Source", gives: str = "", **more: Any) -> dict[str, Any]:
    output = {"OutputArtifacts": [{"Name": gives}]} if gives else {}
    configuration = {"ProjectName": {"Ref": name}, **more.pop("configuration", {})}
    taken = [{"Name": takes}]
    return {
        **action("Build", "CodeBuild", configuration, InputArtifacts=taken, **more),
        "Name": name,
        **output,
    }


def approval(**entry: Any) -> dict[str, Any]:
    return {"Name": "Approval", "Actions": [action("Approval", "Manual", {"CustomData": "Go on?"})], **entry}


def pipeline(*stages: dict[str, Any]) -> Resources:
    configuration = {"ConnectionArn": CONNECTION, "FullRepositoryId": "one/two", "BranchName": "main"}
    source = action("Source", "CodeStarSourceConnection", configuration, OutputArtifacts=[{"Name": "Source"}])
    store = {"Type": "S3", "Location": {"Ref": "Bucket"}}
    return {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "artifacts"}},
        "Role": role("codepipeline.amazonaws.com"),
        "BuildRole": role("codebuild.amazonaws.com"),
        "Pipeline": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "ArtifactStores": [{"Region": REGION, "ArtifactStore": store}],
                "Stages": [{"Name": "Source", "Actions": [source]}, *stages],
            },
        },
    }


def stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"Name": name, "Actions": list(actions)}


Release = Callable[..., Released]


@pytest.fixture
def release(stacks: Stacks, tmp_path: Path) -> Release:
    """Deploy a pipeline, and release a repository with one file."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "word.txt").write_text("hello\n")
    author = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message", "1"]):
        subprocess.run([shutil.which("git") or "git", *command], cwd=repository, check=True)

    def run(
        resources: Resources, *, approve: bool = True, between: Callable[[str], None] = print
    ) -> Released:
        assert stacks.deploy(resources) == "CREATE_COMPLETE"
        return Releases(
            client=aws_client,
            region=REGION,
            endpoint=None,
            repository=repository,
            folder=tmp_path / "releases",
            say=between,
            approve=lambda _: approve,
        ).release()

    return run


def reason(released: Released) -> str:
    assert released.stages[-1].outcome is Outcome.FAILED
    return released.stages[-1].reason


def test_a_build_gets_the_revision(release: Release) -> None:
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project('[ "$(cat word.txt)" = hello ]')
    assert release(resources).succeeded


def test_a_build_hands_on_to_the_next(release: Release) -> None:
    resources = pipeline(stage("Build", build(gives="Out")), stage("Next", build("Next", takes="Out")))
    resources["Build"] = project("mkdir out", "echo 1 > out/one", handed_on="out")
    resources["Next"] = project("cat one", "[ ! -e word.txt ]")
    assert release(resources).succeeded


def test_an_artefact_that_nobody_hands_on_stops_the_release(release: Release) -> None:
    resources = pipeline(stage("Build", build(takes="Lost")), stage("Next", build()))
    resources["Build"] = project("pwd")
    released = release(resources)
    assert reason(released) == "Build: the artefact Lost is handed on by no action before"
    assert released.outcome("Next") is None


def test_actions_run_in_their_order(release: Release) -> None:
    first, second = build("First", gives="Out"), build("Second", takes="Out", RunOrder=2)
    resources = pipeline(stage("Build", second, first))
    resources["First"] = project("mkdir out", "echo 1 > out/one", handed_on="out")
    resources["Second"] = project("cat one")
    assert release(resources).succeeded


def test_a_variable_reaches_a_later_action(release: Release) -> None:
    variables = json.dumps([{"name": "WORD", "type": "PLAINTEXT", "value": "#{first.WORD}"}])
    resources = pipeline(
        stage("Build", build(Namespace="first")),
        stage("Next", build("Next", configuration={"EnvironmentVariables": variables})),
    )
    resources["Build"] = project("WORD=hello", exported="WORD")
    resources["Next"] = project('[ "$WORD" = hello ]')
    assert release(resources).succeeded


def test_a_variable_that_nobody_exports_stops_the_release(release: Release) -> None:
    variables = json.dumps([{"name": "WORD", "type": "PLAINTEXT", "value": "#{first.WORD}"}])
    resources = pipeline(stage("Build", build(configuration={"EnvironmentVariables": variables})))
    resources["Build"] = project("pwd")
    assert "#{first.WORD} is exported by no action before" in reason(release(resources))


@pytest.mark.parametrize(
    ("role_name", "missing"), [("Role", "codebuild:StartBuild"), ("BuildRole", "s3:GetObject")]
)
def test_a_permission_that_a_role_lacks_stops_the_release(
    release: Release, role_name: str, missing: str
) -> None:
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project("pwd")
    service = "codepipeline" if role_name == "Role" else "codebuild"
    denial = {**allow(missing), "Effect": "Deny"}
    resources[role_name] = role(f"{service}.amazonaws.com", EVERYTHING, denial)
    assert f"is not authorized to perform {missing} on " in reason(release(resources))


def test_a_build_role_that_trusts_somebody_else_stops_the_release(release: Release) -> None:
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project("pwd")
    resources["BuildRole"] = role("ec2.amazonaws.com")
    assert reason(release(resources)).endswith("does not trust codebuild.amazonaws.com")


def test_a_rejected_approval_stops_the_release(release: Release) -> None:
    resources = pipeline(approval(), stage("Build", build()))
    resources["Build"] = project("pwd")
    released = release(resources, approve=False)
    assert reason(released) == "Approval: rejected"
    assert released.outcome("Build") is None


def test_a_stage_whose_condition_does_not_hold_is_skipped(release: Release) -> None:
    rule = {
        "Name": "Needed",
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
        "Configuration": {"Variable": "#{first.APPROVAL}", "Operator": "NE", "Value": "not-needed"},
    }
    entry = {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}
    resources = pipeline(stage("Build", build(Namespace="first")), approval(BeforeEntry=entry))
    resources["Build"] = project("APPROVAL=not-needed", exported="APPROVAL")
    released = release(resources, approve=False)
    assert released.succeeded
    assert released.outcome("Approval") is Outcome.SKIPPED


def test_a_pipeline_that_changes_while_it_runs_starts_again(release: Release, stacks: Stacks) -> None:
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project("pwd")
    changed = pipeline(stage("Build", build()), stage("Added", build("Added")))
    changed |= {"Build": project("pwd"), "Added": project("pwd")}
    changes = iter([changed])

    def change(line: str) -> None:
        if line == "Build: Build" and (later := next(changes, None)):
            stacks.deploy(later)

    released = release(resources, between=change)
    assert [(one.stage, str(one.outcome)) for one in released.stages] == [
        ("Source", "succeeded"),
        ("Build", "restarted"),
        ("Source", "succeeded"),
        ("Build", "succeeded"),
        ("Added", "succeeded"),
    ]
