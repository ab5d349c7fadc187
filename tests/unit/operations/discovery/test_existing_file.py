"""A file that exists: what the cluster decides is brought up to date, everything else stays as it is."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.discovery.existing_file import difference, updated_text
from operations.discovery.findings import DiscoveryError
from operations.discovery.proposal import Proposal
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.operations.discovery.found import GROUP, REGION, SUBNETS, cluster, node, proposal, subnet

PATH = ENVIRONMENTS / "airflow-seoul.yaml"
TEXT = PATH.read_text(encoding="utf-8")
NEW = "subnet-0123456789abcdef0"


def update(found: Proposal, text: str = TEXT, groups: tuple[str, ...] = (GROUP,)) -> tuple[str, list[str]]:
    return updated_text(text, PATH, found, groups)


def changed_lines(after: str, before: str = TEXT) -> list[str]:
    lines = difference(before, after, PATH).splitlines()[2:]
    return [line for line in lines if line[0] in "+-"]


def test_a_file_that_fits_its_cluster_stays_byte_for_byte() -> None:
    assert update(proposal()) == (TEXT, [])


def test_a_new_version_changes_its_own_line_and_keeps_its_comment() -> None:
    text, _ = update(proposal(found=cluster(version="1.36")))
    assert changed_lines(text) == [
        '-  version: "1.35"                 # in quotes too: a bare 1.30 is the number 1.3',
        '+  version: "1.36"                 # in quotes too: a bare 1.30 is the number 1.3',
    ]


def test_a_new_zone_is_added_after_the_others_whose_comments_stay() -> None:
    three = {zone: SUBNETS[zone] for zone in "abc"}
    without = TEXT.replace(next(line for line in TEXT.splitlines(True) if SUBNETS["d"] in line), "")
    assert update(proposal(chosen=three), without) == (without, [])
    text, _ = update(proposal(), without)
    added = f"+    - {{id: {SUBNETS['d']}, availability_zone: {REGION}d}}"
    assert changed_lines(text, without) == [added]


def test_a_subnet_that_is_gone_is_replaced_by_the_one_of_its_zone() -> None:
    text, _ = update(proposal(chosen={**SUBNETS, "b": NEW}))
    assert changed_lines(text) == [
        f"-    - {{id: {SUBNETS['b']}, availability_zone: {REGION}b}}   # SubnetPublicAPNORTHEAST2B",
        f"+    - {{id: {NEW}, availability_zone: {REGION}b}}   # SubnetPublicAPNORTHEAST2B",
    ]


def test_a_subnet_that_somebody_chose_stays_and_is_said() -> None:
    found = proposal(chosen={**SUBNETS, "b": NEW}, others=(subnet(SUBNETS["b"], "b"),))
    text, remarks = update(found)
    assert text == TEXT
    assert remarks == [
        f"kept {SUBNETS['b']} in {REGION}b, where {NEW} (private, 1 node, 100 free addresses) is now chosen"
    ]


def test_a_zone_without_nodes_keeps_its_subnet_and_is_said() -> None:
    three = {zone: SUBNETS[zone] for zone in "abc"}
    text, remarks = update(proposal(chosen=three, others=(subnet(SUBNETS["d"], "d"),)))
    assert text == TEXT
    assert remarks == [
        f"kept {SUBNETS['d']}: no node runs in {REGION}d any more, remove it by hand if so meant"
    ]


def test_a_zone_that_the_file_excludes_is_not_added() -> None:
    three = {zone: SUBNETS[zone] for zone in "abc"}
    without = TEXT.replace(next(line for line in TEXT.splitlines(True) if SUBNETS["d"] in line), "").replace(
        "    cidrs: [10.20.0.0/16]\n  # One",
        f"    cidrs: [10.20.0.0/16]\n    availability_zones: [{REGION}a, {REGION}b, {REGION}c]\n  # One",
    )
    assert update(proposal(chosen=three), without)[0] == without
    text, remarks = update(proposal(), without)
    assert text == without
    assert remarks == [f"did not add {SUBNETS['d']}: {REGION}d is not in cluster.vpc.availability_zones"]


def test_a_security_group_that_is_gone_is_replaced() -> None:
    found = proposal(groups=("sg-00000000000000001",))
    text, _ = update(found, groups=("sg-00000000000000001",))
    assert changed_lines(text) == [
        f"-  node_security_groups: [{GROUP}]",
        "+  node_security_groups: [sg-00000000000000001]",
    ]


def test_a_security_group_that_every_node_has_stays_and_is_said() -> None:
    other = "sg-00000000000000001"
    found = proposal(groups=(other,), nodes=(node(GROUP, other),))
    text, remarks = update(found, groups=(GROUP, other))
    assert text == TEXT
    assert remarks == [f"kept node_security_groups {GROUP}: every node has one of them"]


def test_a_group_is_added_for_nodes_that_have_none_of_the_files() -> None:
    other = "sg-00000000000000001"
    found = proposal(groups=(GROUP, other), nodes=(node(GROUP), node(other)))
    text, _ = update(found, groups=(GROUP, other))
    assert yaml.safe_load(text)["cluster"]["node_security_groups"] == [GROUP, other]


def test_a_new_block_of_the_vpc_is_added() -> None:
    text, _ = update(proposal(found=cluster(vpc_cidrs=("10.20.0.0/16", "100.64.0.0/16"))))
    assert yaml.safe_load(text)["cluster"]["vpc"]["cidrs"] == ["10.20.0.0/16", "100.64.0.0/16"]


def test_the_file_of_another_cluster_is_refused() -> None:
    with pytest.raises(
        DiscoveryError,
        match=r"is of cluster k8s-cluster in ap-northeast-2, account 123456789012, not of other in",
    ):
        update(proposal(found=cluster(name="other")))


@pytest.mark.parametrize("text", ["[]\n", "", "cluster: 1\n"])
def test_a_file_that_is_no_environment_is_refused(text: str) -> None:
    with pytest.raises(DiscoveryError, match="holds no environment"):
        update(proposal(), text)


def test_a_file_that_is_not_yaml_is_refused() -> None:
    with pytest.raises(DiscoveryError, match=r"is not YAML: .*: correct it, or write to another name$"):
        update(proposal(), "a: [\n")


STYLES = {
    "as it is": TEXT,
    "no flow": TEXT.replace(
        "cidrs: [10.20.0.0/16]\n  # One", "cidrs:\n      - 10.20.0.0/16  # main\n  # One"
    ),
    "odd nulls": TEXT + "pipeline: ~\n",
    "dashes at the key": TEXT.replace("    - {id:", "  - {id:"),
    "quotes": TEXT.replace("name: efs_fs", "name: 'efs_fs'")
    .replace("region: ap", 'region:   "ap')
    .replace("northeast-2\n\ncluster", 'northeast-2"\n\ncluster'),
}


@pytest.mark.parametrize("style", sorted(STYLES))
def test_only_what_changes_is_written_in_whatever_style(style: str) -> None:
    before = STYLES[style]
    assert yaml.safe_load(before)["region"] == REGION
    assert update(proposal(), before)[0] == before
    text, _ = update(proposal(found=cluster(version="1.36")), before)
    assert len(changed_lines(text, before)) == 2


@given(
    zones=st.sets(st.sampled_from("abcd"), min_size=1),
    gone=st.sets(st.sampled_from("abcd")),
    version=st.sampled_from(["1.34", "1.35"]),
    style=st.sampled_from(sorted(STYLES)),
)
@settings(max_examples=25)
def test_an_update_is_complete_keeps_every_comment_and_changes_nothing_twice(
    zones: set[str], gone: set[str], version: str, style: str
) -> None:
    before = STYLES[style]
    chosen = {zone: NEW[:-1] + zone if zone in gone else SUBNETS[zone] for zone in sorted(zones)}
    others = tuple(subnet(SUBNETS[zone], zone) for zone in "abcd" if zone not in gone | zones)
    found = proposal(chosen=chosen, others=others, found=cluster(version=version))
    text, _ = update(found, before)
    data = yaml.safe_load(text)["cluster"]
    assert data["version"] == version
    assert {one["availability_zone"][-1]: one["id"] for one in data["subnets"]} == {
        **{zone: SUBNETS[zone] for zone in "abcd" if zone not in gone},
        **chosen,
    }
    assert update(found, text)[0] == text
    whole_lines = [line for line in before.splitlines() if line.strip().startswith("#")]
    assert [line for line in text.splitlines() if line.strip().startswith("#")] == whole_lines


def test_a_difference_names_the_file(tmp_path: Path) -> None:
    assert difference("a\n", "b\n", tmp_path / "prod.yaml").startswith(f"--- {tmp_path}/prod.yaml (now)\n")
    assert difference("a\n", "a\n", tmp_path / "prod.yaml") == ""
