"""Which cluster a client reaches: the one that EKS names."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.config import ConfigException

from operations.cluster_access import cluster_client, matching_context
from rehearsal.account.eks.cluster_tokens import TokenError

ENDPOINT = "https://ABC.gr7.ap-northeast-2.eks.amazonaws.com"
CLUSTER: dict[str, Any] = {
    "name": "k8s-cluster",
    "endpoint": ENDPOINT,
    "certificateAuthority": {"data": base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()},
}


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubeconfig whose current context is another cluster."""
    path = tmp_path / "kubeconfig"
    servers = {"other": "https://other.example.com", "ours": ENDPOINT}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "other",
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "users": [{"name": "me", "user": {"token": "secret"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in servers],
    }
    path.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def test_the_context_of_the_cluster_is_taken_and_not_the_current_one(kubeconfig: Path) -> None:
    assert matching_context(ENDPOINT) == (kubeconfig, "ours")
    client: Any = cluster_client(CLUSTER, region="ap-northeast-2")
    assert client.configuration.host == ENDPOINT


def test_the_current_context_comes_first_where_several_fit(kubeconfig: Path) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    content["contexts"].append({"name": "mine", "context": {"cluster": "ours", "user": "me"}})
    content["current-context"] = "mine"
    kubeconfig.write_text(yaml.safe_dump(content))
    assert matching_context(ENDPOINT.lower() + "/") == (kubeconfig, "mine")


def test_without_such_a_context_a_token_is_signed(monkeypatch: pytest.MonkeyPatch, kubeconfig: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert kubeconfig.exists()
    client: Any = cluster_client({**CLUSTER, "endpoint": "https://new.example.com"}, region="ap-northeast-2")
    assert client.configuration.host == "https://new.example.com"
    assert client.configuration.api_key["authorization"].startswith("Bearer k8s-aws-v1.")


def test_without_credentials_either_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(TokenError, match="no credentials"):
        cluster_client(CLUSTER, region="ap-northeast-2")


def test_a_kubeconfig_that_is_none_is_named(kubeconfig: Path) -> None:
    kubeconfig.write_text("a: [")
    with pytest.raises(ConfigException, match=str(kubeconfig)):
        matching_context(ENDPOINT)


def test_a_cluster_without_a_certificate_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    broken = {**CLUSTER, "certificateAuthority": {"data": base64.b64encode(b"\xac\xff").decode()}}
    with pytest.raises(ConfigException, match="no certificate authority of the cluster k8s-cluster"):
        cluster_client(broken, region="ap-northeast-2")
