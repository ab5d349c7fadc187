"""A release where a role lacks what CodePipeline and CodeBuild do with it."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION
from tests.unit.rehearsal.pipeline.pipelines import (
    EVERYTHING,
    Release,
    Resources,
    allow,
    approval,
    build,
    pipeline,
    project,
    reason,
    role,
    stage,
)

LOG = {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": {"Ref": "Log"}}}
STREAMS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group"


def deny(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {**allow(*actions, resource=resource), "Effect": "Deny"}


def one_build(*may: dict[str, Any], **properties: Any) -> Resources:
    resources = pipeline(stage("Build", build()))
    resources["Log"] = {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "builds"}}
    resources["Build"] = project("pwd")
    resources["Build"]["Properties"] |= properties
    resources["BuildRole"] = role("codebuild.amazonaws.com", *may)
    return resources


@pytest.mark.parametrize("call", ["logs:CreateLogStream", "logs:PutLogEvents"])
def test_a_log_that_the_role_may_not_write_stops_the_release(release: Release, call: str) -> None:
    released = release(one_build(EVERYTHING, deny(call), LogsConfig=LOG))
    said = f"is not authorized to perform {call} on {STREAMS}:builds:log-stream:"
    assert said in reason(released)


def test_the_arn_of_the_log_group_is_enough_to_write_it(release: Release) -> None:
    without_logs = {**EVERYTHING, "Action": [one for one in EVERYTHING["Action"] if one != "logs:*"]}
    write = allow("logs:CreateLogStream", "logs:PutLogEvents", resource=[{"Fn::GetAtt": ["Log", "Arn"]}])
    released = release(one_build(without_logs, write, LogsConfig=LOG))
    assert released.succeeded, released.stages[-1].reason


def test_a_build_without_settings_of_logs_makes_a_log_group_of_its_own(release: Release) -> None:
    released = release(one_build(EVERYTHING, deny("logs:CreateLogGroup")))
    assert f"perform logs:CreateLogGroup on {STREAMS}:/aws/codebuild/" in reason(released)


def test_a_build_that_writes_no_log_needs_no_permission_for_it(release: Release) -> None:
    none = {"CloudWatchLogs": {"Status": "DISABLED"}}
    released = release(one_build(EVERYTHING, deny("logs:*"), LogsConfig=none))
    assert released.succeeded, released.stages[-1].reason


def test_a_managed_policy_of_a_role_counts(release: Release) -> None:
    # CDK divides what is too long for the policies of a role among managed ones.
    resources = one_build(allow("sts:*"))
    resources["Overflow"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [EVERYTHING]},
            "Roles": [{"Ref": "BuildRole"}],
        },
    }
    released = release(resources)
    assert released.succeeded, released.stages[-1].reason


def test_a_build_that_codepipeline_cannot_look_at_stops_the_release(release: Release) -> None:
    resources = one_build(EVERYTHING)
    resources["Role"] = role("codepipeline.amazonaws.com", EVERYTHING, deny("codebuild:BatchGetBuilds"))
    assert "is not authorized to perform codebuild:BatchGetBuilds on " in reason(release(resources))


def told(*may: dict[str, Any]) -> Resources:
    """A pipeline with an approval that is told on a topic with a key."""
    asking = approval()
    asking["Actions"][0]["Configuration"]["NotificationArn"] = {"Ref": "Topic"}
    resources = pipeline(asking)
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*"}
    policy = {"Version": "2012-10-17", "Statement": [{**root, "Resource": "*"}]}
    resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}}
    key = {"Fn::GetAtt": ["Key", "Arn"]}
    resources["Topic"] = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": key}}
    resources["Role"] = role("codepipeline.amazonaws.com", EVERYTHING, *may)
    return resources


def test_an_approval_is_told_on_a_topic_that_a_key_encrypts(release: Release) -> None:
    released = release(told())
    assert released.succeeded, released.stages[-1].reason


@pytest.mark.parametrize("call", ["sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"])
def test_an_approval_that_cannot_be_told_stops_the_release(release: Release, call: str) -> None:
    assert f"is not authorized to perform {call} on " in reason(release(told(deny(call))))


def test_a_topic_that_is_not_there_stops_the_release(release: Release) -> None:
    resources = told()
    asking = resources["Pipeline"]["Properties"]["Stages"][1]["Actions"][0]
    asking["Configuration"]["NotificationArn"] = f"arn:aws:sns:{REGION}:{ACCOUNT}:nobody"
    released = release(resources)
    assert reason(released) == f"Approval: there is no topic arn:aws:sns:{REGION}:{ACCOUNT}:nobody"
