"""The table of what is rehearsed is true: of the templates, of the emulated account, in the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.cloudformation import parsing
from moto.core.common_models import CloudFormationModel

from app import add_stacks
from rehearsal.account import (  # noqa: F401  # a model is known to stacks once it is imported
    code_build_projects,
    code_pipelines,
    stack_secrets,
)
from rehearsal.account.cloudformation.not_rehearsed import unknown_properties
from rehearsal.account.cloudformation.resource_schema import refuse_invalid
from rehearsal.account.eks import (  # noqa: F401  # a model is known to stacks once it is imported
    addons,
    pod_identity,
)
from rehearsal.account.recorded_only import NotRehearsedError, RecordedOnly
from rehearsal.treatment import CUSTOM, RESOURCE_TYPES, Treatment
from tests.unit.conftest import ENVIRONMENTS, ROOT, fast_app
from tests.unit.rehearsal.account.conftest import account
from tests.unit.rehearsal.account.stacks import REGION
from tests.unit.stacks.pipeline_environments import write_all

__all__ = ["account"]

BOOTSTRAP = ROOT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"

_MACHINERY = ("AWS::CloudFormation::Stack", "Rehearsal::RecordedOnly", "Custom::Rehearsed")
"""Models that stand for no type of a template."""


def resources_of(environment: str, folder: Path, outdir: Path) -> list[dict[str, Any]]:
    app = fast_app(outdir)
    app.node.set_context("environment", environment)
    app.node.set_context("environments", str(folder))
    add_stacks(app)
    stacks = app.synth().stacks_recursively
    return [
        resource
        for stack in stacks
        for resource in stack.template.get("Resources", {}).values()  # nested assemblies are stages
    ]


def properties_not_in_the_table(resources: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (resource["Type"], path)
        for resource in resources
        if (treated := RESOURCE_TYPES[listed(resource["Type"])]).heeds
        for path in unknown_properties(treated, resource.get("Properties", {}))
    }


def listed(kind: str) -> str:
    return CUSTOM if kind.startswith("Custom::") else kind


@pytest.mark.parametrize("name", sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
def test_every_type_and_property_of_an_environments_templates_is_in_the_table(
    name: str, tmp_path: Path
) -> None:
    resources = resources_of(name, ENVIRONMENTS, tmp_path)
    types = {resource["Type"] for resource in resources}
    assert {listed(kind) for kind in types} - RESOURCE_TYPES.keys() == set()
    assert properties_not_in_the_table(resources) == set()
    for resource in resources:
        refuse_invalid(name, resource["Type"], resource.get("Properties", {}), REGION)


@pytest.mark.parametrize("name", ["release", "closed", "archive"])
def test_every_type_and_property_of_a_pipelines_templates_is_in_the_table(name: str, tmp_path: Path) -> None:
    write_all(tmp_path)
    resources = resources_of(name, tmp_path, tmp_path / "cdk.out")
    types = {listed(resource["Type"]) for resource in resources}
    assert types - RESOURCE_TYPES.keys() == set()
    assert properties_not_in_the_table(resources) == set()


def test_every_type_of_the_bootstrap_template_is_in_the_table() -> None:
    types = set(re.findall(r"Type: '?(AWS::\w+::\w+)\b(?!::)", BOOTSTRAP.read_text(encoding="utf-8")))
    assert "AWS::S3::Bucket" in types
    assert types - RESOURCE_TYPES.keys() == set()


def treatment_of(model: type[CloudFormationModel]) -> Treatment:
    """How the emulated account treats a type, by who wrote the parts of its model."""
    if model is RecordedOnly:
        return Treatment.RECORDED
    if model.__module__.startswith("rehearsal."):
        return Treatment.OURS
    authors = {str(getattr(part, "__module__", "")) for part in parts(model)}
    added = any(author.startswith("rehearsal.") for author in authors)
    return Treatment.COMPLETED if added else Treatment.MOTO


def parts(model: type[CloudFormationModel]) -> Iterator[Any]:
    for part in vars(model).values():
        yield part.fget if isinstance(part, property) else getattr(part, "__func__", part)


@pytest.mark.parametrize("kind", sorted(RESOURCE_TYPES))
def test_the_account_treats_a_type_as_the_table_says(
    account: None,  # noqa: ARG001
    kind: str,
) -> None:
    wanted = RESOURCE_TYPES[kind].by
    if kind == CUSTOM:
        model = parsing.resource_class_from_type("Custom::Anything")
        assert (model.__name__, wanted) == ("CustomResource", Treatment.REAL)
    else:
        assert treatment_of(parsing.resource_class_from_type(kind)) is wanted


def test_a_type_that_is_not_in_the_table_is_refused(account: None) -> None:  # noqa: ARG001
    kind = "AWS::Neptune::DBCluster"
    assert kind not in RESOURCE_TYPES
    with pytest.raises(NotRehearsedError, match=f"not rehearsed: a resource of type {kind}"):
        parsing.resource_class_from_type(kind)


def test_the_table_has_all_that_the_project_adds_to_moto(account: None) -> None:  # noqa: ARG001
    added = {
        kind
        for kind, model in parsing.get_model_map().items()
        if kind not in _MACHINERY and treatment_of(model) is not Treatment.MOTO
    }
    assert added - RESOURCE_TYPES.keys() == set()


def test_the_documentation_has_the_table() -> None:
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    section = text.split("## Resource types\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([^`]+)` \| (.*?) \| ?(.*?) ?\| ?(.*?) ?\|$", section, re.MULTILINE)
    assert rows == [
        (kind, str(treated.by), treated.note, ", ".join(f"`{one}`" for one in treated.passes_over.split()))
        for kind, treated in RESOURCE_TYPES.items()
    ]
