"""A driver that somebody has installed by hand: refused, left alone, given its roles, and taken over.

The tests of this module run in their order, on one rehearsal whose environment changes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import RehearsalError
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
    restart_the_driver,
    say_of_driver,
)
from tests.rehearsal.hand_made import install_driver


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def with_a_driver(folder: Path) -> Iterator[Rehearsal]:
    """A cluster in which somebody has installed the driver's chart by hand, as a release of the same name."""
    with rehearsed(folder, "existing", install="addon") as rehearsal:
        install_driver(rehearsal)
        yield rehearsal


def uid_of(workload: Any) -> str:
    return str(workload.metadata.uid)


def test_the_add_on_is_refused_where_another_installation_is(with_a_driver: Rehearsal) -> None:
    there = uid_of(deployment(with_a_driver))
    with pytest.raises(RehearsalError) as error:
        with_a_driver.deploy()
    assert (
        "driver.install: addon would be a second EFS CSI driver beside the one that is there (Helm release "
        "aws-efs-csi-driver in namespace kube-system): write existing to use it, or remove it first"
        in str(error.value)
    )
    assert uid_of(deployment(with_a_driver)) == there
    assert "eks" not in managers(with_a_driver)


def test_a_release_that_was_made_by_hand_is_not_taken_over_by_chance(
    with_a_driver: Rehearsal, folder: Path
) -> None:
    there = deployment(with_a_driver)
    say_of_driver(folder, "existing", install="helm")
    with pytest.raises(RehearsalError) as error:
        with_a_driver.deploy()
    assert (
        "driver.install: helm would take over the release that is there (Helm release aws-efs-csi-driver in "
        "namespace kube-system), and a failed deployment would then delete it: write existing to use it, or "
        "removal: retain beside helm to take it over" in str(error.value)
    )
    assert deployment(with_a_driver).metadata == there.metadata


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
    say_of_driver(folder, "existing", install="helm", identity="pod-identity", removal="retain")
    with_a_driver.deploy()
    assert uid_of(deployment(with_a_driver)) == uid_of(there)
    bind_another(with_a_driver, "after-the-take-over")
    assert bound_chain(with_a_driver).access_point == access_point
    assert has_no_differences(with_a_driver)


def test_the_add_on_takes_over_what_somebody_has_installed_where_the_environment_says_so(
    tmp_path: Path,
) -> None:
    take_over = {"install": "addon", "resolve_conflicts": "overwrite", "removal": "retain"}
    with rehearsed(tmp_path, "taking-over", **take_over) as rehearsal:
        install_driver(rehearsal)
        there = deployment(rehearsal)
        rehearsal.deploy()
        assert uid_of(deployment(rehearsal)) == uid_of(there)
        assert "eks" in managers(rehearsal)
        restart_the_driver(rehearsal)  # its pods learn of the role when they start
        bound_chain(rehearsal)
        assert has_no_differences(rehearsal)
