"""Classes, claims and volumes in the cluster: refused, changed, adopted and deleted, with claims in use.

The tests of this module run in their order, on one rehearsal whose environment changes.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines
from tests.rehearsal.objects import make_deployment

NAME = "storage"
STACK = f"EfsStorageStack-{NAME}"
BINDING = "efs-csi-provisioner-binding"

Change = Callable[[dict[str, Any]], None]


def environment(content: dict[str, Any]) -> None:
    """What all deployments that go well have: three classes, two claims, a volume and the writer."""
    content["storage_classes"] = [
        {"name": "logs", "base_path": "/logs", "gid_range": {"start": 1000, "end": 2000}},
        {"name": "late", "base_path": "/late", "volume_binding_mode": "WaitForFirstConsumer"},
        {
            "name": "teams",
            "base_path": "/teams",
            "labels": {"team": "data"},
            "annotations": {"owner": "data"},
        },
    ]
    content["claims"] = [
        {"name": "kept", "storage_class": "logs", "size": "1024Mi"},
        {"name": "doomed", "storage_class": "logs", "size": "1Gi", "removal": "destroy"},
    ]
    content["volumes"] = [
        {"name": "dags", "namespace": "airflow", "path": "/dags", "owner": {"uid": 50000, "gid": 0}},
    ]
    content["sample_writer"] = {"claim": "kept"}


def with_(*changes: Change) -> Change:
    """The environment with some changes."""

    def change(content: dict[str, Any]) -> None:
        environment(content)
        for one in changes:
            one(content)

    return change


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, environment)
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal:
        assert rehearsal.cdk("bootstrap", "aws://123456789012/ap-northeast-2").status == 0
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal, folder: Path) -> dict[str, Chain]:
    """The chains of the claims as they were after the first deployment that went well."""
    succeed(rehearsal, folder, environment)
    return chains(rehearsal)


def chains(rehearsal: Rehearsal) -> dict[str, Chain]:
    api, efs = rehearsal.kubernetes(), rehearsal.client("efs")
    found = {}
    for name, namespace in (("kept", "default"), ("doomed", "default"), ("dags", "airflow")):
        await_bound(api, name=name, namespace=namespace)
        found[name] = trace(api, efs, name=name, namespace=namespace)
    return found


def same_volumes(one: dict[str, Chain], other: dict[str, Chain]) -> bool:
    return all(
        one[name].access_point == other[name].access_point
        and one[name].volume["metadata"]["uid"] == other[name].volume["metadata"]["uid"]
        for name in one
    )


def deploy(rehearsal: Rehearsal, folder: Path, change: Change) -> tuple[int, str]:
    """Deploy an environment; returns the exit status and what the CLI printed."""
    write_environment(folder, NAME, change)
    run = rehearsal.cdk("deploy", "EfsStorageStack", "--require-approval", "never")
    return run.status, run.output


def succeed(rehearsal: Rehearsal, folder: Path, change: Change) -> None:
    code, said = deploy(rehearsal, folder, change)
    assert code == 0, said


def refusal(rehearsal: Rehearsal, folder: Path, change: Change) -> str:
    """Deploy what must be refused; returns what the CLI printed."""
    code, said = deploy(rehearsal, folder, change)
    assert code == 1, said
    return said


def parameters_of(rehearsal: Rehearsal, name: str) -> dict[str, str]:
    found = kubernetes.StorageV1Api(rehearsal.kubernetes()).read_storage_class(name).parameters
    assert found is not None
    return found


def make_class(rehearsal: Rehearsal, name: str, parameters: dict[str, str]) -> None:
    kubernetes.StorageV1Api(rehearsal.kubernetes()).create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name=name),
            provisioner="efs.csi.aws.com",
            parameters=parameters,
            mount_options=["tls"],
            reclaim_policy="Delete",
            volume_binding_mode="Immediate",
        )
    )


def status(rehearsal: Rehearsal) -> str:
    stacks = rehearsal.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return str(stacks[0]["StackStatus"])


@pytest.fixture(scope="module")
def first_refusal(rehearsal: Rehearsal, folder: Path) -> str:
    """What a first deployment says to a cluster in which there is something of everything already."""
    api = rehearsal.kubernetes()
    rbac = kubernetes.RbacAuthorizationV1Api(api)
    release = {"meta.helm.sh/release-name": "efs", "meta.helm.sh/release-namespace": "storage"}
    rbac.create_cluster_role_binding(
        kubernetes.V1ClusterRoleBinding(
            metadata=kubernetes.V1ObjectMeta(name=BINDING, annotations=release),
            role_ref=kubernetes.V1RoleRef(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="any"
            ),
        )
    )
    make_class(rehearsal, "logs", {"provisioningMode": "efs-ap", "fileSystemId": "fs-0a1b2c3d"})
    make_claim(api, name="kept", storage_class="logs")

    def elsewhere(content: dict[str, Any]) -> None:
        content["claims"][1]["namespace"] = "nowhere"
        content["storage_classes"][0]["adopt"] = True

    said = refusal(rehearsal, folder, with_(elsewhere))
    rbac.delete_cluster_role_binding(BINDING)
    kubernetes.StorageV1Api(api).delete_storage_class("logs")
    kubernetes.CoreV1Api(api).delete_namespaced_persistent_volume_claim("kept", "default")
    return said


def test_a_second_driver_is_refused(first_refusal: str) -> None:
    assert (
        "driver.install: helm would be a second EFS CSI driver beside the one that is there (Helm release "
        "efs in namespace storage): write existing to use it, or remove it first" in first_refusal
    )


def test_a_class_on_another_file_system_is_not_adopted(first_refusal: str) -> None:
    assert (
        "storage_classes[0].adopt: class logs makes its volumes on fs-0a1b2c3d, not on the file system "
        "that this stack will make: refer to that file system, or give the class another name"
        in first_refusal
    )


def test_a_claim_that_somebody_else_made_is_refused(first_refusal: str) -> None:
    assert (
        "claims[0].name: claim kept exists in namespace default and is not of this stack: give the claim "
        "another name, or write adopt: true to take it over" in first_refusal
    )


def test_a_claim_without_a_namespace_is_refused(first_refusal: str) -> None:
    assert (
        "claims[1].namespace: nowhere does not exist: make it (kubectl create namespace nowhere), or write "
        "another" in first_refusal
    )


def test_a_first_deployment_that_is_refused_makes_nothing(rehearsal: Rehearsal, first_refusal: str) -> None:
    assert first_refusal
    assert status(rehearsal) == "ROLLBACK_COMPLETE"
    assert rehearsal.client("efs").describe_file_systems()["FileSystems"] == []
    groups = rehearsal.client("ec2").describe_security_groups()["SecurityGroups"]
    assert not [group for group in groups if group["Description"].startswith("NFS")]


def test_what_is_in_nobodys_way_is_made(before: dict[str, Chain]) -> None:
    assert {name: chain.claim["status"]["phase"] for name, chain in before.items()} == {
        "kept": "Bound",
        "doomed": "Bound",
        "dags": "Bound",
    }


def test_a_volume_made_beforehand_is_the_named_directory(before: dict[str, Chain]) -> None:
    point, volume = before["dags"].access_point, before["dags"].volume
    assert point is not None
    assert point["PosixUser"] == {"Uid": 50000, "Gid": 0}
    assert point["RootDirectory"]["Path"] == "/dags"
    assert volume["metadata"]["name"] == "efs-airflow.dags"
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["spec"]["mountOptions"] == ["tls"]


def test_the_sample_writer_is_made_and_waits_for_a_node(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    assert before
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    (pod,) = core.list_namespaced_pod("default", label_selector="app.kubernetes.io/name=efs-app-1").items
    assert pod.status is not None
    assert pod.status.phase == "Pending"


def test_the_record_names_the_file_system_and_what_was_declared(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    data = core.read_namespaced_config_map(f"airflow-efs-{NAME}", "kube-system").data
    assert data is not None
    assert data["fileSystemId"] == before["kept"].handle.file_system_id
    declared = json.loads(data["declared"])
    assert [one["name"] for one in declared["classes"]] == ["logs", "late", "teams"]


def test_there_is_no_difference_after_a_deployment(rehearsal: Rehearsal, before: dict[str, Chain]) -> None:
    assert before
    run = rehearsal.cdk("diff", "EfsStorageStack", "--fail")
    assert run.status == 0, run.output


def a_fixed_owner(content: dict[str, Any]) -> None:
    content["storage_classes"][0] = {
        "name": "logs",
        "base_path": "/logs",
        "owner": {"uid": 50000, "gid": 0},
        "directory_permissions": "750",
    }


def one_more_class(content: dict[str, Any]) -> None:
    content["storage_classes"].append({"name": "more", "base_path": "/more"})


@pytest.fixture(scope="module")
def changed(rehearsal: Rehearsal, folder: Path, before: dict[str, Chain]) -> dict[str, str]:
    """The classes' ids after one of them has changed and one has been added."""
    assert before
    succeed(rehearsal, folder, with_(a_fixed_owner, one_more_class))
    return class_ids(rehearsal)


