"""Where the builds of a pipeline run, with which variables, and what they keep for the next one."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from tests.unit.stacks.pipeline_environments import ACCOUNT, GROUP, REGION, SECRET, SUBNET
from tests.unit.stacks.pipeline_templates import as_list, pipeline_template, statements
from tests.unit.templates import of_type, references


@pytest.fixture(scope="module")
def closed(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A pipeline in a VPC, with mirrors of the registries; its stage prod has doctor and prove."""
    return pipeline_template("closed", environments, tmp_path_factory.mktemp("cdk") / "cdk.out")


@pytest.fixture(scope="module")
def opened(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Template:
    return pipeline_template("elsewhere", environments, tmp_path_factory.mktemp("cdk") / "cdk.out")


def projects(template: Template) -> dict[str, dict[str, Any]]:
    return {key: one["Properties"] for key, one in of_type(template, "AWS::CodeBuild::Project").items()}


def network_statement(template: Template, action: str) -> dict[str, Any]:
    (policy,) = (
        found
        for key, found in of_type(template, "AWS::IAM::Policy").items()
        if key.startswith("BuildNetwork")
    )
    (statement,) = (
        one for one in policy["Properties"]["PolicyDocument"]["Statement"] if action in as_list(one["Action"])
    )
    return dict(statement)


def ends(value: Any) -> list[str]:
    return [one["Fn::Join"][1][-1] for one in as_list(value)]


def test_every_build_runs_in_the_vpc(closed: Template) -> None:
    for key, project in projects(closed).items():
        assert project["VpcConfig"] == {
            "VpcId": "vpc-0a1b2c3d4e5f60718",
            "Subnets": [SUBNET],
            "SecurityGroupIds": [GROUP],
        }, key


def test_the_role_of_every_build_may_make_interfaces_before_the_build_is_there(closed: Template) -> None:
    ((name, policy),) = (
        (key, found)
        for key, found in of_type(closed, "AWS::IAM::Policy").items()
        if key.startswith("BuildNetwork")
    )
    allowed = {*references(policy["Properties"]["Roles"])}
    for key, project in of_type(closed, "AWS::CodeBuild::Project").items():
        assert {*references(project["Properties"]["ServiceRole"])} <= allowed, key
        assert name in project["DependsOn"], key


def test_interfaces_are_made_in_the_subnets_and_groups_of_the_builds_only(closed: Template) -> None:
    assert ends(network_statement(closed, "ec2:CreateNetworkInterface")["Resource"]) == [
        f":ec2:{REGION}:*:security-group/{GROUP}",
        f":ec2:{REGION}:*:subnet/{SUBNET}",
        f":ec2:{REGION}:{ACCOUNT}:network-interface/*",
    ]


@pytest.mark.parametrize("action", ["ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterfacePermission"])
def test_interfaces_elsewhere_are_neither_deleted_nor_handed_over(closed: Template, action: str) -> None:
    statement = network_statement(closed, action)
    assert ends(statement["Condition"]["ArnLike"]["ec2:Subnet"]) == [f":ec2:{REGION}:*:subnet/{SUBNET}"]


def test_interfaces_are_handed_over_to_codebuild_only(closed: Template) -> None:
    condition = network_statement(closed, "ec2:CreateNetworkInterfacePermission")["Condition"]
    assert condition["StringEquals"] == {"ec2:AuthorizedService": "codebuild.amazonaws.com"}


def test_what_may_be_done_on_everything_only_describes(closed: Template) -> None:
    statement = network_statement(closed, "ec2:DescribeSubnets")
    assert statement["Resource"] == "*"
    assert all(action.startswith("ec2:Describe") for action in statement["Action"])


def test_without_a_vpc_no_build_has_a_network(opened: Template) -> None:
    assert not any("VpcConfig" in project for project in projects(opened).values())
    assert "ec2:" not in json.dumps(of_type(opened, "AWS::IAM::Policy"))


def test_every_build_has_the_variables_of_the_settings(closed: Template) -> None:
    for key, project in projects(closed).items():
        variables = {one["Name"]: one for one in project["Environment"]["EnvironmentVariables"]}
        assert variables["NPM_CONFIG_REGISTRY"] == {
            "Name": "NPM_CONFIG_REGISTRY",
            "Type": "PLAINTEXT",
            "Value": "https://mirror.example.com/npm/",
        }, key


def test_a_secret_variable_is_read_by_codebuild_and_not_in_the_template(closed: Template) -> None:
    for key, project in projects(closed).items():
        variables = {one["Name"]: one for one in project["Environment"]["EnvironmentVariables"]}
        assert variables["PIP_INDEX_URL"] == {
            "Name": "PIP_INDEX_URL",
            "Type": "SECRETS_MANAGER",
            "Value": f"{SECRET}:url",
        }, key


@pytest.mark.parametrize("role", ["PipelineBuildSynth", "PipelineAssetsFileRole", "PipelineprodDoctor"])
def test_a_build_reads_the_secrets_of_its_variables_only(closed: Template, role: str) -> None:
    (statement,) = statements(closed, role, "secretsmanager:GetSecretValue")
    assert statement["Resource"] == f"{SECRET}*"


def test_a_step_that_sets_up_keeps_its_downloads_under_a_prefix_of_its_own(closed: Template) -> None:
    kept = {}
    for key, project in projects(closed).items():
        spec = json.loads(project["Source"]["BuildSpec"])
        sets_up = "make setup" in spec["phases"]["install"]["commands"]
        assert (project["Cache"]["Type"] == "S3") is sets_up, key
        assert ("cache" in spec) is sets_up, key
        if sets_up:
            assert spec["cache"] == {"paths": ["/root/.cache/pip/**/*", "/root/.npm/**/*"]}
            kept[key] = project["Cache"]["Location"]["Fn::Join"][1][-1]
    assert sorted(kept.values()) == ["/cache/Build/Synth", "/cache/prod/Doctor", "/cache/prod/Prove"]


def test_the_cache_is_in_the_bucket_of_the_artefacts_under_its_key(closed: Template) -> None:
    (key,) = of_type(closed, "AWS::KMS::Key")
    (pipeline,) = of_type(closed, "AWS::CodePipeline::Pipeline").values()
    (store,) = pipeline["Properties"]["ArtifactStores"]
    for project in projects(closed).values():
        if project["Cache"]["Type"] == "S3":
            assert project["Cache"]["Location"]["Fn::Join"][1][0] == store["ArtifactStore"]["Location"]
            assert project["EncryptionKey"] == {"Fn::GetAtt": [key, "Arn"]}


@pytest.mark.parametrize("step", ["Doctor", "Prove"])
def test_a_check_writes_nothing_but_its_own_cache_to_the_bucket(closed: Template, step: str) -> None:
    (statement,) = statements(closed, f"Pipelineprod{step}", "s3:PutObject")
    assert ends(statement["Resource"]) == [f"/cache/prod/{step}/*"]
    assert as_list(statement["Action"]) == ["s3:PutObject"]
