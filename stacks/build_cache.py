"""What builds of a pipeline keep for the next one: the packages that pip and npm downloaded."""

from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

CACHED_PATHS = ("/root/.cache/pip/**/*", "/root/.npm/**/*")
"""Where pip and npm keep what they download, in CodeBuild's image for Linux, whose user is root."""


def cache_prefix(project: str) -> str:
    """Where the cache of a project is in the bucket: one for each, so that no step fills another's.

    Args:
        project: The construct's path, which ends with stage, step and its own id.
    """
    stage, step = project.split("/")[-3:-1]
    return f"cache/{stage}/{step}"


def give_cache(project: codebuild.Project, *, bucket: s3.IBucket) -> None:
    """Let a project keep its cache in S3, under the bucket's key.

    A cache on the host of the build is seldom there at the next release: AWS keeps hosts for minutes.
    CDK's own caches may write, and delete, everywhere in the bucket; this one writes below its prefix. The
    project can read it already, because it reads artefacts in the bucket.

    Args:
        project: A project that may read the bucket and use its key. Its buildspec says what is kept.
        bucket: The bucket of the artefacts.
    """
    template = project.node.default_child
    assert isinstance(template, codebuild.CfnProject)  # noqa: S101
    prefix = cache_prefix(project.node.path)
    template.cache = codebuild.CfnProject.ProjectCacheProperty(
        type="S3", location=f"{bucket.bucket_name}/{prefix}"
    )
    project.add_to_role_policy(
        iam.PolicyStatement(
            sid="KeepsItsCache", actions=["s3:PutObject"], resources=[bucket.arn_for_objects(f"{prefix}/*")]
        )
    )
