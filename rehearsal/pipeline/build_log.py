"""The log of a build: CodeBuild makes a stream in CloudWatch Logs before it runs a command."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.pipeline.roles import Roles, Session


def open_log(project: Mapping[str, Any], *, session: Session, roles: Roles) -> None:
    """Ask for what CodeBuild does with the role of a build; the lines themselves stay on this machine.

    https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html

    Args:
        project: as the API describes it.
        session: the role of the build.
        roles: decides what it may.

    Raises:
        StepFailedError: the role may not write the log.
    """
    partition, _, _, account = session.role_arn.split(":")[1:5]
    for call, group in _calls(project):
        stream = f"arn:{partition}:logs:{session.region}:{account}:log-group:{group}:log-stream:build"
        roles.require(session, f"logs:{call}", stream)


def _calls(project: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    log = (project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
    if log.get("status") == "DISABLED":
        return
    group = log.get("groupName")
    if group is None:
        group = f"/aws/codebuild/{project['name']}"
        yield "CreateLogGroup", group
    yield "CreateLogStream", group
    yield "PutLogEvents", group
