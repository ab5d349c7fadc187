import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_cdk import App, Stack, Validations
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from settings import Environment
from settings.airflow.values import airflow_values
from stacks import airflow_stack
from stacks.acknowledged_findings import AcknowledgedFinding
from stacks.airflow_stack import AirflowStack
from stacks.environment_stage import EnvironmentStage, add_environment_stacks
from stacks.validation_report import findings
from tests.unit.airflow_environments import MATRIX, environment, of_matrix
from tests.unit.conftest import fast_app
from tests.unit.templates import of_type, resources, waits_for

CHART = "Custom::AWSCDK-EKS-HelmChart"
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AirflowStack]:
    """The stack of every environment of the matrix."""
    return {name: build(of_matrix(name), tmp_path_factory.mktemp(name)) for name in MATRIX}


def build(settings: Environment, folder: Path) -> AirflowStack:
    app = fast_app(folder / "cdk.out")
    add_environment_stacks(app, settings)
    return found_in(app)


def found_in(scope: App | EnvironmentStage) -> AirflowStack:
    found = scope.node.find_child("AirflowStack")
    assert isinstance(found, AirflowStack)
    return found


def template_of(stack: Stack) -> Template:
    return Template.from_stack(stack)


def chart(template: Template, name: str) -> dict[str, Any]:
    (found,) = (
        one["Properties"] for one in of_type(template, CHART).values() if one["Properties"]["Chart"] == name
    )
    return dict(found)


def check(settings: Environment, folder: Path) -> list[str]:
    app = fast_app(folder)
    app.node.set_context("@aws-cdk/core:failSynthOnValidationErrors", False)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    add_environment_stacks(app, settings)
    return findings(Path(app.synth().directory))


def test_the_physical_name_carries_the_environment(stacks: dict[str, AirflowStack]) -> None:
    assert stacks["least"].stack_name == "AirflowStack-prod"


@pytest.mark.parametrize("name", MATRIX)
def test_it_has_no_function_and_no_stack_of_its_own(stacks: dict[str, AirflowStack], name: str) -> None:
    template = template_of(stacks[name])
    template.resource_count_is("AWS::Lambda::Function", 0)
    template.resource_count_is("AWS::CloudFormation::Stack", 0)


def test_everything_is_applied_by_the_handler_of_the_storage(stacks: dict[str, AirflowStack]) -> None:
    template = template_of(stacks["generated-keys"])
    applied = [*of_type(template, CHART).values(), *of_type(template, MANIFEST).values()]
    assert len(applied) == 6  # two charts, the namespace and three keys
    (token,) = {json.dumps(one["Properties"]["ServiceToken"]) for one in applied}
    assert "EfsStorageStack-prod:" in json.loads(token)["Fn::ImportValue"]


def test_it_is_deployed_after_the_storage(stacks: dict[str, AirflowStack]) -> None:
    assert [stack.node.id for stack in stacks["values-only"].dependencies] == ["EfsStorageStack"]


def test_the_chart_gets_the_values_of_the_settings(stacks: dict[str, AirflowStack]) -> None:
    given = json.loads(chart(template_of(stacks["sets"]), "airflow")["Values"])
    assert given == airflow_values(of_matrix("sets"))


@pytest.mark.parametrize("name", MATRIX)
def test_the_values_are_a_file_of_the_assembly(stacks: dict[str, AirflowStack], name: str) -> None:
    stage = stacks[name].node.scope
    assert isinstance(stage, App)
    file = Path(stage.outdir) / "AirflowStack-prod.values.yaml"
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == airflow_values(of_matrix(name))


def test_airflow_comes_after_everything_that_it_needs(stacks: dict[str, AirflowStack]) -> None:
    for name, needed in (
        ("generated-keys", [MANIFEST, "AWS::SecretsManager::Secret"]),
        ("roles", ["AWS::IAM::Role", "AWS::IAM::Policy"]),
        ("pod-identity", ["AWS::EKS::PodIdentityAssociation"]),
    ):
        template = template_of(stacks[name])
        everything = resources(template)
        (airflow,) = (
            key for key, one in of_type(template, CHART).items() if one["Properties"]["Chart"] == "airflow"
        )
        before = waits_for(everything, airflow)
        for kind in needed:
            assert set(of_type(template, kind)) <= before, kind


def test_for_values_only_no_chart_is_installed(stacks: dict[str, AirflowStack]) -> None:
    template = template_of(stacks["values-only"])
    template.resource_count_is(CHART, 0)
    template.resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_the_tasks_have_the_policies_and_the_logs_of_their_role(stacks: dict[str, AirflowStack]) -> None:
    template = template_of(stacks["roles"])
    roles = {
        one["Properties"]["RoleName"]: one["Properties"]
        for one in of_type(template, "AWS::IAM::Role").values()
    }
    assert set(roles) == {"airflow-prod-worker", "airflow-prod-triggerer", "airflow-prod-api-server"}
    assert len(roles["airflow-prod-worker"]["ManagedPolicyArns"]) == 2
    assert "ManagedPolicyArns" not in roles["airflow-prod-api-server"]


