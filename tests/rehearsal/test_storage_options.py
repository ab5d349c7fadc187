"""Options of the file system and the network, deployed: a claim is bound under all of them.

The tests of a rehearsal run in their order: its environment changes in place.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.trace import Chain
from rehearsal.claims import await_bound
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.deployed import chain_of, deployed
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

FUNCTIONS = "sg-0d1b2c3d4e5f60718"
OTHER_CLIENTS = "sg-0f1b2c3d4e5f60718"
PREFIX_LIST = "pl-0a1b2c3d4e5f60718"
EXISTING = "fs-0a1b2c3d4e5f60718"
EXISTING_GROUP = "sg-0e1b2c3d4e5f60718"
PRIVATE_SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]


def many_options(content: dict[str, Any]) -> None:
    content["cluster"] |= {
        "node_zones": [subnet["availability_zone"] for subnet in content["cluster"]["subnets"]],
        "handler_network": {"subnets": PRIVATE_SUBNETS, "security_group": FUNCTIONS},
    }
    content["file_system"] |= {
        "security_group_name": "options-nfs",
        "nfs_clients": {
            "security_groups": ["nodes", OTHER_CLIENTS],
            "cidrs": ["10.0.0.0/8"],
            "public_cidrs": ["52.95.0.0/16"],
            "prefix_lists": [PREFIX_LIST],
        },
        "performance_mode": "maxIO",
        "throughput": "provisioned",
        "provisioned_throughput": 64,
        "iam_authorization": True,
        "policy": {
            "root_access": "denied",
            "root_access_roles": ["arn:aws:iam::123456789012:role/repair"],
            "statements": [
                {
                    "sid": "OnlyFromThisVpc",
                    "effect": "Deny",
                    "principals": ["*"],
                    "actions": ["elasticfilesystem:Client*"],
                    "conditions": {"StringNotEquals": {"aws:SourceVpc": content["cluster"]["vpc"]["id"]}},
                }
            ],
        },
    }
    content["storage_classes"][0]["mount_options"] = ["tls", "iam"]
    content["volumes"] = [
        {"name": "dags", "path": "/dags", "owner": {"uid": 50000, "gid": 0}, "removal": "destroy"}
    ]


def other_options(content: dict[str, Any]) -> None:
    many_options(content)
    content["file_system"]["nfs_clients"] = {
        "security_groups": ["nodes"],
        "cidrs": ["fd00::/32"],
        "prefix_lists": [PREFIX_LIST],
    }
    content["file_system"] |= {
        "throughput": "bursting",
        "provisioned_throughput": None,
        "policy": {"root_access": "squashed"},
        "backups": False,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with deployed(folder, "options", many_options) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim as it was before any change."""
    return chain_of(rehearsal)


def test_the_file_system_is_the_one_that_the_environment_describes(
    rehearsal: Rehearsal, before: Chain
) -> None:
    (found,) = rehearsal.client("efs").describe_file_systems()["FileSystems"]
    assert found["FileSystemId"] == before.handle.file_system_id
    assert (found["PerformanceMode"], found["ThroughputMode"]) == ("maxIO", "provisioned")
    assert found["ProvisionedThroughputInMibps"] == 64


def test_the_clients_are_those_that_the_environment_names(rehearsal: Rehearsal, before: Chain) -> None:
    assert before.volume["spec"]["mountOptions"] == ["tls", "iam"]
    assert chain_of(rehearsal, "dags").volume["spec"]["mountOptions"] == ["tls", "iam"]
    assert clients(rehearsal) == {
        "10.0.0.0/8",
        "52.95.0.0/16",
        OTHER_CLIENTS,
        PREFIX_LIST,
        *rehearsal.settings.cluster.node_security_groups,
    }


def test_the_functions_are_in_the_private_subnets(rehearsal: Rehearsal) -> None:
    functions = rehearsal.client("lambda").list_functions()["Functions"]
    assert len(functions) == 2
    for function in functions:
        assert function["VpcConfig"]["SubnetIds"] == PRIVATE_SUBNETS
        assert function["VpcConfig"]["SecurityGroupIds"] == [FUNCTIONS]


