"""What `trace` says of each link that is really broken. One rehearsal for the whole module."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes
from typer.testing import CliRunner

from operations.cli import app
from operations.explanation import Break, Explanation, Link, explain
from operations.trace_command import TraceReport
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import World, as_json, eventually
from tests.rehearsal.lines import Lines
from tests.rehearsal.nodes import Nodes

NAME = "trace"
ZONES = ["ap-northeast-2a", "ap-northeast-2c"]


def classes_for_breaks(content: dict[str, Any]) -> None:
    content["storage_classes"] += [
        {"name": "few-gids", "base_path": "/few", "gid_range": {"start": 5000, "end": 5001}},
        {"name": "patient", "base_path": "/patient", "volume_binding_mode": "WaitForFirstConsumer"},
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, classes_for_breaks)
    with (
        Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal,
        pytest.MonkeyPatch.context() as patch,
    ):
        rehearsal.deploy()
        for name, value in rehearsal.exports().items():
            if name != "PATH":
                patch.setenv(name, value)
        nodes = Nodes(rehearsal)
        with nodes.running():
            for zone in ZONES:
                nodes.add(zone)
            world = World(rehearsal, folder, nodes)
            await_bound(world.api, name="efs-claim-1")
            yield world
            assert nodes.failures == []


def told(world: World, name: str) -> Explanation:
    return explain(world.api, world.client("efs"), name=name, namespace="default")


def broken(world: World, name: str, kind: str, *, seconds: float = 60.0) -> Break:
    """The one break of a claim, once its events say it."""
    deadline = time.monotonic() + seconds
    while True:
        breaks = told(world, name).breaks
        if [one.kind for one in breaks] == [kind]:
            return breaks[0]
        assert time.monotonic() < deadline, breaks
        time.sleep(0.3)


def delete_claim(world: World, name: str) -> None:
    world.core.delete_namespaced_persistent_volume_claim(name, "default")
    eventually(lambda: told(world, name).claim is None)


@contextmanager
def a_claim(world: World, name: str, storage_class: str) -> Iterator[None]:
    make_claim(world.api, name=name, storage_class=storage_class)
    try:
        yield
    finally:
        delete_claim(world, name)


@contextmanager
def a_pod(world: World, name: str, claim: str, *, zone: str, scheduled: bool = True) -> Iterator[None]:
    volume = kubernetes.V1Volume(
        name="data",
        persistent_volume_claim=kubernetes.V1PersistentVolumeClaimVolumeSource(claim_name=claim),
    )
    world.core.create_namespaced_pod(
        "default",
        kubernetes.V1Pod(
            metadata=kubernetes.V1ObjectMeta(name=name),
            spec=kubernetes.V1PodSpec(
                containers=[kubernetes.V1Container(name="main", image="busybox")],
                volumes=[volume],
                node_selector={"topology.kubernetes.io/zone": zone},
                restart_policy="Never",  # the stand-in for the kubelet leaves it Pending
            ),
        ),
    )
    if scheduled:
        eventually(lambda: world.core.read_namespaced_pod(name, "default").spec.node_name)
    try:
        yield
    finally:
        world.core.delete_namespaced_pod(name, "default", grace_period_seconds=0)


def pod_event(world: World, pod: str, message: str) -> None:
    """Write an event of a pod, as its kubelet does."""
    world.core.create_namespaced_event(
        "default",
        kubernetes.CoreV1Event(
            metadata=kubernetes.V1ObjectMeta(generate_name=f"{pod}-"),
            involved_object=kubernetes.V1ObjectReference(kind="Pod", name=pod, namespace="default"),
            reason="FailedMount",
            message=message,
            type="Warning",
        ),
    )


def test_a_whole_chain_has_no_break_and_says_how_it_is_mounted(world: World) -> None:
    found = told(world, "efs-claim-1")
    assert found.breaks == ()
    assert found.handle is not None
    assert found.mount is not None
    assert found.mount.source == f"{world.file_system}:/"
    assert found.mount.options == (f"accesspoint={found.handle.access_point_id}", "tls")
    assert found.mount.tls


def test_a_pod_is_shown_with_its_node_its_zone_and_the_mount_target_there(world: World) -> None:
    with a_pod(world, "reader", "efs-claim-1", zone=ZONES[1]):
        (pod,) = told(world, "efs-claim-1").pods
    assert (pod.node, pod.zone) == (f"node-{ZONES[1]}", ZONES[1])
    assert pod.mount_target == world.mount_target(ZONES[1])["MountTargetId"]
    assert pod.driver_on_node is True


def test_a_missing_class_is_named(world: World) -> None:
    with a_claim(world, "lost", "never-made"):
        found = broken(world, "lost", "class-missing")
    assert found.link is Link.CLASS
    assert found.what == "there is no class never-made"
    assert "make the class never-made" in found.cure


def test_a_class_of_another_driver_is_named(world: World) -> None:
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(metadata=kubernetes.V1ObjectMeta(name="gp3"), provisioner="ebs.csi.aws.com")
    )
    with a_claim(world, "block", "gp3"):
        found = broken(world, "block", "class-of-another-driver")
    world.storage.delete_storage_class("gp3")
    assert "ebs.csi.aws.com" in found.what


def test_a_class_that_waits_for_a_pod_is_no_mystery(world: World) -> None:
    with a_claim(world, "waits", "patient"):
        found = broken(world, "waits", "waits-for-a-pod")
    assert "WaitForFirstConsumer" in found.why


def test_a_missing_driver_is_named(world: World) -> None:
    former = world.apps.read_namespaced_deployment("efs-csi-controller", "kube-system")
    world.apps.delete_namespaced_deployment("efs-csi-controller", "kube-system")
    eventually(lambda: not answers(world.rehearsal.plan.directory / "csi.sock"))
    with a_claim(world, "unserved", "efs-sc-1"):
        found = broken(world, "unserved", "driver-missing")
    assert former.metadata is not None
    former.metadata.resource_version = None
    world.apps.create_namespaced_deployment("kube-system", former)
    assert found.link is Link.DRIVER
    assert "is not there" in found.what
    assert "efs.csi.aws.com" in found.said
    with a_claim(world, "served", "efs-sc-1"):
        await_bound(world.api, name="served")


def answers(path: Path) -> bool:
    """Whether a process listens on a socket."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
    return True


