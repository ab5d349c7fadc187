"""The source actions: a revision of a repository on this machine, if the role may read the source."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError


def take_source(
    provider: str,
    configuration: Mapping[str, str],
    *,
    session: Session,
    roles: Roles,
    repository: Path,
    revision: str,
) -> bytes:
    """The source as a zip; the connection, the repository or the bucket of the action does not exist here.

    Args:
        provider: who carries the action out, as `CodeCommit`.
        configuration: the action's.
        session: the action's role.
        roles: decides what it may.
        repository: a clone.
        revision: of it.

    Raises:
        StepFailedError: the role may not read the source, the provider is not rehearsed, or there is no such
            revision.
    """
    for action, resource in _reads(provider, configuration, session):
        roles.require(session, action, resource)
    archive = subprocess.run(
        [shutil.which("git") or "git", "archive", "--format=zip", revision],
        cwd=repository,
        capture_output=True,
        check=False,
    )
    if archive.returncode:
        raise StepFailedError(archive.stderr.decode().strip())
    return archive.stdout


def _reads(provider: str, configuration: Mapping[str, str], session: Session) -> Iterator[tuple[str, str]]:
    """What CodePipeline does with the role of the action, and with which resource.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html
    """
    partition, _, _, account = session.role_arn.split(":")[1:5]
    match provider:
        case "CodeStarSourceConnection":
            connection = configuration["ConnectionArn"]
            yield f"{connection.split(':')[2]}:UseConnection", connection
        case "CodeCommit":
            repository = (
                f"arn:{partition}:codecommit:{session.region}:{account}:{configuration['RepositoryName']}"
            )
            for call in ("GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus"):
                yield f"codecommit:{call}", repository
        case "S3":
            bucket = f"arn:{partition}:s3:::{configuration['S3Bucket']}"
            yield "s3:GetBucketVersioning", bucket
            for call in ("GetObject", "GetObjectVersion"):
                yield f"s3:{call}", f"{bucket}/{configuration['S3ObjectKey']}"
        case _:
            raise StepFailedError(f"not rehearsed: an action Source of {provider}")
