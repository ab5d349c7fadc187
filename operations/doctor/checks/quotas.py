"""Quotas: is there room for what the deployment and the claims need."""

from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from operations.doctor.installation import Installation
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity

_FILE_SYSTEMS = "L-848C634D"
"""Service Quotas' code of "File systems per account"."""

_NEARLY = 0.9
"""The part of a quota from which it is time to ask for more."""


@check("quota-file-systems", Severity.ERROR, "Is there room for one more file system?", when=When.BEFORE)
def file_systems(installation: Installation) -> Iterator[Problem]:
    """Those of the account in the region, and the quota."""
    if installation.environment.file_system.existing:
        return
    assert installation.caller  # noqa: S101
    pages = installation.client("efs").get_paginator("describe_file_systems").paginate()
    used = sum(len(page["FileSystems"]) for page in pages)
    quota = _quota(installation, _FILE_SYSTEMS, installation.quotas.file_systems)
    if used >= quota:
        yield Problem(
            what=f"the region has {used} file systems of {quota}; the deployment needs one more",
            where=f"Service Quotas, elasticfilesystem, {_FILE_SYSTEMS}",
            cure="ask for a higher quota, or delete a file system that is not used",
        )


@check("quota-access-points", Severity.WARNING, "Is there room for more claims?", when=When.AFTER)
def access_points(installation: Installation) -> Iterator[Problem]:
    """Each claim takes an access point of the file system."""
    used, quota = len(installation.access_points), installation.quotas.access_points
    if used >= _NEARLY * quota:
        yield Problem(
            what=f"the file system has {used} access points of {quota}; each claim takes one",
            where=installation.file_system["FileSystemId"],
            cure="delete claims and access points that are not used, ask for a higher quota, "
            "or make a second environment",
        )


def _quota(installation: Installation, code: str, default: int) -> int:
    # Reading the quota is a courtesy: without the right to, AWS's default is compared with.
    try:
        answer = installation.client("service-quotas").get_service_quota(
            ServiceCode="elasticfilesystem", QuotaCode=code
        )
    except (BotoCoreError, ClientError):
        return default
    return int(answer["Quota"]["Value"])
