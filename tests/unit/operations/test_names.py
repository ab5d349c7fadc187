"""Names that are none are wrong usage: they would ask the API for something else."""

import pytest
from typer.testing import CliRunner

from operations.cli import app
from operations.names import image_name, tag_filters


@pytest.mark.parametrize("name", ["", " ", "..", "a/b", "Upper", "-a", "a-", "a..b", "a" * 254])
def test_a_claim_that_cannot_be_is_wrong_usage(name: str) -> None:
    result = CliRunner().invoke(app, ["trace", "--region", "eu-west-1", "--", name], env={"COLUMNS": "400"})
    assert "is no name in Kubernetes" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("command", [["trace", "logs"], ["prove", "dynamic-provisioning"]])
@pytest.mark.parametrize("name", ["", "a.b", "..", "A", "a" * 64])
def test_a_namespace_that_cannot_be_is_wrong_usage(command: list[str], name: str) -> None:
    result = CliRunner().invoke(app, [*command, f"--namespace={name}"], env={"COLUMNS": "400"})
    assert "is no namespace" in result.output
    assert result.exit_code == 2


def test_a_claim_to_prove_that_cannot_be_is_wrong_usage() -> None:
    result = CliRunner().invoke(
        app, ["prove", "dynamic-provisioning", "--claim", "../pods"], env={"COLUMNS": "400"}
    )
    assert "is no name in Kubernetes" in result.output
    assert result.exit_code == 2


def test_the_namespace_of_an_airflow_that_cannot_be_is_wrong_usage() -> None:
    result = CliRunner().invoke(
        app, ["doctor", "dynamic-provisioning", "--airflow", ""], env={"COLUMNS": "400"}
    )
    assert "is no namespace" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("name", ["", "a b/c", "-a", "a" * 101])
def test_a_cluster_that_cannot_be_is_wrong_usage(name: str) -> None:
    result = CliRunner().invoke(
        app, ["discover", "--region", "eu-west-1", "--", name], env={"COLUMNS": "400"}
    )
    assert "is no name of an EKS cluster" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("command", [["discover", "k8s-cluster"], ["trace", "logs"]])
def test_a_region_that_is_empty_is_wrong_usage(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--region="], env={"COLUMNS": "400"})
    assert "it is empty" in result.output
    assert result.exit_code == 2


DISCOVER = ["discover", "c", "--region", "eu-west-1"]


@pytest.mark.parametrize("name", ["Prod", "../prod", "prod.yaml", "1", ""])
def test_an_environment_to_write_that_cannot_be_is_wrong_usage(name: str) -> None:
    result = CliRunner().invoke(app, [*DISCOVER, "--write", name], env={"COLUMNS": "400"})
    assert "is not a name for an environment" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("name", ["", "fs", "fs-1", "sg-0a1b2c3d4e5f60718", "fs-0a1b2c3d4e5f6071z"])
def test_a_file_system_that_cannot_be_is_wrong_usage(name: str) -> None:
    result = CliRunner().invoke(app, [*DISCOVER, "--adopt", "--file-system", name], env={"COLUMNS": "400"})
    assert "is not a file system id" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("tag", ["", "=", "=nodes", " =x"])
def test_a_tag_without_a_key_is_wrong_usage(tag: str) -> None:
    result = CliRunner().invoke(app, [*DISCOVER, f"--subnet-tag={tag}"], env={"COLUMNS": "400"})
    assert "names no tag" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize("image", ["", " ", "a b", "-", "busybox:"])
def test_an_image_that_cannot_be_is_wrong_usage(image: str) -> None:
    result = CliRunner().invoke(
        app, ["prove", "dynamic-provisioning", f"--image={image}"], env={"COLUMNS": "400"}
    )
    assert "is not the name of an image" in result.output
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "value", ["busybox", "public.ecr.aws/docker/library/busybox:1.37.0", "localhost:5000/a_b@sha256:0f"]
)
def test_the_name_of_an_image_is_taken(value: str) -> None:
    assert image_name(value) == value


@pytest.mark.parametrize("value", ["Tier", "Tier=", "Tier=a=b", "aws:cloudformation:logical-id=x"])
def test_a_tag_with_a_key_is_taken(value: str) -> None:
    assert tag_filters([value]) == [value]
