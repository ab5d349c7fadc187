"""An emulated account inside the test's own process."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws
from moto.core.responses import BaseResponse

from rehearsal.account import call_refusals
from rehearsal.account.eks import access_api, addon_api, pod_identity_api, updates
from rehearsal.account.eks.access_entries import AccessEntries
from rehearsal.account.eks.addons import Addons
from rehearsal.account.eks.pod_identity import Associations

ACCOUNT, REGION = "123456789012", "ap-northeast-2"


def create_cluster(eks: Any, role: str, mode: str | None = "API_AND_CONFIG_MAP") -> dict[str, Any]:
    """Make the cluster `one`; a mode of None leaves it to EKS."""
    config = {"accessConfig": {"authenticationMode": mode}} if mode else {}
    vpc = {"subnetIds": ["subnet-1"]}
    return dict(eks.create_cluster(name="one", roleArn=role, resourcesVpcConfig=vpc, **config)["cluster"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for store in (AccessEntries, Addons, Associations):
        monkeypatch.setattr(store, "_of", {})
    monkeypatch.setattr(BaseResponse, "_dispatch", BaseResponse._dispatch)  # taken away again
    for part in (access_api, addon_api, pod_identity_api, updates, call_refusals):
        part.install()
    with mock_aws():
        yield