def class_ids(rehearsal: Rehearsal) -> dict[str, str]:
    classes = kubernetes.StorageV1Api(rehearsal.kubernetes()).list_storage_class().items
    return {str(one.metadata.name): str(one.metadata.uid) for one in classes if one.metadata}


@pytest.fixture(scope="module")
def former(rehearsal: Rehearsal, before: dict[str, Chain]) -> dict[str, str]:
    """The classes' ids before anything changed."""
    assert before
    return class_ids(rehearsal)


def test_a_class_changes_from_a_gid_range_to_a_fixed_owner_and_claims_stay(
    rehearsal: Rehearsal, before: dict[str, Chain], former: dict[str, str], changed: dict[str, str]
) -> None:
    parameters = parameters_of(rehearsal, "logs")
    assert (parameters["uid"], parameters["gid"], parameters["directoryPerms"]) == ("50000", "0", "750")
    assert "gidRangeStart" not in parameters
    assert changed["logs"] != former["logs"]
    assert same_volumes(chains(rehearsal), before)


def test_one_more_class_and_a_changed_one_leave_the_others_alone(
    former: dict[str, str], changed: dict[str, str]
) -> None:
    assert set(changed) == {"logs", "late", "teams", "more"}
    assert (changed["late"], changed["teams"]) == (former["late"], former["teams"])


