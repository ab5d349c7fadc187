"""Names that are none are wrong usage: they would ask the API for something else."""

import pytest
from typer.testing import CliRunner

from operations.cli import app


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
