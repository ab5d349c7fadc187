from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from settings import load_environment
from stacks.environment_stage import EnvironmentStage, add_environment_stacks
from tests.unit.conftest import fast_app
from tests.unit.stacks.pipeline_environments import write_environment


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    write_environment(tmp_path, "prod", account="210987654321", region="us-east-1", tags="{owner: data}")
    return tmp_path


def only_stack(scope: App | EnvironmentStage) -> Stack:
    (found,) = (child for child in scope.node.children if isinstance(child, Stack))
    return found


@pytest.fixture
def direct(directory: Path) -> Stack:
    """The stack as ``cdk deploy EfsStorageStack`` deploys it."""
    app = fast_app(directory / "direct")
    add_environment_stacks(app, load_environment("prod", directory))
    return only_stack(app)


@pytest.fixture
def staged(app: App, directory: Path) -> Stack:
    """The stack as a stage of a pipeline deploys it."""
    pipeline = Stack(app, "DeliveryPipelineStack")
    return only_stack(EnvironmentStage(pipeline, environment=load_environment("prod", directory)))


def template_of(stack: Stack) -> dict[str, Any]:
    found = dict(Template.from_stack(stack).to_json())
    for resource in found["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            # CDK's provider framework describes its function by the path of the construct. A change of the
            # description changes nothing else.
            resource["Properties"].pop("Description", None)
    return found


def test_a_stage_deploys_the_stack_of_a_direct_deployment(direct: Stack, staged: Stack) -> None:
    def seen(stack: Stack) -> tuple[str, str, str, str]:
        return stack.node.id, stack.stack_name, stack.account, stack.region

    assert seen(staged) == ("EfsStorageStack", "EfsStorageStack-prod", "210987654321", "us-east-1")
    assert seen(staged) == seen(direct)


def test_a_stage_has_the_template_of_a_direct_deployment(direct: Stack, staged: Stack) -> None:
    assert template_of(staged) == template_of(direct)


def test_a_stage_is_called_like_its_environment(app: App, directory: Path) -> None:
    stage = EnvironmentStage(Stack(app, "Stack"), environment=load_environment("prod", directory))
    assert (stage.node.id, stage.stage_name) == ("prod", "prod")
