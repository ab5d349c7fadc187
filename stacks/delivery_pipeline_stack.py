"""The pipeline that deploys environments, and itself, from a repository."""

import json
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import Environment as Target
from aws_cdk import RemovalPolicy, Stack, Tags, pipelines
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IConstruct

from airflow_efs.artifact_store import ArtifactStore
from settings import Environment
from settings.pipeline import Pipeline
from settings.versions import PIPELINE_NODE, PIPELINE_PYTHON
from stacks.acknowledged_findings import acknowledge
from stacks.acknowledged_pipeline_findings import delivery_pipeline_findings
from stacks.build_cache import CACHED_PATHS, give_cache
from stacks.build_network import run_in_vpc
from stacks.efs_storage_stack import ENVIRONMENT_TAG
from stacks.environment_stage import EnvironmentStage
from stacks.pipeline_source import PipelineSource
from stacks.release_gates import ReleaseGates

_PACKAGE_FILE = Path(__file__).parents[1] / "package.json"

_STEPS_THAT_SET_UP = ("Synth", "Doctor", "Prove")
"""Those that run ``make setup``. The others download one package, which a cache would not make faster."""


class DeliveryPipelineStack(Stack):
    """A pipeline that changes itself first, then deploys one environment after the other.

    Source, synth, self-mutation, assets, then for each environment a review, an approval where it is needed,
    and the deployment between checks. The synth step runs the commands that a developer runs: ``make`` sets
    up, lints, runs the unit tests and synthesises. It does not run the rehearsal tests.

    Args:
        scope: The app.
        construct_id: ``DeliveryPipelineStack``: the self-mutation deploys the stack by this id.
        environment: The environment that has the pipeline; its account and region are the pipeline's.
        pipeline: That environment's settings of the pipeline.
        stages: The environments to deploy, in their order.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        pipeline: Pipeline,
        stages: Sequence[Environment],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"DeliveryPipelineStack-{environment.name}",
            env=Target(account=environment.account, region=environment.region),
            description=f"Pipeline of the environment {environment.name}",
        )
        self._environment = environment
        self._store = ArtifactStore(self, "Artifacts")
        self._elsewhere = self._build_stores_elsewhere(scope, stages)
        self._log = self._build_log()
        self._topic = self._build_topic(pipeline)
        source = PipelineSource(self, pipeline.source)
        self._source = source.files
        self._pipeline = self._build_pipeline(pipeline)
        entries = self._add_stages(stages)
        self._pipeline.build_pipeline()
        self._set_entries(entries)
        self._publish_by_the_cli(stages)
        self._let_publisher_begin_deploy_roles(stages)
        self._tell_of_failures()
        source.complete(
            self._pipeline.pipeline, self._role("Pipeline/Source/Repository/CodePipelineActionRole")
        )
        self._complete_builds(pipeline)
        self._narrow_roles()
        self._add_tags(self)
        acknowledge(
            self,
            delivery_pipeline_findings(
                self, pipeline, [store.bucket.bucket_name for store in self._elsewhere.values()], stages
            ),
        )

    def _build_stores_elsewhere(
        self, scope: Construct, stages: Sequence[Environment]
    ) -> dict[str, ArtifactStore]:
        """One store, in a stack of its own, for every region of a stage that is not the pipeline's."""
        stores = {}
        for region in dict.fromkeys(stage.region for stage in stages if stage.region != self.region):
            support = Stack(
                scope,
                f"{self.node.id}-support-{region}",
                stack_name=f"{self.stack_name}-support-{region}",
                env=Target(account=self.account, region=region),
                description=f"Artefacts of {self.stack_name} in {region}",
            )
            self._add_tags(support)
            stores[region] = ArtifactStore(support, "Artifacts", pipeline_elsewhere=True)
        return stores

    def _build_log(self) -> logs.LogGroup:
        # CloudFormation begins the name that it makes up with the stack's name.
        self._store.let_cloudwatch_logs_encrypt(f"{self.stack_name}-*")
        return logs.LogGroup(
            self,
            "BuildLog",
            encryption_key=self._store.key,
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _build_topic(self, settings: Pipeline) -> sns.Topic:
        self._store.let_eventbridge_encrypt()
        topic = sns.Topic(self, "Notifications", master_key=self._store.key, enforce_ssl=True)
        for address in settings.notify:
            topic.add_subscription(subscriptions.EmailSubscription(address))
        return topic

    def _add_stages(self, stages: Sequence[Environment]) -> dict[str, dict[str, object]]:
        """Add what each environment has; return the conditions to enter a stage, by its name."""
        entries = {}
        for environment in stages:
            stage = EnvironmentStage(self, environment=environment)
            gates = ReleaseGates(
                pipeline=self._pipeline,
                source=self._source,
                environment=environment,
                qualifier=str(self.synthesizer.bootstrap_qualifier),
                stage_path=stage.node.path,
                cli_version=_cli_version(),
                set_up=_set_up(),
                topic=self._topic,
            )
            gates.add_before()
            self._pipeline.add_stage(stage, pre=gates.checks_before(), post=gates.checks_after())
            if entry := gates.entry_of_approval():
                entries[gates.approval_stage] = entry
        return entries

    def _set_entries(self, entries: dict[str, dict[str, object]]) -> None:
        # CDK Pipelines makes the stages and has no setting for their conditions.
        template = self._pipeline.pipeline.node.default_child
        assert isinstance(template, codepipeline.CfnPipeline)  # noqa: S101
        for index, stage in enumerate(self._pipeline.pipeline.stages):
            if stage.stage_name in entries:
                template.add_property_override(f"Stages.{index}.BeforeEntry", entries[stage.stage_name])

    def _publish_by_the_cli(self, stages: Sequence[Environment]) -> None:
        """Let the CDK CLI publish, and not the package cdk-assets.

        Either reads no assembly that is newer than itself, and cdk-assets is released apart from the rest:
        one that is too old fails every release. The CLI is the one that the developers deploy with.
        """
        project = self._pipeline.node.find_child("Assets").node.find_child("FileAsset").node.default_child
        assert isinstance(project, codebuild.CfnProject)  # noqa: S101
        names = " ".join(f"'{self.node.id}/{stage.name}/*'" for stage in stages)
        spec = {
            "version": "0.2",
            "phases": {
                "install": {
                    "runtime-versions": {"nodejs": PIPELINE_NODE},
                    "commands": [f"npm install --global aws-cdk@{_cli_version()}"],
                },
                "build": {"commands": [f"cdk --app . publish-assets {names} --unstable=publish-assets"]},
            },
        }
        project.add_property_override("Source.BuildSpec", json.dumps(spec))

    def _let_publisher_begin_deploy_roles(self, stages: Sequence[Environment]) -> None:
        # `cdk publish-assets` begins them before it publishes; in another account it fails where it cannot.
        qualifier = self.synthesizer.bootstrap_qualifier
        self._role("Assets/FileRole").add_to_principal_policy(
            iam.PolicyStatement(
                sid="FindsEnvironments",
                actions=["sts:AssumeRole"],
                resources=[
                    f"arn:{self.partition}:iam::{stage.account}:role/"
                    f"cdk-{qualifier}-deploy-role-{stage.account}-{stage.region}"
                    for stage in stages
                ],
            )
        )

    def _tell_of_failures(self) -> None:
        events.Rule(
            self,
            "Failure",
            event_pattern=events.EventPattern(
                source=["aws.codepipeline"],
                detail_type=["CodePipeline Pipeline Execution State Change"],
                detail={"pipeline": [self._pipeline.pipeline.pipeline_name], "state": ["FAILED"]},
            ),
            targets=[targets.SnsTopic(self._topic)],
        )

    def _build_pipeline(self, settings: Pipeline) -> pipelines.CodePipeline:
        return pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_type=codepipeline.PipelineType.V2,
            # A stage takes one execution at a time, and the newest that waits for it.
            execution_mode=codepipeline.ExecutionMode.SUPERSEDED,
            synth=pipelines.ShellStep(
                "Synth",
                input=self._source,
                install_commands=["make setup"],
                commands=["make lint", "make unit", f"make synth ENVIRONMENT={self._environment.name}"],
                primary_output_directory="cdk.out",
            ),
            self_mutation=True,
            cross_account_keys=True,
            cross_region_replication_buckets={
                region: store.bucket
                for region, store in ({self.region: self._store} | self._elsewhere).items()
            },
            publish_assets_in_parallel=False,
            cli_version=_cli_version(),
            code_build_defaults=pipelines.CodeBuildOptions(
                build_environment=codebuild.BuildEnvironment(
                    build_image=codebuild.LinuxBuildImage.STANDARD_8_0,
                    privileged=False,
                    environment_variables=_variables(settings),
                ),
                partial_build_spec=_runtimes(nodejs=PIPELINE_NODE),
                logging=codebuild.LoggingOptions(
                    cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=self._log)
                ),
            ),
            synth_code_build_defaults=pipelines.CodeBuildOptions(
                # mypy takes 3.6 GB at its peak, and a small machine has 3.
                build_environment=codebuild.BuildEnvironment(compute_type=codebuild.ComputeType.MEDIUM),
                partial_build_spec=_set_up(),
            ),
        )

    def _complete_builds(self, settings: Pipeline) -> None:
        """Give every build what CDK has no narrow setting for: caches, and a network."""
        projects = [found for found in self._pipeline.node.find_all() if isinstance(found, codebuild.Project)]
        for project in projects:
            step = project.node.scope
            if step is not None and step.node.id in _STEPS_THAT_SET_UP:
                give_cache(project, bucket=self._store.bucket)
        if settings.vpc:
            run_in_vpc(self, projects=projects, network=settings.vpc)

    def _narrow_roles(self) -> None:
        """Deny what CDK allows to roles that have no use for it."""
        self._role("Assets/FileRole").add_to_principal_policy(
            iam.PolicyStatement(
                sid="StartsNoBuild",
                effect=iam.Effect.DENY,
                # Not the very list that CDK allows: its role takes that for a repetition and drops it.
                actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild*", "codebuild:StopBuild*"],
                resources=["*"],
            )
        )
        aliases = [store.key_alias_name for store in self._elsewhere.values()]
        if aliases:
            self._role("Pipeline/Role").add_to_principal_policy(
                iam.PolicyStatement(
                    sid="UsesNoOtherKey",
                    effect=iam.Effect.DENY,
                    actions=["kms:*"],
                    not_resources=[self._store.key.key_arn],
                    conditions={"ForAllValues:StringNotEquals": {"kms:ResourceAliases": aliases}},
                )
            )

    def _role(self, path: str) -> iam.Role:
        """A role that CDK's pipeline made, by its path below the pipeline."""
        found: IConstruct = self._pipeline
        for step in path.split("/"):
            found = found.node.find_child(step)
        assert isinstance(found, iam.Role), f"{path} is no role"  # noqa: S101
        return found

    def _add_tags(self, stack: Stack) -> None:
        for key, value in {**self._environment.tags, ENVIRONMENT_TAG: self._environment.name}.items():
            Tags.of(stack).add(key, value)


