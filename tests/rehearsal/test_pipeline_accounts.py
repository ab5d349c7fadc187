"""Releases of a pipeline that deploys to two accounts and two regions, on emulated accounts.

The tests are one story: the other account does not trust the pipeline's at first, then does. What a release's
revision leaves out of the developer's script is said in `pipeline_repository`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rehearsal.pipeline.release import Outcome, Released, Releases
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.lines import Lines
from tests.rehearsal.pipeline_releases import last_changes, releases_of
from tests.rehearsal.pipeline_repository import Repository

HOME, ABROAD = "home", "abroad"
ACCOUNT, REGION = "123456789012", "ap-northeast-2"
OTHER_ACCOUNT, OTHER_REGION = "210987654321", "us-east-1"
STACK = f"EfsStorageStack-{ABROAD}"


def with_a_pipeline(content: dict[str, Any]) -> None:
    content["pipeline"] = {
        "source": {"codecommit": "airflow-efs-cdk"},
        "environments": [HOME, ABROAD],
    }


def in_another_account_and_region(content: dict[str, Any]) -> None:
    """Its cluster is the same API server under another name, so it uses the driver of the first."""
    content |= {"account": OTHER_ACCOUNT, "region": OTHER_REGION}
    cluster = content["cluster"]
    cluster["name"] = "k8s-abroad"
    cluster["oidc_issuer"] = cluster["oidc_issuer"].replace(REGION, OTHER_REGION)
    for subnet in cluster["subnets"]:
        subnet["availability_zone"] = subnet["availability_zone"].replace(REGION, OTHER_REGION)
    content["driver"] = {"install": "existing"}
    content["file_system"]["name"] = "efs-abroad"
    content["storage_classes"][0] |= {"name": "efs-sc-abroad", "base_path": "/abroad"}
    content["claims"] = []


@dataclass
class World:
    rehearsal: Rehearsal
    repository: Repository
    releases: Releases

    def release(self) -> Released:
        return self.releases.release(self.repository.commit())

    def stacks(self, account: str, region: str) -> dict[str, Any]:
        return last_changes(self.rehearsal.client("cloudformation", region, account=account))

    def every_stack(self) -> list[dict[str, Any]]:
        return [
            self.stacks(account, region)
            for account in (ACCOUNT, OTHER_ACCOUNT)
            for region in (REGION, OTHER_REGION)
        ]

    def file_systems(self, account: str, region: str) -> list[str]:
        described = self.rehearsal.client("efs", region, account=account).describe_file_systems()
        return [one["Name"] for one in described["FileSystems"]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    repository = Repository(tmp_path_factory.mktemp("repository"))
    repository.describe(HOME, with_a_pipeline)
    repository.describe(ABROAD, in_another_account_and_region)
    repository.commit()
    with Rehearsal(
        environment=HOME, environments=repository.environments, others=[ABROAD], reporter=Lines()
    ) as rehearsal:
        rehearsal.deploy(stack="DeliveryPipelineStack", trust=False)
        folder = tmp_path_factory.mktemp("releases")
        releases = releases_of(rehearsal, repository, folder, approve=lambda _: True)
        yield World(rehearsal, repository, releases)


@pytest.fixture(scope="module")
def distrusted(world: World) -> Released:
    """A release while the other account trusts nobody but itself."""
    return world.release()


@pytest.fixture(scope="module")
def trusted(world: World, distrusted: Released) -> Released:  # noqa: ARG001  # it comes after that
    """A release after the other account was bootstrapped with trust in the pipeline's."""
    world.rehearsal.bootstrap()
    return world.release()


def test_an_account_that_does_not_trust_the_pipelines_stops_the_release(
    world: World, distrusted: Released
) -> None:
    last = distrusted.stages[-1]
    assert (last.stage, last.outcome) == ("Assets", Outcome.FAILED)
    assert "is not authorized to perform: sts:AssumeRole" in last.reason
    assert STACK not in world.stacks(OTHER_ACCOUNT, OTHER_REGION)


def test_a_release_goes_on_to_another_account_and_region(world: World, trusted: Released) -> None:
    assert trusted.succeeded, trusted.stages[-1].reason
    assert trusted.outcome(HOME) is Outcome.SUCCEEDED
    assert trusted.outcome(ABROAD) is Outcome.SUCCEEDED
    assert STACK in world.stacks(OTHER_ACCOUNT, OTHER_REGION)


def test_each_file_system_is_in_its_own_account_and_region(world: World, trusted: Released) -> None:
    assert trusted.succeeded, trusted.stages[-1].reason
    assert world.file_systems(ACCOUNT, REGION) == ["efs-dynamic-provisioning"]
    assert world.file_systems(OTHER_ACCOUNT, OTHER_REGION) == ["efs-abroad"]
    assert world.file_systems(ACCOUNT, OTHER_REGION) == []
    assert world.file_systems(OTHER_ACCOUNT, REGION) == []


def test_a_release_without_a_change_changes_nothing_anywhere(world: World, trusted: Released) -> None:
    assert trusted.succeeded, trusted.stages[-1].reason
    before = world.every_stack()
    again = world.release()
    assert again.succeeded, again.stages[-1].reason
    assert again.outcome(f"{ABROAD}-approval") is Outcome.SKIPPED
    assert world.every_stack() == before
