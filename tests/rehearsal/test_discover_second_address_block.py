"""`airflow-efs discover`: two CIDRs; nodes in subnets of the second; mount targets where a tag says so.

The tests run in their order, on one rehearsal: what is found first, then its deployment as it was written.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.clusters import (
    REGION,
    Shaped,
    deploy_and_bind,
    mount_target_subnets,
    shaped,
    three_zones,
)


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shaped]:
    def seed(content: dict[str, Any]) -> None:
        three_zones(content)
        del content["cluster"]["subnets"][2]
        content["cluster"]["vpc"]["cidrs"].append("100.64.0.0/16")

    with shaped(tmp_path_factory.mktemp("environments"), seed) as shape:
        own = list(shape.cluster.node_security_groups)
        for number, zone in enumerate("ac"):
            subnet = shape.subnet(f"100.64.{number * 32}.0/19", zone, Tier="pods")
            shape.register(shape.nodes(subnet, count=2, groups=own, tags={}), zone)
        shape.made["storage"] = {
            zone: shape.subnet(f"100.64.{128 + number}.0/24", zone, Tier="storage")
            for number, zone in enumerate("abc")
        }
        shape.let_in()
        yield shape


def test_nodes_without_a_tag_are_found_by_the_clusters_own_word(shape: Shaped) -> None:
    report = shape.report()
    assert len(report["nodes"]) == 4
    zones = [one["availability_zone"] for one in report["environment"]["cluster"]["subnets"]]
    assert zones == [f"{REGION}a", f"{REGION}c"]


def test_every_block_of_the_vpc_is_in_the_environment(shape: Shaped) -> None:
    vpc = shape.report()["environment"]["cluster"]["vpc"]
    assert vpc["cidrs"] == ["10.30.0.0/16", "100.64.0.0/16"]


def test_a_tag_that_no_subnet_has_is_refused_with_those_that_they_have(shape: Shaped) -> None:
    run = shape.discover("--subnet-tag", "Tier=data")
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.strip() == (
        f"error: no subnet of {shape.cluster.vpc.id} has the tag Tier=data: there are Tier=pods, Tier=storage"
    )


def test_its_environment_has_mount_targets_where_the_tag_says(shape: Shaped) -> None:
    assert shape.write("--subnet-tag", "Tier=storage").returncode == 0
    deploy_and_bind(shape)
    wanted = {shape.made["storage"]["a"], shape.made["storage"]["c"]}
    assert mount_target_subnets(shape) == wanted
