"""A backup plan for one file system."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_backup as backup
from aws_cdk import aws_events as events
from constructs import Construct


class FileSystemBackup(Construct):
    """An AWS Backup plan with one rule, for one file system.

    A new vault is retained with its recovery points, as the data is. Its name is taken from then on: a stack
    that is made again names it as ``existing_vault``. Only when the deployment that makes it is rolled back
    does it go.

    Args:
        file_system_arn: the file system that is backed up.
        name: the name of the plan.
        schedule: when a backup starts, ``cron(…)`` in UTC.
        retention_days: days for which a recovery point is kept.
        cold_storage_after_days: days after which it moves to cold storage. Default: never.
        existing_vault: the name of a vault that exists. Default: ``new_vault`` is made.
        new_vault: the name of a vault to make. Default: ``existing_vault`` is used.

    Raises:
        ValueError: when not exactly one of the two vaults is named.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        file_system_arn: str,
        name: str,
        schedule: str,
        retention_days: int,
        cold_storage_after_days: int | None = None,
        existing_vault: str | None = None,
        new_vault: str | None = None,
    ) -> None:
        if (existing_vault is None) == (new_vault is None):
            raise ValueError("existing_vault and new_vault: name exactly one of them")
        super().__init__(scope, construct_id)

        vault: backup.IBackupVault
        if existing_vault is not None:
            vault = backup.BackupVault.from_backup_vault_name(self, "Vault", existing_vault)
        else:
            vault = backup.BackupVault(
                self,
                "Vault",
                backup_vault_name=new_vault,
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            )
        lifecycle: dict[str, Any] = {"delete_after": Duration.days(retention_days)}
        if cold_storage_after_days is not None:
            lifecycle["move_to_cold_storage_after"] = Duration.days(cold_storage_after_days)
        plan = backup.BackupPlan(
            self,
            "Plan",
            backup_plan_name=name,
            backup_plan_rules=[
                backup.BackupPlanRule(
                    rule_name=name,
                    backup_vault=vault,
                    schedule_expression=events.Schedule.expression(schedule),
                    **lifecycle,
                )
            ],
        )
        # It makes a role with AWS's own policy for backups, which is what AWS Backup is tested with.
        plan.add_selection(
            "Selection",
            resources=[backup.BackupResource.from_arn(file_system_arn)],
            backup_selection_name=name,
        )
