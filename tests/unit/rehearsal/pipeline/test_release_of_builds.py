"""What a project gives its builds besides commands: variables from secrets, a VPC, a cache."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.pipeline.pipelines import (
    EVERYTHING,
    Release,
    Resources,
    allow,
    build,
    pipeline,
    project,
    reason,
    role,
    stage,
)

SECRETS = allow("secretsmanager:GetSecretValue")
NETWORK = allow("ec2:*")
CACHE = {"Type": "S3", "Location": "artifacts/cache/Build/Synth"}


def of(*commands: str, may: tuple[dict[str, Any], ...] = (), paths: str = "", **more: Any) -> Resources:
    """A pipeline with one build."""
    resources = pipeline(stage("Build", build()))
    resources["Build"] = project(*commands)
    properties = resources["Build"]["Properties"]
    properties |= more
    if paths:
        spec = json.loads(properties["Source"]["BuildSpec"])
        properties["Source"]["BuildSpec"] = json.dumps({**spec, "cache": {"paths": [paths]}})
    resources["BuildRole"] = role("codebuild.amazonaws.com", EVERYTHING, *may)
    return resources


def deny(*actions: str, resource: str = "*") -> dict[str, Any]:
    return {**allow(*actions, resource=resource), "Effect": "Deny"}


def with_variable(resources: Resources, kind: str, value: str) -> Resources:
    variables = [{"Name": "WORD", "Type": kind, "Value": value}]
    resources["Build"]["Properties"]["Environment"]["EnvironmentVariables"] = variables
    return resources


@pytest.fixture
def secret(account: None) -> str:  # noqa: ARG001
    made = aws_client("secretsmanager").create_secret(Name="mirror", SecretString='{"url": "hidden word"}')
    return str(made["ARN"])


def test_a_variable_has_the_value_of_a_secret(release: Release, secret: str) -> None:
    resources = of('[ "$WORD" = "hidden word" ]', may=(SECRETS,))
    assert release(with_variable(resources, "SECRETS_MANAGER", f"{secret}:url")).succeeded


def test_a_secret_is_not_in_the_log(release: Release, secret: str, tmp_path: Path) -> None:
    resources = of('echo "it is $WORD"', may=(SECRETS,))
    release(with_variable(resources, "SECRETS_MANAGER", f"{secret}:url"))
    (log,) = (tmp_path / "releases").rglob("build.log")
    assert "it is ***\n" in log.read_text()


def test_a_secret_that_the_role_may_not_read_stops_the_release(
    release: Release,
    secret: str,
) -> None:
    released = release(with_variable(of("pwd"), "SECRETS_MANAGER", f"{secret}:url"))
    said = f"is not authorized to perform secretsmanager:GetSecretValue on {secret}"
    assert reason(released).endswith(said)


def test_a_key_that_a_secret_lacks_stops_the_release(release: Release, secret: str) -> None:
    released = release(with_variable(of("pwd", may=(SECRETS,)), "SECRETS_MANAGER", f"{secret}:address"))
    assert reason(released) == f"Build: the secret {secret} is no JSON with the key address"


def test_a_variable_of_another_type_is_not_rehearsed(release: Release) -> None:
    released = release(with_variable(of("pwd"), "PARAMETER_STORE", "/one"))
    assert reason(released) == "Build: not rehearsed: the variable WORD of type PARAMETER_STORE"


@pytest.fixture
def network(account: None) -> dict[str, Any]:  # noqa: ARG001
    """A VPC with a subnet and a group."""
    ec2 = aws_client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="builds", Description="builds")["GroupId"]
    return {"VpcId": vpc, "Subnets": [subnet], "SecurityGroupIds": [group]}


def test_a_build_runs_in_a_network_that_is_there(
    release: Release,
    network: dict[str, Any],
) -> None:
    released = release(of("pwd", may=(NETWORK,), VpcConfig=network))
    assert released.succeeded, released.stages[-1].reason


@pytest.mark.parametrize(
    "call",
    [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeSubnets",
    ],
)
def test_a_role_that_may_have_no_interface_stops_the_release(
    release: Release,
    network: dict[str, Any],
    call: str,
) -> None:
    released = release(of("pwd", may=(NETWORK, deny(call)), VpcConfig=network))
    assert f"is not authorized to perform {call} on " in reason(released)


def test_a_subnet_that_is_not_there_stops_the_release(
    release: Release,
    network: dict[str, Any],
) -> None:
    there = {**network, "Subnets": ["subnet-0a1b2c3d4e5f60718"]}
    released = release(of("pwd", may=(NETWORK,), VpcConfig=there))
    assert "subnet-0a1b2c3d4e5f60718" in reason(released)


def test_a_subnet_of_another_vpc_stops_the_release(
    release: Release,
    network: dict[str, Any],
) -> None:
    other = aws_client("ec2").create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    released = release(of("pwd", may=(NETWORK,), VpcConfig={**network, "VpcId": other}))
    (subnet,) = network["Subnets"]
    assert reason(released) == f"Build: {subnet} is in {network['VpcId']}, and the build in {other}"


def twice(first: str, then: str, **more: Any) -> Resources:
    """A pipeline whose second build is of a project with the cache of the first."""
    resources = of(first, paths="/root/.cache/pip/**/*", **more)
    resources["Again"] = of(then, paths="/root/.cache/pip/**/*", **more)["Build"]
    again = stage("Again", {**build("Again"), "Name": "Again"})
    resources["Pipeline"]["Properties"]["Stages"].append(again)
    return resources


def test_a_build_finds_what_the_last_one_kept(release: Release) -> None:
    keep = "mkdir -p ~/.cache/pip && echo hello > ~/.cache/pip/one"
    released = release(twice(keep, '[ "$(cat ~/.cache/pip/one)" = hello ]', Cache=CACHE))
    assert released.succeeded, released.stages[-1].reason


def test_without_a_cache_nothing_is_kept(release: Release) -> None:
    keep = "mkdir -p ~/.cache/pip && echo hello > ~/.cache/pip/one"
    assert release(twice(keep, "[ ! -e ~/.cache ]")).succeeded


@pytest.mark.parametrize("call", ["s3:GetObject", "s3:PutObject"])
def test_a_cache_that_the_role_may_not_use_stops_the_release(
    release: Release,
    call: str,
) -> None:
    denial = deny(call, resource="arn:aws:s3:::artifacts/cache/*")
    released = release(of("pwd", may=(denial,), Cache=CACHE, paths="/root/.npm/**/*"))
    said = f"is not authorized to perform {call} on arn:aws:s3:::artifacts/cache/Build/Synth/0.zip"
    assert reason(released).endswith(said)


def test_a_cache_on_the_host_is_not_rehearsed(release: Release) -> None:
    released = release(of("pwd", Cache={"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}))
    assert reason(released) == "Build: not rehearsed: a cache of type LOCAL"


def test_a_path_elsewhere_is_not_rehearsed(release: Release) -> None:
    released = release(of("pwd", Cache=CACHE, paths="node_modules/**/*"))
    assert reason(released) == "Build: not rehearsed: the path node_modules/**/* of a cache"