def test_there_is_no_difference_after_the_deployment(rehearsal: Rehearsal) -> None:
    run = rehearsal.cdk("diff", "EfsStorageStack", "--fail")
    assert run.status == 0, run.output


def test_clients_throughput_and_policy_change_under_a_claim_in_use(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "options", other_options)
    rehearsal.deploy()
    assert clients(rehearsal) == {
        "fd00::/32",
        PREFIX_LIST,
        *rehearsal.settings.cluster.node_security_groups,
    }
    after = chain_of(rehearsal)
    assert after.access_point == before.access_point
    assert after.file_system["ThroughputMode"] == "bursting"
    assert after.file_system["FileSystemId"] == before.handle.file_system_id


def test_a_mode_that_needs_a_new_file_system_is_refused_and_changes_nothing(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    def another_mode(content: dict[str, Any]) -> None:
        other_options(content)
        content["file_system"]["performance_mode"] = "generalPurpose"

    write_environment(folder, "options", another_mode)
    run = rehearsal.cdk("deploy", "EfsStorageStack", "--require-approval", "never")
    assert run.status == 1, run.output
    assert "file_system.performance_mode: generalPurpose would need a new file system" in run.output
    assert "write maxIO, or make another environment" in run.output
    assert chain_of(rehearsal).access_point == before.access_point
    ids = [one["FileSystemId"] for one in rehearsal.client("efs").describe_file_systems()["FileSystems"]]
    assert ids == [before.handle.file_system_id]


def test_a_file_system_of_the_stack_does_not_become_an_existing_one(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    made = before.handle.file_system_id

    def refer_to_it(content: dict[str, Any]) -> None:
        other_options(content)
        content["file_system"] = {
            "existing": {"id": made, "security_group": OTHER_CLIENTS},
            "iam_authorization": True,
        }

    write_environment(folder, "options", refer_to_it)
    run = rehearsal.cdk("deploy", "EfsStorageStack", "--require-approval", "never")
    assert run.status == 1, run.output
    assert (
        f"file_system.existing.id: {made} is what this stack has made, and its mount targets would go while "
        "volumes are in use: write what described it, without existing" in run.output
    )
    assert chain_of(rehearsal).mount_targets == before.mount_targets


def test_data_that_a_deleted_stack_left_comes_back_with_new_mount_targets(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    def referring_to_what_was_left(content: dict[str, Any]) -> None:
        other_options(content)
        left = {
            "id": before.handle.file_system_id,
            "security_group": OTHER_CLIENTS,
            "make_mount_targets": True,
        }
        content["file_system"] = {"existing": left, "iam_authorization": True}
        content["claims"][0]["name"] = "efs-claim-2"  # the first one is there still

    write_environment(folder, "options", other_options)
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert chain_of(rehearsal).mount_targets == ()
    write_environment(folder, "options", referring_to_what_was_left)
    rehearsal.deploy()
    await_bound(rehearsal.kubernetes(), name="efs-claim-2")
    chain = chain_of(rehearsal)
    assert chain.access_point == before.access_point
    assert {target["SubnetId"] for target in chain.mount_targets} == {
        subnet.id for subnet in rehearsal.settings.cluster.subnets
    }


def an_existing_file_system(content: dict[str, Any]) -> None:
    content["file_system"] = {
        "existing": {"id": EXISTING, "security_group": EXISTING_GROUP, "add_client_rules": True},
        "nfs_clients": {"security_groups": ["nodes", OTHER_CLIENTS], "prefix_lists": [PREFIX_LIST]},
        "iam_authorization": True,
    }
    content["storage_classes"][0]["mount_options"] = ["tls", "iam"]
    content["claims"][0]["removal"] = "destroy"


@pytest.fixture(scope="module")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "existing", an_existing_file_system)
    return folder


@pytest.fixture(scope="module")
def referring(other_folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment="existing", environments=other_folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        await_bound(rehearsal.kubernetes(), name="efs-claim-1")
        yield rehearsal


def test_a_claim_is_bound_on_the_existing_file_system_and_no_other_is_made(referring: Rehearsal) -> None:
    assert chain_of(referring).handle.file_system_id == EXISTING
    (found,) = referring.client("efs").describe_file_systems()["FileSystems"]
    assert found["FileSystemId"] == EXISTING
    assert found["NumberOfMountTargets"] == len(referring.settings.cluster.subnets)


def test_the_existing_security_group_lets_the_clients_in(referring: Rehearsal) -> None:
    assert sources(referring, EXISTING_GROUP) == {
        OTHER_CLIENTS,
        PREFIX_LIST,
        *referring.settings.cluster.node_security_groups,
    }


def test_there_is_no_difference_with_an_existing_file_system(referring: Rehearsal) -> None:
    run = referring.cdk("diff", "EfsStorageStack", "--fail")
    assert run.status == 0, run.output


def test_another_file_system_does_not_take_the_place_of_the_existing_one(
    referring: Rehearsal, other_folder: Path
) -> None:
    def make_a_new_one(content: dict[str, Any]) -> None:
        an_existing_file_system(content)
        content["file_system"] = {"name": "new", "iam_authorization": True}

    write_environment(other_folder, "existing", make_a_new_one)
    run = referring.cdk("deploy", "EfsStorageStack", "--require-approval", "never")
    assert run.status == 1, run.output
    assert (
        f"file_system: a new one cannot take the place of {EXISTING}, on which the volumes are: write "
        f"existing with id {EXISTING}, or make another environment" in run.output
    )
    assert len(referring.client("efs").describe_file_systems()["FileSystems"]) == 1


def test_destroying_the_stack_leaves_the_existing_file_system_as_it_was(referring: Rehearsal) -> None:
    was = described(referring)
    run = referring.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert described(referring) == was
    assert sources(referring, EXISTING_GROUP) == set()


def one_zone(content: dict[str, Any]) -> None:
    first = content["cluster"]["subnets"][0]
    content["cluster"]["subnets"] = [first]
    content["file_system"] = {
        "name": "scratch",
        "availability_zone": first["availability_zone"],
        "backups": False,
        "removal": "destroy",
        "removal_confirmation": "scratch",
    }
    content["claims"][0]["name"] = "efs-claim-2"


def test_a_claim_is_bound_in_one_zone(referring: Rehearsal, other_folder: Path) -> None:
    write_environment(other_folder, "existing", one_zone)
    referring.deploy()
    await_bound(referring.kubernetes(), name="efs-claim-2")
    chain = chain_of(referring, "efs-claim-2")
    zone = referring.settings.cluster.subnets[0].availability_zone
    assert chain.file_system["AvailabilityZoneName"] == zone
    assert [target["AvailabilityZoneName"] for target in chain.mount_targets] == [zone]


def test_a_file_system_goes_with_its_stack_where_that_is_said_twice(referring: Rehearsal) -> None:
    run = referring.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    systems = referring.client("efs").describe_file_systems()["FileSystems"]
    assert [system["FileSystemId"] for system in systems] == [EXISTING]


def described(rehearsal: Rehearsal) -> tuple[Any, ...]:
    efs = rehearsal.client("efs")
    (system,) = efs.describe_file_systems()["FileSystems"]
    targets = efs.describe_mount_targets(FileSystemId=EXISTING)["MountTargets"]
    system.pop("SizeInBytes")  # says when it was asked
    return system, sorted(target["MountTargetId"] for target in targets)


def clients(rehearsal: Rehearsal) -> set[str]:
    groups = rehearsal.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["options-nfs"]}]
    )["SecurityGroups"]
    return sources(rehearsal, groups[0]["GroupId"])


