"""The token that the driver is given, and its renewal."""

import stat
from pathlib import Path
from typing import Any

import pytest

from rehearsal.projected_token import POD_IDENTITY_AUDIENCE, ProjectedToken

ACCOUNT = "/api/v1/namespaces/kube-system/serviceaccounts/driver"


class Api:
    """A stand-in of the API server that knows one service account, or none."""

    def __init__(self, account: Any) -> None:
        self._account = account
        self.asked: list[dict[str, Any]] = []

    def get(self, path: str) -> Any:
        assert path == ACCOUNT
        return self._account

    def create(self, path: str, body: dict[str, Any]) -> Any:
        assert path == f"{ACCOUNT}/token"
        self.asked.append(body["spec"])
        return {"status": {"token": f"token {len(self.asked)}"}}


def projected(api: Api, folder: Path) -> ProjectedToken:
    return ProjectedToken(
        api,  # type: ignore[arg-type]
        namespace="kube-system",
        service_account="driver",
        path=folder / "token",
    )


def test_the_token_is_for_sts_and_for_its_user_only(tmp_path: Path) -> None:
    api = Api({"metadata": {}})
    projected(api, tmp_path).tend()
    assert api.asked == [{"audiences": ["sts.amazonaws.com"], "expirationSeconds": 3600}]
    assert (tmp_path / "token").read_text() == "token 1"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_the_token_is_renewed_before_it_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("rehearsal.projected_token.time.monotonic", lambda: now)
    token = projected(Api({"metadata": {}}), tmp_path)
    token.tend()
    now += 2879
    token.tend()
    assert (tmp_path / "token").read_text() == "token 1"
    now += 2
    token.tend()
    assert (tmp_path / "token").read_text() == "token 2"


def test_the_role_is_the_one_of_the_annotation(tmp_path: Path) -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/driver"}
    api = Api({"metadata": {"annotations": annotations}})
    assert projected(api, tmp_path).role_arn() == "arn:aws:iam::123456789012:role/driver"


def test_a_service_account_without_an_annotation_has_no_role(tmp_path: Path) -> None:
    assert projected(Api({"metadata": {}}), tmp_path).role_arn() is None


def test_no_pod_starts_without_its_service_account(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"^there is no {ACCOUNT}$"):
        projected(Api(None), tmp_path).role_arn()


def test_a_token_for_pod_identity_is_for_its_agent(tmp_path: Path) -> None:
    api = Api({"metadata": {}})
    ProjectedToken(
        api,  # type: ignore[arg-type]
        namespace="kube-system",
        service_account="driver",
        path=tmp_path / "token",
        audience=POD_IDENTITY_AUDIENCE,
    ).tend()
    assert api.asked[0]["audiences"] == ["pods.eks.amazonaws.com"]
