"""The variables that the driver's pod gets, as the webhook of EKS chooses them."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.account.eks.pod_identity import Association, webhook_configuration
from rehearsal.driver_pod import DriverPod

ACCOUNT = "efs-csi-controller-sa"
ROLE = "arn:aws:iam::123456789012:role/driver"
NOBODY = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}


class Api:
    """A stand-in of the API server with one service account, perhaps annotated."""

    def __init__(self) -> None:
        self.annotations: dict[str, str] = {}
        self.audiences: list[str] = []

    def get(self, path: str) -> Any:
        assert path == f"/api/v1/namespaces/kube-system/serviceaccounts/{ACCOUNT}"
        return {"metadata": {"annotations": self.annotations}}

    def create(self, _: str, body: dict[str, Any]) -> Any:
        self.audiences += body["spec"]["audiences"]
        return {"status": {"token": "token"}}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api()
    monkeypatch.setattr("rehearsal.driver_pod.KubernetesApi", lambda _: api)
    return api


@pytest.fixture
def webhook(tmp_path: Path) -> Path:
    return tmp_path / "webhook.json"


@pytest.fixture
def pod(api: Api, tmp_path: Path, webhook: Path) -> DriverPod:  # noqa: ARG001
    plan = SimpleNamespace(
        directory=tmp_path, pod_identity_webhook=webhook, pod_identity_url="http://127.0.0.1:1/v1/credentials"
    )
    return DriverPod(plan, region="eu-west-1")  # type: ignore[arg-type]


def associate(webhook: Path, service_account: str) -> None:
    one = SimpleNamespace(namespace="kube-system", service_account=service_account)
    associations: list[Association] = [one]  # type: ignore[list-item]
    webhook.write_text(webhook_configuration(associations))


def test_without_association_and_annotation_the_driver_is_nobody(pod: DriverPod) -> None:
    assert pod._identity(ACCOUNT) == NOBODY


def test_an_annotation_gives_a_token_for_sts(pod: DriverPod, api: Api, tmp_path: Path) -> None:
    api.annotations = {"eks.amazonaws.com/role-arn": ROLE}
    assert pod._identity(ACCOUNT) == {
        **NOBODY,
        "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "driver-token"),
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
    }
    assert api.audiences == ["sts.amazonaws.com"]


def test_an_association_wins_over_an_annotation(
    pod: DriverPod, api: Api, webhook: Path, tmp_path: Path
) -> None:
    api.annotations = {"eks.amazonaws.com/role-arn": ROLE}
    associate(webhook, ACCOUNT)
    assert pod._identity(ACCOUNT) == {
        **NOBODY,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "driver-token"),
    }
    assert api.audiences == ["pods.eks.amazonaws.com"]
    assert (tmp_path / "driver-token").read_text() == "token"


def test_an_association_of_another_account_does_not_count(pod: DriverPod, webhook: Path) -> None:
    associate(webhook, "efs-csi-node-sa")
    assert pod._identity(ACCOUNT) == NOBODY
