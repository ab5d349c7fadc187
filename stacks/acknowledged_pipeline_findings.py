"""Findings of cdk-nag that stand in the pipeline's stack. All are of policies that aws-cdk-lib writes."""

from collections.abc import Iterable, Iterator, Sequence

from aws_cdk import Stack

from settings import Environment
from settings.build_network import BuildNetwork
from settings.pipeline import Pipeline
from settings.pipeline_source import Source
from stacks.acknowledged_findings import AcknowledgedFinding, logical_id
from stacks.build_cache import cache_prefix

PIPELINE = "Pipeline/Pipeline/Role/DefaultPolicy/Resource"
SOURCE = "Pipeline/Pipeline/Source/Repository/CodePipelineActionRole/DefaultPolicy/Resource"
SYNTH_PROJECT = "Pipeline/Pipeline/Build/Synth/CdkBuildProject"
SYNTH = f"{SYNTH_PROJECT}/Role/DefaultPolicy/Resource"
SELF_MUTATION_PROJECT = "Pipeline/UpdatePipeline/SelfMutation"
SELF_MUTATION = f"{SELF_MUTATION_PROJECT}/Role/DefaultPolicy/Resource"
ASSETS = "Pipeline/Assets/FileRole/DefaultPolicy/Resource"
NETWORK = "BuildNetwork/Resource"

READ_ARTIFACTS = ("s3:GetBucket*", "s3:GetObject*", "s3:List*")
WRITE_ARTIFACTS = ("s3:Abort*", "s3:DeleteObject*")
USE_KEY = ("kms:GenerateDataKey*", "kms:ReEncrypt*")


def delivery_pipeline_findings(
    stack: Stack, settings: Pipeline, buckets_elsewhere: Iterable[str], stages: Sequence[Environment]
) -> list[AcknowledgedFinding]:
    """The findings that stand in a ``DeliveryPipelineStack``.

    Args:
        stack: The pipeline's stack.
        settings: The pipeline.
        buckets_elsewhere: Names of the artefact buckets in other regions.
        stages: The environments that it deploys.
    """
    return [
        *_actions(PIPELINE, *READ_ARTIFACTS, *WRITE_ARTIFACTS, *USE_KEY),
        *_actions(SYNTH, *READ_ARTIFACTS, *WRITE_ARTIFACTS, *USE_KEY),
        *_actions(SELF_MUTATION, *READ_ARTIFACTS, *USE_KEY),
        *_actions(ASSETS, *READ_ARTIFACTS),
        *(
            found
            for where in (PIPELINE, SOURCE, SYNTH, SELF_MUTATION, ASSETS)
            for found in _artifacts(stack, where)
        ),
        *_source(settings.source),
        *_artifacts_elsewhere(stack, buckets_elsewhere),
        *_project(stack, SYNTH, SYNTH_PROJECT),
        *_project(stack, SELF_MUTATION, SELF_MUTATION_PROJECT),
        *_self_mutation(stack),
        *_assets(stack),
        *(found for stage in stages for found in _gates(stack, stage)),
        *_cache(stack, SYNTH, SYNTH_PROJECT),
        *(found for where in _builds(stages) for found in _secrets(settings, where)),
        *_network(stack, settings.vpc),
    ]


def _source(source: Source) -> Iterator[AcknowledgedFinding]:
    yield from _actions(SOURCE, *WRITE_ARTIFACTS, *USE_KEY)
    if not source.bucket:
        yield from _actions(SOURCE, *READ_ARTIFACTS)
        return
    for action in READ_ARTIFACTS:
        yield AcknowledgedFinding(
            rule=f"AwsSolutions-IAM5[Action::{action}]",
            where=SOURCE,
            reason="The statement names the bucket of the source, and in it the one zip. The asterisk stands "
            "for the variants of one call: CodePipeline reads a version of the zip.",
        )


def _checks(stage: Environment) -> list[str]:
    """The projects around one environment."""
    steps = [f"{stage.name}-review/Changes", f"{stage.name}/Confirm"]
    if stage.delivery.role_arn:
        steps += [f"{stage.name}/Doctor", f"{stage.name}/Prove"]
    return [f"Pipeline/Pipeline/{step}/{step.rpartition('/')[2]}" for step in steps]


def _policy(project: str) -> str:
    return f"{project}/Role/DefaultPolicy/Resource"


def _builds(stages: Iterable[Environment]) -> list[str]:
    """The policies of the roles of all builds."""
    return [
        SYNTH,
        SELF_MUTATION,
        ASSETS,
        *(_policy(project) for stage in stages for project in _checks(stage)),
    ]


def _gates(stack: Stack, stage: Environment) -> Iterator[AcknowledgedFinding]:
    for project in _checks(stage):
        where = _policy(project)
        writes = WRITE_ARTIFACTS if project.endswith("/Changes") else ()
        yield from _actions(where, *READ_ARTIFACTS, *writes, *USE_KEY)
        yield from _artifacts(stack, where)
        yield from _project(stack, where, project)
        if project.endswith(("/Doctor", "/Prove")):
            yield from _cache(stack, where, project)
    approval = (
        f"Pipeline/Pipeline/{stage.name}-approval/Approve/CodePipelineActionRole/DefaultPolicy/Resource"
    )
    yield from _actions(approval, *USE_KEY[:1])


def _resource(where: str, resource: str, reason: str) -> AcknowledgedFinding:
    return AcknowledgedFinding(rule=f"AwsSolutions-IAM5[Resource::{resource}]", where=where, reason=reason)


