import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from airflow_efs.artifact_store import ArtifactStore
from tests.unit.templates import of_type, only

PRIVATE = {
    "BlockPublicAcls": True,
    "BlockPublicPolicy": True,
    "IgnorePublicAcls": True,
    "RestrictPublicBuckets": True,
}


@pytest.fixture
def store(stack: Stack) -> ArtifactStore:
    return ArtifactStore(stack, "Artifacts")


@pytest.fixture
def template(stack: Stack, store: ArtifactStore) -> Template:  # noqa: ARG001 - makes what is synthesised
    return Template.from_stack(stack)


def test_every_bucket_is_private(template: Template) -> None:
    buckets = of_type(template, "AWS::S3::Bucket").values()
    assert [bucket["Properties"]["PublicAccessBlockConfiguration"] for bucket in buckets] == [PRIVATE] * 2


def test_every_bucket_refuses_what_is_not_tls(template: Template) -> None:
    buckets = of_type(template, "AWS::S3::Bucket")
    guarded = [
        policy["Properties"]["Bucket"]["Ref"]
        for policy in of_type(template, "AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Action"], statement["Principal"])
        == ("Deny", "s3:*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert sorted(guarded) == sorted(buckets)


def test_artefacts_are_encrypted_with_a_key_that_rotates(template: Template) -> None:
    (key,) = of_type(template, "AWS::KMS::Key")
    template.has_resource_properties("AWS::KMS::Key", {"EnableKeyRotation": True})
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "ServerSideEncryptionByDefault": {
                            "KMSMasterKeyID": {"Fn::GetAtt": [key, "Arn"]},
                            "SSEAlgorithm": "aws:kms",
                        }
                    }
                ]
            }
        },
    )


def test_accesses_to_the_artefacts_are_on_record(template: Template) -> None:
    template.has_resource_properties(
        "AWS::S3::Bucket",
        {"LoggingConfiguration": {"DestinationBucketName": {"Ref": Match.string_like_regexp("AccessLog")}}},
    )


def test_what_the_buckets_hold_ends(template: Template) -> None:
    days = [
        rule["ExpirationInDays"]
        for bucket in of_type(template, "AWS::S3::Bucket").values()
        for rule in bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    ]
    assert sorted(days) == [90, 365]


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::KMS::Key"])
def test_buckets_and_key_outlive_the_stack_but_not_a_failed_creation(template: Template, kind: str) -> None:
    found = of_type(template, kind).values()
    assert {resource["DeletionPolicy"] for resource in found} == {"RetainExceptOnCreate"}


def test_the_key_has_an_alias_only_for_a_pipeline_elsewhere(stack: Stack, store: ArtifactStore) -> None:
    elsewhere = ArtifactStore(stack, "Elsewhere", pipeline_elsewhere=True)
    assert (store.key_alias_name, elsewhere.key_alias_name) == (None, "alias/Stack-artifacts")


def test_cloudwatch_logs_may_use_the_key_for_the_named_log_groups_only(
    stack: Stack, store: ArtifactStore
) -> None:
    store.let_cloudwatch_logs_encrypt("Stack-*")
    (statement,) = (
        found
        for found in only(of_type(Template.from_stack(stack), "AWS::KMS::Key"))["Properties"]["KeyPolicy"][
            "Statement"
        ]
        if found.get("Sid") == "CloudWatchLogs"
    )
    assert statement["Principal"] == {"Service": "logs.ap-northeast-2.amazonaws.com"}
    arn = statement["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]["Fn::Join"][1]
    assert arn == ["arn:", {"Ref": "AWS::Partition"}, ":logs:ap-northeast-2:123456789012:log-group:Stack-*"]
