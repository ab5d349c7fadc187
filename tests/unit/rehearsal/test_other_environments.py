"""The environments that exist besides the rehearsed one."""

from pathlib import Path

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.other_environments import BootstrapTarget, bootstrap_targets, load_others
from settings import load_environment
from tests.unit.stacks.pipeline_environments import ACCOUNT, OTHER_ACCOUNT, REGION, write_environment

HOME = BootstrapTarget(ACCOUNT, REGION)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_environment(tmp_path, "home")
    write_environment(tmp_path, "beside")
    write_environment(tmp_path, "tokyo", region="ap-northeast-1")
    write_environment(tmp_path, "virginia", account=OTHER_ACCOUNT, region="us-east-1")
    return tmp_path


def targets(folder: Path, *others: str) -> list[BootstrapTarget]:
    home = load_environment("home", folder)
    return bootstrap_targets(home, load_others(others, folder, home=home))


def test_alone_an_environment_needs_its_own_account_and_region(folder: Path) -> None:
    assert targets(folder) == [HOME]


def test_another_region_is_bootstrapped_once(folder: Path) -> None:
    assert targets(folder, "tokyo") == [HOME, BootstrapTarget(ACCOUNT, "ap-northeast-1")]


def test_the_home_account_is_bootstrapped_in_the_region_of_another_account_too(folder: Path) -> None:
    assert targets(folder, "virginia") == [
        HOME,
        BootstrapTarget(ACCOUNT, "us-east-1"),
        BootstrapTarget(OTHER_ACCOUNT, "us-east-1"),
    ]


def test_an_environment_of_the_same_cluster_needs_nothing_more(folder: Path) -> None:
    assert targets(folder, "beside") == [HOME]


def test_a_second_cluster_in_an_account_and_region_is_refused(folder: Path) -> None:
    path = folder / "beside.yaml"
    path.write_text(path.read_text().replace("name: k8s-cluster", "name: k8s-beside"))
    with pytest.raises(RehearsalError) as refused:
        targets(folder, "beside")
    assert str(refused.value) == (
        "not rehearsed: beside has the cluster k8s-beside in the account and region of k8s-cluster: "
        "give it that cluster, or another account or region"
    )