def _actions(where: str, *actions: str) -> Iterator[AcknowledgedFinding]:
    for action in actions:
        on = "the key of the artefacts" if action.startswith("kms:") else "the bucket of the artefacts"
        yield AcknowledgedFinding(
            rule=f"AwsSolutions-IAM5[Action::{action}]",
            where=where,
            reason=f"The statement names one kind of resource, {on} of this pipeline. The asterisk stands "
            "for the variants of one call, such as those for a version of an object.",
        )


def _artifacts(stack: Stack, where: str) -> Iterator[AcknowledgedFinding]:
    bucket = logical_id(stack, "Artifacts/Bucket/Resource")
    yield _resource(
        where,
        f"<{bucket}.Arn>/*",
        "Only objects in the artefact bucket of this pipeline. CodePipeline makes up their names in "
        "every run, so that no policy can know them.",
    )


def _artifacts_elsewhere(stack: Stack, buckets: Iterable[str]) -> Iterator[AcknowledgedFinding]:
    names = [stack.resolve(name) for name in buckets]
    for name in names:
        yield _resource(
            PIPELINE,
            f"arn:<AWS::Partition>:s3:::{name}/*",
            "Only objects in the artefact bucket of this pipeline in another region. CodePipeline makes up "
            "their names in every run, so that no policy can know them.",
        )
    if names:
        yield _resource(
            PIPELINE,
            "*",
            "The key of an artefact bucket in another region has an id that this stack cannot know. The "
            "statement UsesNoOtherKey of the same policy denies every key but this stack's and those with "
            "the aliases of this pipeline.",
        )


def _project(stack: Stack, where: str, project: str) -> Iterator[AcknowledgedFinding]:
    project_id = logical_id(stack, f"{project}/Resource")
    account = f"{stack.region}:{stack.account}"
    yield _resource(
        where,
        f"arn:<AWS::Partition>:logs:{account}:log-group:/aws/codebuild/<{project_id}>:*",
        "One log group, of this one project; the asterisk stands for the streams in it, one for each build.",
    )
    yield _resource(
        where,
        f"arn:<AWS::Partition>:codebuild:{account}:report-group/<{project_id}>-*",
        "Only report groups of this one project. A buildspec names them, and CodeBuild puts the project's "
        "name before it.",
    )


def _cache(stack: Stack, where: str, project: str) -> Iterator[AcknowledgedFinding]:
    bucket = logical_id(stack, "Artifacts/Bucket/Resource")
    yield _resource(
        where,
        f"<{bucket}.Arn>/{cache_prefix(project)}/*",
        "Only s3:PutObject, and only below the prefix of this one step's cache. CodeBuild makes up the names "
        "of the objects in it.",
    )


def _secrets(settings: Pipeline, where: str) -> Iterator[AcknowledgedFinding]:
    for secret in dict.fromkeys(settings.secret_variables.values()):
        arn = ":".join(secret.split(":")[:7])
        yield _resource(
            where,
            f"{arn}*",
            "Only secretsmanager:GetSecretValue, of one secret by its whole ARN, with the six letters that "
            "AWS gives it. CDK writes an asterisk after it, which can stand for nothing more.",
        )


def _network(stack: Stack, network: BuildNetwork | None) -> Iterator[AcknowledgedFinding]:
    if network is None:
        return
    yield _resource(
        NETWORK,
        "*",
        "Only five calls that describe the network, which IAM cannot hold to a resource. They read ids and "
        "addresses, and change nothing.",
    )
    yield _resource(
        NETWORK,
        f"arn:<AWS::Partition>:ec2:{stack.region}:{stack.account}:network-interface/*",
        "Network interfaces of builds have no id beforehand. To make one, its subnet and security groups "
        "have to be those of the settings; deletion and use are held to the subnets by a condition.",
    )
    ids = [("subnet", one) for one in network.subnets]
    ids += [("security-group", one) for one in network.security_groups]
    for kind, name in ids:
        yield _resource(
            NETWORK,
            f"arn:<AWS::Partition>:ec2:{stack.region}:*:{kind}/{name}",
            "One id, which is unique in AWS. The asterisk stands for the owner's account, since another "
            "account may share it.",
        )


def _self_mutation(stack: Stack) -> Iterator[AcknowledgedFinding]:
    yield _resource(
        SELF_MUTATION,
        f"arn:*:iam::{stack.account}:role/*",
        "Only sts:AssumeRole, only in the pipeline's own account, and only of roles that cdk bootstrap "
        "tagged as deploy or publishing roles. Their trust policies decide as well.",
    )
    yield _resource(
        SELF_MUTATION,
        "*",
        "Only cloudformation:DescribeStacks and s3:ListBucket, with which the CDK CLI finds the bootstrap "
        "stack and its bucket. They read names, and change nothing.",
    )


def _assets(stack: Stack) -> Iterator[AcknowledgedFinding]:
    account = f"{stack.region}:{stack.account}"
    yield _resource(
        ASSETS,
        "*",
        "Three calls that start and stop builds, which this role does not need: the statement StartsNoBuild "
        "of the same policy denies them all.",
    )
    yield _resource(
        ASSETS,
        f"arn:<AWS::Partition>:logs:{account}:log-group:/aws/codebuild/*",
        "The role writes logs of builds, and can neither read nor delete any. CDK makes the role before the "
        "project whose name the log group has.",
    )
    yield _resource(
        ASSETS,
        f"arn:<AWS::Partition>:codebuild:{account}:report-group/*",
        "The role can only put test reports, which hold no secret and start nothing. CDK makes the role "
        "before the project whose name a report group begins with.",
    )
