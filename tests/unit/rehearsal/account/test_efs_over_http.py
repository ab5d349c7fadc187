"""The calls that are added to EFS and AWS Backup reach the account's server by their own addresses."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from tests.unit.rehearsal.account.served import served
from tests.unit.rehearsal.account.stacks import REGION, Stacks
from tests.unit.rehearsal.account.test_efs_policies import POLICY
from tests.unit.rehearsal.account.test_keys_and_backups import backups


@pytest.fixture
def endpoint(account: None) -> Iterator[str]:  # noqa: ARG001  # moto is on
    with served(DomainDispatcherApplication(create_backend_app)) as address:
        yield address


def client(endpoint: str, service: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="rehearsal",
        aws_secret_access_key="rehearsal",
    )


def test_every_call_of_efs_has_an_address(endpoint: str) -> None:
    efs = client(endpoint, "efs")
    system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    here = {"FileSystemId": system}
    efs.put_file_system_policy(**here, Policy=json.dumps(POLICY))
    assert json.loads(efs.describe_file_system_policy(**here)["Policy"]) == POLICY
    efs.delete_file_system_policy(**here)
    efs.put_backup_policy(**here, BackupPolicy={"Status": "DISABLED"})
    assert efs.describe_backup_policy(**here)["BackupPolicy"]["Status"] == "DISABLED"
    assert efs.update_file_system(**here, ThroughputMode="elastic")["ThroughputMode"] == "elastic"
    protection = efs.update_file_system_protection(**here, ReplicationOverwriteProtection="DISABLED")
    assert protection["ReplicationOverwriteProtection"] == "DISABLED"
    efs.create_replication_configuration(SourceFileSystemId=system, Destinations=[{"Region": "eu-west-1"}])
    assert len(efs.describe_replication_configurations(**here)["Replications"]) == 1
    assert len(efs.describe_replication_configurations()["Replications"]) == 1
    efs.delete_replication_configuration(SourceFileSystemId=system)
    point = efs.create_access_point(ClientToken="a", **here)["AccessPointId"]
    with pytest.raises(efs.exceptions.AccessPointAlreadyExists) as error:
        efs.create_access_point(ClientToken="a", **here)
    assert error.value.response["AccessPointId"] == point
    assert efs.describe_access_points(**here, MaxResults=1)["AccessPoints"][0]["AccessPointId"] == point
    efs.delete_access_point(AccessPointId=point)
    efs.delete_file_system(**here)


def test_the_selections_of_a_plan_have_an_address(endpoint: str, stacks: Stacks) -> None:
    assert stacks.deploy(backups()) == "CREATE_COMPLETE"
    backup = client(endpoint, "backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (found,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    assert found["SelectionName"] == "file-system"
