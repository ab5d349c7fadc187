"""The driver as an environment describes it, in the words of the constructs."""

from airflow_efs.efs_csi_installation import HelmInstallation
from settings import load_environment
from stacks.driver_installation import driver_installation
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