def test_a_new_claim_follows_the_changed_class(
    rehearsal: Rehearsal, before: dict[str, Chain], changed: dict[str, str]
) -> None:
    assert changed
    assert before["kept"].access_point is not None
    assert 1000 <= before["kept"].access_point["PosixUser"]["Gid"] <= 2000
    api = rehearsal.kubernetes()
    make_claim(api, name="newcomer", storage_class="logs")
    await_bound(api, name="newcomer")
    point = trace(api, rehearsal.client("efs"), name="newcomer", namespace="default").access_point
    assert point is not None
    assert point["PosixUser"] == {"Uid": 50000, "Gid": 0}
    assert point["RootDirectory"]["CreationInfo"]["Permissions"] == "750"


def other_permissions(content: dict[str, Any]) -> None:
    content["storage_classes"][1]["directory_permissions"] = "755"


def never_archive(content: dict[str, Any]) -> None:
    content["file_system"]["lifecycle"] = {
        "infrequent_access_after_days": None,
        "archive_after_days": None,
        "primary_on_first_access": False,
    }


def impossible(content: dict[str, Any]) -> None:
    content["claims"][0] |= {"size": "512Mi", "storage_class": "teams"}
    del content["claims"][1]
    content["volumes"][0]["path"] = "/elsewhere"
    content["cluster"]["subnets"][0]["id"] = "subnet-0d1b2c3d4e5f60718"
    content["file_system"]["encryption_key"] = (
        "arn:aws:kms:ap-northeast-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    )


def made_by_hand(content: dict[str, Any]) -> None:
    content["storage_classes"] += [
        {"name": "by-hand", "base_path": "/by-hand"},
        {"name": "other-hand", "base_path": "/by-hand", "adopt": True},
    ]


@pytest.fixture(scope="module")
def second_refusal(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Chain], changed: dict[str, str]
) -> str:
    """What an update says of all that cannot be changed."""
    assert changed
    make_claim(rehearsal.kubernetes(), name="waiting", storage_class="late")
    make_pod(rehearsal, "worker-0", "doomed")
    for name in ("by-hand", "other-hand"):
        make_class(rehearsal, name, by_hand(before["kept"].handle.file_system_id))
    return refusal(
        rehearsal,
        folder,
        with_(a_fixed_owner, other_permissions, never_archive, impossible, made_by_hand),
    )


def test_a_class_with_pending_claims_does_not_change(second_refusal: str) -> None:
    assert (
        "storage_classes[1]: class late cannot change while claims are Pending on it (default/waiting), "
        "whose volumes may be half made: wait until they are Bound, delete them, or give the class another "
        "name" in second_refusal
    )


def test_a_claim_does_not_change(second_refusal: str) -> None:
    assert "claims[0].size: 512Mi cannot take the place of 1024Mi" in second_refusal
    assert "claims[0].storage_class: teams cannot take the place of logs" in second_refusal


def test_a_volume_does_not_move(second_refusal: str) -> None:
    assert "volumes[0].path: /elsewhere cannot take the place of /dags" in second_refusal


