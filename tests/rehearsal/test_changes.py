"""What later deployments, and the end of the stack, do to a claim that is in use: nothing.

The tests of this module run in their order, on one rehearsal whose environment changes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.deployed import chain_of, class_names, deployed
from tests.rehearsal.environment_files import write_environment

STACK = "EfsStorageStack-changing"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with deployed(folder, "changing", retain_the_claim) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim as it was before any change."""
    return chain_of(rehearsal)


def test_a_new_class_is_added_and_the_claim_is_untouched(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "changing", add_a_class)
    rehearsal.deploy()
    assert class_names(rehearsal) == {"efs-sc-1", "efs-sc-2"}
    assert chain_of(rehearsal).access_point == before.access_point


def test_a_changed_lifecycle_is_applied_in_place(rehearsal: Rehearsal, folder: Path, before: Chain) -> None:
    write_environment(folder, "changing", keep_files_in_primary_storage)
    rehearsal.deploy()
    policies = rehearsal.client("efs").describe_lifecycle_configuration(
        FileSystemId=before.handle.file_system_id
    )["LifecyclePolicies"]
    assert policies == []
    assert chain_of(rehearsal).file_system["FileSystemId"] == before.handle.file_system_id


def test_a_class_that_leaves_the_environment_leaves_the_cluster(rehearsal: Rehearsal, folder: Path) -> None:
    write_environment(folder, "changing", retain_the_claim)
    rehearsal.deploy()
    assert class_names(rehearsal) == {"efs-sc-1"}


def test_a_changed_class_is_applied_and_the_claim_is_untouched(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "changing", change_the_permissions)
    rehearsal.deploy()
    api = kubernetes.StorageV1Api(rehearsal.kubernetes())
    assert (api.read_storage_class("efs-sc-1").parameters or {})["directoryPerms"] == "750"
    assert chain_of(rehearsal).access_point == before.access_point


def test_the_driver_goes_on_with_another_role(rehearsal: Rehearsal, folder: Path) -> None:
    write_environment(folder, "changing", name_the_role)
    rehearsal.deploy()
    make_claim(rehearsal.kubernetes(), name="made-by-the-new-role", storage_class="efs-sc-1")
    await_bound(rehearsal.kubernetes(), name="made-by-the-new-role")


def test_destroying_the_stack_leaves_the_file_system_and_the_retained_claim(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "changing", name_the_role)
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    cloudformation = rehearsal.client("cloudformation")
    events = cloudformation.describe_stack_events(StackName=deleted_stack_id(cloudformation))["StackEvents"]
    kept = {event["ResourceType"] for event in events if event["ResourceStatus"] == "DELETE_SKIPPED"}
    assert kept == {"AWS::EFS::FileSystem", "Custom::AWSCDK-EKS-KubernetesResource"}
    systems = rehearsal.client("efs").describe_file_systems()["FileSystems"]
    assert [system["FileSystemId"] for system in systems] == [before.handle.file_system_id]
    claim = chain_of(rehearsal).claim  # trace refuses what is not Bound
    assert claim["spec"]["volumeName"] == before.volume["metadata"]["name"]


def test_destroying_the_stack_takes_everything_else_away(rehearsal: Rehearsal, before: Chain) -> None:
    targets = rehearsal.client("efs").describe_mount_targets(FileSystemId=before.handle.file_system_id)
    assert targets["MountTargets"] == []
    assert class_names(rehearsal) == set()
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert apps.list_namespaced_deployment("kube-system").items == []
    assert rehearsal.client("lambda").list_functions()["Functions"] == []


def deleted_stack_id(cloudformation: Any) -> str:
    stacks = cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    return str(next(stack["StackId"] for stack in stacks if stack["StackName"] == STACK))


def retain_the_claim(content: dict[str, Any]) -> None:
    content["claims"][0]["removal"] = "retain"


def add_a_class(content: dict[str, Any]) -> None:
    retain_the_claim(content)
    content["storage_classes"].append({"name": "efs-sc-2", "base_path": "/team_2"})


def keep_files_in_primary_storage(content: dict[str, Any]) -> None:
    add_a_class(content)
    content["file_system"]["lifecycle"] = {
        "infrequent_access_after_days": None,
        "archive_after_days": None,
        "primary_on_first_access": False,
    }


def change_the_permissions(content: dict[str, Any]) -> None:
    retain_the_claim(content)
    content["storage_classes"][0]["directory_permissions"] = "750"


def name_the_role(content: dict[str, Any]) -> None:
    change_the_permissions(content)
    content["driver"] = {"controller": {"role_name": "efs-csi-controller"}}