def _variables(settings: Pipeline) -> dict[str, codebuild.BuildEnvironmentVariable]:
    secret = codebuild.BuildEnvironmentVariableType.SECRETS_MANAGER
    return {
        # What a closed network does not let out is not tried.
        "CDK_DISABLE_CLI_TELEMETRY": codebuild.BuildEnvironmentVariable(value="true"),
        **{
            name: codebuild.BuildEnvironmentVariable(value=value)
            for name, value in settings.variables.items()
        },
        **{
            name: codebuild.BuildEnvironmentVariable(type=secret, value=arn)
            for name, arn in settings.secret_variables.items()
        },
    }


def _set_up() -> codebuild.BuildSpec:
    """What a build has that runs ``make setup``."""
    return codebuild.BuildSpec.from_object(
        {
            "version": "0.2",
            "phases": {"install": {"runtime-versions": {"python": PIPELINE_PYTHON}}},
            "cache": {"paths": [*CACHED_PATHS]},
        }
    )


def _runtimes(**versions: str) -> codebuild.BuildSpec:
    return codebuild.BuildSpec.from_object(
        {"version": "0.2", "phases": {"install": {"runtime-versions": versions}}}
    )


def _cli_version() -> str:
    """The CLI that the developers run, from package.json."""
    version: str = json.loads(_PACKAGE_FILE.read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    return version
