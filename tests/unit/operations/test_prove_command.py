"""Why prove cannot begin, in one line with the cure: before anything is asked of a cluster."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from operations.cli import main


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An account without anything in it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield monkeypatch


def said(capsys: pytest.CaptureFixture[str], account: pytest.MonkeyPatch) -> str:
    account.setattr("sys.argv", ["airflow-efs", "prove", "dynamic-provisioning"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err


def test_a_cluster_that_is_not_there_is_told_as_the_doctor_does(
    account: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(capsys, account) == (
        "error: there is no cluster k8s-cluster in ap-northeast-2 (field cluster.name): "
        "aws eks list-clusters --region ap-northeast-2 names those there are\n"
    )


def test_credentials_of_another_account_are_told_as_the_doctor_does(
    account: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account.setattr("moto.sts.models.STSBackend.get_caller_identity", lambda *_: OTHER)
    assert "the credentials are of account 210987654321" in said(capsys, account)


OTHER = ("AIDAEXAMPLE", "arn:aws:iam::210987654321:user/somebody", "210987654321")
