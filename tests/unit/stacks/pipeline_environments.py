"""Environments with and without a pipeline, written as files."""

from collections.abc import Sequence
from pathlib import Path

from tests.unit.conftest import ENVIRONMENTS

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
REGION = "ap-northeast-2"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{ACCOUNT}:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
DELIVERY_ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/airflow-efs-delivery"
OLD_CONNECTION = CONNECTION.replace("codeconnections", "codestar-connections")

BY_CONNECTION = f"{{connection_arn: '{CONNECTION}', repository: example/airflow-efs-cdk}}"
SOURCE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
SUBNET = "subnet-0a1b2c3d4e5f6071a"
GROUP = "sg-0a1b2c3d4e5f60718"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:mirror-AbCdEf"
CLOSED_NETWORK = (
    f"  vpc: {{id: vpc-0a1b2c3d4e5f60718, subnets: [{SUBNET}], security_groups: [{GROUP}]}}\n"
    "  variables: {NPM_CONFIG_REGISTRY: 'https://mirror.example.com/npm/'}\n"
    f"  secret_variables: {{PIP_INDEX_URL: '{SECRET}:url'}}\n"
)


def write_environment(
    directory: Path,
    name: str,
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    stages: Sequence[str] = (),
    tags: str = "{}",
    source: str = BY_CONNECTION,
    builds: str = "",
    delivery: str = "{}",
) -> None:
    """Write worked example B for an account and a region, with a pipeline where stages are named."""
    text = (ENVIRONMENTS / "dynamic-provisioning.yaml").read_text(encoding="utf-8")
    text = text.replace(ACCOUNT, account).replace(REGION, region) + f"\ntags: {tags}\ndelivery: {delivery}\n"
    if stages:
        text += (
            "pipeline:\n"
            f"  source: {source}\n"
            f"  environments: [{', '.join(stages)}]\n"
            f"  notify: [platform@example.com]\n{builds}"
        )
    (directory / f"{name}.yaml").write_text(text, encoding="utf-8")


def write_all(directory: Path) -> None:
    """Three environments, and pipelines that differ in what they deploy, from where, and in their network."""
    write_environment(directory, "staging")
    write_environment(
        directory,
        "prod",
        account=OTHER_ACCOUNT,
        tags="{owner: data}",
        delivery=f"{{approval: always, role_arn: '{DELIVERY_ROLE}'}}",
    )
    write_environment(directory, "tokyo", region="ap-northeast-1")
    write_environment(directory, "virginia", account=OTHER_ACCOUNT, region="us-east-1")
    write_environment(directory, "itself", stages=["itself"])
    write_environment(
        directory, "release", stages=["staging", "prod", "release"], tags="{cost-centre: platform}"
    )
    write_environment(directory, "elsewhere", stages=["prod"])
    write_environment(directory, "regions", stages=["staging", "tokyo", "virginia"])
    write_environment(
        directory, "old", stages=["staging"], source=BY_CONNECTION.replace(CONNECTION, OLD_CONNECTION)
    )
    write_environment(
        directory,
        "closed",
        stages=["staging", "prod"],
        source="{codecommit: airflow-efs, branch: release}",
        builds=CLOSED_NETWORK,
    )
    write_environment(
        directory,
        "archive",
        stages=["staging"],
        source=f"{{bucket: example-releases, key: a/b.zip, encryption_key: '{SOURCE_KEY}'}}",
    )
