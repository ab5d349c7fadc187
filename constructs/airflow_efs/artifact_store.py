"""Where a pipeline keeps what its actions hand to each other, in one region."""

from aws_cdk import ArnFormat, Duration, PhysicalName, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

ARTIFACT_DAYS = 90
"""Days after which an artefact goes: a pipeline can roll back to, or retry, what is younger."""

ACCESS_LOG_DAYS = 365
"""Days after which a record of an access goes."""


class ArtifactStore(Construct):
    """A private bucket with a KMS key of its own that rotates, open to TLS only, every access on record.

    The construct of CodePipeline makes such a bucket, too, but without a record of accesses and without an
    end of what it holds, and another one in each further region.

    Buckets and key outlive the stack: artefacts and logs say what was deployed, and by which commit. They do
    not outlive a creation of the stack that fails: a fixed name of a bucket would be in the next one's way.

    Args:
        scope: The stack of the region.
        construct_id: Id in the scope.
        pipeline_elsewhere: The pipeline is in another region. It then names bucket and key by names that are
            known before they are made: the key by an alias, since its id is not.
    """

    def __init__(self, scope: Construct, construct_id: str, *, pipeline_elsewhere: bool = False) -> None:
        super().__init__(scope, construct_id)
        self._key = kms.Key(
            self,
            "Key",
            description="Artefacts and logs of a delivery pipeline",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        self._key_alias_name = f"alias/{Stack.of(self).stack_name}-artifacts" if pipeline_elsewhere else None
        self._bucket = self._build_bucket(self._build_access_log())

    @property
    def bucket(self) -> s3.Bucket:
        """The bucket that holds the artefacts."""
        return self._bucket

    @property
    def key(self) -> kms.Key:
        """The key that encrypts them."""
        return self._key

    @property
    def key_alias_name(self) -> str | None:
        """The name of the key's alias; None where the pipeline is in the same region."""
        return self._key_alias_name

    def let_cloudwatch_logs_encrypt(self, log_group_name_pattern: str) -> None:
        """Let CloudWatch Logs use the key for log groups of this account and region, and for nothing else.

        Args:
            log_group_name_pattern: Name of the log groups, with ``*`` for what is not known yet.
        """
        stack = Stack.of(self)
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="CloudWatchLogs",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=[
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                            service="logs",
                            resource="log-group",
                            resource_name=log_group_name_pattern,
                            arn_format=ArnFormat.COLON_RESOURCE_NAME,
                        )
                    }
                },
            )
        )

    def let_eventbridge_encrypt(self) -> None:
        """Let EventBridge use the key, so that a rule can publish to a topic that the key encrypts."""
        self._key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventBridge",
                principals=[iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
            )
        )

    def _build_access_log(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "AccessLog",
            # S3 delivers access logs to a bucket with keys of S3's own; KMS would need a policy on the key.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(ACCESS_LOG_DAYS))],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _build_bucket(self, access_log: s3.Bucket) -> s3.Bucket:
        key: kms.IKey = self._key
        if self._key_alias_name:
            key = kms.Alias(self, "KeyAlias", alias_name=self._key_alias_name, target_key=self._key)
        return s3.Bucket(
            self,
            "Bucket",
            bucket_name=PhysicalName.GENERATE_IF_NEEDED,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_log,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=Duration.days(ARTIFACT_DAYS),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
