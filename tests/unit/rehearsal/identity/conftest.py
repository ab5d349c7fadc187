"""An emulated account inside the test's own process."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from rehearsal.account import eks_access_api
from rehearsal.account.access_entries import AccessEntries

ACCOUNT, REGION = "123456789012", "ap-northeast-2"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "rehearsal")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "rehearsal")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(AccessEntries, "_of", {})
    eks_access_api.install()
    with mock_aws():
        yield
