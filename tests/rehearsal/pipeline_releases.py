"""Releases of a pipeline that a rehearsal has deployed, and what they have changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.pipeline.release import Releases
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.rehearsal.pipeline_repository import Repository


def releases_of(
    rehearsal: Rehearsal, repository: Repository, folder: Path, *, approve: Callable[[str], bool]
) -> Releases:
    """Releases of the revisions of a repository; `folder` is for builds and logs."""
    return Releases(
        client=rehearsal.client,
        region=rehearsal.settings.region,
        endpoint=rehearsal.plan.account_url,
        repository=repository.folder,
        folder=folder,
        say=Lines().say,
        approve=approve,
    )


def last_changes(cloudformation: Any) -> dict[str, Any]:
    """When each stack of an account and region was changed the last time, by its name."""
    stacks = cloudformation.describe_stacks()["Stacks"]
    return {one["StackName"]: one.get("LastUpdatedTime", one["CreationTime"]) for one in stacks}
