"""AWS Backup in a stack: vaults, plans and the selections of a plan.

moto has vaults and plans of the API, no selections, and none of the three as a resource type. A plan is kept
where moto keeps it, so that its own calls describe it. No job ever runs: there is nothing to back up.
"""

import uuid
from typing import Any, Self

from moto.backup.models import BackupBackend, Plan, Vault, backup_backends
from moto.backup.responses import BackupResponse
from moto.core.common_models import CloudFormationModel
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.core.utils import unix_time

from rehearsal.account.cloudformation.stack_model import StackModel


def install() -> None:
    """Answer the calls for selections. The resource types are known by being defined here."""
    responses: Any = BackupResponse
    responses.list_backup_selections = _list_selections
    responses.get_backup_selection = _get_selection


def selections_of(backend: BackupBackend) -> dict[str, dict[str, Any]]:
    """The selections of a region by their ids, as the API describes them."""
    if not hasattr(backend, "rehearsed_selections"):
        backend.rehearsed_selections = {}  # type: ignore[attr-defined]
    return backend.rehearsed_selections  # type: ignore[attr-defined,no-any-return]


class BackupVault(StackModel, CloudFormationModel):
    """AWS::Backup::BackupVault."""

    kind = "AWS::Backup::BackupVault"

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.physical_resource_id = vault.backup_vault_name

    @property
    def attributes(self) -> dict[str, str]:
        """ARN and name."""
        return {
            "BackupVaultArn": self.vault.backup_vault_arn,
            "BackupVaultName": self.vault.backup_vault_name,
        }

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:
        """Make a vault."""
        backend: BackupBackend = backup_backends[account][region]
        vault = backend.create_backup_vault(
            backup_vault_name=properties.get("BackupVaultName", name),
            backup_vault_tags=properties.get("BackupVaultTags", {}),
            encryption_key_arn=properties.get("EncryptionKeyArn", ""),
            creator_request_id="",
        )
        made = cls(vault)
        made._settle(backend, properties, {})
        return made

    def change(
        self, properties: dict[str, Any], former: dict[str, Any], *, account: str, region: str
    ) -> None:
        """Change what can change; a name or a key replaces the vault."""
        self._settle(backup_backends[account][region], properties, former)

    def _settle(self, backend: BackupBackend, properties: dict[str, Any], former: dict[str, Any]) -> None:
        vault: Any = self.vault
        vault.access_policy = properties.get("AccessPolicy")
        vault.notifications = properties.get("Notifications")
        lock = properties.get("LockConfiguration")
        if lock:
            backend.put_backup_vault_lock_configuration(
                vault.backup_vault_name,
                lock.get("MinRetentionDays"),
                lock.get("MaxRetentionDays"),
                lock.get("ChangeableForDays"),
            )
        elif former.get("LockConfiguration"):
            backend.delete_backup_vault_lock_configuration(vault.backup_vault_name)
        _settle_tags(backend, vault.backup_vault_arn, "BackupVaultTags", properties, former)

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the vault; it never has a recovery point here."""
        backend: BackupBackend = backup_backends[account_id][region_name]
        backend.delete_backup_vault(self.vault.backup_vault_name)


class BackupPlan(StackModel, CloudFormationModel):
    """AWS::Backup::BackupPlan."""

    kind = "AWS::Backup::BackupPlan"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.physical_resource_id = plan.backup_plan_id

    @property
    def attributes(self) -> dict[str, str]:
        """The version changes with the plan."""
        return {
            "BackupPlanArn": self.plan.backup_plan_arn,
            "BackupPlanId": self.plan.backup_plan_id,
            "VersionId": self.plan.version_id,
        }

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:  # noqa: ARG003
        """Make a plan, of vaults that exist."""
        backend: BackupBackend = backup_backends[account][region]
        plan = backend.create_backup_plan(
            _as_the_api_says(backend, properties["BackupPlan"]), properties.get("BackupPlanTags", {}), ""
        )
        return cls(plan)

    def change(
        self, properties: dict[str, Any], former: dict[str, Any], *, account: str, region: str
    ) -> None:
        """Give the plan a new version."""
        backend: BackupBackend = backup_backends[account][region]
        if properties["BackupPlan"] != former["BackupPlan"]:
            # moto fills in what a rule does not say when a plan is made.
            document = _as_the_api_says(backend, properties["BackupPlan"])
            next_version = Plan(document, self.plan.creator_request_id, backend)
            self.plan.backup_plan = next_version.backup_plan
            self.plan.advanced_backup_settings = next_version.advanced_backup_settings
            self.plan.version_id = next_version.version_id
        _settle_tags(backend, self.plan.backup_plan_arn, "BackupPlanTags", properties, former)

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the plan, as long as no selection of it is left."""
        backend: BackupBackend = backup_backends[account_id][region_name]
        if any(one["BackupPlanId"] == self.plan.backup_plan_id for one in selections_of(backend).values()):
            raise JsonRESTError(
                "InvalidRequestException",
                "Related backup plan selections must be deleted prior to backup plan deletion",
            )
        # moto would keep it, and refuse another of its name.
        backend.plans.pop(self.plan.backup_plan_id, None)


