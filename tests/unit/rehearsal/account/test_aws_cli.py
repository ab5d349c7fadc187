"""The stand-in of the AWS CLI, run in this process against moto."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
import yaml

from rehearsal.account.eks.cluster_tokens import access_key_of
from rehearsal.account.functions import aws_cli
from tests.unit.rehearsal.account.stacks import REGION

ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def aws(account: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:  # noqa: ARG001
    """Run one command; returns its exit status."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    def run(*arguments: str | Path) -> int:
        monkeypatch.setattr(sys, "argv", ["aws", *map(str, arguments)])
        return aws_cli.main()

    return run


def test_update_kubeconfig_writes_what_describe_cluster_says(aws: Callable[..., int], tmp_path: Path) -> None:
    eks = boto3.client("eks")
    eks.create_cluster(name="k8s", roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["subnet-1"]})
    cluster = eks.describe_cluster(name="k8s")["cluster"]
    kubeconfig = tmp_path / "kubeconfig"
    assert aws("eks", "update-kubeconfig", "--name", "k8s", "--kubeconfig", kubeconfig) == 0
    written = yaml.safe_load(kubeconfig.read_text())
    context = {one["name"]: one["context"] for one in written["contexts"]}[written["current-context"]]
    clusters = {one["name"]: one["cluster"] for one in written["clusters"]}
    users = {one["name"]: one["user"] for one in written["users"]}
    assert clusters[context["cluster"]] == {
        "server": cluster["endpoint"],
        "certificate-authority-data": cluster["certificateAuthority"]["data"],
    }
    token = users[context["user"]]["token"]
    assert access_key_of(token, cluster="k8s", secret_of={"ASIAEXAMPLE": "secret"}.get) == "ASIAEXAMPLE"


def test_only_its_user_can_read_the_kubeconfig(aws: Callable[..., int], tmp_path: Path) -> None:
    boto3.client("eks").create_cluster(
        name="k8s", roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["subnet-1"]}
    )
    kubeconfig = tmp_path / "kubeconfig"
    previous = os.umask(0o022)
    try:
        aws("eks", "update-kubeconfig", "--name", "k8s", "--kubeconfig", kubeconfig)
    finally:
        os.umask(previous)
    assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600


def test_an_unknown_cluster_ends_with_status_254_and_the_words_of_the_service(
    aws: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    assert aws("eks", "update-kubeconfig", "--name", "nobody", "--kubeconfig", kubeconfig) == 254
    assert capsys.readouterr().err == (
        "\nAn error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: "
        "No cluster found for name: nobody.\n"
    )
    assert not kubeconfig.exists()


def test_what_is_no_error_of_the_service_ends_with_status_255(
    aws: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert aws("eks", "update-kubeconfig", "--name", "k8s", "--kubeconfig", tmp_path / "kubeconfig") == 255
    assert capsys.readouterr().err == "\nYou must specify a region.\n"


def test_cp_copies_an_object_of_a_bucket(aws: Callable[..., int], tmp_path: Path) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="assets", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    s3.put_object(Bucket="assets", Key="charts/efs.tgz", Body=b"chart")
    target = tmp_path / "efs.tgz"
    assert aws("s3", "cp", "s3://assets/charts/efs.tgz", target) == 0
    assert target.read_bytes() == b"chart"


def test_cp_of_an_object_that_does_not_exist_ends_with_status_254(
    aws: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("s3").create_bucket(
        Bucket="assets", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
    )
    assert aws("s3", "cp", "s3://assets/nothing", tmp_path / "file") == 254
    assert "(404) when calling the HeadObject operation: Not Found" in capsys.readouterr().err


def test_another_command_is_refused(aws: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        aws("eks", "delete-cluster", "--name", "k8s")
    assert "invalid choice: 'delete-cluster'" in capsys.readouterr().err


@pytest.mark.parametrize("registry", ["ecr", "ecr-public"])
def test_a_registry_gets_another_password_each_time(
    aws: Callable[..., int], capsys: pytest.CaptureFixture[str], registry: str
) -> None:
    assert aws(registry, "get-login-password", "--region", REGION) == 0
    assert aws(registry, "get-login-password", "--region", REGION) == 0
    passwords = capsys.readouterr().out.split()
    assert len(set(passwords)) == 2
