"""A driver that somebody has installed by hand: refused, left alone, given its roles, and taken over.

The tests of this module run in their order, on one rehearsal whose environment changes.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.helm import helm_command
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import (
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
    say_of_driver,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


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
