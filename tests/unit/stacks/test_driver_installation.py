"""The driver as an environment describes it, in the words of the constructs."""

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match

from airflow_efs.efs_csi_installation import HelmInstallation
from settings import load_environment
from stacks.driver_installation import driver_installation
from stacks.efs_storage_stack import EfsStorageStack
from tests.unit.conftest import ENVIRONMENTS


def tags(**said: object) -> dict[str, str]:
    """The tags of access points in an environment with the tag team: data."""
    environment = load_environment("airflow-seoul", ENVIRONMENTS)
    driver = environment.driver.model_copy(update=said)
    installation = driver_installation(
        environment.model_copy(update={"tags": {"team": "data"}, "driver": driver})
    )
    assert isinstance(installation, HelmInstallation)
    return dict(installation.access_point_tags)


OF_THE_STACK = {"airflow-efs/environment": "airflow-seoul", "airflow-efs/cluster": "k8s-cluster"}


def test_access_points_have_the_tags_of_the_environment() -> None:
    assert tags() == {"team": "data", **OF_THE_STACK}


def test_access_points_have_tags_of_their_own_where_they_are_written() -> None:
    assert tags(access_point_tags={"owner": "storage"}) == {"owner": "storage", **OF_THE_STACK}


def test_without_tags_of_their_own_access_points_have_those_of_the_stack() -> None:
    assert tags(access_point_tags={}) == OF_THE_STACK


@pytest.mark.parametrize(
    ("tags", "driver", "warned"),
    [
        ({"team": "data platform"}, {}, True),
        ({"team": "data"}, {}, False),
        ({"team": "data platform"}, {"access_point_tags": {"team": "data"}}, False),
        ({"team": "data platform"}, {"install": "addon"}, False),
    ],
    ids=["one stays off", "none", "others are written", "add-on"],
)
def test_synth_warns_of_tags_that_stay_off_access_points(
    app: App, tags: dict[str, str], driver: dict[str, object], warned: bool
) -> None:
    environment = load_environment("airflow-seoul", ENVIRONMENTS)
    changed = environment.driver.model_copy(update=driver)
    stack = EfsStorageStack(
        app, "Stack", environment=environment.model_copy(update={"tags": tags, "driver": changed})
    )
    said = Annotations.from_stack(stack).find_warning("/Stack", Match.string_like_regexp("^tags team: "))
    assert bool(said) is warned
