"""The file system: is it there, and as declared."""

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.doctor.installation import Installation, NotThereError
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity

_DEPLOY = "deploy; where cdk diff shows nothing, it was changed by hand: set it back"


@check("file-system-missing", Severity.ERROR, "Is the file system there?", when=When.FILE_SYSTEM)
def exists(installation: Installation) -> Iterator[Problem]:
    """The file system that the stack made, or that the environment refers to."""
    try:
        assert installation.file_system  # noqa: S101  # reads it
    except NotThereError as error:
        if error.because != "file-system-missing":
            raise
        if installation.environment.file_system.existing:
            environment = installation.environment
            yield Problem(
                what=f"there is no file system {installation.file_system_id} in account "
                f"{environment.account}, {environment.region}",
                where="field file_system.existing.id",
                cure="aws efs describe-file-systems --region "
                f"{environment.region} names those there are; or write name in the place of existing",
            )
            return
        yield Problem(
            what=f"the stack's file system {installation.file_system_id} is gone",
            where=f"stack {installation.stack_name}",
            cure="restore it from AWS Backup into a new one; then destroy the stack and deploy it again",
        )


@check("backup-differs", Severity.WARNING, "Is the file system backed up as declared?", when=When.AFTER)
def backups(installation: Installation) -> Iterator[Problem]:
    """AWS Backup's default plan."""
    if _is_not_ours(installation):
        return
    efs, system = installation.client("efs"), installation.file_system["FileSystemId"]
    try:
        status = efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "PolicyNotFound":
            raise
        status = "DISABLED"
    if (status in ("ENABLED", "ENABLING")) != installation.environment.file_system.backups:
        is_on = "on" if status in ("ENABLED", "ENABLING") else "off"
        yield Problem(
            what=f"daily backups are {is_on}, the environment says "
            f"{str(installation.environment.file_system.backups).lower()}",
            where=f"field file_system.backups, {system}",
            cure=_DEPLOY,
        )


@check("lifecycle-differs", Severity.WARNING, "Do files move as declared?", when=When.AFTER)
def lifecycle(installation: Installation) -> Iterator[Problem]:
    """The transitions to cheaper storage, and back."""
    if _is_not_ours(installation):
        return
    system = installation.file_system["FileSystemId"]
    found = installation.client("efs").describe_lifecycle_configuration(FileSystemId=system)
    rules = {key: value for policy in found["LifecyclePolicies"] for key, value in policy.items()}
    settings = installation.environment.file_system.lifecycle
    wanted = {
        "TransitionToIA": _period(settings.infrequent_access_after_days),
        "TransitionToArchive": _period(settings.archive_after_days),
        "TransitionToPrimaryStorageClass": "AFTER_1_ACCESS" if settings.primary_on_first_access else None,
    }
    for rule, value in wanted.items():
        if rules.get(rule) != value:
            yield Problem(
                what=f"{rule} is {rules.get(rule) or 'never'}, the environment says {value or 'never'}",
                where=f"field file_system.lifecycle, {system}",
                cure=_DEPLOY,
            )


@check(
    "throughput-differs", Severity.WARNING, "Has the file system the declared throughput?", when=When.AFTER
)
def throughput(installation: Installation) -> Iterator[Problem]:
    """Elastic or bursting."""
    if _is_not_ours(installation):
        return
    system = installation.file_system
    wanted = installation.environment.file_system.throughput
    if system.get("ThroughputMode") != wanted:
        yield Problem(
            what=f"throughput is {system.get('ThroughputMode')}, the environment says {wanted}",
            where=f"field file_system.throughput, {system['FileSystemId']}",
            cure=_DEPLOY,
        )


@check(
    "tls-not-enforced",
    Severity.ERROR,
    "Does the file system refuse connections without TLS?",
    when=When.AFTER,
)
def policy(installation: Installation) -> Iterator[Problem]:
    """The file system's policy denies whatever does not come over TLS."""
    if _is_not_ours(installation):
        return
    efs, system = installation.client("efs"), installation.file_system["FileSystemId"]
    try:
        document = json.loads(efs.describe_file_system_policy(FileSystemId=system)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "PolicyNotFound":
            raise
        document = {}
    statements = document.get("Statement", [])
    refuses = any(
        one["Effect"] == "Deny"
        and str(one.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")).lower() == "false"
        for one in (statements if isinstance(statements, list) else [statements])
    )
    if not refuses:
        yield Problem(
            what="the file system's policy lets connections in that have no TLS",
            where=system,
            cure="put the statement DenyWithoutTls back: see FileSystemPolicy in the template of "
            f"{installation.stack_name}, and aws efs put-file-system-policy",
        )


def _is_not_ours(installation: Installation) -> bool:
    # Of a file system that exists already the environment says none of this, and changes none of it.
    return installation.environment.file_system.existing is not None


def _period(days: int | None) -> str | None:
    if days is None:
        return None
    return f"AFTER_{days}_DAY{'' if days == 1 else 'S'}"
