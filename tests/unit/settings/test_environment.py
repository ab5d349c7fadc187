from collections.abc import Callable

import pytest
from pydantic import ValidationError

from settings import Environment
from settings.aws import efs_regions

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

ISSUER = "https://oidc.eks.ap-northeast-2.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"
FILE = "environments/prod.yaml"


def test_an_environment_is_named_after_its_file(load: Load) -> None:
    assert load().name == "prod"


def test_an_environment_cannot_be_changed(load: Load) -> None:
    environment = load()
    with pytest.raises(ValidationError, match="frozen"):
        environment.region = "us-east-1"
    with pytest.raises(ValidationError, match="frozen"):
        environment.cluster.version = "1.30"


def test_lists_are_tuples_so_that_nothing_can_be_added(load: Load) -> None:
    environment = load()
    assert isinstance(environment.storage_classes, tuple)
    assert isinstance(environment.cluster.subnets, tuple)


def test_the_name_of_an_environment_is_not_a_key_of_its_file(complaints: Complaints) -> None:
    assert complaints("account:", "name: prod\naccount:") == [
        f"{FILE}:1: name: is not a known key: known here: account, region, tags, cluster, "
        f"file_system, driver, "
        "storage_classes, claims, volumes, sample_writer, airflow, delivery, pipeline"
    ]


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901a", ""])
def test_an_account_has_12_digits(complaints: Complaints, account: str) -> None:
    assert complaints('"123456789012"', f'"{account}"') == [
        f'{FILE}:1: account: "{account}" is not an AWS account id: write its 12 digits, in quotes'
    ]


def test_an_unquoted_account_is_a_number(complaints: Complaints) -> None:
    assert complaints('"123456789012"', "123456789012") == [
        f'{FILE}:1: account: 123456789012 is a number, not text: quote it: "123456789012"'
    ]


def test_a_region_must_exist_and_a_near_one_is_suggested(complaints: Complaints) -> None:
    assert complaints("region: ap-northeast-2", "region: ap-norteast-2") == [
        f'{FILE}:2: region: "ap-norteast-2" is not an AWS region with Amazon EFS: did you mean '
        f'"ap-northeast-2"?'
    ]


def test_a_region_without_a_near_one_gets_an_example(complaints: Complaints) -> None:
    assert complaints("region: ap-northeast-2", "region: Seoul") == [
        f'{FILE}:2: region: "Seoul" is not an AWS region with Amazon EFS: '
        'write a region\'s code, such as "ap-northeast-2"'
    ]


def test_regions_of_every_partition_are_known() -> None:
    partitions = efs_regions()
    assert partitions["ap-northeast-2"] == "aws"
    assert partitions["cn-north-1"] == "aws-cn"
    assert partitions["us-gov-west-1"] == "aws-us-gov"
    assert not [region for region in partitions if "fips" in region]


def test_an_environment_knows_its_partition(load: Load) -> None:
    assert load().partition == "aws"


def test_a_cluster_in_china_has_an_issuer_and_zones_of_its_own(load: Load) -> None:
    environment = load(
        "region: ap-northeast-2",
        "region: cn-north-1",
        ISSUER,
        "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9",
        "ap-northeast-2a",
        "cn-north-1a",
        "ap-northeast-2b",
        "cn-north-1b",
    )
    assert environment.partition == "aws-cn"


def test_tags_follow_the_rules_of_aws(complaints: Complaints) -> None:
    assert complaints("cluster:", 'tags: {"aws:x": a, team: "a~b", Aws:y: b}\ncluster:') == [
        f'{FILE}:3: tags.aws:x: key "aws:x" begins with aws:, which AWS keeps for itself: choose another key',
        f'{FILE}:3: tags.team: "a~b" has a character that AWS refuses in a tag: '
        "use letters, digits, spaces and _.:/=+-@",
        f'{FILE}:3: tags.Aws:y: key "Aws:y" begins with aws:, which AWS keeps for itself: choose another key',
    ]


def test_a_tag_has_at_most_128_characters_in_its_key_and_256_in_its_value(
    load: Load, complaints: Complaints
) -> None:
    assert load("cluster:", f"tags: {{{'k' * 128}: {'v' * 256}}}\ncluster:").tags == {"k" * 128: "v" * 256}
    key, value = "k" * 129, "v" * 257
    [long_key] = complaints("cluster:", f"tags: {{{key}: v}}\ncluster:")
    assert long_key == f'{FILE}:3: tags.{key}: key "{key}" is not 1 to 128 characters long: write another key'
    [long_value] = complaints("cluster:", f"tags: {{k: {value}}}\ncluster:")
    assert long_value.endswith("has 257 characters, 256 are allowed: write a shorter one")


def test_tags_in_any_script_are_accepted(load: Load) -> None:
    assert load("cluster:", "tags: {팀: 데이터-플랫폼}\ncluster:").tags == {"팀": "데이터-플랫폼"}


NOT_FOR_THE_DRIVER = {
    "key with a space": ("cost center", "a", 'key "cost center" has a space or a colon'),
    "key with a colon": ("team:name", "a", 'key "team:name" has a space or a colon'),
    "value with a space": ("team", "data platform", '"data platform" has a space or a colon'),
    "value with a colon": ("team", "a:b", '"a:b" has a space or a colon'),
    "value that is empty": ("team", "", '"" is empty'),
    "key of the driver": ("efs.csi.aws.com/cluster", "false", 'key "efs.csi.aws.com/cluster" is one that'),
    "key of the stack": ("airflow-efs/cluster", "x", 'key "airflow-efs/cluster" is one that'),
}