def test_the_api_server_only_reads_logs(stacks: dict[str, AirflowStack]) -> None:
    template = template_of(stacks["roles"])
    for policy in of_type(template, "AWS::IAM::Policy").values():
        (logs,) = (one for one in policy["Properties"]["PolicyDocument"]["Statement"] if one["Sid"] == "Logs")
        reads_only = "apiserver" in policy["Properties"]["PolicyName"].lower()
        assert (logs["Action"] == "s3:GetObject") is reads_only
        assert logs["Resource"] == "arn:aws:s3:::example-logs/airflow/*"


def test_without_a_need_for_aws_there_is_no_role(stacks: dict[str, AirflowStack]) -> None:
    template_of(stacks["least"]).resource_count_is("AWS::IAM::Role", 0)


def test_each_key_has_the_length_that_airflow_wants(stacks: dict[str, AirflowStack]) -> None:
    secrets = of_type(template_of(stacks["generated-keys"]), "AWS::SecretsManager::Secret").values()
    lengths = {
        one["Properties"]["Name"]: one["Properties"]["GenerateSecretString"]["PasswordLength"]
        for one in secrets
    }
    assert lengths == {
        "airflow-efs/prod/fernet-key": 43,
        "airflow-efs/prod/api-secret-key": 64,
        "airflow-efs/prod/jwt-secret": 64,
    }


def test_bursting_throughput_has_an_alarm_of_its_credits(tmp_path: Path) -> None:
    file_system = {"name": "airflow", "throughput": "bursting"}
    template = template_of(build(environment({}, file_system=file_system), tmp_path))
    template.resource_count_is("AWS::CloudWatch::Alarm", 3)


def test_it_says_where_airflow_is(stacks: dict[str, AirflowStack]) -> None:
    outputs = template_of(stacks["existing-claim"]).to_json()["Outputs"]
    assert {name: output["Value"] for name, output in outputs.items()} == {
        "AirflowNamespace": "airflow",
        "AirflowRelease": "airflow",
        "AirflowChartVersion": "1.22.0",
        "LogsClaim": "shared-logs",
    }


def test_everything_that_takes_tags_is_tagged(stacks: dict[str, AirflowStack]) -> None:
    template = template_of(stacks["generated-keys"])
    for secret in of_type(template, "AWS::SecretsManager::Secret").values():
        tags = {tag["Key"]: tag["Value"] for tag in secret["Properties"]["Tags"]}
        assert tags == {"airflow-efs:environment": "prod", "airflow-efs:cluster": "k8s-cluster"}


def test_a_stage_of_a_pipeline_deploys_it_after_the_storage(app: App) -> None:
    pipeline = Stack(app, "DeliveryPipelineStack")
    staged = found_in(EnvironmentStage(pipeline, environment=of_matrix("least")))
    assert staged.stack_name == "AirflowStack-prod"
    assert [stack.node.id for stack in staged.dependencies] == ["EfsStorageStack"]


def test_an_environment_without_airflow_has_no_such_stack(app: App) -> None:
    add_environment_stacks(app, of_matrix("least").model_copy(update={"airflow": None}))
    assert app.node.try_find_child("AirflowStack") is None


def test_the_template_is_the_same_twice(tmp_path: Path) -> None:
    first, second = (
        template_of(build(of_matrix("roles"), tmp_path / number)).to_json() for number in ("1", "2")
    )
    assert first == second


@pytest.mark.parametrize(
    "name", ["least", "sets", "generated-keys", "roles", "pod-identity", "values-only", "ingress"]
)
def test_nothing_is_found_that_is_not_acknowledged(name: str, tmp_path: Path) -> None:
    assert check(of_matrix(name), tmp_path) == []


@pytest.mark.parametrize("name", ["least", "generated-keys", "roles"])
def test_every_acknowledgement_is_for_a_finding_that_there_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[AcknowledgedFinding] = []

    def remember(_: Stack, found: Sequence[AcknowledgedFinding]) -> None:
        seen.extend(found)

    monkeypatch.setattr(airflow_stack, "acknowledge", remember)
    found = check(of_matrix(name), tmp_path)
    assert sorted(text.partition(": ")[0] for text in found) == sorted(
        f"{finding.rule} in AirflowStack/{finding.where}" for finding in seen
    )
    for finding in seen:
        assert finding.where.endswith("/Resource")
        assert len(finding.reason.split()) > 10


def test_the_worker_role_is_the_one_that_the_values_name(stacks: dict[str, AirflowStack]) -> None:
    values = airflow_values(of_matrix("roles"))
    arn = values["workers"]["celery"]["serviceAccount"]["annotations"]["eks.amazonaws.com/role-arn"]
    roles = of_type(template_of(stacks["roles"]), "AWS::IAM::Role").values()
    assert arn.rpartition("/")[2] in {one["Properties"]["RoleName"] for one in roles}


def test_the_trust_is_for_the_account_that_the_values_name(stacks: dict[str, AirflowStack]) -> None:
    values = airflow_values(of_matrix("pod-identity"))
    associations = of_type(template_of(stacks["pod-identity"]), "AWS::EKS::PodIdentityAssociation").values()
    named = {one["Properties"]["ServiceAccount"] for one in associations}
    assert named == {
        values["workers"]["celery"]["serviceAccount"]["name"],
        values["triggerer"]["serviceAccount"]["name"],
        values["apiServer"]["serviceAccount"]["name"],
    }