def test_another_subnet_does_not_take_the_place_of_a_zones_first(
    rehearsal: Rehearsal, second_refusal: str
) -> None:
    first = rehearsal.settings.cluster.subnets[0]
    assert (
        f"cluster.subnets: subnet-0d1b2c3d4e5f60718 cannot take the place of {first.id}, since EFS has room "
        f"for one mount target in {first.availability_zone}: write {first.id}, or deploy without that zone "
        "first" in second_refusal
    )


def test_a_change_that_needs_a_new_file_system_is_refused(second_refusal: str) -> None:
    assert (
        "would need a new file system in the place of the one with the data: write aws-managed, or make "
        "another environment" in second_refusal
    )


def test_a_class_that_somebody_else_made_is_refused(second_refusal: str) -> None:
    assert (
        "storage_classes[3].name: by-hand exists and is not of this stack: give the class another name, or "
        "write adopt: true to take it over" in second_refusal
    )


def test_a_class_is_not_adopted_and_changed_at_once(second_refusal: str) -> None:
    assert (
        "storage_classes[4].adopt: class other-hand is not what the environment says (directoryPerms is "
        "770 in the cluster): write what is there" in second_refusal
    )


def test_a_claim_in_use_does_not_leave_the_environment(second_refusal: str) -> None:
    assert (
        "claims: doomed in namespace default would be deleted while pods use it (worker-0): stop them first"
        in second_refusal
    )


def test_an_update_that_is_refused_changes_nothing(
    rehearsal: Rehearsal, before: dict[str, Chain], changed: dict[str, str], second_refusal: str
) -> None:
    assert second_refusal
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    ids = class_ids(rehearsal)
    assert {name: ids[name] for name in changed} == changed
    policies = rehearsal.client("efs").describe_lifecycle_configuration(
        FileSystemId=before["kept"].handle.file_system_id
    )["LifecyclePolicies"]
    assert policies != []
    assert len(rehearsal.client("efs").describe_file_systems()["FileSystems"]) == 1
    assert same_volumes(chains(rehearsal), before)


def test_an_update_that_fails_later_gives_the_former_class_back(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Chain], second_refusal: str
) -> None:
    assert second_refusal

    def later_failure(content: dict[str, Any]) -> None:
        content["sample_writer"] = {"claim": "kept", "name": "taken"}

    make_deployment(rehearsal.kubernetes(), "taken")
    refusal(rehearsal, folder, with_(one_more_class, later_failure))
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    parameters = parameters_of(rehearsal, "logs")
    assert (parameters["uid"], "gidRangeStart" in parameters) == ("50000", False)
    assert same_volumes(chains(rehearsal), before)


def by_hand(file_system_id: str) -> dict[str, str]:
    return {
        "provisioningMode": "efs-ap",
        "fileSystemId": file_system_id,
        "directoryPerms": "770",
        "basePath": "/by-hand",
    }


def adopted(content: dict[str, Any]) -> None:
    content["storage_classes"].append(
        {"name": "by-hand", "base_path": "/by-hand", "directory_permissions": "770", "adopt": True}
    )


def test_a_class_is_adopted_as_it_is(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Chain], second_refusal: str
) -> None:
    assert second_refusal
    succeed(rehearsal, folder, with_(a_fixed_owner, adopted))
    assert parameters_of(rehearsal, "by-hand") == by_hand(before["kept"].handle.file_system_id)
    assert set(class_ids(rehearsal)) == {"logs", "late", "teams", "by-hand", "other-hand"}


def make_pod(rehearsal: Rehearsal, name: str, claim: str) -> None:
    source = kubernetes.V1PersistentVolumeClaimVolumeSource(claim_name=claim)
    kubernetes.CoreV1Api(rehearsal.kubernetes()).create_namespaced_pod(
        "default",
        kubernetes.V1Pod(
            metadata=kubernetes.V1ObjectMeta(name=name),
            spec=kubernetes.V1PodSpec(
                automount_service_account_token=False,
                termination_grace_period_seconds=0,
                containers=[kubernetes.V1Container(name="none", image="none")],
                volumes=[kubernetes.V1Volume(name="data", persistent_volume_claim=source)],
            ),
        ),
    )


def destroy(rehearsal: Rehearsal) -> tuple[int, str]:
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    return run.status, run.output


def test_a_stack_is_not_destroyed_while_a_pod_uses_a_claim_that_would_go(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Chain]
) -> None:
    write_environment(folder, NAME, with_(a_fixed_owner, adopted))
    code, said = destroy(rehearsal)
    assert code == 1
    assert (
        "pod worker-0 in namespace default uses a claim that goes with the stack (one of "
        "default/doomed): stop the "
        "pod and delete the stack again, or keep the claim with removal: retain" in said
    )
    assert status(rehearsal) == "DELETE_FAILED"
    assert same_volumes(chains(rehearsal), before)
    assert set(class_ids(rehearsal)) == {"logs", "late", "teams", "by-hand", "other-hand"}