@pytest.mark.parametrize(("key", "value", "said"), NOT_FOR_THE_DRIVER.values(), ids=NOT_FOR_THE_DRIVER)
def test_a_tag_that_the_driver_cannot_take_is_refused_among_those_of_access_points(
    key: str, value: str, said: str, complaints: Complaints
) -> None:
    (complaint,) = complaints("cluster:", f'driver: {{access_point_tags: {{"{key}": "{value}"}}}}\ncluster:')
    assert complaint.startswith(f"{FILE}:3: driver.access_point_tags.{key}: {said}")
    assert complaint.endswith("write it otherwise, or remove it")


@pytest.mark.parametrize(("key", "value", "said"), NOT_FOR_THE_DRIVER.values(), ids=NOT_FOR_THE_DRIVER)
def test_a_tag_of_the_environment_that_the_driver_cannot_take_stays_off_access_points(
    key: str, value: str, said: str, load: Load
) -> None:
    environment = load("cluster:", f'tags: {{"{key}": "{value}", owner: data}}\ncluster:')
    assert environment.tags == {key: value, "owner": "data"}
    assert environment.access_point_tags == {"owner": "data"}, said


@pytest.mark.parametrize(("key", "value", "said"), NOT_FOR_THE_DRIVER.values(), ids=NOT_FOR_THE_DRIVER)
def test_tags_of_access_points_may_differ_from_the_environments(
    key: str, value: str, said: str, load: Load
) -> None:
    environment = load(
        "cluster:", f'tags: {{"{key}": "{value}"}}\ndriver: {{access_point_tags: {{a: b}}}}\ncluster:'
    )
    assert environment.access_point_tags == {"a": "b"}, said


@pytest.mark.parametrize("install", ["addon", "existing"])
def test_where_the_driver_gets_no_tags_any_are_good(install: str, load: Load) -> None:
    text = f'tags: {{"cost center": "a b"}}\ndriver: {{install: {install}}}\ncluster:'
    assert load("cluster:", text).tags == {"cost center": "a b"}


@pytest.mark.parametrize("install", ["addon", "existing"])
def test_tags_of_access_points_need_the_chart(install: str, complaints: Complaints) -> None:
    text = f"driver: {{install: {install}, access_point_tags: {{a: b}}}}\ncluster:"
    (complaint,) = complaints("cluster:", text)
    assert "driver.access_point_tags: " in complaint
    assert f"has no effect with install: {install}: remove it, or write install: helm" in complaint


def test_40_tags_are_allowed_and_41_are_not(load: Load, complaints: Complaints) -> None:
    def tags(count: int) -> str:
        return f"tags: {{{', '.join(f'k{n}: v' for n in range(count))}}}\ncluster:"

    # The file system's Name is the fortieth.
    assert len(load("cluster:", tags(39)).tags) == 39
    assert complaints("cluster:", tags(40)) == [
        f"{FILE}:15: file_system.tags: and tags make 41 tags of the file system, 40 are allowed: remove some"
    ]
    assert complaints("cluster:", tags(41)) == [
        f"{FILE}:3: tags: has 41 tags; AWS allows 50 on a resource and the stacks add theirs: write "
        f"at most 40"
    ]


def test_an_unquoted_number_is_not_the_value_of_a_tag(complaints: Complaints) -> None:
    assert complaints("cluster:", "tags: {cost-center: 0042}\ncluster:") == [
        f'{FILE}:3: tags.cost-center: 0042 is a number, not text: quote it: "0042"'
    ]


def test_tags_that_differ_in_case_only_are_refused(complaints: Complaints) -> None:
    assert complaints("account:", "tags: {team: a, Team: b}\naccount:") == [
        f'{FILE}:1: tags.Team: key "Team" differs from "team" in case only, which IAM takes for the '
        "same key: keep one of them"
    ]


def test_a_tag_of_the_stacks_own_is_refused(complaints: Complaints) -> None:
    assert complaints("account:", 'tags: {"airflow-efs:cluster": mine}\naccount:') == [
        f'{FILE}:1: tags.airflow-efs:cluster: key "airflow-efs:cluster" begins with airflow-efs:, which the '
        "stacks keep for themselves: choose another key"
    ]


def test_the_roles_of_the_drivers_two_halves_cannot_have_one_name(complaints: Complaints) -> None:
    driver = "driver: {controller: {role_name: efs}, node: {role_name: efs}}"
    assert complaints("account:", f"{driver}\naccount:") == [
        f'{FILE}:1: driver.node.role_name: "efs" is the controller\'s name, too: '
        "write another: the roles are kept apart"
    ]


@pytest.mark.parametrize("value", ["!!bool x", "!!timestamp x"])
def test_a_value_that_does_not_fit_its_yaml_tag_is_one_clear_error(
    complaints: Complaints, value: str
) -> None:
    (complaint,) = complaints("account:", f"tags: {value}\naccount:")
    assert "a value does not fit its tag" in complaint
