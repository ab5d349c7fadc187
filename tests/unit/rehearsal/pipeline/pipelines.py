"""What a template of a small pipeline is made of, and what a release of it ends with."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.pipeline.release import Outcome, Released
from tests.unit.rehearsal.account.stacks import REGION

CONNECTION = f"arn:aws:codeconnections:{REGION}:123456789012:connection/1"

Resources = dict[str, Any]
Release = Callable[..., Released]


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


def reason(released: Released) -> str:
    assert released.stages[-1].outcome is Outcome.FAILED
    return released.stages[-1].reason
