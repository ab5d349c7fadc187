"""Secrets that a stack makes: generated once, never again by a deployment."""

from typing import Any

import pytest

from rehearsal.account import stack_secrets  # noqa: F401  # a model is known to stacks once it is imported
from tests.unit.rehearsal.account.stacks import Stacks, aws_client

NAME = "airflow-efs/prod/fernet-key"


def secret(**properties: Any) -> dict[str, Any]:
    recipe = {"PasswordLength": 43, "ExcludePunctuation": True, "IncludeSpace": False}
    return {
        "Type": "AWS::SecretsManager::Secret",
        "DeletionPolicy": "Retain",
        "Properties": {"Name": NAME, "GenerateSecretString": recipe, **properties},
    }


def value() -> str:
    return str(aws_client("secretsmanager").get_secret_value(SecretId=NAME)["SecretString"])


def test_the_value_is_made_by_its_recipe(stacks: Stacks) -> None:
    assert stacks.deploy({"Key": secret()}) == "CREATE_COMPLETE"
    assert len(value()) == 43
    assert value().isalnum()


def test_a_later_deployment_leaves_the_value(stacks: Stacks) -> None:
    stacks.deploy({"Key": secret()})
    before = value()
    assert stacks.deploy({"Key": secret(Description="of Airflow")}) == "UPDATE_COMPLETE"
    assert value() == before
    assert aws_client("secretsmanager").describe_secret(SecretId=NAME)["Description"] == "of Airflow"


def test_another_recipe_is_not_passed_over(stacks: Stacks) -> None:
    stacks.deploy({"Key": secret()})
    before = value()
    changed = secret(GenerateSecretString={"PasswordLength": 64})
    assert stacks.deploy({"Key": changed}) == "UPDATE_ROLLBACK_COMPLETE"
    assert value() == before


def test_a_retained_secret_outlives_its_stack_and_is_in_the_way_of_the_next(stacks: Stacks) -> None:
    stacks.deploy({"Key": secret()})
    before = value()
    stacks.delete()
    assert value() == before
    assert stacks.deploy({"Key": secret()}, stack="second") == "ROLLBACK_COMPLETE"
    assert value() == before


def test_a_secret_that_is_not_retained_goes_with_its_stack(stacks: Stacks) -> None:
    stacks.deploy({"Key": {**secret(), "DeletionPolicy": "Delete"}})
    stacks.delete()
    client = aws_client("secretsmanager")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_secret_value(SecretId=NAME)
