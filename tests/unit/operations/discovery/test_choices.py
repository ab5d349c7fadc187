"""Subnets and security groups, where there is more than one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.discovery.choices import Decisions, choose_security_groups, choose_subnets
from operations.discovery.findings import DiscoveryError
from tests.unit.operations.discovery.found import GROUP, cluster, node, node_group, subnet

GROUPS = st.sets(st.sampled_from(["sg-1", "sg-2", "sg-3", "sg-4", GROUP]), min_size=1)


@pytest.mark.parametrize(
    ("better", "worse", "reason"),
    [
        (
            {"nodes": 1, "available_addresses": 1},
            {"nodes": 9, "available_addresses": 0},
            "it has free addresses",
        ),
        ({"nodes": 2, "public": True}, {"nodes": 1}, "most nodes run in it"),
        ({"public": False}, {"public": True}, "it is not public"),
        ({"available_addresses": 9}, {"available_addresses": 8}, "it has most free addresses"),
        ({}, {}, "its id comes first"),
    ],
)
def test_of_two_subnets_of_a_zone_the_better_is_chosen_with_the_reason(
    better: dict[str, int], worse: dict[str, int], reason: str
) -> None:
    decisions = Decisions()
    options = [subnet("subnet-2", "a", **worse), subnet("subnet-1", "a", **better)]
    (chosen,) = choose_subnets(cluster(), options, (), decisions)
    assert chosen.id == "subnet-1"
    (choice,) = decisions.choices
    assert choice.why.startswith(reason)
    assert choice.instead_of[0].startswith("subnet-2 ")


def test_a_local_zone_gets_no_mount_target_and_is_said() -> None:
    decisions = Decisions()
    local = subnet("subnet-2", "-lax-1a")
    chosen = choose_subnets(cluster(), [subnet("subnet-1", "a"), local], (), decisions)
    assert [one.id for one in chosen] == ["subnet-1"]
    assert decisions.problems[0].severity == "warning"


def test_a_zone_with_nodes_and_without_the_tag_is_refused() -> None:
    options = [subnet("subnet-1", "a", tags={"Tier": "efs"}), subnet("subnet-2", "b")]
    with pytest.raises(
        DiscoveryError, match=r"nodes run in ap-northeast-2b, but no subnet there has the tag Tier"
    ):
        choose_subnets(cluster(), options, ("Tier=efs",), Decisions())


def test_a_subnet_without_addresses_is_an_error_to_mend() -> None:
    decisions = Decisions()
    choose_subnets(cluster(), [subnet("subnet-1", "a", available_addresses=0)], (), decisions)
    assert decisions.problems[0].severity == "error"


@given(sets=st.lists(GROUPS, min_size=1, max_size=8))
def test_every_node_has_one_of_the_chosen_groups_and_none_is_in_excess(sets: list[set[str]]) -> None:
    nodes = [node(*sorted(one)) for one in sets]
    chosen = set(choose_security_groups(cluster(), nodes, (), Decisions()))
    assert all(chosen & one for one in sets)
    assert chosen <= set().union(*sets)
    if set.intersection(*sets):
        assert len(chosen) == 1


def test_a_group_that_is_scaled_to_zero_counts() -> None:
    chosen = choose_security_groups(cluster(), [node(GROUP)], [node_group("sg-9")], Decisions())
    assert chosen == (GROUP, "sg-9")


def test_without_nodes_the_clusters_own_group_is_chosen() -> None:
    assert choose_security_groups(cluster(), (), (), Decisions()) == (GROUP,)
    with pytest.raises(DiscoveryError, match="run this while a node is up"):
        choose_security_groups(cluster(cluster_security_group=None), (), (), Decisions())
