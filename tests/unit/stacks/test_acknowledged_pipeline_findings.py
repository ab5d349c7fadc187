from collections.abc import Sequence
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks

from app import add_stacks
from stacks import delivery_pipeline_stack, efs_storage_stack
from stacks.acknowledged_findings import AcknowledgedFinding
from stacks.validation_report import findings
from tests.unit.conftest import fast_app


def check(name: str, environments: Path, outdir: Path) -> list[str]:
    app = app_of(name, environments, outdir)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return findings(Path(app.synth().directory))


def app_of(name: str, environments: Path, outdir: Path) -> App:
    app = fast_app(outdir)
    for key, value in {"environment": name, "environments": str(environments)}.items():
        app.node.set_context(key, value)
    app.node.set_context("@aws-cdk/core:failSynthOnValidationErrors", False)
    add_stacks(app)
    return app


@pytest.mark.parametrize("name", ["itself", "release", "elsewhere", "regions", "closed", "archive"])
def test_nothing_is_found_in_a_pipeline(name: str, environments: Path, tmp_path: Path) -> None:
    assert check(name, environments, tmp_path) == []


def test_a_finding_in_a_stage_is_found(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(efs_storage_stack, "acknowledge", lambda _stack, _findings: None)
    found = check("elsewhere", environments, tmp_path)
    assert any("in DeliveryPipelineStack/prod/EfsStorageStack/Driver/Controller" in text for text in found)


# These differ in what is acknowledged: one region and several, a network, a bucket as the source.
@pytest.mark.parametrize("name", ["release", "regions", "closed", "archive"])
def test_every_acknowledgement_is_for_a_finding_that_there_is(
    name: str, environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[AcknowledgedFinding] = []

    def remember(_: Stack, found: Sequence[AcknowledgedFinding]) -> None:
        seen.extend(found)

    monkeypatch.setattr(delivery_pipeline_stack, "acknowledge", remember)
    found = check(name, environments, tmp_path)
    assert sorted(text.partition(": The ")[0] for text in found) == sorted(
        f"{finding.rule} in DeliveryPipelineStack/{finding.where}" for finding in seen
    )


def test_every_acknowledgement_is_for_one_resource_and_gives_a_reason(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[AcknowledgedFinding] = []
    monkeypatch.setattr(delivery_pipeline_stack, "acknowledge", lambda _stack, found: seen.extend(found))
    app_of("regions", environments, tmp_path)
    for finding in seen:
        assert finding.where.endswith("/Resource"), finding
        assert len(finding.reason.split()) > 10, finding
