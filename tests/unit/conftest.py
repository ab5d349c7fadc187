"""What the unit tests of constructs and stacks share: synthesised templates, each made once."""

import gc
import json
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import Environment as Target
from aws_cdk.assertions import Template
from hypothesis import settings

from settings import Environment, load_environment
from stacks.efs_storage_stack import EfsStorageStack

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / "environments"

# The same examples in every run, however slow the machine: a change is judged by what it changes.
# To look for new ones: pytest --hypothesis-profile=search
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=1500, deadline=None)
settings.load_profile("repeatable")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector pass over what is imported, and look at the rest less often.

    Imported modules and the descriptions of AWS services that botocore loads are a million objects that live
    until the end. To walk through them again and again takes longer than most tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000)
        gc.enable()


def fast_app(outdir: Path) -> App:
    """An app with the feature flags of cdk.json, without the check of templates and copies of layers."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return App(
        outdir=str(outdir),
        context={**context, "aws:cdk:disable-asset-staging": True},
        builtin_cloud_formation_validation=False,
        analytics_reporting=False,
    )


@pytest.fixture
def app(tmp_path: Path) -> App:
    return fast_app(tmp_path / "cdk.out")


@pytest.fixture
def stack(app: App) -> Stack:
    return Stack(app, "Stack", env=Target(account="123456789012", region="ap-northeast-2"))


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Environment], Template]:
    """Synthesise the EfsStorageStack of an environment."""

    def synthesize(environment: Environment) -> Template:
        app = fast_app(tmp_path_factory.mktemp("cdk") / "cdk.out")
        return Template.from_stack(EfsStorageStack(app, "EfsStorageStack", environment=environment))

    return synthesize


@pytest.fixture(scope="session")
def airflow_seoul(synthesized: Callable[[Environment], Template]) -> Template:
    """Worked example A."""
    return synthesized(load_environment("airflow-seoul", ENVIRONMENTS))


@pytest.fixture(scope="session")
def dynamic_provisioning(synthesized: Callable[[Environment], Template]) -> Template:
    """Worked example B."""
    return synthesized(load_environment("dynamic-provisioning", ENVIRONMENTS))
