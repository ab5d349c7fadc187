"""Where a pipeline takes this project from, in CDK's words."""

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines
from constructs import Construct

from settings.pipeline_source import Source

_ACTION = "Repository"
"""Name of the action, of every kind: the role's path, and so its acknowledged findings, stay the same."""


class PipelineSource:
    """The source action of a pipeline, and what starts the pipeline when there is something new.

    A push starts it by the connection itself, or in CodeCommit by a rule of EventBridge; a new zip by a rule,
    too. Nothing is polled: CodePipeline stops polling for a pipeline that has not run for 30 days.
    https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineMetadata.html

    Args:
        scope: The stack of the pipeline.
        settings: One of the three kinds.
    """

    def __init__(self, scope: Construct, settings: Source) -> None:
        self._scope = scope
        self._settings = settings
        self._files = self._build_source()

    @property
    def files(self) -> pipelines.CodePipelineSource:
        """What the steps of a pipeline take their input from."""
        return self._files

    def complete(self, pipeline: codepipeline.Pipeline, role: iam.Role) -> None:
        """Add what CDK does not.

        Args:
            pipeline: The pipeline, built.
            role: The role of its source action.
        """
        if self._settings.connection_arn:
            self._let_use_connection(role, self._settings.connection_arn)
        elif self._settings.bucket:
            self._start_for_a_new_zip(pipeline)

    def _build_source(self) -> pipelines.CodePipelineSource:
        source = self._settings
        if source.connection_arn and source.repository:
            return pipelines.CodePipelineSource.connection(
                source.repository,
                source.branch,
                connection_arn=source.connection_arn,
                action_name=_ACTION,
            )
        if source.codecommit:
            return pipelines.CodePipelineSource.code_commit(
                codecommit.Repository.from_repository_name(
                    self._scope, "SourceRepository", source.codecommit
                ),
                source.branch,
                action_name=_ACTION,
            )
        assert source.bucket  # noqa: S101  # the settings see to one of the three
        assert source.key  # noqa: S101
        key = source.encryption_key
        bucket = s3.Bucket.from_bucket_attributes(
            self._scope,
            "SourceBucket",
            bucket_name=source.bucket,
            encryption_key=kms.Key.from_key_arn(self._scope, "SourceKey", key) if key else None,
        )
        # CDK's own rule needs a trail of CloudTrail with data events; S3 tells EventBridge without one.
        return pipelines.CodePipelineSource.s3(
            bucket, source.key, action_name=_ACTION, trigger=actions.S3Trigger.NONE
        )

    def _let_use_connection(self, role: iam.Role, connection_arn: str) -> None:
        """Allow the call whose prefix is the ARN's; CDK only allows ``codestar-connections:UseConnection``.

        IAM wants the two prefixes to be the same:
        https://docs.aws.amazon.com/dtconsole/latest/userguide/rename.html.
        """
        service = connection_arn.split(":")[2]
        role.add_to_principal_policy(
            iam.PolicyStatement(
                sid="UseConnection", actions=[f"{service}:UseConnection"], resources=[connection_arn]
            )
        )

    def _start_for_a_new_zip(self, pipeline: codepipeline.Pipeline) -> None:
        events.Rule(
            self._scope,
            "NewSource",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._settings.bucket]},
                    "object": {"key": [self._settings.key]},
                },
            ),
            targets=[targets.CodePipeline(pipeline)],
        )
