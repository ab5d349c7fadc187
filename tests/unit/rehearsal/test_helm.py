"""Helm from the layers' packages, and a chart rendered by it."""

import subprocess
from pathlib import Path

import pytest

from rehearsal.charts import ChartSource
from rehearsal.errors import RehearsalError
from rehearsal.helm import helm_command, render_chart


def chart(folder: Path, template: str) -> ChartSource:
    source = folder / "small"
    (source / "templates").mkdir(parents=True)
    (source / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 1.0.0\n")
    (source / "templates" / "object.yaml").write_text(template)
    return ChartSource(
        name="small", version="1.0.0", repository="", archive=source, archive_version="1.0.0", origin="here"
    )


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return helm_command("1.35", directory=tmp_path_factory.mktemp("helm"))


def test_helm_is_the_one_of_the_layer_that_the_cluster_chooses(helm: Path) -> None:
    run = subprocess.run([helm, "version", "--short"], capture_output=True, text=True, check=True)
    assert run.stdout.startswith("v4.2.")


def test_a_chart_is_rendered_with_values_and_hooks(helm: Path, tmp_path: Path) -> None:
    template = (
        "kind: A\nname: {{ .Release.Name }}\nin: {{ .Release.Namespace }}\nvalue: {{ .Values.size }}\n"
        '---\nkind: B\nmetadata: {annotations: {"helm.sh/hook": pre-install}}\n'
    )
    found = render_chart(
        chart(tmp_path, template), {"size": 3}, namespace="kube-system", helm=helm, directory=tmp_path
    )
    assert [one["kind"] for one in found] == ["A", "B"]
    assert found[0] == {"kind": "A", "name": "small", "in": "kube-system", "value": 3}


def test_helms_words_are_shown_when_a_chart_cannot_be_rendered(helm: Path, tmp_path: Path) -> None:
    source = chart(tmp_path, '{{ fail "nothing fits" }}')
    with pytest.raises(
        RehearsalError, match=r"(?s)^helm template of small 1\.0\.0 from here failed:.*nothing fits"
    ):
        render_chart(source, {}, namespace="kube-system", helm=helm, directory=tmp_path)
