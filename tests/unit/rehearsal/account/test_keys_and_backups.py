"""KMS keys and AWS Backup in a stack: made, changed in place, deleted."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*"}]}


def key(**properties: Any) -> dict[str, Any]:
    return {"K": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": POLICY, **properties}}}


def key_id() -> str:
    (found,) = aws_client("kms").list_keys()["Keys"]
    return str(found["KeyId"])


def test_a_key_encrypts_a_file_system_of_its_stack(stacks: Stacks) -> None:
    system = {"Encrypted": True, "KmsKeyId": {"Fn::GetAtt": ["K", "Arn"]}}
    file_system = {"F": {"Type": "AWS::EFS::FileSystem", "Properties": system}}
    assert stacks.deploy({**key(EnableKeyRotation=True), **file_system}) == "CREATE_COMPLETE"
    (found,) = aws_client("efs").describe_file_systems()["FileSystems"]
    assert found["KmsKeyId"].endswith(f":key/{key_id()}")


def test_a_key_changes_in_place(stacks: Stacks) -> None:
    kms = aws_client("kms")
    stacks.deploy(key(EnableKeyRotation=False, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]))
    before = key_id()
    other = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Sid": "Changed"}]}  # type: ignore[dict-item]
    changed = key(
        EnableKeyRotation=True, Description="mine", KeyPolicy=other, Tags=[{"Key": "a", "Value": "2"}]
    )
    assert stacks.deploy(changed) == "UPDATE_COMPLETE"
    assert key_id() == before
    assert kms.get_key_rotation_status(KeyId=before)["KeyRotationEnabled"]
    assert kms.describe_key(KeyId=before)["KeyMetadata"]["Description"] == "mine"
    assert kms.list_resource_tags(KeyId=before)["Tags"] == [{"TagKey": "a", "TagValue": "2"}]
    assert json.loads(kms.get_key_policy(KeyId=before, PolicyName="default")["Policy"]) == other


def test_what_a_key_is_cannot_change(stacks: Stacks) -> None:
    stacks.deploy(key())
    assert stacks.deploy(key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("K", "UPDATE_FAILED") == "You cannot change the KeySpec, KeyUsage of a KMS key."


def test_a_deleted_key_waits(stacks: Stacks) -> None:
    stacks.deploy(key(PendingWindowInDays=7))
    assert stacks.delete() == "DELETE_COMPLETE"
    described = aws_client("kms").describe_key(KeyId=key_id())["KeyMetadata"]
    assert described["KeyState"] == "PendingDeletion"


def test_a_key_has_an_alias(stacks: Stacks) -> None:
    alias = {
        "Type": "AWS::KMS::Alias",
        "Properties": {"AliasName": "alias/efs", "TargetKeyId": {"Fn::GetAtt": ["K", "Arn"]}},
    }
    assert stacks.deploy({**key(), "A": alias, "P": parameter({"Ref": "A"})}) == "CREATE_COMPLETE"
    assert aws_client("ssm").get_parameter(Name="stack-P")["Parameter"]["Value"] == "alias/efs"
    (found,) = aws_client("kms").list_aliases(KeyId=key_id())["Aliases"]
    assert found["AliasName"] == "alias/efs"
    assert stacks.delete() == "DELETE_COMPLETE"


def backups(days: int = 35, vault: dict[str, Any] | None = None, **selection: Any) -> dict[str, Any]:
    return {
        "V": {
            "Type": "AWS::Backup::BackupVault",
            "Properties": {"BackupVaultName": "airflow", **(vault or {})},
        },
        "P": {
            "Type": "AWS::Backup::BackupPlan",
            "Properties": {
                "BackupPlan": {
                    "BackupPlanName": "daily",
                    "BackupPlanRule": [
                        {
                            "RuleName": "daily",
                            "TargetBackupVault": {"Ref": "V"},
                            "ScheduleExpression": "cron(0 5 * * ? *)",
                            "Lifecycle": {"DeleteAfterDays": days},
                        }
                    ],
                }
            },
        },
        "S": {
            "Type": "AWS::Backup::BackupSelection",
            "Properties": {
                "BackupPlanId": {"Ref": "P"},
                "BackupSelection": {
                    "SelectionName": "file-system",
                    "IamRoleArn": "arn:aws:iam::123456789012:role/backup",
                    "Resources": ["arn:aws:elasticfilesystem:ap-northeast-2:123456789012:file-system/fs-1"],
                    **selection,
                },
            },
        },
    }


def plan() -> dict[str, Any]:
    backup = aws_client("backup")
    (found,) = backup.list_backup_plans()["BackupPlansList"]
    return dict(backup.get_backup_plan(BackupPlanId=found["BackupPlanId"]))


def test_a_plan_is_described_by_the_api(stacks: Stacks) -> None:
    assert stacks.deploy(backups()) == "CREATE_COMPLETE"
    (rule,) = plan()["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]) == ("airflow", {"DeleteAfterDays": 35})
    backup = aws_client("backup")
    (found,) = backup.list_backup_selections(BackupPlanId=plan()["BackupPlanId"])["BackupSelectionsList"]
    assert found["SelectionName"] == "file-system"
    selection = backup.get_backup_selection(
        BackupPlanId=found["BackupPlanId"], SelectionId=found["SelectionId"]
    )
    (resource,) = selection["BackupSelection"]["Resources"]
    assert resource.endswith("file-system/fs-1")


def test_a_plan_changes_in_place_and_has_another_version(stacks: Stacks) -> None:
    stacks.deploy(backups())
    before = plan()
    assert stacks.deploy(backups(days=90)) == "UPDATE_COMPLETE"
    after = plan()
    assert after["BackupPlanId"] == before["BackupPlanId"]
    assert after["VersionId"] != before["VersionId"]
    assert after["BackupPlan"]["Rules"][0]["Lifecycle"] == {"DeleteAfterDays": 90}
    # The selection refers to the plan, which is the same.
    assert stacks.with_status("UPDATE_COMPLETE") == ["P"]


def test_a_changed_selection_is_replaced(stacks: Stacks) -> None:
    stacks.deploy(backups())
    backup, plan_id = aws_client("backup"), plan()["BackupPlanId"]
    (before,) = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    assert stacks.deploy(backups(SelectionName="another")) == "UPDATE_COMPLETE"
    (after,) = backup.list_backup_selections(BackupPlanId=plan_id)["BackupSelectionsList"]
    assert after["SelectionName"] == "another"
    assert after["SelectionId"] != before["SelectionId"]


def test_a_vault_changes_its_tags_and_its_lock_in_place(stacks: Stacks) -> None:
    backup = aws_client("backup")
    stacks.deploy(backups(vault={"BackupVaultTags": {"a": "1", "b": "1"}}))
    (vault,) = backup.list_backup_vaults()["BackupVaultList"]
    locked = {"BackupVaultTags": {"a": "2"}, "LockConfiguration": {"MinRetentionDays": 7}}
    assert stacks.deploy(backups(vault=locked)) == "UPDATE_COMPLETE"
    (found,) = backup.list_backup_vaults()["BackupVaultList"]
    assert (found["CreationDate"], found["Locked"], found["MinRetentionDays"]) == (
        vault["CreationDate"],
        True,
        7,
    )
    assert backup.list_tags(ResourceArn=vault["BackupVaultArn"])["Tags"] == {"a": "2"}


def test_backups_go_with_their_stack(stacks: Stacks) -> None:
    stacks.deploy(backups())
    assert stacks.delete() == "DELETE_COMPLETE"
    backup = aws_client("backup")
    assert backup.list_backup_plans()["BackupPlansList"] == []
    assert backup.list_backup_vaults()["BackupVaultList"] == []
    assert stacks.deploy(backups()) == "CREATE_COMPLETE"  # the names are free again


def test_a_plan_needs_its_vault(stacks: Stacks) -> None:
    resources = backups()
    rule = resources["P"]["Properties"]["BackupPlan"]["BackupPlanRule"][0]
    rule["TargetBackupVault"] = "nowhere"
    assert stacks.deploy(resources) == "ROLLBACK_COMPLETE"
    assert "nowhere" in str(stacks.reason("P", "CREATE_FAILED"))


def test_a_plan_stays_while_a_selection_is_left(stacks: Stacks) -> None:
    stacks.deploy(backups())
    plan_id = plan()["BackupPlanId"]
    # A selection that somebody else made: another stack's.
    selection = {**backups()["S"]}
    selection["Properties"] = {**selection["Properties"], "BackupPlanId": plan_id}
    stacks.deploy({"S": selection}, stack="other")
    assert stacks.delete() == "DELETE_FAILED"
    assert "selections must be deleted" in str(stacks.reason("P", "DELETE_FAILED"))


@pytest.mark.parametrize("selection", ["unknown"])
def test_an_unknown_selection_is_not_found(stacks: Stacks, selection: str) -> None:
    stacks.deploy(backups())
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws_client("backup").get_backup_selection(BackupPlanId=plan()["BackupPlanId"], SelectionId=selection)
