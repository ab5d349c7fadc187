import os
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Environment, SettingsError, available_environments, load_environment

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"


def refusal(content: bytes | str, directory: Path) -> str:
    path = directory / "prod.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", directory)
    return str(raised.value)


def test_an_environment_that_does_not_exist_is_refused_with_those_that_do(environments: Path) -> None:
    for name in ("blue", "green"):
        (environments / f"{name}.yaml").touch()
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == (
        'there is no environment "prod": choose blue or green, or write environments/prod.yaml'
    )


def test_where_no_environment_exists_one_has_to_be_written(environments: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == 'there is no environment "prod": write environments/prod.yaml'


def test_a_file_with_the_other_suffix_has_to_be_renamed(environments: Path) -> None:
    (environments / "prod.yml").touch()
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == "environments/prod.yml: is not read: rename it to prod.yaml"


def test_a_directory_that_does_not_exist_is_named(environments: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments / "eu")
    assert (
        str(raised.value)
        == 'environment "prod": there is no directory environments/eu: make it, or name another'
    )


@pytest.mark.parametrize(
    "name", ["../prod", "Prod", "prod_1", "1prod", "", "p" * 41, "prod\n", "prod-", "prod-accepted"]
)
def test_a_name_that_no_environment_can_have_is_refused(environments: Path, name: str) -> None:
    with pytest.raises(SettingsError) as raised:
        load_environment(name, environments)
    assert str(raised.value) == (
        f'environment "{name}" is not a name for an environment: '
        "use at most 40 lower-case letters, digits and -, beginning with a letter and ending with a letter "
        "or a digit, but not with -accepted, -volumes or -claims"
    )


def test_environments_are_the_yaml_files_with_a_fitting_name(environments: Path) -> None:
    for name in ("b.yaml", "a-1.yaml", "Not.yaml", "schema.json", "c.yml"):
        (environments / name).touch()
    (environments / "d.yaml").mkdir()
    assert available_environments(environments) == ["a-1", "b"]


def test_a_directory_that_does_not_exist_has_no_environments(tmp_path: Path) -> None:
    assert available_environments(tmp_path / "none") == []


def test_a_directory_in_place_of_the_file_is_refused(environments: Path) -> None:
    (environments / "prod.yaml").mkdir()
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == f"{FILE}: is a directory: put a YAML file in its place"


def test_a_link_to_nowhere_is_refused(environments: Path) -> None:
    (environments / "prod.yaml").symlink_to("nowhere")
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == 'there is no environment "prod": write environments/prod.yaml'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1: the file is empty: write account, region, cluster and file_system, each as KEY: VALUE"),
        ("# nothing\n", ":1: the file is empty: write account, region, cluster and file_system, "
        "each as KEY: VALUE"),
        ("- a\n", ":1: the file is not a mapping at its top level: "
         "write account, region, cluster and file_system, each as KEY: VALUE"),
        ("account\n", ":1: the file is not a mapping at its top level: "
         "write account, region, cluster and file_system, each as KEY: VALUE"),
        (b"account: x\nregion: \xff\n", ":2: is not UTF-8: save the file as UTF-8"),
        ("account: x\nregion: a: b\n", ":2:10: malformed YAML: mapping values are not allowed here: "
        "put a value with : in quotes, and indent keys of one mapping alike"),
        ("account: x\nregion: \ta\x07\n", ":2:11: malformed YAML: character U+0007 is not allowed: "
        "remove it"),
        ("account: [x\n", ":2:1: malformed YAML: expected ',' or ']', but got '<stream end>': "
        "close every quote and bracket"),
        ("a:\n\tb: c\n", ":2:1: malformed YAML: found character '\\t' that cannot start any token: "
        "put the value in quotes, and indent with spaces"),
        ('a: "b\n', ":2:1: malformed YAML: found unexpected end of stream: close every quote and bracket"),
        ("a: *b\n", ":1:4: malformed YAML: found undefined alias 'b': "
        "put a value that begins with * in quotes"),
        ("a: 1\n---\nb: 2\n", ":2:1: malformed YAML: but found another document: "
        "keep one document in the file"),
        ("a: !!int b\n", ":1:4: malformed YAML: a value does not fit its tag int: "
        "put the value in quotes"),
        ("? [a]\n: b\n", ":1:3: malformed YAML: found unhashable key: "
        "put text with brackets or braces in quotes"),
        ("a: {{b}}\n", ":1:5: malformed YAML: found unhashable key: "
        "put text with brackets or braces in quotes"),
        ("a: !!python/name:os.system b\n", ":1:4: malformed YAML: could not determine a constructor "
        "for the tag "
         "'tag:yaml.org,2002:python/name:os.system': remove the tag"),
        ('a: "\\q"\n', ":1:6: malformed YAML: found unknown escape character 'q': correct what is there"),
        ("[" * 5000, ": malformed YAML: it is nested too deeply: flatten it"),
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", ':5:3: malformed YAML: key "c" stands twice, first in line 3: '
        "keep one of the two"),
        ('a: 1\n"a": 2\n', ':2:1: malformed YAML: key "a" stands twice, first in line 1: '
        "keep one of the two"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_an_environment_is_refused(
    environments: Path, content: bytes | str, said: str
) -> None:
    assert refusal(content, environments) == FILE + said


def test_an_empty_environment_is_told_every_field_that_it_needs(environments: Path) -> None:
    assert refusal("tags: {}\n", environments).splitlines() == [
        f'{FILE}:1: account: is missing: write it, such as "123456789012"',
        f'{FILE}:1: region: is missing: write it, such as "ap-northeast-2"',
        f"{FILE}:1: cluster: is missing: write it, with name, version, oidc_issuer, vpc, subnets, "
        f"node_security_groups",
        f"{FILE}:1: file_system: is missing: write it, with name",
    ]


def test_faults_come_in_the_order_of_the_file(complaints: Complaints) -> None:
    lines = complaints("size: 5Gi", "size: five", '"1.35"', '"1.25"', '"123456789012"', '"1"')
    assert [line.split(": ")[0] for line in lines] == [f"{FILE}:1", f"{FILE}:5", f"{FILE}:22"]


def test_each_fault_is_an_item_and_a_line_of_its_own(environments: Path) -> None:
    (environments / "prod.yaml").write_text("tags: {}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as raised:
        load_environment("prod", environments)
    assert str(raised.value) == "\n".join(raised.value.faults)
    assert len(raised.value.faults) == 4


def test_an_unknown_key_is_refused_with_the_nearest_known_one(complaints: Complaints) -> None:
    assert complaints(
        "  node_security_groups:", "  access: {entry: true, role: x}\n  node_security_groups:"
    ) == [
        f'{FILE}:13: cluster.access.role: is not a known key: did you mean "role_arn"? known here: '
        f"entry, role_arn"
    ]


def test_an_unknown_key_like_no_other_is_refused_with_the_known_ones(complaints: Complaints) -> None:
    assert complaints("    id: vpc", "    zzz: 1\n    id: vpc") == [
        f"{FILE}:8: cluster.vpc.zzz: is not a known key: known here: id, cidrs, availability_zones"
    ]


def test_an_unknown_key_in_a_list_is_found_in_its_place(complaints: Complaints) -> None:
    assert complaints("size: 5Gi", "size: 5Gi\n    storageClass: x") == [
        f'{FILE}:23: claims[0].storageClass: is not a known key: did you mean "storage_class"? '
        "known here: name, namespace, storage_class, size, access_mode, removal, labels, adopt"
    ]


def test_a_key_that_is_not_text_is_refused(complaints: Complaints) -> None:
    assert complaints("cluster:", "tags: {1: x}\ncluster:") == [
        f'{FILE}:3: tags.1: has the key 1, which is not text: quote it: "1"'
    ]
    assert complaints("cluster:", "2: x\ncluster:") == [
        f'{FILE}:3: 2: has the key 2, which is not text: quote it: "2"'
    ]


@pytest.mark.parametrize(
    ("written", "shown"), [("~", "~"), (".nan", ".nan"), ("!!binary aGk=", "aGk="), ("yes", "yes")]
)
def test_a_key_that_is_not_text_is_shown_as_it_is_written(
    complaints: Complaints, written: str, shown: str
) -> None:
    assert complaints("  name: k8s-cluster", f"  name: k8s-cluster\n  {written}: x") == [
        f'{FILE}:5: cluster.{shown}: has the key {shown}, which is not text: quote it: "{shown}"'
    ]


def test_a_key_with_a_line_break_makes_no_second_line(complaints: Complaints) -> None:
    [line] = complaints("cluster:", '"a\\nb": x\ncluster:')
    assert line.startswith(f'{FILE}:3: "a\\nb": is not a known key')


def test_a_separator_of_lines_is_not_printed(complaints: Complaints) -> None:
    [line] = complaints("region: ap-northeast-2", 'region: "a\\u2028b"')
    assert line.startswith(f'{FILE}:2: region: "a\\u2028b" is not')


@pytest.mark.parametrize(
    ("written", "number"), [("01000", 512), ("0x3e8", 1000), ("1_000", 1000), ("10:00", 600)]
)
def test_a_number_that_is_not_what_it_looks_like_is_refused(
    complaints: Complaints, written: str, number: int
) -> None:
    owner = f"base_path: /airflow\n    owner: {{uid: {written}, gid: 0}}"
    assert complaints("base_path: /airflow", owner) == [
        f"{FILE}:19: storage_classes[0].owner.uid: {written} is {number} in YAML: "
        "write the number in decimals, without a 0 before it"
    ]


def test_text_in_which_cdk_would_see_a_token_is_refused(complaints: Complaints) -> None:
    assert complaints("  name: shared", '  name: "${Token[TOKEN.1]}"') == [
        f'{FILE}:15: file_system.name: "${{Token[TOKEN.1]}}" contains {{Token[, with which CDK marks what it '
        "fills in: write other text"
    ]


def test_a_pipe_in_place_of_the_file_is_refused(environments: Path) -> None:
    os.mkfifo(environments / "prod.yaml")
    with pytest.raises(SettingsError, match=r"prod\.yaml: is no file: put a YAML file in its place"):
        load_environment("prod", environments)


def test_a_key_without_a_value_is_refused(complaints: Complaints) -> None:
    assert complaints("region: ap-northeast-2", "region:") == [
        f"{FILE}:2: region: has no value: write one, or remove the key"
    ]


def test_a_mapping_in_place_of_text_is_refused(complaints: Complaints) -> None:
    assert complaints("region: ap-northeast-2", "region: {name: x}") == [
        f"{FILE}:2: region: a mapping is not text: write text"
    ]


def test_an_item_that_is_not_a_mapping_is_refused(complaints: Complaints) -> None:
    assert complaints("claims:", "claims:\n  - logs") == [
        f'{FILE}:20: claims[0]: "logs" is not a mapping: write KEY: VALUE, one on each line below '
        f"the key, indented"
    ]


def test_yes_is_not_text(complaints: Complaints) -> None:
    assert complaints("  - name: logs", "  - name: yes") == [
        f'{FILE}:20: claims[0].name: yes is true or false in YAML, not text: quote it: "yes"'
    ]


def test_a_date_is_text(complaints: Complaints) -> None:
    assert complaints("region: ap-northeast-2", "region: 2024-99-99") == [
        f'{FILE}:2: region: "2024-99-99" is not an AWS region with Amazon EFS: '
        'write a region\'s code, such as "ap-northeast-2"'
    ]


def test_a_long_value_is_shortened(complaints: Complaints) -> None:
    [line] = complaints("region: ap-northeast-2", f"region: {'x' * 500}")
    assert f'region: "{"x" * 118}… is not' in line


def test_a_list_that_holds_itself_is_refused(complaints: Complaints) -> None:
    [line] = complaints("[10.20.0.0/16]", "&loop [*loop]")
    assert line == f"{FILE}:9:12: malformed YAML: an alias repeats what it stands in: write the value out"


def test_a_merged_number_that_is_overridden_counts_for_nothing(load: Load) -> None:
    owner = "base_path: /airflow\n    owner: {<<: {uid: 01000}, uid: 1000, gid: 0}"
    made = load("base_path: /airflow", owner).storage_classes[0].owner
    assert made is not None
    assert made.uid == 1000


def test_a_binary_key_with_a_line_break_makes_no_second_line(complaints: Complaints) -> None:
    [line] = complaints("cluster:", '? !!binary "aG\\nk="\n: x\ncluster:')
    assert line == f'{FILE}:3: "aG\\nk=": has the key aG\\nk=, which is not text: quote it: "aG\\nk="'


def test_an_anchor_may_be_used_again_and_a_merged_key_overridden(load: Load) -> None:
    new = "  - &first {name: logs, storage_class: efs-sc, size: 5Gi}\n  - <<: *first\n    name: dags\n"
    claims = load("  - name: logs\n    storage_class: efs-sc\n    size: 5Gi\n", new).claims
    assert [(claim.name, claim.size) for claim in claims] == [("logs", "5Gi"), ("dags", "5Gi")]


def test_a_byte_order_mark_is_passed_over(environments: Path, load: Load) -> None:
    load()
    path = environments / "prod.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load_environment("prod", environments).account == "123456789012"


def test_a_file_outside_the_working_directory_is_shown_by_its_whole_path(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert refusal("", environments).startswith(f"{environments}/prod.yaml:1: ")
