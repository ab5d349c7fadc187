import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Match, Template

from app import add_stacks
from settings import SettingsError
from tests.unit.conftest import ROOT, fast_app
from tests.unit.stacks import security
from tests.unit.stacks.pipeline_environments import (
    ACCOUNT,
    CONNECTION,
    OLD_CONNECTION,
    OTHER_ACCOUNT,
    write_environment,
)
from tests.unit.stacks.pipeline_templates import pipeline_app, stages, statements, template_of
from tests.unit.templates import of_type, only, references, resources
from tests.unit.test_app import digests, run

Make = Callable[[str], App]


@pytest.fixture(scope="module")
def make(environments: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Make the app of an environment, once."""

    @cache
    def make(name: str) -> App:
        return pipeline_app(name, environments, tmp_path_factory.mktemp("cdk") / "cdk.out")

    return make


@pytest.fixture(scope="module")
def release(make: Make) -> Template:
    """The pipeline of environment release: staging, prod (in another account), then release itself."""
    return template_of(make("release"))


@pytest.fixture(scope="module")
def regions(make: Make) -> App:
    """The pipeline of environment regions: one stage in its own region, two elsewhere."""
    return make("regions")


def project(template: Template, logical_id_begins: str) -> dict[str, Any]:
    (found,) = (
        resource["Properties"]
        for key, resource in of_type(template, "AWS::CodeBuild::Project").items()
        if key.startswith(logical_id_begins)
    )
    return dict(found)


def buildspec(template: Template, logical_id_begins: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project(template, logical_id_begins)["Source"]["BuildSpec"])
    return found


SYNTH = "PipelineBuildSynth"
SELF_MUTATION = "PipelineUpdatePipelineSelfMutation"


def test_without_a_pipeline_in_the_settings_there_is_no_stack(make: Make) -> None:
    assert [child.node.id for child in make("staging").node.children] == ["EfsStorageStack"]


def test_the_environment_of_the_pipeline_can_still_be_deployed_directly(make: Make) -> None:
    children = make("elsewhere").node.children
    found = {child.node.id: child.stack_name for child in children if isinstance(child, Stack)}
    assert found == {
        "EfsStorageStack": "EfsStorageStack-elsewhere",
        "DeliveryPipelineStack": "DeliveryPipelineStack-elsewhere",
    }


def test_the_pipeline_is_of_type_v2(release: Template) -> None:
    assert only(of_type(release, "AWS::CodePipeline::Pipeline"))["Properties"]["PipelineType"] == "V2"


def test_the_pipeline_changes_itself_before_it_deploys_the_environments_in_their_order(
    release: Template,
) -> None:
    gated = [
        f"{name}{part}" for name in ("staging", "prod", "release") for part in ("-review", "-approval", "")
    ]
    assert [*stages(release)] == ["Source", "Build", "UpdatePipeline", "Assets", *gated]


def test_an_environment_is_deployed_under_the_name_that_a_direct_deployment_has(release: Template) -> None:
    found = [
        (action["Configuration"]["ActionMode"], action["Configuration"]["StackName"])
        for action in stages(release)["prod"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation"
    ]
    assert found == [
        ("CHANGE_SET_REPLACE", "EfsStorageStack-prod"),
        ("CHANGE_SET_EXECUTE", "EfsStorageStack-prod"),
    ]


def test_the_source_is_the_repository_by_its_connection(release: Template) -> None:
    (action,) = stages(release)["Source"]
    assert action["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert action["Configuration"] == {
        "BranchName": "main",
        "ConnectionArn": CONNECTION,
        "FullRepositoryId": "example/airflow-efs-cdk",
    }


@pytest.mark.parametrize(
    ("name", "connection", "action"),
    [
        ("release", CONNECTION, "codeconnections:UseConnection"),
        ("old", OLD_CONNECTION, "codestar-connections:UseConnection"),
    ],
)
def test_the_source_may_use_the_connection_by_the_prefix_of_its_arn(
    make: Make, name: str, connection: str, action: str
) -> None:
    found = statements(template_of(make(name)), "PipelineSourceRepository", action)
    assert {statement["Resource"] for statement in found} == {connection}


def test_the_synth_step_runs_what_a_developer_runs(release: Template) -> None:
    phases = buildspec(release, SYNTH)["phases"]
    assert phases == {
        "install": {"runtime-versions": {"nodejs": "24", "python": "3.11"}, "commands": ["make setup"]},
        "build": {"commands": ["make lint", "make unit", "make synth ENVIRONMENT=release"]},
    }
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in targets for target in ("setup", "lint", "unit", "synth"))


def test_the_synth_step_hands_on_the_cloud_assembly(release: Template) -> None:
    assert buildspec(release, SYNTH)["artifacts"] == {"base-directory": "cdk.out", "files": ["**/*"]}


def test_self_mutation_updates_this_stack_with_the_cli_of_the_developers(release: Template) -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    phases = buildspec(release, SELF_MUTATION)["phases"]
    assert phases["install"]["commands"] == [
        f"npm install -g aws-cdk@{package['devDependencies']['aws-cdk']}"
    ]
    assert phases["build"]["commands"] == [
        "cdk -a . deploy DeliveryPipelineStack --require-approval=never --verbose"
    ]


def test_the_synthesised_stack_is_the_one_that_self_mutation_names(make: Make) -> None:
    app = make("elsewhere")
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["artifacts"]["DeliveryPipelineStack"]["displayName"] == "DeliveryPipelineStack"


def test_assets_are_published_by_one_project(regions: App) -> None:
    assert [action["Name"] for action in stages(template_of(regions))["Assets"]] == ["FileAssets"]


def test_assets_of_every_environment_are_published_by_the_cli_of_the_developers(regions: App) -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    projects = of_type(template_of(regions), "AWS::CodeBuild::Project")
    (publishing,) = (project for name, project in projects.items() if "FileAsset" in name)
    phases = json.loads(publishing["Properties"]["Source"]["BuildSpec"])["phases"]
    assert phases["install"]["commands"] == [
        f"npm install --global aws-cdk@{package['devDependencies']['aws-cdk']}"
    ]
    names = " ".join(
        f"'DeliveryPipelineStack/{name.removesuffix('-review')}/*'"
        for name in stages(template_of(regions))
        if name.endswith("-review")
    )
    assert phases["build"]["commands"] == [f"cdk --app . publish-assets {names} --unstable=publish-assets"]


def test_every_project_runs_on_the_current_image_without_docker(release: Template) -> None:
    found = of_type(release, "AWS::CodeBuild::Project").values()
    environments = [resource["Properties"]["Environment"] for resource in found]
    assert environments
    assert {environment["Image"] for environment in environments} == {"aws/codebuild/standard:8.0"}
    assert {environment["PrivilegedMode"] for environment in environments} == {False}


def test_no_project_lets_the_cli_report_what_it_did(release: Template) -> None:
    for resource in of_type(release, "AWS::CodeBuild::Project").values():
        variables = resource["Properties"]["Environment"]["EnvironmentVariables"]
        assert {"Name": "CDK_DISABLE_CLI_TELEMETRY", "Type": "PLAINTEXT", "Value": "true"} in variables


def test_every_project_encrypts_with_the_key_that_rotates(release: Template) -> None:
    (key,) = of_type(release, "AWS::KMS::Key")
    for resource in of_type(release, "AWS::CodeBuild::Project").values():
        assert resource["Properties"]["EncryptionKey"] == {"Fn::GetAtt": [key, "Arn"]}
    release.has_resource_properties("AWS::KMS::Key", {"EnableKeyRotation": True})


def test_every_project_writes_to_the_one_log_that_is_encrypted_and_kept(release: Template) -> None:
    ((log, resource),) = of_type(release, "AWS::Logs::LogGroup").items()
    (key,) = of_type(release, "AWS::KMS::Key")
    assert resource["Properties"]["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert resource["Properties"]["RetentionInDays"] == 365
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    for found in of_type(release, "AWS::CodeBuild::Project").values():
        assert found["Properties"]["LogsConfig"]["CloudWatchLogs"] == {
            "GroupName": {"Ref": log},
            "Status": "ENABLED",
        }


def test_the_artefact_bucket_is_private_and_asks_for_tls(release: Template) -> None:
    (store,) = only(of_type(release, "AWS::CodePipeline::Pipeline"))["Properties"]["ArtifactStores"]
    bucket = store["ArtifactStore"]["Location"]["Ref"]
    public = resources(release)[bucket]["Properties"]["PublicAccessBlockConfiguration"]
    assert set(public.values()) == {True}
    assert len(public) == 4
    release.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "Bucket": {"Ref": bucket},
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Action": "s3:*",
                                "Principal": {"AWS": "*"},
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        )
                    ]
                )
            },
        },
    )


def test_self_mutation_assumes_only_the_roles_of_bootstrap_in_its_own_account(release: Template) -> None:
    (statement,) = statements(release, SELF_MUTATION, "sts:AssumeRole")
    assert statement["Resource"] == f"arn:*:iam::{ACCOUNT}:role/*"
    assert statement["Condition"] == {
        "ForAnyValue:StringEquals": {
            "iam:ResourceTag/aws-cdk:bootstrap-role": ["image-publishing", "file-publishing", "deploy"]
        }
    }


def test_self_mutation_does_only_what_it_is_known_to_need_on_everything(release: Template) -> None:
    (statement,) = (
        found for found in statements(release, SELF_MUTATION, "s3:ListBucket") if found["Resource"] == "*"
    )
    assert statement["Action"] == ["cloudformation:DescribeStacks", "s3:ListBucket"]


def test_the_role_that_publishes_assets_may_begin_the_deploy_role_of_every_environment(regions: App) -> None:
    # Else `cdk publish-assets` fails where an environment is in another account.
    template = template_of(regions, "DeliveryPipelineStack")
    text = json.dumps(statements(template, "PipelineAssetsFileRole", "sts:AssumeRole"))
    published = set(re.findall(r"cdk-hnb659fds-file-publishing-role-([\w-]+)", text))
    assert published
    assert set(re.findall(r"cdk-hnb659fds-deploy-role-([\w-]+)", text)) == published


def test_the_role_that_publishes_assets_starts_no_build(release: Template) -> None:
    (allowed,) = statements(release, "PipelineAssetsFileRole", "codebuild:StartBuild")
    (denied,) = statements(release, "PipelineAssetsFileRole", "codebuild:StartBuild*")
    assert allowed["Action"] == ["codebuild:BatchGetBuilds", "codebuild:StartBuild", "codebuild:StopBuild"]
    assert (denied["Effect"], denied["Resource"]) == ("Deny", "*")
    assert denied["Action"] == ["codebuild:BatchGetBuilds", "codebuild:StartBuild*", "codebuild:StopBuild*"]


def test_every_role_is_trusted_by_one_service_or_one_role(release: Template) -> None:
    for key, role in of_type(release, "AWS::IAM::Role").items():
        (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        principal = statement["Principal"]
        assert "root" not in json.dumps(principal), key
        assert principal.get("Service") in ("codepipeline.amazonaws.com", "codebuild.amazonaws.com") or [
            *references(principal)
        ], key


def test_another_account_gets_to_the_artefacts_by_its_deploy_role_only(release: Template) -> None:
    for kind in ("AWS::S3::BucketPolicy", "AWS::KMS::Key"):
        text = json.dumps(list(of_type(release, kind).values()))
        named = [part for part in text.split('"') if OTHER_ACCOUNT in part]
        assert set(named) == {
            f":iam::{OTHER_ACCOUNT}:role/cdk-hnb659fds-deploy-role-{OTHER_ACCOUNT}-ap-northeast-2"
        }


def test_one_region_needs_no_further_stack(make: Make) -> None:
    stacks = [child.node.id for child in make("release").node.children if isinstance(child, Stack)]
    assert stacks == ["EfsStorageStack", "DeliveryPipelineStack"]


def test_every_other_region_has_its_artefacts_in_a_stack_of_the_pipelines_account(regions: App) -> None:
    found = {
        child.stack_name: (child.account, child.region)
        for child in regions.node.children
        if isinstance(child, Stack) and "-support-" in child.node.id
    }
    assert found == {
        "DeliveryPipelineStack-regions-support-ap-northeast-1": (ACCOUNT, "ap-northeast-1"),
        "DeliveryPipelineStack-regions-support-us-east-1": (ACCOUNT, "us-east-1"),
    }


def test_the_pipeline_waits_for_the_stacks_of_other_regions(regions: App) -> None:
    pipeline = regions.node.find_child("DeliveryPipelineStack")
    assert isinstance(pipeline, Stack)
    assert {stack.node.id for stack in pipeline.dependencies} == {
        "DeliveryPipelineStack-support-ap-northeast-1",
        "DeliveryPipelineStack-support-us-east-1",
    }


def test_the_pipeline_knows_bucket_and_key_of_another_region_by_the_names_that_they_have(
    regions: App,
) -> None:
    support = template_of(regions, "DeliveryPipelineStack-support-us-east-1")
    pipeline = only(of_type(template_of(regions), "AWS::CodePipeline::Pipeline"))["Properties"]
    (store,) = (
        found["ArtifactStore"] for found in pipeline["ArtifactStores"] if found["Region"] == "us-east-1"
    )
    names = [
        bucket["Properties"].get("BucketName") for bucket in of_type(support, "AWS::S3::Bucket").values()
    ]
    alias = only(of_type(support, "AWS::KMS::Alias"))["Properties"]["AliasName"]
    assert store["Location"] in names
    assert store["EncryptionKey"]["Id"]["Fn::Join"][1][-1] == f":kms:us-east-1:{ACCOUNT}:{alias}"


def test_the_pipeline_uses_no_key_but_those_of_its_artefacts(regions: App) -> None:
    (statement,) = statements(template_of(regions), "PipelineRole", "kms:*")
    (key,) = of_type(template_of(regions), "AWS::KMS::Key")
    assert statement["Effect"] == "Deny"
    assert statement["NotResource"] == {"Fn::GetAtt": [key, "Arn"]}
    assert statement["Condition"] == {
        "ForAllValues:StringNotEquals": {
            "kms:ResourceAliases": [
                "alias/DeliveryPipelineStack-regions-support-ap-northeast-1-artifacts",
                "alias/DeliveryPipelineStack-regions-support-us-east-1-artifacts",
            ]
        }
    }


@pytest.mark.parametrize("stack", ["DeliveryPipelineStack", "DeliveryPipelineStack-support-us-east-1"])
def test_the_pipeline_passes_the_security_checks_of_the_other_stacks(regions: App, stack: str) -> None:
    found = resources(template_of(regions, stack))
    assert security.writes_on_everything(found) == []
    assert security.ingress_from_the_internet(found) == []
    assert security.loose_web_identity_trusts(found) == []


def test_the_pipeline_has_the_tags_of_its_own_environment(release: Template) -> None:
    assert only(of_type(release, "AWS::Logs::LogGroup"))["Properties"]["Tags"] == [
        {"Key": "airflow-efs:environment", "Value": "release"},
        {"Key": "cost-centre", "Value": "platform"},
    ]


def test_a_stage_has_the_tags_of_its_own_environment(make: Make) -> None:
    stage = make("release").node.find_child("DeliveryPipelineStack").node.find_child("prod")
    (stack,) = (child for child in stage.node.children if isinstance(child, Stack))
    tags = only(of_type(Template.from_stack(stack), "AWS::EFS::FileSystem"))["Properties"]["FileSystemTags"]
    found = {tag["Key"]: tag["Value"] for tag in tags}
    assert (found["airflow-efs:environment"], found["owner"]) == ("prod", "data")
    assert "cost-centre" not in found


def test_a_fault_in_a_listed_environment_is_an_error_that_names_its_file(tmp_path: Path) -> None:
    write_environment(tmp_path, "release", stages=["release", "broken"])
    (tmp_path / "broken.yaml").write_text("account: 123456789012\n", encoding="utf-8")
    app = fast_app(tmp_path / "cdk.out")
    app.node.set_context("environment", "release")
    app.node.set_context("environments", str(tmp_path))
    with pytest.raises(SettingsError) as raised:
        add_stacks(app)
    assert all(fault.startswith(f"{tmp_path}/broken.yaml:") for fault in raised.value.faults)


def test_a_pipeline_is_synthesised_to_the_same_bytes_twice_without_aws(
    environments: Path, tmp_path: Path
) -> None:
    context: dict[str, object] = {"environment": "regions", "environments": str(environments)}
    for outdir in ("first", "second"):
        done = run(tmp_path / outdir, context=context, CDK_VALIDATION="false")
        assert (done.returncode, done.stderr) == (0, "")
    first = digests(tmp_path / "first")
    assert "DeliveryPipelineStack.template.json" in first
    assert digests(tmp_path / "second") == first
