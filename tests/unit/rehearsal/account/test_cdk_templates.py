"""What CDK's own constructs make of keys, backups, access points and replicas deploys, changes and goes."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import Environment as Target
from aws_cdk import aws_backup as backup
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from tests.unit.conftest import fast_app
from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, Stacks, aws_client


@pytest.fixture
def network(stacks: Stacks) -> dict[str, Any]:  # noqa: ARG001  # moto is on
    """The default VPC and one of its subnets."""
    return dict(aws_client("ec2").describe_subnets()["Subnets"][0])


def resources(outdir: Path, network: dict[str, Any], *, days: int, path: str) -> dict[str, Any]:
    stack = Stack(fast_app(outdir), "Stack", env=Target(account=ACCOUNT, region=REGION))
    zone = network["AvailabilityZone"]
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id=network["VpcId"], availability_zones=[zone])
    subnet = ec2.Subnet.from_subnet_attributes(
        stack, "Subnet", subnet_id=network["SubnetId"], availability_zone=zone
    )
    key = kms.Key(stack, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY)
    system = efs.FileSystem(
        stack,
        "FileSystem",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnets=[subnet]),
        encrypted=True,
        kms_key=key,
        replication_configuration=efs.ReplicationConfiguration.regional_file_system("eu-west-1"),
        removal_policy=RemovalPolicy.DESTROY,
    )
    resource: Any = system.node.default_child
    resource.availability_zone_name = zone  # CDK's own way needs a VPC that is looked up
    system.add_access_point(
        "Dags",
        path=path,
        posix_user=efs.PosixUser(uid="50000", gid="0"),
        create_acl=efs.Acl(owner_uid="50000", owner_gid="0", permissions="755"),
    )
    plan = backup.BackupPlan(
        stack,
        "Plan",
        backup_vault=backup.BackupVault(
            stack, "Vault", backup_vault_name="airflow", removal_policy=RemovalPolicy.DESTROY
        ),
        backup_plan_rules=[backup.BackupPlanRule(rule_name="daily", delete_after=Duration.days(days))],
    )
    plan.add_selection("Selection", resources=[backup.BackupResource.from_efs_file_system(system)])
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def test_they_deploy_change_in_place_and_go(stacks: Stacks, network: dict[str, Any], tmp_path: Path) -> None:
    first = resources(tmp_path / "1", network, days=35, path="/dags")
    assert stacks.deploy(first) == "CREATE_COMPLETE"
    service, plans = aws_client("efs"), aws_client("backup")
    (system,) = service.describe_file_systems()["FileSystems"]
    assert system["AvailabilityZoneName"] == network["AvailabilityZone"]
    (point,) = service.describe_access_points()["AccessPoints"]
    second = resources(tmp_path / "2", network, days=90, path="/plugins")
    assert stacks.deploy(second) == "UPDATE_COMPLETE"
    assert service.describe_file_systems()["FileSystems"][0]["FileSystemId"] == system["FileSystemId"]
    (other,) = service.describe_access_points()["AccessPoints"]
    assert (other["RootDirectory"]["Path"], other["AccessPointId"] == point["AccessPointId"]) == (
        "/plugins",
        False,
    )
    (plan,) = plans.list_backup_plans()["BackupPlansList"]
    (rule,) = plans.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 90
    assert stacks.delete() == "DELETE_COMPLETE"
    assert service.describe_file_systems()["FileSystems"] == []
    assert plans.list_backup_vaults()["BackupVaultList"] == []
