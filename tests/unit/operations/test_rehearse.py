"""Which claims a rehearsal follows to their mount targets, and which stacks it compares."""

import pytest

from operations.rehearse import claims_of, classes_without_a_claim, diff_command, unset_line
from settings import load_environment
from tests.unit.airflow_environments import environment, of_matrix
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.stacks.pipeline_environments import CONNECTION


def test_the_claims_of_the_environment_are_followed() -> None:
    settings = load_environment("dynamic-provisioning", ENVIRONMENTS)
    assert claims_of(settings) == [("efs-claim-1", "default")]
    assert classes_without_a_claim(settings) == []


def test_a_class_without_a_claim_gets_one() -> None:
    settings = load_environment("airflow-seoul", ENVIRONMENTS)
    assert claims_of(settings) == []
    assert classes_without_a_claim(settings) == ["efs-sc"]


def test_the_logs_of_airflow_are_followed() -> None:
    assert claims_of(of_matrix("least")) == [("airflow-logs", "airflow")]
    assert classes_without_a_claim(of_matrix("least")) == []


def test_without_the_chart_there_is_no_claim_of_the_logs() -> None:
    assert claims_of(of_matrix("values-only")) == []
    assert classes_without_a_claim(of_matrix("values-only")) == ["efs-airflow"]


def test_a_class_that_waits_for_a_pod_is_not_followed() -> None:
    settings = of_matrix("least")
    waiting = tuple(
        one.model_copy(update={"volume_binding_mode": "WaitForFirstConsumer"})
        for one in settings.storage_classes
    )
    assert claims_of(settings.model_copy(update={"storage_classes": waiting})) == []


def test_the_storage_alone_is_compared_where_there_is_nothing_else() -> None:
    settings = load_environment("airflow-seoul", ENVIRONMENTS)
    assert diff_command(settings, ["-c", "environment=x"]) == "npx cdk diff EfsStorageStack -c environment=x"


@pytest.mark.parametrize("name", ["least", "values-only"])
def test_with_airflow_all_stacks_are_compared(name: str) -> None:
    assert diff_command(of_matrix(name), []) == "npx cdk diff --all"


def test_a_pipeline_is_not_compared() -> None:
    source = {"connection_arn": CONNECTION, "repository": "example/airflow-efs-cdk"}
    settings = environment({}, pipeline={"source": source, "environments": ["prod"]})
    assert diff_command(settings, []) == "npx cdk diff EfsStorageStack AirflowStack"


def test_what_would_lead_elsewhere_is_unset_besides_what_is_exported() -> None:
    shell = ["PATH", "KUBECONFIG", "HELM_KUBEAPISERVER", "AWS_ENDPOINT_URL_EFS", "AWS_REGION"]
    assert unset_line(shell, {"AWS_REGION", "KUBECONFIG"}) == (
        "unset AWS_DEFAULT_PROFILE AWS_ENDPOINT_URL_EFS AWS_PROFILE AWS_SESSION_TOKEN HELM_KUBEAPISERVER"
    )
