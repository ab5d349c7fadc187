"""An environment that is right, and what is said of it once a part of it is replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Environment, SettingsError, load_environment

RIGHT = """\
account: "123456789012"
region: ap-northeast-2
cluster:
  name: k8s-cluster
  version: "1.35"
  oidc_issuer: https://oidc.eks.ap-northeast-2.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9
  vpc:
    id: vpc-0a1b2c3d4e5f60718
    cidrs: [10.20.0.0/16]
  subnets:
    - {id: subnet-0a1b2c3d4e5f6071a, availability_zone: ap-northeast-2a}
    - {id: subnet-0a1b2c3d4e5f6071b, availability_zone: ap-northeast-2b}
  node_security_groups: [sg-0a1b2c3d4e5f60718]
file_system:
  name: shared
storage_classes:
  - name: efs-sc
    base_path: /airflow
claims:
  - name: logs
    storage_class: efs-sc
    size: 5Gi
"""

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]


@pytest.fixture
def environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory `environments`, named as from the working directory."""
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "environments"
    directory.mkdir()
    return directory


@pytest.fixture
def load(environments: Path) -> Load:
    """Load the right environment, each old text replaced by the new one after it."""

    def load(*replacements: str) -> Environment:
        text = RIGHT
        for old, new in zip(replacements[::2], replacements[1::2], strict=True):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (environments / "prod.yaml").write_text(text, encoding="utf-8")
        return load_environment("prod", environments)

    return load


@pytest.fixture
def complaints(load: Load) -> Complaints:
    """What is said of the environment with the replacements made, one line for each fault."""

    def complaints(*replacements: str) -> list[str]:
        with pytest.raises(SettingsError) as raised:
            load(*replacements)
        return str(raised.value).splitlines()

    return complaints
