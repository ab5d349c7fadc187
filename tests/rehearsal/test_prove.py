"""`prove` on a real API server: a stand-in for the kubelet runs the pods' own script as processes.

One rehearsal for the whole module. Without nodes first, as every rehearsal is.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as kubernetes
from typer.testing import CliRunner

from operations.cli import app
from operations.kubernetes_errors import explain
from operations.prove.pods import EXPIRES, LABEL
from operations.prove.proof import Proof, ProveError, Request
from operations.prove.report import Outcome, ProveReport, Tls
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import World, eventually
from tests.rehearsal.lines import Lines
from tests.rehearsal.nodes import Nodes

NAME = "prove"
ZONES = [f"ap-northeast-2{letter}" for letter in "abc"]
OPTIONS = "rw,relatime,vers=4.1,noresvport,proto=tcp,port=20241,addr=127.0.0.1"


def more_classes(content: dict[str, Any]) -> None:
    content["storage_classes"] += [
        {"name": "kept", "reclaim_policy": "Retain"},
        {"name": "patient", "volume_binding_mode": "WaitForFirstConsumer"},
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, more_classes)
    with (
        Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal,
        pytest.MonkeyPatch.context() as patch,
    ):
        rehearsal.deploy()
        for name, value in rehearsal.exports().items():
            if name != "PATH":
                patch.setenv(name, value)
        await_bound(rehearsal.kubernetes(), name="efs-claim-1")
        yield World(rehearsal, folder, Nodes(rehearsal))


@pytest.fixture(scope="module")
def running(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same with a node in three of the four zones, whose pods run as processes on one folder."""
    volume = tmp_path_factory.mktemp("volume")
    world.nodes.volume = volume
    world.nodes.mounts = tmp_path_factory.mktemp("proc") / "mounts"
    world.nodes.mounts.write_text(f"127.0.0.1:/ {volume} nfs4 {OPTIONS} 0 0\n")
    with world.nodes.running():
        for zone in ZONES:
            world.nodes.add(zone)
        yield world
        assert world.nodes.failures == []


def proven(world: World, **options: Any) -> ProveReport:
    request = Request(**{"namespace": "default", "image": "busybox", "seconds": 60, **options})
    return Proof(world.api, world.client("efs"), world.environment, request).run()


def leftovers(world: World) -> list[str]:
    pods = world.core.list_namespaced_pod("default", label_selector=LABEL).items
    claims = world.core.list_namespaced_persistent_volume_claim("default", label_selector=LABEL).items
    return [one.metadata.name for one in [*pods, *claims]]


def test_without_nodes_the_claim_is_proven_and_the_rest_is_said_not_to_be(world: World) -> None:
    report = proven(world, seconds=5)
    assert report.claim_bound
    assert report.outcome is Outcome.NOT_PROVEN
    assert report.status == 4
    assert [(zone.role, zone.outcome) for zone in report.zones] == [
        ("writer", Outcome.NOT_PROVEN),
        *[("reader", Outcome.NOT_PROVEN)] * 3,
    ]
    assert "the pod never ran: no node of ap-northeast-2a has taken it" in report.zones[0].detail
    assert leftovers(world) == []


def test_the_command_says_what_was_not_proven_by_its_status(world: World) -> None:
    result = run(world, "--timeout", "5")
    assert "Not proven: the claim is Bound, but not every pod has run" in result.output
    assert result.exit_code == 4


def test_a_class_whose_volumes_stay_is_refused_before_anything_is_made(world: World) -> None:
    with pytest.raises(ProveError, match=r'class "kept" retains .* --claim'):
        proven(world, storage_class="kept")
    assert leftovers(world) == []


def test_a_class_that_is_not_the_environments_is_refused(world: World) -> None:
    with pytest.raises(ProveError, match='class "gp3" is not one of the environment: it has efs-sc-1'):
        proven(world, storage_class="gp3")


def test_a_claim_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(ProveError, match="there is no claim default/nobody"):
        proven(world, claim="nobody")


def test_a_namespace_that_is_not_there_is_told_with_its_cure(world: World) -> None:
    with pytest.raises(kubernetes.ApiException) as refused:
        proven(world, namespace="nowhere")
    said = explain(refused.value)
    assert said.startswith("there is no namespace nowhere: kubectl create namespace nowhere")


def test_every_zone_with_nodes_is_proven_and_one_without_is_said(running: World) -> None:
    report = proven(running, claim=None)
    assert [(zone.zone, zone.role) for zone in report.zones] == [
        ("ap-northeast-2a", "writer"),
        ("ap-northeast-2b", "reader"),
        ("ap-northeast-2c", "reader"),
        ("ap-northeast-2d", ""),
    ]
    # The files belong to whoever runs the tests, and not to the access point's owner: it says so of each.
    if (os.getuid(), os.getgid()) != (1000, 1000):
        assert {zone.outcome for zone in report.zones[:3]} == {Outcome.FAILED}
        assert all("the access point says 1000:1000" in zone.detail for zone in report.zones[:3])
    assert report.zones[3].outcome is Outcome.NO_NODE
    assert all(zone.content for zone in report.zones[1:3])
    assert all(zone.append_seconds is not None for zone in report.zones[1:3])
    assert {zone.source for zone in report.zones[:3]} == {"127.0.0.1:/"}
    assert {zone.tls for zone in report.zones[:3]} == {Tls.PROVEN}
    assert report.own_claim
    assert leftovers(running) == []
    assert report.left_behind == ()