def make_released_volume(rehearsal: Rehearsal) -> None:
    """A volume of the driver whose claim is gone, and which nobody deletes."""
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    core.create_persistent_volume(
        kubernetes.V1PersistentVolume(
            metadata=kubernetes.V1ObjectMeta(name="left-over"),
            spec=kubernetes.V1PersistentVolumeSpec(
                capacity={"storage": "1Gi"},
                access_modes=["ReadWriteMany"],
                persistent_volume_reclaim_policy="Delete",
                storage_class_name="none",
                claim_ref=kubernetes.V1ObjectReference(
                    kind="PersistentVolumeClaim", namespace="default", name="gone", uid="0"
                ),
                csi=kubernetes.V1CSIPersistentVolumeSource(
                    driver="efs.csi.aws.com", volume_handle="fs-0a1b2c3d::fsap-0a1b2c3d"
                ),
            ),
        )
    )
    eventually(lambda: phase_of(core, "left-over") in ("Released", "Failed"))


def phase_of(core: kubernetes.CoreV1Api, volume: str) -> str | None:
    found = core.read_persistent_volume(volume).status
    return found.phase if found else None


def test_the_driver_does_not_go_while_a_volume_waits_for_it(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    assert before
    api = rehearsal.kubernetes()
    kubernetes.CoreV1Api(api).delete_namespaced_pod("worker-0", "default")
    make_released_volume(rehearsal)
    code, said = destroy(rehearsal)
    assert code == 1
    assert (
        "PersistentVolume left-over of claim default/gone waits for the EFS CSI driver to delete it: "
        "delete the "
        "stack again when it is gone." in said
    )
    apps = kubernetes.AppsV1Api(api)
    assert apps.read_namespaced_deployment("efs-csi-controller", "kube-system").spec is not None


def test_destroying_leaves_no_volume_terminating_and_no_data_deleted(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    core.patch_persistent_volume("left-over", {"spec": {"persistentVolumeReclaimPolicy": "Retain"}})
    code, said = destroy(rehearsal)
    assert code == 0, said
    volumes = {
        str(one.metadata.name): (one.status.phase, one.metadata.deletion_timestamp)
        for one in core.list_persistent_volume().items
        if one.metadata and one.status
    }
    newcomer = core.read_namespaced_persistent_volume_claim("newcomer", "default").spec
    assert newcomer is not None
    assert {deleted for _, deleted in volumes.values()} == {None}
    assert {name for name, (phase, _) in volumes.items() if phase == "Bound"} == {
        before["kept"].volume["metadata"]["name"],
        "efs-airflow.dags",
        newcomer.volume_name,
    }
    assert set(volumes) - {name for name, (phase, _) in volumes.items() if phase == "Bound"} == {"left-over"}
    systems = rehearsal.client("efs").describe_file_systems()["FileSystems"]
    assert [one["FileSystemId"] for one in systems] == [before["kept"].handle.file_system_id]


def test_the_access_point_of_a_claim_that_went_with_the_stack_is_gone_and_no_other(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    points = rehearsal.client("efs").describe_access_points()["AccessPoints"]
    left = {point["AccessPointId"] for point in points}
    assert before["doomed"].handle.access_point_id not in left
    assert {before["kept"].handle.access_point_id, before["dags"].handle.access_point_id} <= left


def test_a_class_that_was_adopted_is_left_behind_and_the_others_are_gone(
    rehearsal: Rehearsal, before: dict[str, Chain]
) -> None:
    assert before
    assert set(class_ids(rehearsal)) == {"by-hand", "other-hand"}


def test_a_retained_claim_is_not_taken_over_by_a_stack_with_another_file_system(
    rehearsal: Rehearsal, folder: Path, before: dict[str, Chain]
) -> None:
    def adopt_what_is_left(content: dict[str, Any]) -> None:
        content["claims"][0]["adopt"] = True

    said = refusal(rehearsal, folder, with_(a_fixed_owner, adopt_what_is_left))
    assert (
        f"claims[0].adopt: claim kept in namespace default is bound to a volume on "
        f"{before['kept'].handle.file_system_id}, not on the file system that this stack will make" in said
    )
    assert "volumes[0].name: PersistentVolume efs-airflow.dags exists and is not of this stack" in said
    assert len(rehearsal.client("efs").describe_file_systems()["FileSystems"]) == 1


def eventually(condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.1)
