import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_cdk import App, Stack, Validations
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from settings import Environment, load_environment
from stacks import efs_storage_stack
from stacks.acknowledged_findings import AcknowledgedFinding, acknowledge, efs_storage_findings
from stacks.efs_storage_stack import EfsStorageStack
from stacks.validation_report import findings
from tests.unit.conftest import ENVIRONMENTS, fast_app
from tests.unit.stacks.file_system_environments import every_setting, existing, one_zone
from tests.unit.templates import of_type

NAMES = ["airflow-seoul", "dynamic-provisioning"]


def check(environment: Environment, outdir: Path) -> list[str]:
    app = fast_app(outdir)
    app.node.set_context("@aws-cdk/core:failSynthOnValidationErrors", False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    EfsStorageStack(app, "EfsStorageStack", environment=environment)
    return findings(Path(app.synth().directory))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_in_a_worked_example(name: str, tmp_path: Path) -> None:
    assert check(load_environment(name, ENVIRONMENTS), tmp_path) == []


def test_nothing_is_found_when_the_cluster_trusts_a_role(tmp_path: Path) -> None:
    environment = load_environment("airflow-seoul", ENVIRONMENTS)
    access = environment.cluster.access.model_copy(
        update={"entry": False, "role_arn": "arn:aws:iam::123456789012:role/deployer"}
    )
    cluster = environment.cluster.model_copy(update={"access": access})
    assert check(environment.model_copy(update={"cluster": cluster}), tmp_path) == []


@pytest.mark.parametrize("environment", [every_setting(), one_zone(), existing()])
def test_nothing_is_found_whatever_the_file_system_is(environment: Environment, tmp_path: Path) -> None:
    assert check(environment, tmp_path) == []


def test_nothing_is_found_when_the_role_that_is_trusted_acts_in_the_vpc(tmp_path: Path) -> None:
    environment = every_setting()
    access = environment.cluster.access.model_copy(
        update={"entry": False, "role_arn": "arn:aws:iam::123456789012:role/deployer"}
    )
    cluster = environment.cluster.model_copy(update={"access": access})
    assert check(environment.model_copy(update={"cluster": cluster}), tmp_path) == []


@pytest.mark.parametrize("install", ["helm", "addon", "existing"])
@pytest.mark.parametrize("identity", ["irsa", "pod-identity"])
def test_nothing_is_found_however_the_driver_comes(install: str, identity: str, tmp_path: Path) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    driver = environment.driver.model_copy(update={"install": install, "identity": identity})
    assert check(environment.model_copy(update={"driver": driver}), tmp_path) == []


def test_nothing_is_found_when_the_driver_has_roles_of_its_own(tmp_path: Path) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    driver = environment.driver.model_copy(update={"install": "existing", "make_roles": False})
    assert check(environment.model_copy(update={"driver": driver}), tmp_path) == []


def test_nothing_is_found_when_the_chart_comes_from_an_archive(tmp_path: Path) -> None:
    (tmp_path / "aws-efs-csi-driver").mkdir()
    (tmp_path / "aws-efs-csi-driver" / "Chart.yaml").write_text("name: aws-efs-csi-driver")
    with tarfile.open(tmp_path / "driver.tgz", "w:gz") as packed:
        packed.add(tmp_path / "aws-efs-csi-driver", arcname="aws-efs-csi-driver")
    content = yaml.safe_load((ENVIRONMENTS / "dynamic-provisioning.yaml").read_text())
    content["driver"] = {"chart_archive": "driver.tgz"}
    (tmp_path / "archive.yaml").write_text(yaml.safe_dump(content))
    assert check(load_environment("archive", tmp_path), tmp_path / "out") == []


@pytest.mark.parametrize("environment", [load_environment("airflow-seoul", ENVIRONMENTS), every_setting()])
def test_every_acknowledgement_is_for_a_finding_that_there_is(
    environment: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[AcknowledgedFinding] = []

    def remember(_: Stack, found: Sequence[AcknowledgedFinding]) -> None:
        seen.extend(found)

    monkeypatch.setattr(efs_storage_stack, "acknowledge", remember)
    found = check(environment, tmp_path)
    assert sorted(text.partition(": ")[0] for text in found) == sorted(
        f"{finding.rule} in EfsStorageStack/{finding.where}" for finding in seen
    )


@pytest.mark.parametrize("environment", [load_environment("airflow-seoul", ENVIRONMENTS), every_setting()])
def test_every_acknowledgement_is_for_one_resource_and_gives_a_reason(
    app: App, environment: Environment
) -> None:
    stack = EfsStorageStack(app, "EfsStorageStack", environment=environment)
    for finding in efs_storage_findings(stack):
        assert finding.where.endswith("/Resource"), finding
        assert len(finding.reason.split()) > 10, finding


def test_an_asterisk_for_reading_covers_nothing_that_writes(app: App) -> None:
    stack = EfsStorageStack(app, "EfsStorageStack", environment=every_setting())
    everywhere = {
        finding.where for finding in efs_storage_findings(stack) if finding.rule.endswith("[Resource::*]")
    }
    assert everywhere == {
        "Driver/Controller/ReadingPolicy/Resource",
        "Driver/Node/ReadingPolicy/Resource",
    }
    for key, policy in of_type(Template.from_stack(stack), "AWS::IAM::ManagedPolicy").items():
        if "ReadingPolicy" in key:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    assert action.partition(":")[2].startswith("Describe"), action


def test_an_acknowledgement_of_nothing_is_an_error(stack: Stack) -> None:
    record: dict[str, Any] = {"rule": "AwsSolutions-EC23", "where": "Gone/Resource", "reason": "It was open."}
    with pytest.raises(LookupError, match=r"^Stack/Gone is not there: Stack has no child Gone$"):
        acknowledge(stack, [AcknowledgedFinding(**record)])
