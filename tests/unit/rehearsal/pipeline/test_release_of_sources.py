"""Each kind of source gives the revision, if the action's role may read what it names."""

from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import REGION
from tests.unit.rehearsal.pipeline.pipelines import (
    CONNECTION,
    EVERYTHING,
    Release,
    Resources,
    action,
    allow,
    build,
    pipeline,
    project,
    reason,
    role,
    stage,
)

SOURCES: dict[str, dict[str, Any]] = {
    "CodeStarSourceConnection": {
        "ConnectionArn": CONNECTION,
        "FullRepositoryId": "a/b",
        "BranchName": "main",
    },
    "CodeCommit": {"RepositoryName": "airflow", "BranchName": "main", "PollForSourceChanges": False},
    "S3": {"S3Bucket": "releases", "S3ObjectKey": "a/b.zip", "PollForSourceChanges": False},
}
ZIP = "arn:aws:s3:::releases/a/b.zip"
REPOSITORY = f"arn:aws:codecommit:{REGION}:123456789012:airflow"


def of(provider: str, *may: dict[str, Any]) -> Resources:
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project('[ "$(cat word.txt)" = hello ]')
    resources["Role"] = role("codepipeline.amazonaws.com", EVERYTHING, *may)
    source = action("Source", provider, SOURCES[provider], OutputArtifacts=[{"Name": "Source"}])
    resources["Pipeline"]["Properties"]["Stages"][0]["Actions"] = [source]
    return resources


@pytest.mark.parametrize("provider", SOURCES)
def test_a_build_gets_the_revision(release: Release, provider: str) -> None:
    released = release(of(provider, allow("codecommit:*", resource=REPOSITORY)))
    assert released.succeeded, released.stages[-1].reason


@pytest.mark.parametrize(
    ("provider", "call", "resource"),
    [
        ("CodeStarSourceConnection", "codeconnections:UseConnection", CONNECTION),
        ("CodeCommit", "codecommit:GetBranch", REPOSITORY),
        ("CodeCommit", "codecommit:UploadArchive", REPOSITORY),
        ("S3", "s3:GetObject", ZIP),
        ("S3", "s3:GetObjectVersion", ZIP),
        ("S3", "s3:GetBucketVersioning", "arn:aws:s3:::releases"),
    ],
)
def test_a_source_that_the_role_may_not_read_stops_the_release(
    release: Release,
    provider: str,
    call: str,
    resource: str,
) -> None:
    denial = {**allow(call, resource=resource), "Effect": "Deny"}
    released = release(of(provider, allow("codecommit:*"), denial))
    assert reason(released).endswith(f"is not authorized to perform {call} on {resource}")


def test_another_kind_of_source_is_not_rehearsed(release: Release) -> None:
    resources = of("S3")
    resources["Pipeline"]["Properties"]["Stages"][0]["Actions"][0]["ActionTypeId"]["Provider"] = "ECR"
    assert reason(release(resources)) == "Source: not rehearsed: an action Source of ECR"