class BackupSelection(StackModel, CloudFormationModel):
    """AWS::Backup::BackupSelection."""

    kind = "AWS::Backup::BackupSelection"

    def __init__(self, plan_id: str, selection_id: str) -> None:
        self.selection_id = selection_id
        self.physical_resource_id = f"{selection_id}_{plan_id}"
        self._plan_id = plan_id

    @property
    def attributes(self) -> dict[str, str]:
        """Its two ids, and the plan's."""
        return {
            "BackupPlanId": self._plan_id,
            "Id": self.physical_resource_id,
            "SelectionId": self.selection_id,
        }

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:  # noqa: ARG003
        """Assign resources to a plan; a change replaces the selection."""
        backend: BackupBackend = backup_backends[account][region]
        plan_id, selection_id = properties["BackupPlanId"], str(uuid.uuid4())
        backend.get_backup_plan(plan_id, None)
        selections_of(backend)[selection_id] = {
            "BackupPlanId": plan_id,
            "BackupSelection": properties["BackupSelection"],
            "CreationDate": unix_time(),
            "SelectionId": selection_id,
        }
        return cls(plan_id, selection_id)

    def delete(self, account_id: str, region_name: str) -> None:
        """Assign them no longer."""
        selections_of(backup_backends[account_id][region_name]).pop(self.selection_id, None)


def _as_the_api_says(backend: BackupBackend, plan: dict[str, Any]) -> dict[str, Any]:
    # A template and the API call the same things differently.
    rules = []
    for rule in plan["BackupPlanRule"]:
        vault = rule["TargetBackupVault"]
        if vault != "Default":  # AWS makes that one by itself
            backend.describe_backup_vault(vault)
        rest = {key: value for key, value in rule.items() if key != "TargetBackupVault"}
        rules.append({**rest, "TargetBackupVaultName": vault})
    more = {key: value for key, value in plan.items() if key != "BackupPlanRule"}
    return {**more, "Rules": rules}


def _settle_tags(
    backend: BackupBackend, arn: str, name: str, properties: dict[str, Any], former: dict[str, Any]
) -> None:
    tags = properties.get(name, {})
    backend.untag_resource(arn, [key for key in former.get(name, {}) if key not in tags])
    backend.tag_resource(arn, tags)


def _list_selections(self: BackupResponse) -> ActionResult:
    plan_id = _plan_id(self)
    self.backup_backend.get_backup_plan(plan_id, None)
    found = [one for one in selections_of(self.backup_backend).values() if one["BackupPlanId"] == plan_id]
    return ActionResult(
        {
            "BackupSelectionsList": [
                {
                    **{key: one[key] for key in ("BackupPlanId", "CreationDate", "SelectionId")},
                    "SelectionName": one["BackupSelection"].get("SelectionName"),
                    "IamRoleArn": one["BackupSelection"].get("IamRoleArn"),
                }
                for one in found
            ]
        }
    )


def _get_selection(self: BackupResponse) -> ActionResult:
    found = selections_of(self.backup_backend).get(self._get_param("selectionId"))
    if found is None or found["BackupPlanId"] != _plan_id(self):
        raise JsonRESTError("ResourceNotFoundException", "Cannot find Backup selection")
    return ActionResult(found)


def _plan_id(call: BackupResponse) -> str:
    return str(call._get_param("backupPlanId"))
