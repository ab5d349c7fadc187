"""A new environment as YAML: valid whatever the names are, and with a comment for every choice."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from operations.discovery.environment_file import check, read_text, write_text
from operations.discovery.findings import (
    Choice,
    DiscoveryError,
    DriverFound,
    Problem,
    StorageClassFound,
    Unseen,
)
from operations.discovery.new_file import render
from settings import SettingsError
from tests.unit.operations.discovery.found import SUBNETS, cluster, proposal, subnet


def test_the_text_holds_exactly_the_proposed_environment() -> None:
    found = proposal()
    assert yaml.safe_load(render(found)) == found.report.environment
    check(render(found), Path("prod.yaml"))


@pytest.mark.parametrize("name", ["true", "1e5", "0123", "1_000", "null", "2026-01-01", "0x1F", "No"])
def test_a_cluster_may_have_a_name_that_yaml_takes_for_something_else(name: str) -> None:
    text = render(proposal(found=cluster(name=name)))
    assert yaml.safe_load(text)["cluster"]["name"] == name
    check(text, Path("prod.yaml"))


@given(name=st.text(max_size=40), why=st.text(max_size=200))
def test_no_name_and_no_message_breaks_out_of_its_comment(name: str, why: str) -> None:
    found = proposal(
        choices=(Choice(field="cluster.subnets", chose=name, why=why, instead_of=(why,)),),
        problems=(Problem(severity="error", what=why, cure=name),),
        unseen=(Unseen(what=name, why=why, cure=name),),
    )
    chosen = tuple(one.model_copy(update={"name": name}) for one in found.chosen_subnets)
    found.chosen_subnets = chosen
    assert yaml.safe_load(render(found)) == found.report.environment


def test_choices_and_problems_stand_above_their_fields() -> None:
    found = proposal(
        choices=(
            Choice(
                field="cluster.node_security_groups",
                chose="sg-1",
                why="every node has it",
                instead_of=("sg-2",),
            ),
        ),
        problems=(
            Problem(severity="error", field="cluster.oidc_issuer", what="no provider", cure="make one"),
        ),
    )
    lines = render(found).splitlines()
    groups = next(index for index, line in enumerate(lines) if line.startswith("  node_security_groups"))
    assert lines[groups - 1] == "  # Chosen: sg-1, because every node has it. Not: sg-2."
    issuer = next(index for index, line in enumerate(lines) if line.startswith("  oidc_issuer"))
    assert lines[issuer - 1] == "  # ERROR: no provider: make one."


def test_what_is_in_the_cluster_is_said() -> None:
    text = render(
        proposal(
            driver=DriverFound(install="helm", version="v2.1.0", detail="release efs in kube-system"),
            storage_classes=(
                StorageClassFound(name="old", file_system_id="fs-1", base_path=None, default=False),
            ),
        )
    )
    assert "# The EFS CSI driver: by Helm, release efs in kube-system, version v2.1.0." in text
    assert "# Classes of EFS that the cluster has already: old (fs-1)." in text


def test_an_environment_that_no_deployment_accepts_is_refused_in_the_words_of_the_settings() -> None:
    text = render(proposal(found=cluster(version="1.20")))
    with pytest.raises(SettingsError, match=r'prod.yaml:\d+: cluster.version: "1.20" has no kubectl layer'):
        check(text, Path("prod.yaml"))


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "prod.yaml"
    path.write_text("old\n")
    path.chmod(0o640)
    write_text("new\n", path)
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("old\n")
    (tmp_path / "prod.yaml").symlink_to("real.yaml")
    write_text("new\n", tmp_path / "prod.yaml")
    assert (tmp_path / "prod.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == "new\n"


def test_a_folder_in_the_place_of_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").mkdir()
    with pytest.raises(DiscoveryError, match=r"prod\.yaml: cannot be read: Is a directory"):
        read_text(tmp_path / "prod.yaml")
    with pytest.raises(DiscoveryError, match=r"prod\.yaml: cannot be written"):
        write_text("new\n", tmp_path / "prod.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["prod.yaml"]


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("a: [\n", r"prod\.yaml:2:1: malformed YAML: .*: close every quote and bracket"),
        ("a: 1\na: 2\n", r"prod\.yaml:2:1: malformed YAML: .*: keep one of the two"),
        ("a: b: c\n", r"prod\.yaml:1:5: malformed YAML: .*: put a value with : in quotes"),
    ],
)
def test_an_existing_file_that_is_not_yaml_is_refused_with_line_and_cure(
    tmp_path: Path, text: str, cure: str
) -> None:
    (tmp_path / "prod.yaml").write_text(text)
    with pytest.raises(SettingsError, match=cure):
        read_text(tmp_path / "prod.yaml")


def test_a_subnet_says_its_name_and_what_it_is() -> None:
    found = proposal(chosen={"a": SUBNETS["a"]})
    found.chosen_subnets = (subnet(SUBNETS["a"], "a", name="nodes-a", public=True, nodes=2),)
    assert "   # nodes-a: public, 2 nodes, 100 free addresses" in render(found)
