"""Both stacks of an environment with Airflow, together: what they are made of, and what comes before what."""

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from stacks.environment_stage import add_environment_stacks
from tests.unit.airflow_environments import MATRIX, environment
from tests.unit.conftest import fast_app
from tests.unit.templates import Resources, manifests, of_type, references, resources, waits_for

CHART = "Custom::AWSCDK-EKS-HelmChart"
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"

EVERYTHING = {
    **MATRIX["generated-keys"],
    **MATRIX["roles"],
    **MATRIX["sets"],
    "dags": {"claim": "dags"},
}
VOLUMES = [{"name": "dags", "namespace": "airflow", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}]
CLAIMS = [{"name": "shared", "namespace": "airflow", "storage_class": "efs-airflow", "size": "1Gi"}]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stack]:
    """Both stacks of an environment that says all it can of Airflow, by their ids."""
    app = fast_app(tmp_path_factory.mktemp("both") / "cdk.out")
    add_environment_stacks(app, environment(EVERYTHING, volumes=VOLUMES, claims=CLAIMS))
    return {child.node.id: child for child in app.node.children if isinstance(child, Stack)}


@pytest.fixture(scope="module")
def templates(stacks: dict[str, Stack]) -> dict[str, Template]:
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


@pytest.fixture(scope="module")
def storage(templates: dict[str, Template]) -> Resources:
    return resources(templates["EfsStorageStack"])


@pytest.fixture(scope="module")
def airflow(templates: dict[str, Template]) -> Resources:
    return resources(templates["AirflowStack"])


def chart(found: Resources, name: str) -> str:
    """The logical id of the one release of a chart."""
    (key,) = (
        key for key, one in found.items() if one["Type"] == CHART and one["Properties"].get("Chart") == name
    )
    return key


def of_kind(found: Resources, kind: str) -> set[str]:
    """The logical ids of the manifests with an object of a kind."""
    return {
        key
        for key, one in found.items()
        if one["Type"] == MANIFEST and any(thing["kind"] == kind for thing in manifests(one))
    }


def test_an_environment_with_airflow_has_two_stacks(stacks: dict[str, Stack]) -> None:
    assert set(stacks) == {"EfsStorageStack", "AirflowStack"}


def test_they_have_two_functions_in_all_and_no_nested_stack(templates: dict[str, Template]) -> None:
    functions = [key for one in templates.values() for key in of_type(one, "AWS::Lambda::Function")]
    nested = [key for one in templates.values() for key in of_type(one, "AWS::CloudFormation::Stack")]
    assert len(functions) <= 2
    assert nested == []


def test_airflow_is_deployed_after_the_storage_and_the_storage_waits_for_nothing(
    stacks: dict[str, Stack],
) -> None:
    storage, airflow = stacks["EfsStorageStack"], stacks["AirflowStack"]
    assert airflow.dependencies == [storage]
    assert storage.dependencies == []


def test_the_storage_exports_what_airflow_imports_so_that_it_cannot_go_first(
    templates: dict[str, Template],
) -> None:
    outputs = templates["EfsStorageStack"].to_json()["Outputs"].values()
    exported = {one["Export"]["Name"] for one in outputs if "Export" in one}
    imported = set(imports(templates["AirflowStack"].to_json()))
    assert imported
    assert imported <= exported


def test_the_chart_waits_for_keda_namespace_keys_and_roles(airflow: Resources) -> None:
    before = waits_for(airflow, chart(airflow, "airflow"))
    keys = of_kind(airflow, "ExternalSecret")
    assert len(keys) == 3
    assert keys <= before
    assert of_kind(airflow, "Namespace") <= before
    assert chart(airflow, "keda") in before
    for kind, count in (("AWS::IAM::Role", 3), ("AWS::IAM::Policy", 3), ("AWS::SecretsManager::Secret", 3)):
        made = {key for key, one in airflow.items() if one["Type"] == kind}
        assert len(made) == count, kind
        assert made <= before, kind


def test_a_copy_of_a_key_waits_for_the_key_and_the_namespace(airflow: Resources) -> None:
    for copy in of_kind(airflow, "ExternalSecret"):
        before = waits_for(airflow, copy)
        assert of_kind(airflow, "Namespace") <= before
        secrets = [key for key in before if airflow[key]["Type"] == "AWS::SecretsManager::Secret"]
        assert len(secrets) == 1


def test_keda_waits_for_nothing_of_airflows(airflow: Resources) -> None:
    assert waits_for(airflow, chart(airflow, "keda")) == set()


def test_no_alarm_holds_up_the_chart(airflow: Resources) -> None:
    before = {airflow[key]["Type"] for key in waits_for(airflow, chart(airflow, "airflow"))}
    assert not before & {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"}


def test_claims_of_airflow_wait_for_every_mount_target(storage: Resources) -> None:
    claims = of_kind(storage, "PersistentVolumeClaim")
    assert len(claims) == 2  # one of a class, one of a volume
    targets = {key for key, one in storage.items() if one["Type"] == "AWS::EFS::MountTarget"}
    assert len(targets) == 3
    assert [claim for claim in claims if not targets <= waits_for(storage, claim)] == []


def test_a_claim_of_a_class_waits_for_the_driver(storage: Resources) -> None:
    (claim,) = (
        key
        for key in of_kind(storage, "PersistentVolumeClaim")
        if manifests(storage[key])[0]["metadata"]["name"] == "shared"
    )
    assert chart(storage, "aws-efs-csi-driver") in waits_for(storage, claim)


def test_nothing_waits_in_a_circle(storage: Resources, airflow: Resources) -> None:
    for found in (storage, airflow):
        assert [key for key in found if key in waits_for(found, key)] == []


def test_what_is_referred_to_is_there(storage: Resources, airflow: Resources) -> None:
    for found in (storage, airflow):
        for key, one in found.items():
            unknown = {name for name in references(one) if name not in found and not name.startswith("AWS::")}
            assert all(name.endswith("Parameter") or "BootstrapVersion" in name for name in unknown), key


def imports(value: object) -> list[str]:
    """The names of exports that a part of a template imports."""
    if isinstance(value, dict):
        named = [value["Fn::ImportValue"]] if "Fn::ImportValue" in value else []
        return named + [name for inner in value.values() for name in imports(inner)]
    if isinstance(value, list):
        return [name for inner in value for name in imports(inner)]
    return []