@pytest.fixture(scope="module")
def as_the_owner(running: World) -> Iterator[World]:
    """An access point whose owner is whoever runs the tests, so that everything can be proven."""
    former = running.storage.read_storage_class("efs-sc-1")
    parameters = {**former.parameters, "uid": str(os.getuid()), "gid": str(os.getgid())}
    running.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="mine"),
            provisioner="efs.csi.aws.com",
            parameters=parameters,
            mount_options=["tls"],
        )
    )
    make_claim(running.api, name="mine", storage_class="mine")
    await_bound(running.api, name="mine")
    yield running
    running.core.delete_namespaced_persistent_volume_claim("mine", "default")
    running.storage.delete_storage_class("mine")


def test_a_claim_that_is_named_is_proven_whole_and_left_as_it_was(as_the_owner: World) -> None:
    world = as_the_owner
    assert world.nodes.volume is not None
    (world.nodes.volume / "data").write_text("of somebody")
    report = proven(world, claim="mine")
    assert report.outcome is Outcome.PROVEN, report
    assert report.status == 0
    assert not report.own_claim
    assert sorted(path.name for path in world.nodes.volume.iterdir()) == ["data"]
    (world.nodes.volume / "data").unlink()
    assert world.core.read_namespaced_persistent_volume_claim("mine", "default").status.phase == "Bound"


def test_the_commands_json_has_the_documented_shape(as_the_owner: World) -> None:
    result = run(as_the_owner, "--claim", "mine", "-o", "json")
    report = ProveReport.model_validate_json(result.stdout)
    assert report.outcome is Outcome.PROVEN
    assert result.exit_code == 0


def test_a_mount_without_tls_fails_every_zone(as_the_owner: World) -> None:
    world = as_the_owner
    assert world.nodes.mounts is not None
    former = world.nodes.mounts.read_text()
    world.nodes.mounts.write_text(former.replace("127.0.0.1:/", "10.30.0.4:/"))
    report = proven(world, claim="mine")
    world.nodes.mounts.write_text(former)
    assert report.outcome is Outcome.FAILED
    assert {zone.tls for zone in report.zones[:3]} == {Tls.NO}
    assert report.status == 3


def test_a_file_system_that_does_not_insist_on_tls_makes_it_likely_only(as_the_owner: World) -> None:
    efs, system = as_the_owner.client("efs"), as_the_owner.file_system
    former = efs.describe_file_system_policy(FileSystemId=system)["Policy"]
    efs.put_file_system_policy(FileSystemId=system, Policy='{"Version": "2012-10-17", "Statement": []}')
    report = proven(as_the_owner, claim="mine")
    efs.put_file_system_policy(FileSystemId=system, Policy=former)
    assert {zone.tls for zone in report.zones[:3]} == {Tls.LIKELY}


def test_a_class_that_waits_for_its_first_pod_is_proven_as_well(running: World) -> None:
    report = proven(running, storage_class="patient")
    assert report.storage_class == "patient"
    assert report.claim_bound
    assert [zone.content for zone in report.zones if zone.role == "reader"] == [True, True]
    assert leftovers(running) == []


def test_a_claim_that_is_not_bound_fails_with_the_link_where_it_breaks(running: World) -> None:
    make_claim(running.api, name="lost", storage_class="never-made")
    report = proven(running, claim="lost", seconds=5)
    running.core.delete_namespaced_persistent_volume_claim("lost", "default")
    assert not report.claim_bound
    assert [one.kind for one in report.breaks] == ["class-missing"]
    assert report.outcome is Outcome.FAILED


def test_an_interruption_leaves_nothing(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Proof, "_verdicts", interrupted)
    with pytest.raises(KeyboardInterrupt):
        proven(running)
    assert leftovers(running) == []


def test_what_a_killed_run_left_is_removed_by_the_next_and_a_run_that_goes_on_is_not(running: World) -> None:
    for name, expires in (("killed", "2020-01-01T00:00:00+00:00"), ("goes-on", "2099-01-01T00:00:00+00:00")):
        running.core.create_namespaced_pod(
            "default",
            kubernetes.V1Pod(
                metadata=kubernetes.V1ObjectMeta(
                    name=name, labels={LABEL: name}, annotations={EXPIRES: expires}
                ),
                spec=kubernetes.V1PodSpec(
                    containers=[kubernetes.V1Container(name="main", image="busybox")],
                    node_selector={"topology.kubernetes.io/zone": "nowhere"},
                ),
            ),
        )
    report = proven(running)
    assert report.removed == ("Pod default/killed",)
    assert leftovers(running) == ["goes-on"]
    running.core.delete_namespaced_pod("goes-on", "default", grace_period_seconds=0)
    eventually(lambda: leftovers(running) == [])


def run(world: World, *arguments: str) -> Any:
    return CliRunner().invoke(
        app, ["prove", NAME, "--environments", str(world.folder), *arguments], catch_exceptions=False
    )
