import copy
from collections.abc import Iterator
from typing import Any

import pytest
from aws_cdk.assertions import Template

from settings import available_environments, load_environment
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.stacks import security
from tests.unit.templates import Resources, of_type, resources

EXAMPLES = ["airflow_seoul", "dynamic_provisioning"]


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Template:
    template: Template = request.getfixturevalue(request.param)
    return template


@pytest.fixture
def broken(airflow_seoul: Template) -> dict[str, dict[str, Any]]:
    """A copy of worked example A, for a test to break."""
    return copy.deepcopy(dict(resources(airflow_seoul)))  # type: ignore[arg-type]


def properties(of: Resources, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        resource["Properties"] for resource in of.values() if resource["Type"] == kind
    )
    return found


def statements(of: Resources, action: str) -> Iterator[dict[str, Any]]:
    for resource in of.values():
        document = resource.get("Properties", {}).get("PolicyDocument") or {}
        for statement in document.get("Statement", []):
            if statement["Action"] == action:
                yield statement


def subnets(name: str) -> dict[str, str]:
    cluster = load_environment(name, ENVIRONMENTS).cluster
    return {subnet.id: subnet.availability_zone for subnet in cluster.subnets}


def test_both_worked_examples_are_looked_at() -> None:
    assert {name.replace("-", "_") for name in available_environments(ENVIRONMENTS)} >= set(EXAMPLES)


def test_every_file_system_is_encrypted(example: Template) -> None:
    assert of_type(example, "AWS::EFS::FileSystem")
    assert security.unencrypted_file_systems(resources(example)) == []


@pytest.mark.parametrize("encrypted", [False, None])
def test_an_unencrypted_file_system_is_caught(broken: dict[str, Any], encrypted: bool | None) -> None:
    file_system = properties(broken, "AWS::EFS::FileSystem")
    del file_system["Encrypted"]
    if encrypted is not None:
        file_system["Encrypted"] = encrypted
    assert len(security.unencrypted_file_systems(broken)) == 1


def test_nothing_comes_in_from_the_internet(example: Template) -> None:
    assert of_type(example, "AWS::EC2::SecurityGroup")
    assert security.ingress_from_the_internet(resources(example)) == []


@pytest.mark.parametrize(
    "rule",
    [
        {"CidrIp": "0.0.0.0/0"},
        {"CidrIpv6": "::/0"},
        {"CidrIp": "0.0.0.0/1"},
        {"CidrIp": "8.0.0.0/8"},
        {"CidrIp": {"Ref": "Block"}},
    ],
    ids=str,
)
def test_ingress_from_the_internet_is_caught(broken: dict[str, Any], rule: dict[str, Any]) -> None:
    properties(broken, "AWS::EC2::SecurityGroup")["SecurityGroupIngress"].append(rule)
    broken["Apart"] = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": rule}
    assert len(security.ingress_from_the_internet(broken)) == 2


def test_every_trust_of_the_cluster_asks_for_subject_and_audience(example: Template) -> None:
    assert len([*statements_of_trust(resources(example))]) == 2
    assert security.loose_web_identity_trusts(resources(example)) == []


@pytest.mark.parametrize("key", ["sub", "aud"])
def test_a_missing_condition_of_a_trust_is_caught(broken: dict[str, Any], key: str) -> None:
    for statement in statements_of_trust(broken):
        equals = statement["Condition"]["StringEquals"]
        del equals[next(found for found in equals if found.endswith(f":{key}"))]
    assert len(security.loose_web_identity_trusts(broken)) == 2


def test_a_trust_of_several_actions_is_looked_at_too(broken: dict[str, Any]) -> None:
    for statement in [*statements_of_trust(broken)]:
        statement["Action"] = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
        del statement["Condition"]
    assert len(security.loose_web_identity_trusts(broken)) == 2


def statements_of_trust(of: Resources) -> Iterator[dict[str, Any]]:
    for resource in of.values():
        if resource["Type"] == "AWS::IAM::Role":
            for statement in resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
                if statement["Action"] == "sts:AssumeRoleWithWebIdentity":
                    yield statement


@pytest.mark.parametrize("name", ["airflow-seoul", "dynamic-provisioning"])
def test_every_zone_has_a_mount_target(name: str, request: pytest.FixtureRequest) -> None:
    template = request.getfixturevalue(name.replace("-", "_"))
    assert security.zones_without_mount_target(resources(template), subnets(name)) == []


def test_a_zone_without_mount_target_is_caught(broken: dict[str, Any]) -> None:
    del broken[next(key for key, value in broken.items() if value["Type"] == "AWS::EFS::MountTarget")]
    assert len(security.zones_without_mount_target(broken, subnets("airflow-seoul"))) == 1


def test_no_write_is_allowed_on_everything(example: Template) -> None:
    assert security.writes_on_everything(resources(example)) == []


@pytest.mark.parametrize("action", sorted(security.WRITES))
def test_a_write_on_everything_is_caught(broken: dict[str, Any], action: str) -> None:
    (statement,) = statements(broken, action)
    statement["Resource"] = "*"
    assert len(security.writes_on_everything(broken)) == 1


@pytest.mark.parametrize("action", ["*", "elasticfilesystem:*", "elasticfilesystem:Create*"])
@pytest.mark.parametrize("resource", ["*", "arn:aws:elasticfilesystem:ap-northeast-2:1:access-point/*"])
def test_a_write_by_an_asterisk_is_caught(broken: dict[str, Any], action: str, resource: str) -> None:
    (statement,) = statements(broken, "elasticfilesystem:CreateAccessPoint")
    statement.update(Action=[action], Resource=resource)
    del statement["Condition"]
    assert len(security.writes_on_everything(broken)) == 1
