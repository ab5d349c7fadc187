"""Templates of pipelines, and what tests look for in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from app import add_stacks
from tests.unit.conftest import fast_app
from tests.unit.templates import of_type, only, references


def pipeline_app(name: str, environments: Path, outdir: Path) -> App:
    """The app of an environment; nothing is synthesised yet."""
    app = fast_app(outdir)
    app.node.set_context("environment", name)
    app.node.set_context("environments", str(environments))
    add_stacks(app)
    return app


def pipeline_template(name: str, environments: Path, outdir: Path) -> Template:
    """The template of an environment's pipeline."""
    return template_of(pipeline_app(name, environments, outdir))


def template_of(app: App, stack: str = "DeliveryPipelineStack") -> Template:
    found = app.node.find_child(stack)
    assert isinstance(found, Stack)
    return Template.from_stack(found)


def stages(template: Template) -> dict[str, list[dict[str, Any]]]:
    """The actions of the pipeline by stage, in the pipeline's order."""
    found = only(of_type(template, "AWS::CodePipeline::Pipeline"))["Properties"]["Stages"]
    return {stage["Name"]: stage["Actions"] for stage in found}


def statements(template: Template, role_begins: str, action: str) -> list[dict[str, Any]]:
    """Statements about an action in the policies of one role."""

    def all_of_role() -> Iterator[dict[str, Any]]:
        for policy in of_type(template, "AWS::IAM::Policy").values():
            if any(role.startswith(role_begins) for role in references(policy["Properties"]["Roles"])):
                yield from policy["Properties"]["PolicyDocument"]["Statement"]

    return [found for found in all_of_role() if action in as_list(found["Action"])]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
