"""How a release goes through the stages of a pipeline."""

import json

import pytest

from rehearsal.pipeline.release import Outcome
from tests.unit.rehearsal.account.stacks import Stacks
from tests.unit.rehearsal.pipeline.pipelines import (
    EVERYTHING,
    Release,
    allow,
    approval,
    build,
    pipeline,
    project,
    reason,
    role,
    stage,
)


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
