"""Actions in another region, and of another account: where artefacts are, and who may have them."""

import json
from typing import Any

import boto3
import pytest
from moto.sts.responses import TokenResponse

from rehearsal.account.iam import assumed_roles
from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, aws_client, key_of_role
from tests.unit.rehearsal.pipeline.pipelines import (
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

OTHER, ELSEWHERE = "210987654321", "us-east-1"
DEPLOY, EXECUTE = f"arn:aws:iam::{OTHER}:role/deploy", f"arn:aws:iam::{OTHER}:role/execute"
BUCKET = "artifacts-elsewhere"
TEMPLATE = json.dumps(
    {"Resources": {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "1"}}}}
)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def client(service: str) -> Any:
    """A client of the other account and region."""
    key = key_of_role("administrator", account=OTHER)
    return boto3.client(service, region_name=ELSEWHERE, **key)  # type: ignore[call-overload]


def make_deploy_role(*, trusted: str = ACCOUNT) -> None:
    """What `cdk bootstrap --trust` makes, as far as a release needs it."""
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=document(trust))
    may = allow("cloudformation:*", "iam:PassRole", "s3:GetObject", "kms:Decrypt")
    iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=document(may))


def make_bucket(reader: str | None = DEPLOY) -> None:
    """The bucket of artefacts elsewhere, with a policy for somebody."""
    s3 = aws_client("s3", ELSEWHERE)
    s3.create_bucket(Bucket=BUCKET)
    if reader:
        readable = {**allow("s3:GetObject"), "Principal": {"AWS": reader}}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=document(readable))


def make_key(*readers: str) -> str:
    """A key by its alias, for the pipeline's account and for some roles."""
    kms = aws_client("kms", ELSEWHERE)
    statements = [{**allow("kms:*"), "Principal": {"AWS": reader}} for reader in (ACCOUNT, *readers)]
    key = kms.create_key(Policy=document(*statements))["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/artifacts", TargetKeyId=key)
    return f"arn:aws:kms:{ELSEWHERE}:{ACCOUNT}:alias/artifacts"


def deployment(*, key: str | None = None, bucket: str | None = BUCKET, **more: Any) -> Resources:
    """A pipeline that prepares a stack in the other account and region."""
    configuration = {
        "StackName": "storage",
        "ActionMode": "CHANGE_SET_REPLACE",
        "ChangeSetName": "change",
        "RoleArn": EXECUTE,
        "TemplatePath": "Out::template.json",
    }
    taken = [{"Name": "Out"}]
    placed = {"Region": ELSEWHERE, "RoleArn": DEPLOY, **more}
    prepare = action("Deploy", "CloudFormation", configuration, InputArtifacts=taken, **placed)
    resources = pipeline(stage("Build", build(gives="Out")), stage("Abroad", prepare))
    resources["Build"] = project("mkdir out", f"echo '{TEMPLATE}' > out/template.json", handed_on="out")
    if bucket:
        store: dict[str, Any] = {"Type": "S3", "Location": bucket}
        if key:
            store["EncryptionKey"] = {"Type": "KMS", "Id": key}
        stores = resources["Pipeline"]["Properties"]["ArtifactStores"]
        stores.append({"Region": ELSEWHERE, "ArtifactStore": store})
    return resources


@pytest.fixture(autouse=True)
def decided(account: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """STS that decides, as in a rehearsal."""
    monkeypatch.setattr(TokenResponse, "assume_role", TokenResponse.assume_role)
    assumed_roles.install()


def test_a_stack_is_prepared_in_the_account_of_the_role_and_the_region_of_the_action(
    release: Release,
) -> None:
    make_deploy_role()
    make_bucket()
    released = release(deployment())
    assert released.succeeded, released.stages[-1].reason
    (made,) = client("cloudformation").describe_stacks()["Stacks"]
    assert made["StackId"].startswith(f"arn:aws:cloudformation:{ELSEWHERE}:{OTHER}:stack/storage/")
    at_home = aws_client("cloudformation").describe_stacks()["Stacks"]
    assert [one["StackName"] for one in at_home] == ["stack"]


def test_the_artefact_is_copied_to_the_bucket_of_the_region(release: Release) -> None:
    make_deploy_role()
    make_bucket()
    release(deployment())
    (copied,) = aws_client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert copied["Key"].endswith("/Out")


def test_a_region_without_a_bucket_stops_the_release(release: Release) -> None:
    make_deploy_role()
    said = reason(release(deployment(bucket=None)))
    assert said == f"Deploy: the pipeline has no bucket for artefacts in {ELSEWHERE}"


def test_an_account_that_does_not_trust_the_pipelines_stops_the_release(release: Release) -> None:
    make_deploy_role(trusted=OTHER)
    make_bucket()
    said = reason(release(deployment()))
    assert "AccessDenied" in said
    assert f"is not authorized to perform: sts:AssumeRole on resource: {DEPLOY}" in said


@pytest.mark.parametrize("reader", [None, f"arn:aws:iam::{OTHER}:role/another"])
def test_a_role_of_another_account_that_the_bucket_does_not_name_stops_the_release(
    release: Release, reader: str | None
) -> None:
    make_deploy_role()
    make_bucket(reader)
    said = reason(release(deployment()))
    assert f"AccessDenied: the role deploy of {OTHER} is not authorized to perform s3:GetObject" in said


def test_a_key_that_lets_the_role_of_another_account_in_is_used_by_its_alias(release: Release) -> None:
    make_deploy_role()
    make_bucket()
    released = release(deployment(key=make_key(DEPLOY)))
    assert released.succeeded, released.stages[-1].reason


def test_a_role_of_another_account_that_the_key_does_not_name_stops_the_release(release: Release) -> None:
    make_deploy_role()
    make_bucket()
    said = reason(release(deployment(key=make_key())))
    assert f"AccessDenied: the role deploy of {OTHER} is not authorized to perform kms:Decrypt" in said


def test_a_key_that_is_not_there_stops_the_release(release: Release) -> None:
    make_deploy_role()
    make_bucket()
    alias = f"arn:aws:kms:{ELSEWHERE}:{ACCOUNT}:alias/nobody"
    assert reason(release(deployment(key=alias))) == f"Deploy: there is no key {alias}"


@pytest.mark.parametrize(("aliases", "succeeds"), [("alias/artifacts", True), ("alias/another", False)])
def test_a_condition_on_the_alias_of_a_key_decides(release: Release, aliases: str, *, succeeds: bool) -> None:
    make_deploy_role()
    make_bucket()
    resources = deployment(key=make_key(DEPLOY))
    denial = {
        **allow("kms:*"),
        "Effect": "Deny",
        "Condition": {"ForAllValues:StringNotEquals": {"kms:ResourceAliases": [aliases]}},
    }
    resources["Role"] = role("codepipeline.amazonaws.com", EVERYTHING, denial)
    released = release(resources)
    assert released.succeeded is succeeds
    if not succeeds:
        assert "is not authorized to perform kms:GenerateDataKey" in reason(released)


def test_a_build_in_another_region_is_not_rehearsed(release: Release) -> None:
    resources = pipeline(stage("Build", build(Region=ELSEWHERE)))
    resources["Build"] = project("pwd")
    said = reason(release(resources))
    assert said == f"Build: not rehearsed: an action Build of CodeBuild in {ELSEWHERE}, another region"


def test_the_pipeline_is_in_the_region_of_its_rehearsal(release: Release) -> None:
    resources = pipeline(stage("Build", build(Region=REGION)))
    resources["Build"] = project("pwd")
    assert release(resources).succeeded
