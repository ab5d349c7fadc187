"""What is kept with a file system: policy, backups, lifecycle, replication."""

import json
from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import REGION, Stacks, aws_client
from tests.unit.rehearsal.account.test_efs_refusals import made, refused, status

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*"}]}
ELSEWHERE = "eu-west-1"


@pytest.fixture
def efs(stacks: Stacks) -> Any:  # noqa: ARG001  # moto is on
    return aws_client("efs")


@pytest.fixture
def system(efs: Any) -> str:
    return made(efs)


def test_a_policy_is_put_described_and_deleted(efs: Any, system: str) -> None:
    assert refused(lambda: efs.describe_file_system_policy(FileSystemId=system))[0] == "PolicyNotFound"
    efs.put_file_system_policy(FileSystemId=system, Policy=json.dumps(POLICY))
    assert json.loads(efs.describe_file_system_policy(FileSystemId=system)["Policy"]) == POLICY
    efs.delete_file_system_policy(FileSystemId=system)
    code, _, answer = refused(lambda: efs.describe_file_system_policy(FileSystemId=system))
    assert (code, status(answer)) == ("PolicyNotFound", 404)


@pytest.mark.parametrize("text", ["no JSON", "[]", "{}"])
def test_what_is_no_policy_is_refused(efs: Any, system: str, text: str) -> None:
    code, _, answer = refused(lambda: efs.put_file_system_policy(FileSystemId=system, Policy=text))
    assert (code, status(answer)) == ("InvalidPolicyException", 400)


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("describe_file_system_policy", {}),
        ("put_file_system_policy", {"Policy": json.dumps(POLICY)}),
        ("delete_file_system_policy", {}),
        ("describe_backup_policy", {}),
        ("put_backup_policy", {"BackupPolicy": {"Status": "ENABLED"}}),
        ("describe_lifecycle_configuration", {}),
        ("put_lifecycle_configuration", {"LifecyclePolicies": []}),
        ("update_file_system", {"ThroughputMode": "elastic"}),
        ("describe_replication_configurations", {}),
        ("delete_file_system", {}),
    ],
)
def test_an_unknown_file_system_is_not_found(efs: Any, call: str, more: dict[str, Any]) -> None:
    code, words, answer = refused(lambda: getattr(efs, call)(FileSystemId="fs-12345678", **more))
    assert (code, status(answer)) == ("FileSystemNotFound", 404)
    assert words == "File system 'fs-12345678' does not exist."


def test_backups_are_switched_on_and_off(efs: Any, system: str) -> None:
    assert refused(lambda: efs.describe_backup_policy(FileSystemId=system))[0] == "PolicyNotFound"
    for said in ("ENABLED", "DISABLED"):
        efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": said})
        assert efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"] == said


@pytest.mark.parametrize(
    "policies",
    [
        [{"TransitionToIA": "AFTER_7_DAYS", "TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}],
        [{"TransitionToIA": "AFTER_7_DAYS"}, {"TransitionToIA": "AFTER_30_DAYS"}],
        [{}],
    ],
)
def test_a_malformed_lifecycle_is_refused_in_the_words_of_efs(
    efs: Any, system: str, policies: list[dict[str, str]]
) -> None:
    code, words, _ = refused(
        lambda: efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=policies)
    )
    assert (code, words) == (
        "BadRequest",
        "One or more LifecyclePolicy objects specified are malformed.",
    )
    assert efs.describe_lifecycle_configuration(FileSystemId=system)["LifecyclePolicies"] == []


def test_the_archive_needs_elastic_throughput(efs: Any, system: str) -> None:
    policies = [{"TransitionToArchive": "AFTER_90_DAYS"}]
    code, words, _ = refused(
        lambda: efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=policies)
    )
    assert code == "BadRequest"
    assert "elastic" in words
    efs.update_file_system(FileSystemId=system, ThroughputMode="elastic")
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=policies)
    code, _, _ = refused(lambda: efs.update_file_system(FileSystemId=system, ThroughputMode="bursting"))
    assert code == "BadRequest"


def test_a_replication_makes_its_destination_and_leaves_it(efs: Any, system: str) -> None:
    there = aws_client("efs", ELSEWHERE)
    efs.create_replication_configuration(SourceFileSystemId=system, Destinations=[{"Region": ELSEWHERE}])
    (copy,) = there.describe_file_systems()["FileSystems"]
    assert copy["Encrypted"]
    assert copy["FileSystemProtection"]["ReplicationOverwriteProtection"] == "REPLICATING"
    for client, known in ((efs, system), (there, copy["FileSystemId"])):
        (found,) = client.describe_replication_configurations(FileSystemId=known)["Replications"]
        assert found["SourceFileSystemId"] == system
        assert found["SourceFileSystemRegion"] == REGION
        (destination,) = found["Destinations"]
        assert (destination["FileSystemId"], destination["Region"]) == (copy["FileSystemId"], ELSEWHERE)
        assert destination["Status"] == "ENABLED"
    assert len(efs.describe_replication_configurations()["Replications"]) == 1
    code, _, answer = refused(lambda: efs.delete_file_system(FileSystemId=system))
    assert (code, status(answer)) == ("FileSystemInUse", 409)
    efs.delete_replication_configuration(SourceFileSystemId=system)
    code, _, _ = refused(lambda: efs.describe_replication_configurations(FileSystemId=system))
    assert code == "ReplicationNotFound"
    (copy,) = there.describe_file_systems()["FileSystems"]
    assert copy["FileSystemProtection"]["ReplicationOverwriteProtection"] == "ENABLED"


def test_a_file_system_is_replicated_once(efs: Any, system: str) -> None:
    to = {"SourceFileSystemId": system, "Destinations": [{"Region": ELSEWHERE}]}
    efs.create_replication_configuration(**to)
    assert refused(lambda: efs.create_replication_configuration(**to))[0] == "ConflictException"


def test_a_protected_file_system_is_not_overwritten(efs: Any, system: str) -> None:
    other = made(efs, "two")
    to = {"SourceFileSystemId": system, "Destinations": [{"FileSystemId": other, "Region": REGION}]}
    assert refused(lambda: efs.create_replication_configuration(**to))[0] == "ConflictException"
    efs.update_file_system_protection(FileSystemId=other, ReplicationOverwriteProtection="DISABLED")
    efs.create_replication_configuration(**to)
    code, _, _ = refused(
        lambda: efs.update_file_system_protection(
            FileSystemId=other, ReplicationOverwriteProtection="DISABLED"
        )
    )
    assert code == "ReplicationAlreadyExists"