def test_a_file_system_that_is_not_there_is_named(world: World) -> None:
    former = world.storage.read_storage_class("efs-sc-1")
    parameters = {**(former.parameters or {}), "fileSystemId": "fs-0000000000000000f"}
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="wrong"),
            provisioner="efs.csi.aws.com",
            parameters=parameters,
        )
    )
    with a_claim(world, "astray", "wrong"):
        found = broken(world, "astray", "wrong-file-system")
    world.storage.delete_storage_class("wrong")
    assert found.link is Link.FILE_SYSTEM
    assert "fs-0000000000000000f" in found.what


def test_a_role_without_its_policy_is_no_access(world: World) -> None:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    (policy,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    make_claim(world.api, name="denied", storage_class="efs-sc-1")
    found = broken(world, "denied", "no-access")
    iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    assert "role may not do in AWS" in found.what
    assert "driver-role-rights" in found.cure
    assert "Access Denied" in found.said
    await_bound(world.api, name="denied")
    assert told(world, "denied").breaks == ()
    delete_claim(world, "denied")


def test_a_role_that_trusts_somebody_else_is_no_access_of_another_kind(world: World) -> None:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    trust = as_json(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    changed = trust.replace("efs-csi-controller-sa", "somebody-else")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=changed)
    restart_the_driver(world)
    make_claim(world.api, name="untrusted", storage_class="efs-sc-1")
    found = broken(world, "untrusted", "no-access")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
    assert "does not let the driver take its role" in found.what
    assert "driver-role-trust" in found.cure
    await_bound(world.api, name="untrusted")
    delete_claim(world, "untrusted")


def restart_the_driver(world: World) -> None:
    log = world.rehearsal.plan.log("aws-efs-csi-driver")
    starts = log.read_text().count("Listening for connections")
    annotations = {"kubectl.kubernetes.io/restartedAt": str(time.time())}
    body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    world.apps.patch_namespaced_deployment("efs-csi-controller", "kube-system", body)
    eventually(lambda: log.read_text().count("Listening for connections") > starts)


def test_a_range_of_gids_that_is_used_up_is_named(world: World) -> None:
    # One after the other: two at once may get the same GID, because the driver looks before it takes one.
    for name in ("gid-1", "gid-2"):
        make_claim(world.api, name=name, storage_class="few-gids")
        await_bound(world.api, name=name)
    make_claim(world.api, name="gid-3", storage_class="few-gids")
    found = broken(world, "gid-3", "gid-exhausted")
    for name in ("gid-1", "gid-2", "gid-3"):
        delete_claim(world, name)
    assert "5000 to 5001" in found.what
    assert "wider gid_range" in found.cure


def test_a_zone_without_a_mount_target_is_named_with_the_pod_that_waits_there(world: World) -> None:
    target = world.mount_target(ZONES[1])
    efs = world.client("efs")
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    with a_pod(world, "stuck", "efs-claim-1", zone=ZONES[1]):
        found = broken(world, "efs-claim-1", "missing-mount-target")
    efs.create_mount_target(
        FileSystemId=world.file_system,
        SubnetId=target["SubnetId"],
        SecurityGroups=[world.outputs["SecurityGroupId"]],
    )
    assert found.link is Link.MOUNT_TARGET
    assert "pod stuck is on node node-ap-northeast-2c in ap-northeast-2c" in found.what
    assert "add a subnet of ap-northeast-2c" in found.cure


@pytest.mark.parametrize(
    ("message", "kind", "cure"),
    [
        (
            'MountVolume.SetUp failed for volume "pvc-1" : rpc error: code = Internal desc = Could not mount '
            '"fs-1:/" at "/var/lib/kubelet": Failed to resolve "fs-1.efs.ap-northeast-2.amazonaws.com"',
            "missing-mount-target",
            "vpc-dns",
        ),
        (
            "MountVolume.SetUp failed: rpc error: code = Internal desc = Could not mount: "
            "mount.nfs4: access denied by server while mounting 127.0.0.1:/",
            "no-access",
            "tls-not-enforced",
        ),
        ("MountVolume.SetUp failed: rpc error: code = DeadlineExceeded", "unreachable", "node-cannot-reach"),
        (
            "MountVolume.MountDevice failed: driver name efs.csi.aws.com not found in the list of registered "
            "CSI drivers",
            "driver-missing",
            "efs-csi-node",
        ),
        ("MountVolume.SetUp failed: something nobody has seen", "mount-failed", "efs-plugin"),
    ],
)
def test_a_mount_that_failed_is_explained_from_the_nodes_words(
    world: World, message: str, kind: str, cure: str
) -> None:
    with a_pod(world, f"failing-{kind}", "efs-claim-1", zone=ZONES[0]):
        pod_event(world, f"failing-{kind}", message)
        found = broken(world, "efs-claim-1", kind)
    assert found.link is Link.POD
    assert cure in found.cure
    assert message in found.said


def test_a_node_without_the_driver_is_named(world: World) -> None:
    world.storage.delete_csi_node(f"node-{ZONES[0]}")
    with a_pod(world, "alone", "efs-claim-1", zone=ZONES[0]):
        found = broken(world, "efs-claim-1", "driver-missing")
    world.nodes.register_driver(f"node-{ZONES[0]}")
    assert f"the driver is not on node node-{ZONES[0]}" in found.what


def test_a_pod_without_a_node_is_not_blamed_on_its_volume(world: World) -> None:
    with a_pod(world, "homeless", "efs-claim-1", zone="ap-northeast-2z", scheduled=False):
        found = broken(world, "efs-claim-1", "pod-not-scheduled")
    assert found.link is Link.POD
    assert "not for want of its volume" in found.why


def test_an_access_point_that_was_deleted_is_named(world: World) -> None:
    make_claim(world.api, name="cut", storage_class="efs-sc-1")
    await_bound(world.api, name="cut")
    handle = told(world, "cut").handle
    assert handle is not None
    world.client("efs").delete_access_point(AccessPointId=handle.access_point_id)
    found = broken(world, "cut", "access-point-missing")
    assert handle.access_point_id is not None
    assert handle.access_point_id in found.what


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["trace", *arguments], catch_exceptions=False)


def test_the_command_prints_the_chain_and_succeeds(world: World) -> None:
    result = run("efs-claim-1")
    assert world.file_system in result.output
    assert "TLS      yes" in result.output
    assert result.exit_code == 0


def test_the_commands_json_has_the_documented_shape(world: World) -> None:
    result = run("efs-claim-1", "--output", "json")
    report = TraceReport.model_validate_json(result.output)
    assert report.claim.phase == "Bound"
    assert report.file_system is not None
    assert report.file_system.id == world.file_system
    assert len(report.mount_targets) == 4
    assert result.exit_code == 0


def test_a_broken_chain_has_an_exit_status_of_its_own(world: World) -> None:
    with a_claim(world, "lost", "never-made"):
        result = run("lost")
    assert "breaks at the storage class (class-missing): there is no class never-made" in result.output
    assert result.exit_code == 3


def test_a_claim_that_does_not_exist_is_a_break_as_well(world: World) -> None:
    assert world.rehearsal.settings.name == NAME
    result = run("nobody", "-o", "json")
    assert [one.kind for one in TraceReport.model_validate_json(result.output).breaks] == ["claim-missing"]
    assert result.exit_code == 3
