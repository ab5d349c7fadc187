"""From one environment of the matrix to its neighbour, with a claim in use: one more zone, another lifecycle.

Other moves: of the driver and its identity in test_driver_moves.py, of classes in test_classes_and_claims.py.
The tests of this module run in their order, on one rehearsal whose environment changes.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.trace import Chain
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.clusters import three_zones
from tests.rehearsal.drivers import bind_another, bound_chain, has_no_differences
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

NAME = "moving-on"
FOURTH = "ap-northeast-2d"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, three_zones)
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim as it was before any change."""
    return bound_chain(rehearsal)


@pytest.fixture(scope="module")
def fourth_subnet(rehearsal: Rehearsal) -> str:
    """A subnet in a zone in which nodes are about to run."""
    made = rehearsal.client("ec2").create_subnet(
        VpcId=rehearsal.settings.cluster.vpc.id, CidrBlock="10.30.192.0/18", AvailabilityZone=FOURTH
    )
    return str(made["Subnet"]["SubnetId"])


def target_ids(chain: Chain) -> dict[str, str]:
    return {target["AvailabilityZoneName"]: target["MountTargetId"] for target in chain.mount_targets}


def with_four_zones(content: dict[str, Any], subnet: str) -> None:
    three_zones(content)
    content["cluster"]["subnets"].append({"id": subnet, "availability_zone": FOURTH})


def test_one_more_zone_adds_a_mount_target_and_leaves_the_others_and_the_claim_alone(
    rehearsal: Rehearsal, folder: Path, before: Chain, fourth_subnet: str
) -> None:
    write_environment(folder, NAME, lambda content: with_four_zones(content, fourth_subnet))
    rehearsal.deploy()
    after = bound_chain(rehearsal)
    assert after.access_point == before.access_point
    targets = target_ids(after)
    assert targets.pop(FOURTH)
    assert targets == target_ids(before)
    bind_another(rehearsal, "in-four-zones")
    assert has_no_differences(rehearsal)


def test_another_lifecycle_leaves_the_claim_and_its_access_point_alone(
    rehearsal: Rehearsal, folder: Path, before: Chain, fourth_subnet: str
) -> None:
    def archive_later(content: dict[str, Any]) -> None:
        with_four_zones(content, fourth_subnet)
        content["file_system"]["lifecycle"] = {
            "infrequent_access_after_days": 60,
            "archive_after_days": 180,
        }

    write_environment(folder, NAME, archive_later)
    rehearsal.deploy()
    policies = rehearsal.client("efs").describe_lifecycle_configuration(
        FileSystemId=before.handle.file_system_id
    )["LifecyclePolicies"]
    assert {"TransitionToIA": "AFTER_60_DAYS"} in policies
    assert {"TransitionToArchive": "AFTER_180_DAYS"} in policies
    assert bound_chain(rehearsal).access_point == before.access_point
    assert has_no_differences(rehearsal)
