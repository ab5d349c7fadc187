"""The EKS add-on, with each identity: a claim is Bound, nothing differs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client as kubernetes

from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import (
    CLUSTER,
    CONTROLLER,
    NODE,
    annotation_of,
    bind_another,
    bound_chain,
    deployment,
    has_no_differences,
    managers,
    outputs,
    rehearsed,
    restart_the_driver,
    say_of_driver,
)

ADD_ON = "aws-efs-csi-driver"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def add_on(folder: Path) -> Iterator[Rehearsal]:
    """The add-on with IRSA, deployed."""
    with rehearsed(folder, "addon", install="addon") as rehearsal:
        rehearsal.deploy()
        yield rehearsal


def test_the_add_on_with_irsa_binds_a_claim(add_on: Rehearsal) -> None:
    bound_chain(add_on)
    addon = add_on.client("eks").describe_addon(clusterName=CLUSTER, addonName=ADD_ON)["addon"]
    assert addon["status"] == "ACTIVE"
    role = outputs(add_on, "addon")["ControllerRoleArn"]
    assert addon["serviceAccountRoleArn"] == role
    assert annotation_of(add_on, CONTROLLER) == annotation_of(add_on, NODE) == role
    assert "eks" in managers(add_on)
    assert has_no_differences(add_on)


def test_an_add_on_whose_objects_are_gone_is_put_back_by_an_update(add_on: Rehearsal) -> None:
    apps = kubernetes.AppsV1Api(add_on.kubernetes())
    apps.delete_namespaced_deployment("efs-csi-controller", "kube-system")
    add_on.client("eks").update_addon(clusterName=CLUSTER, addonName=ADD_ON, resolveConflicts="OVERWRITE")
    bind_another(add_on, "put-back")


def test_the_add_on_moves_to_pod_identity_with_a_restart(add_on: Rehearsal, folder: Path) -> None:
    access_point = bound_chain(add_on).access_point
    say_of_driver(folder, "addon", install="addon", identity="pod-identity")
    add_on.deploy()
    restart_the_driver(add_on)
    bind_another(add_on, "by-pod-identity")
    role = outputs(add_on, "addon")["ControllerRoleArn"]
    assert f"Pod Identity: {role} for kube-system/{CONTROLLER}" in add_on.plan.log("account").read_text()
    assert bound_chain(add_on).access_point == access_point
    assert has_no_differences(add_on)


def test_the_add_on_with_pod_identity_binds_a_claim(tmp_path: Path) -> None:
    with rehearsed(
        tmp_path,
        "associated",
        install="addon",
        identity="pod-identity",
        controller={"tolerations": [{"key": "team", "operator": "Exists"}]},
    ) as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        eks = rehearsal.client("eks")
        addon = eks.describe_addon(clusterName=CLUSTER, addonName=ADD_ON)["addon"]
        assert "serviceAccountRoleArn" not in addon
        associated = eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"]
        assert {one["serviceAccount"] for one in associated} == {CONTROLLER, NODE}
        pod = deployment(rehearsal).spec.template.spec
        assert pod is not None
        keys = [toleration.key for toleration in pod.tolerations or []]
        assert keys == ["CriticalAddonsOnly", "efs.csi.aws.com/agent-not-ready", "team"]
        assert has_no_differences(rehearsal)
