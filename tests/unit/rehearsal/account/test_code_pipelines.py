"""A pipeline and its builds in a stack, as the API describes them afterwards."""

from typing import Any

import pytest

from rehearsal.account import (  # noqa: F401  # a model is known to stacks once it is imported
    code_build_projects,
    code_pipelines,
)
from tests.unit.rehearsal.account.stacks import Stacks, aws_client


def role(service: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}


def build(commands: str = "make") -> dict[str, Any]:
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Environment": {
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": "aws/codebuild/standard:8.0",
                "Type": "LINUX_CONTAINER",
                "EnvironmentVariables": [{"Name": "KIND", "Type": "PLAINTEXT", "Value": "test"}],
            },
            "ServiceRole": {"Fn::GetAtt": ["BuildRole", "Arn"]},
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": commands},
        },
    }


def action(category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": category, "ActionTypeId": kind, "RunOrder": 1, **more}


def resources(*, repository: str = "one/two", commands: str = "make") -> dict[str, Any]:
    source = action(
        "Source",
        "CodeStarSourceConnection",
        Configuration={"FullRepositoryId": repository},
        OutputArtifacts=[{"Name": "Source"}],
    )
    making = action(
        "Build",
        "CodeBuild",
        Configuration={"ProjectName": {"Ref": "Build"}},
        InputArtifacts=[{"Name": "Source"}],
    )
    store = {"Type": "S3", "Location": "artifacts"}
    return {
        "Role": role("codepipeline.amazonaws.com"),
        "BuildRole": role("codebuild.amazonaws.com"),
        "Build": build(commands),
        "Pipeline": {
            "Type": "AWS::CodePipeline::Pipeline",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "PipelineType": "V2",
                "ArtifactStores": [{"Region": "ap-northeast-2", "ArtifactStore": store}],
                "Stages": [{"Name": "Source", "Actions": [source]}, {"Name": "Build", "Actions": [making]}],
            },
        },
    }


def deployed_name(stacks: Stacks, logical_id: str) -> str:
    resource = stacks.client.describe_stack_resource(StackName="stack", LogicalResourceId=logical_id)
    return str(resource["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture
def pipeline(stacks: Stacks) -> Stacks:
    assert stacks.deploy(resources()) == "CREATE_COMPLETE"
    return stacks


def described(stacks: Stacks) -> dict[str, Any]:
    name = deployed_name(stacks, "Pipeline")
    found: dict[str, Any] = aws_client("codepipeline").get_pipeline(name=name)["pipeline"]
    return found


def test_a_pipeline_is_described_in_the_words_of_the_api(pipeline: Stacks) -> None:
    source, making = described(pipeline)["stages"]
    assert source["actions"][0]["outputArtifacts"] == [{"name": "Source"}]
    assert making["actions"][0]["configuration"] == {"ProjectName": deployed_name(pipeline, "Build")}


def test_true_and_false_of_a_configuration_are_text(stacks: Stacks) -> None:
    wanted = resources()
    source = wanted["Pipeline"]["Properties"]["Stages"][0]["Actions"][0]
    source["Configuration"]["PollForSourceChanges"] = False
    assert stacks.deploy(wanted) == "CREATE_COMPLETE"
    configuration = described(stacks)["stages"][0]["actions"][0]["configuration"]
    assert configuration["PollForSourceChanges"] == "false"


def test_the_stores_of_artefacts_are_described_by_their_regions(pipeline: Stacks) -> None:
    stores = described(pipeline)["artifactStores"]
    assert stores == {"ap-northeast-2": {"type": "S3", "location": "artifacts"}}


def test_a_pipeline_begins_with_version_1(pipeline: Stacks) -> None:
    assert described(pipeline)["version"] == 1


def test_a_change_of_a_pipeline_gives_it_the_next_version(pipeline: Stacks) -> None:
    assert pipeline.deploy(resources(repository="one/three")) == "UPDATE_COMPLETE"
    now = described(pipeline)
    assert now["version"] == 2
    assert now["stages"][0]["actions"][0]["configuration"] == {"FullRepositoryId": "one/three"}


def test_a_deployment_without_a_change_leaves_the_version(pipeline: Stacks) -> None:
    pipeline.deploy(resources(commands="make unit"))
    assert described(pipeline)["version"] == 1


def test_a_pipeline_goes_with_its_stack(pipeline: Stacks) -> None:
    pipeline.delete()
    assert aws_client("codepipeline").list_pipelines()["pipelines"] == []


def test_a_build_is_described_with_its_buildspec_role_and_variables(pipeline: Stacks) -> None:
    (project,) = aws_client("codebuild").batch_get_projects(names=[deployed_name(pipeline, "Build")])[
        "projects"
    ]
    assert project["source"]["buildspec"] == "make"
    assert project["serviceRole"].endswith(deployed_name(pipeline, "BuildRole"))
    assert project["environment"]["environmentVariables"] == [
        {"name": "KIND", "value": "test", "type": "PLAINTEXT"}
    ]


def test_a_change_of_a_build_is_described(pipeline: Stacks) -> None:
    assert pipeline.deploy(resources(commands="make unit")) == "UPDATE_COMPLETE"
    (project,) = aws_client("codebuild").batch_get_projects(names=[deployed_name(pipeline, "Build")])[
        "projects"
    ]
    assert project["source"]["buildspec"] == "make unit"
