"""What a deployment that fails leaves: nothing of a new stack, and the former state of an existing one.

The tests of this module run in their order, on one rehearsal whose environment changes.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain
from rehearsal.claims import await_bound
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.deployed import chain_of, class_names
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines
from tests.rehearsal.objects import make_deployment

STACK = "EfsStorageStack-failing"
TAKEN = r'deployments\.apps .*"taken.*" already exists'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    write_environment(folder, "failing", unchanged)
    with Rehearsal(environment="failing", environments=folder, reporter=Lines()) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> dict[str, Any]:
    """What the account has before any deployment of the stack."""
    assert rehearsal.cdk("bootstrap", "aws://123456789012/ap-northeast-2").status == 0
    make_deployment(rehearsal.kubernetes(), "taken")
    return inventory(rehearsal)


@pytest.fixture(scope="module")
def claim(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim as it was after the deployment that went well."""
    await_bound(rehearsal.kubernetes(), name="efs-claim-1")
    return chain_of(rehearsal)


def test_a_failed_creation_is_rolled_back_and_the_handlers_words_are_shown(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Any]
) -> None:
    assert before["file systems"] == 0
    write_environment(folder, "failing", let_the_writer_fail)
    with pytest.raises(RehearsalError, match=TAKEN):
        rehearsal.deploy()
    assert status(rehearsal) == "ROLLBACK_COMPLETE"


def test_a_failed_creation_leaves_nothing(rehearsal: Rehearsal, before: dict[str, Any]) -> None:
    assert inventory(rehearsal) == before
    events = rehearsal.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    statuses = {one["ResourceStatus"] for one in events if one["ResourceType"] == "AWS::EFS::FileSystem"}
    assert "DELETE_COMPLETE" in statuses
    assert "DELETE_SKIPPED" not in {one["ResourceStatus"] for one in events}


def test_the_next_deployment_after_a_rolled_back_creation_succeeds(
    rehearsal: Rehearsal, folder: Path
) -> None:
    write_environment(folder, "failing", unchanged)
    rehearsal.deploy()
    assert status(rehearsal) == "CREATE_COMPLETE"


def test_a_failed_update_is_rolled_back_and_the_handlers_words_are_shown(
    rehearsal: Rehearsal, folder: Path, claim: Chain
) -> None:
    assert claim.claim["status"]["phase"] == "Bound"
    write_environment(folder, "failing", change_and_fail)
    with pytest.raises(RehearsalError, match=TAKEN):
        rehearsal.deploy()
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"


def test_a_failed_update_leaves_the_claim_bound_to_the_same_access_point(
    rehearsal: Rehearsal, claim: Chain
) -> None:
    now = chain_of(rehearsal)
    assert now.claim["status"]["phase"] == "Bound"
    assert now.access_point == claim.access_point


def test_a_failed_update_leaves_the_former_settings(rehearsal: Rehearsal, claim: Chain) -> None:
    answer = rehearsal.client("efs").describe_lifecycle_configuration(
        FileSystemId=claim.handle.file_system_id
    )
    assert {"TransitionToIA": "AFTER_30_DAYS"} in answer["LifecyclePolicies"]
    assert class_names(rehearsal) == {"efs-sc-1"}


def test_a_failed_update_leaves_no_difference_to_the_former_environment(
    rehearsal: Rehearsal, folder: Path
) -> None:
    write_environment(folder, "failing", unchanged)
    run = rehearsal.cdk("diff", "EfsStorageStack", "--fail")
    assert "There were no differences" in run.output
    assert run.status == 0


def test_without_rollback_a_failed_update_stays_as_it_failed(rehearsal: Rehearsal, folder: Path) -> None:
    write_environment(folder, "failing", change_and_fail)
    run = rehearsal.cdk("deploy", "EfsStorageStack", "--require-approval", "never", "--no-rollback")
    assert run.status == 1
    assert re.search(TAKEN, run.output)
    assert status(rehearsal) == "UPDATE_FAILED"


def test_a_stack_that_stayed_failed_is_brought_back_by_cdk_rollback(
    rehearsal: Rehearsal, claim: Chain
) -> None:
    run = rehearsal.cdk("rollback", "EfsStorageStack")
    assert run.status == 0, run.output
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    assert class_names(rehearsal) == {"efs-sc-1"}
    assert chain_of(rehearsal).access_point == claim.access_point


def test_destroying_the_stack_leaves_exactly_what_is_retained(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Any], claim: Chain
) -> None:
    write_environment(folder, "failing", unchanged)
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    left = inventory(rehearsal)
    retained = {
        "file systems": 1,
        "claims": ["default/efs-claim-1"],
        "volumes": [claim.volume["metadata"]["name"]],
    }
    assert left == {**before, **retained}


def test_destroying_the_stack_leaves_the_retained_claim_bound_to_its_access_point(
    rehearsal: Rehearsal, claim: Chain
) -> None:
    now = chain_of(rehearsal)
    assert now.claim["status"]["phase"] == "Bound"
    assert now.access_point == claim.access_point


def inventory(rehearsal: Rehearsal) -> dict[str, Any]:
    """What there is in the account and the cluster that a deployment makes."""
    api = rehearsal.kubernetes()
    apps, core = kubernetes.AppsV1Api(api), kubernetes.CoreV1Api(api)
    efs, iam = rehearsal.client("efs"), rehearsal.client("iam")
    groups = rehearsal.client("ec2").describe_security_groups()["SecurityGroups"]
    return {
        "file systems": len(efs.describe_file_systems()["FileSystems"]),
        "mount targets": [
            target
            for system in efs.describe_file_systems()["FileSystems"]
            for target in efs.describe_mount_targets(FileSystemId=system["FileSystemId"])["MountTargets"]
        ],
        "roles": sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
        "policies": sorted(one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]),
        "groups": {group["GroupId"]: len(group["IpPermissions"]) for group in groups},
        "functions": rehearsal.client("lambda").list_functions()["Functions"],
        "layers": rehearsal.client("lambda").list_layers()["Layers"],
        "classes": class_names(rehearsal),
        "deployments": len(apps.list_deployment_for_all_namespaces().items),
        "daemon sets": len(apps.list_daemon_set_for_all_namespaces().items),
        "claims": [
            f"{claim.metadata.namespace}/{claim.metadata.name}"
            for claim in core.list_persistent_volume_claim_for_all_namespaces().items
            if claim.metadata
        ],
        "volumes": [
            volume.metadata.name for volume in core.list_persistent_volume().items if volume.metadata
        ],
    }


def status(rehearsal: Rehearsal) -> str:
    (stack,) = rehearsal.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return str(stack["StackStatus"])


def unchanged(_content: dict[str, Any]) -> None:
    """The environment as the project has it."""


def let_the_writer_fail(content: dict[str, Any]) -> None:
    """Nothing is made after the writer; its name is taken."""
    content["sample_writer"] = {"claim": "efs-claim-1", "name": "taken"}


def change_and_fail(content: dict[str, Any]) -> None:
    """A class is added, another and the lifecycle are changed, so that there is something to take back."""
    content["storage_classes"].append({"name": "efs-sc-2", "base_path": "/team_2"})
    content["file_system"]["lifecycle"] = {
        "infrequent_access_after_days": None,
        "archive_after_days": None,
        "primary_on_first_access": False,
    }
    content["storage_classes"][0]["directory_permissions"] = "750"
    let_the_writer_fail(content)
