"""What starts a pipeline, and what its source action may do, for each kind of source."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from tests.unit.stacks import security
from tests.unit.stacks.pipeline_environments import ACCOUNT, REGION, SOURCE_KEY
from tests.unit.stacks.pipeline_templates import pipeline_template, stages, statements
from tests.unit.templates import of_type, only, resources

SOURCE_ROLE = "PipelineSourceRepository"


@pytest.fixture(scope="module")
def codecommit(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return pipeline_template("closed", environments, tmp_path_factory.mktemp("cdk") / "cdk.out")


@pytest.fixture(scope="module")
def archive(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return pipeline_template("archive", environments, tmp_path_factory.mktemp("cdk") / "cdk.out")


def rules(template: Template, source: str) -> list[dict[str, Any]]:
    """Rules of EventBridge about events of one service."""
    found = (rule["Properties"] for rule in of_type(template, "AWS::Events::Rule").values())
    return [rule for rule in found if rule["EventPattern"]["source"] == [source]]


def test_the_source_is_a_branch_in_codecommit(codecommit: Template) -> None:
    (action,) = stages(codecommit)["Source"]
    assert action["ActionTypeId"]["Provider"] == "CodeCommit"
    assert action["Configuration"] == {
        "BranchName": "release",
        "PollForSourceChanges": False,
        "RepositoryName": "airflow-efs",
    }


def test_a_push_to_the_branch_in_codecommit_starts_the_pipeline(codecommit: Template) -> None:
    (rule,) = rules(codecommit, "aws.codecommit")
    assert rule["EventPattern"]["detail"]["referenceName"] == ["release"]
    assert rule["EventPattern"]["resources"][0]["Fn::Join"][1][-1].endswith(
        f":codecommit:{REGION}:{ACCOUNT}:airflow-efs"
    )


def test_the_source_reads_its_repository_in_codecommit_only(codecommit: Template) -> None:
    (statement,) = statements(codecommit, SOURCE_ROLE, "codecommit:UploadArchive")
    assert statement["Resource"]["Fn::Join"][1][-1] == f":codecommit:{REGION}:{ACCOUNT}:airflow-efs"


def test_the_source_is_a_zip_in_a_bucket(archive: Template) -> None:
    (action,) = stages(archive)["Source"]
    assert action["ActionTypeId"]["Provider"] == "S3"
    assert action["Configuration"] == {
        "PollForSourceChanges": False,
        "S3Bucket": "example-releases",
        "S3ObjectKey": "a/b.zip",
    }


def test_a_new_zip_starts_the_pipeline(archive: Template) -> None:
    (rule,) = rules(archive, "aws.s3")
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": ["example-releases"]},
        "object": {"key": ["a/b.zip"]},
    }
    ((pipeline, _),) = of_type(archive, "AWS::CodePipeline::Pipeline").items()
    assert rule["Targets"][0]["Arn"]["Fn::Join"][1][-1] == {"Ref": pipeline}


def test_the_source_reads_the_one_zip_of_its_bucket(archive: Template) -> None:
    (statement,) = (
        found
        for found in statements(archive, SOURCE_ROLE, "s3:GetObject*")
        if "example-releases" in str(found["Resource"])
    )
    assert [one["Fn::Join"][1][-1] for one in statement["Resource"]] == [
        ":s3:::example-releases",
        ":s3:::example-releases/a/b.zip",
    ]


def test_the_source_may_decrypt_the_zip_and_encrypt_nothing_with_its_key(archive: Template) -> None:
    found = [one for one in statements(archive, SOURCE_ROLE, "kms:Decrypt") if one["Resource"] == SOURCE_KEY]
    assert [one["Action"] for one in found] == [["kms:Decrypt", "kms:DescribeKey"]]


@pytest.mark.parametrize("kind", ["codecommit", "archive"])
def test_who_starts_the_pipeline_may_start_this_one_only(kind: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(kind)
    ((pipeline, _),) = of_type(template, "AWS::CodePipeline::Pipeline").items()
    (statement,) = statements(template, "PipelineEventsRole", "codepipeline:StartPipelineExecution")
    assert statement["Resource"]["Fn::Join"][1][-1] == {"Ref": pipeline}
    template.has_resource_properties(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": {
                "Statement": [Match.object_like({"Principal": {"Service": "events.amazonaws.com"}})]
            }
        },
    )


def test_no_stack_makes_a_bucket_a_repository_or_a_trail_for_the_source(archive: Template) -> None:
    kinds = {resource["Type"] for resource in resources(archive).values()}
    assert not kinds & {"AWS::CloudTrail::Trail", "AWS::CodeCommit::Repository"}
    assert len(of_type(archive, "AWS::S3::Bucket")) == 2  # artefacts, and the record of accesses


@pytest.mark.parametrize("kind", ["codecommit", "archive"])
def test_the_pipeline_passes_the_security_checks_of_the_other_stacks(
    kind: str, request: pytest.FixtureRequest
) -> None:
    found = resources(request.getfixturevalue(kind))
    assert security.writes_on_everything(found) == []
    assert security.ingress_from_the_internet(found) == []
    assert security.loose_web_identity_trusts(found) == []


def test_a_pipeline_has_one_source(archive: Template) -> None:
    pipeline = only(of_type(archive, "AWS::CodePipeline::Pipeline"))["Properties"]
    assert len(pipeline["Stages"][0]["Actions"]) == 1
