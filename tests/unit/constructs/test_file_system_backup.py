from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from airflow_efs.file_system_backup import FileSystemBackup
from tests.unit.templates import of_type, only

FILE_SYSTEM = "arn:aws:elasticfilesystem:ap-northeast-2:123456789012:file-system/fs-1"


def build(stack: Stack, **props: Any) -> Template:
    defaults: dict[str, Any] = {
        "file_system_arn": FILE_SYSTEM,
        "name": "logs",
        "schedule": "cron(0 5 * * ? *)",
        "retention_days": 35,
    }
    FileSystemBackup(stack, "Backup", **(defaults | props))
    return Template.from_stack(stack)


def plan(template: Template) -> dict[str, Any]:
    return dict(only(of_type(template, "AWS::Backup::BackupPlan"))["Properties"]["BackupPlan"])


def test_the_plan_has_one_rule_with_schedule_and_retention(stack: Stack) -> None:
    assert plan(build(stack, existing_vault="Default")) == {
        "BackupPlanName": "logs",
        "BackupPlanRule": [
            {
                "RuleName": "logs",
                "ScheduleExpression": "cron(0 5 * * ? *)",
                "TargetBackupVault": "Default",
                "Lifecycle": {"DeleteAfterDays": 35},
            }
        ],
    }


def test_backups_can_move_to_cold_storage(stack: Stack) -> None:
    template = build(stack, existing_vault="Default", retention_days=400, cold_storage_after_days=30)
    (rule,) = plan(template)["BackupPlanRule"]
    assert rule["Lifecycle"] == {"DeleteAfterDays": 400, "MoveToColdStorageAfterDays": 30}


def test_the_plan_selects_the_one_file_system(stack: Stack) -> None:
    build(stack, existing_vault="Default").has_resource_properties(
        "AWS::Backup::BackupSelection",
        {
            "BackupSelection": {
                "SelectionName": "logs",
                "Resources": [FILE_SYSTEM],
                "ListOfTags": Match.absent(),
            }
        },
    )


def test_an_existing_vault_is_not_made(stack: Stack) -> None:
    build(stack, existing_vault="Default").resource_count_is("AWS::Backup::BackupVault", 0)


def test_a_new_vault_outlives_the_stack_with_its_backups(stack: Stack) -> None:
    template = build(stack, new_vault="logs")
    vault = only(of_type(template, "AWS::Backup::BackupVault"))
    assert vault["Properties"]["BackupVaultName"] == "logs"
    assert (vault["DeletionPolicy"], vault["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("vaults", [{}, {"existing_vault": "Default", "new_vault": "logs"}])
def test_no_vault_and_two_vaults_are_errors(stack: Stack, vaults: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^existing_vault and new_vault: name exactly one of them$"):
        build(stack, **vaults)
