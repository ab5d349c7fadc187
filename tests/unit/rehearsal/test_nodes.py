"""Nodes without machines."""

from typing import Any, cast

from rehearsal.cdk import PROJECT
from rehearsal.nodes import NODES_PER_ZONE, node_objects
from settings import load_environment


def nodes() -> list[dict[str, Any]]:
    return cast(
        "list[dict[str, Any]]", node_objects(load_environment("airflow-seoul", PROJECT / "environments"))
    )


def test_every_zone_of_the_environment_has_its_nodes() -> None:
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes()]
    assert zones == [f"ap-northeast-2{letter}" for letter in "abcd" for _ in range(NODES_PER_ZONE)]


def test_the_nodes_have_names_of_their_own() -> None:
    names = [node["metadata"]["name"] for node in nodes()]
    assert len(set(names)) == len(names)


def test_a_node_says_its_region_and_system() -> None:
    labels = nodes()[0]["metadata"]["labels"]
    assert labels["topology.kubernetes.io/region"] == "ap-northeast-2"
    assert labels["kubernetes.io/os"] == "linux"
    assert labels["kubernetes.io/hostname"] == nodes()[0]["metadata"]["name"]