def sources(rehearsal: Rehearsal, group: str) -> set[str]:
    (found,) = rehearsal.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return {
        source
        for permission in found["IpPermissions"]
        for source in (
            *(block["CidrIp"] for block in permission["IpRanges"]),
            *(block["CidrIpv6"] for block in permission["Ipv6Ranges"]),
            *(entry["PrefixListId"] for entry in permission["PrefixListIds"]),
            *(pair["GroupId"] for pair in permission["UserIdGroupPairs"]),
        )
    }


def a_guarded_file_system(content: dict[str, Any]) -> None:
    content["file_system"] |= {
        "encryption_key": "new",
        "backup_plan": {"name": "guarded", "retention_days": 90, "new_vault": "guarded"},
        "replication": {"region": "ap-northeast-1", "availability_zone": "ap-northeast-1c"},
    }


def a_guarded_file_system_with_another_plan(content: dict[str, Any]) -> None:
    a_guarded_file_system(content)
    content["file_system"]["backup_plan"] |= {"retention_days": 30, "schedule": "cron(0 2 * * ? *)"}


@pytest.fixture(scope="module")
def guarded_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "guarded", a_guarded_file_system)
    return folder


@pytest.fixture(scope="module")
def guarded(guarded_folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment="guarded", environments=guarded_folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        await_bound(rehearsal.kubernetes(), name="efs-claim-1")
        yield rehearsal


def test_the_file_system_is_encrypted_by_a_key_of_its_own_that_rotates(guarded: Rehearsal) -> None:
    key = output(guarded, "EncryptionKeyArn")
    assert chain_of(guarded).file_system["KmsKeyId"] == key
    assert guarded.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_the_file_system_is_copied_to_the_other_region(guarded: Rehearsal) -> None:
    file_system = output(guarded, "FileSystemId")
    (found,) = guarded.client("efs").describe_replication_configurations(FileSystemId=file_system)[
        "Replications"
    ]
    (destination,) = found["Destinations"]
    assert destination["Region"] == "ap-northeast-1"


def test_the_backup_plan_selects_the_file_system(guarded: Rehearsal) -> None:
    backup = guarded.client("backup")
    plan = backup_plan(guarded)
    (rule,) = plan["BackupPlan"]["Rules"]
    assert (rule["TargetBackupVaultName"], rule["Lifecycle"]["DeleteAfterDays"]) == ("guarded", 90)
    selections = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    selection = backup.get_backup_selection(
        BackupPlanId=plan["BackupPlanId"], SelectionId=selections[0]["SelectionId"]
    )
    assert selection["BackupSelection"]["Resources"] == [output(guarded, "FileSystemArn")]


def test_there_is_no_difference_with_a_guarded_file_system(guarded: Rehearsal) -> None:
    run = guarded.cdk("diff", "EfsStorageStack", "--fail")
    assert run.status == 0, run.output


def test_the_backup_plan_changes_in_place(guarded: Rehearsal, guarded_folder: Path) -> None:
    was = chain_of(guarded).access_point
    write_environment(guarded_folder, "guarded", a_guarded_file_system_with_another_plan)
    guarded.deploy()
    (rule,) = backup_plan(guarded)["BackupPlan"]["Rules"]
    assert (rule["ScheduleExpression"], rule["Lifecycle"]["DeleteAfterDays"]) == ("cron(0 2 * * ? *)", 30)
    assert chain_of(guarded).access_point == was


def test_key_vault_and_file_system_outlive_their_stack(guarded: Rehearsal) -> None:
    key, file_system = output(guarded, "EncryptionKeyArn"), output(guarded, "FileSystemId")
    run = guarded.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert guarded.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    vaults = guarded.client("backup").list_backup_vaults()["BackupVaultList"]
    assert "guarded" in [vault["BackupVaultName"] for vault in vaults]
    systems = guarded.client("efs").describe_file_systems()["FileSystems"]
    assert file_system in [system["FileSystemId"] for system in systems]


def output(rehearsal: Rehearsal, name: str) -> str:
    (stack,) = rehearsal.client("cloudformation").describe_stacks(StackName="EfsStorageStack-guarded")[
        "Stacks"
    ]
    return str(next(found["OutputValue"] for found in stack["Outputs"] if found["OutputKey"] == name))


def backup_plan(rehearsal: Rehearsal) -> dict[str, Any]:
    backup = rehearsal.client("backup")
    (found,) = backup.list_backup_plans()["BackupPlansList"]
    return dict(backup.get_backup_plan(BackupPlanId=found["BackupPlanId"]))
