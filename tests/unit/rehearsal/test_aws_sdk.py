"""The SDK of a rehearsal heeds nothing of the user's own account."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal import aws_sdk
from tests.unit.rehearsal.users_shell import SHELL_OF_THE_USER


@pytest.fixture
def users_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Variables and files that are set up for another account, and an SDK that has not begun yet."""
    config = tmp_path / "config"
    config.write_text("[default]\nregion = us-gov-west-1\nretry_mode = adaptive\n")
    for name, value in (SHELL_OF_THE_USER | {"AWS_CONFIG_FILE": str(config)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(aws_sdk, "botocore_session", aws_sdk.botocore_session.__wrapped__)
    monkeypatch.setattr(aws_sdk, "boto3_session", aws_sdk.boto3_session.__wrapped__)


def client(**more: Any) -> Any:
    return aws_sdk.boto3_session().client("s3", aws_access_key_id="one", aws_secret_access_key="two", **more)


@pytest.mark.usefixtures("users_shell")
def test_a_profile_that_is_not_there_is_not_asked_for() -> None:
    made = client(region_name="eu-west-1")
    assert made._request_signer._credentials.token is None


@pytest.mark.usefixtures("users_shell")
def test_the_settings_of_a_profile_that_is_there_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE")
    assert client(region_name="eu-west-1").meta.config.retries["mode"] != "adaptive"
    assert aws_sdk.botocore_session().get_config_variable("region") is None


@pytest.mark.usefixtures("users_shell")
def test_an_endpoint_is_that_of_the_region_or_the_given_one() -> None:
    assert client(region_name="eu-west-1").meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
    given = "http://127.0.0.1:5000"
    assert client(region_name="eu-west-1", endpoint_url=given).meta.endpoint_url == given


@pytest.mark.usefixtures("users_shell")
def test_what_the_sdk_knows_of_a_service_can_be_read() -> None:
    assert aws_sdk.botocore_session().get_service_model("efs").service_name == "efs"
