"""Each way to install the driver, with each way to give it its identity: a claim is Bound, nothing differs.

The chart with IRSA is what the examples have; the chart with Pod Identity is where a move ends (see
test_driver_moves).
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from rehearsal.errors import RehearsalError
from rehearsal.helm import helm_command
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import (
    CLUSTER,
    CONTROLLER,
    NODE,
    annotation_of,
    await_restart,
    bind_another,
    bound_chain,
    deployment,
    driver_starts,
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


def test_a_chart_from_an_archive_binds_a_claim(tmp_path: Path) -> None:
    with rehearsed(tmp_path, "repository") as rehearsal:
        archive = rehearsal.charts[0].archive
        if archive is None:
            pytest.skip("the chart's repository serves it, and the test has no archive of its own")
        shutil.copy(archive, tmp_path / "driver.tgz")
    with rehearsed(tmp_path, "archive", chart_archive="driver.tgz", metrics=True) as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        assert has_no_differences(rehearsal)


def test_a_chart_from_a_registry_binds_a_claim(tmp_path: Path) -> None:
    registry = "oci://123456789012.dkr.ecr.ap-northeast-2.amazonaws.com/charts/aws-efs-csi-driver"
    with rehearsed(tmp_path, "registry", chart_repository=registry) as rehearsal:
        rehearsal.deploy()
        bound_chain(rehearsal)
        assert has_no_differences(rehearsal)


@pytest.fixture(scope="module")
def with_a_driver(folder: Path) -> Iterator[Rehearsal]:
    """A cluster in which somebody has installed the driver's chart by hand, as a release of the same name."""
    with rehearsed(folder, "existing", install="addon") as rehearsal:
        install_by_hand(rehearsal)
        yield rehearsal


def install_by_hand(rehearsal: Rehearsal) -> None:
    chart = rehearsal.charts[0]
    source = [str(chart.archive)] if chart.archive else [chart.name, "--repo", chart.repository]
    helm = helm_command(rehearsal.settings.cluster.version, directory=rehearsal.plan.directory)
    kubeconfig = str(rehearsal.plan.kubeconfig)
    subprocess.run(
        [helm, "install", chart.name, *source, "--namespace", "kube-system", "--kubeconfig", kubeconfig],
        check=True,
        capture_output=True,
    )


def uid_of(workload: Any) -> str:
    return str(workload.metadata.uid)


def test_the_add_on_is_refused_where_another_installation_is(with_a_driver: Rehearsal) -> None:
    there = uid_of(deployment(with_a_driver))
    with pytest.raises(RehearsalError) as error:
        with_a_driver.deploy()
    assert (
        "ConfigurationConflict: Conflicts found when trying to apply. Will not continue due to resolve "
        "conflicts mode. Conflicts:" in str(error.value)
    )
    conflict = 'Deployment.apps efs-csi-controller - .spec.template.spec.containers[name="efs-plugin"].image'
    assert conflict in str(error.value)
    assert uid_of(deployment(with_a_driver)) == there
    assert "eks" not in managers(with_a_driver)


def test_an_existing_driver_is_left_alone(with_a_driver: Rehearsal, folder: Path) -> None:
    say_of_driver(folder, "existing", install="existing")
    generation = deployment(with_a_driver).metadata.generation  # type: ignore[union-attr]
    # The claim waits for a driver with a role; the deployment does not.
    with_a_driver.deploy()
    assert annotation_of(with_a_driver, CONTROLLER) is None
    assert deployment(with_a_driver).metadata.generation == generation  # type: ignore[union-attr]


def test_an_existing_driver_takes_its_roles_where_the_environment_says_so(
    with_a_driver: Rehearsal, folder: Path
) -> None:
    say_of_driver(folder, "existing", install="existing", patch_existing=True)
    with_a_driver.deploy()
    found = outputs(with_a_driver, "existing")
    assert annotation_of(with_a_driver, CONTROLLER) == found["ControllerRoleArn"]
    assert annotation_of(with_a_driver, NODE) == found["NodeRoleArn"]
    bound_chain(with_a_driver)
    assert has_no_differences(with_a_driver)


def test_an_existing_driver_moves_to_pod_identity(with_a_driver: Rehearsal, folder: Path) -> None:
    access_point = bound_chain(with_a_driver).access_point
    starts = driver_starts(with_a_driver)
    say_of_driver(folder, "existing", install="existing", patch_existing=True, identity="pod-identity")
    with_a_driver.deploy()
    await_restart(with_a_driver, starts)
    bind_another(with_a_driver, "by-pod-identity")
    assert bound_chain(with_a_driver).access_point == access_point
    assert has_no_differences(with_a_driver)


def test_a_release_that_was_made_by_hand_is_taken_over(with_a_driver: Rehearsal, folder: Path) -> None:
    access_point = bound_chain(with_a_driver).access_point
    there = deployment(with_a_driver)
    say_of_driver(folder, "existing", install="helm", identity="pod-identity")
    with_a_driver.deploy()
    assert uid_of(deployment(with_a_driver)) == uid_of(there)
    bind_another(with_a_driver, "after-the-take-over")
    assert bound_chain(with_a_driver).access_point == access_point
    assert has_no_differences(with_a_driver)
