"""Worked example B, deployed for real: what a user relies on after `cdk deploy EfsStorageStack`."""

import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound
from rehearsal.rehearsal import Rehearsal


@pytest.fixture(scope="module")
def chain(dynamic_provisioning: Rehearsal) -> Chain:
    api = dynamic_provisioning.kubernetes()
    await_bound(api, name="efs-claim-1")
    return trace(api, dynamic_provisioning.client("efs"), name="efs-claim-1", namespace="default")


@pytest.fixture(scope="module")
def storage_class(dynamic_provisioning: Rehearsal) -> kubernetes.V1StorageClass:
    return kubernetes.StorageV1Api(dynamic_provisioning.kubernetes()).read_storage_class("efs-sc-1")


def test_the_claim_is_bound_read_write_many(chain: Chain) -> None:
    assert chain.claim["status"]["phase"] == "Bound"
    assert chain.claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert chain.claim["spec"]["resources"]["requests"] == {"storage": "5Gi"}


def test_the_provisioner_logs_that_it_created_the_volume(
    dynamic_provisioning: Rehearsal, chain: Chain
) -> None:
    log = dynamic_provisioning.plan.log("csi-provisioner").read_text()
    line = re.search(r"successfully created PV (pvc-\S+) for PVC (\S+) and csi volume name (\S+)", log)
    assert line is not None
    assert line.groups() == (
        chain.volume["metadata"]["name"],
        "efs-claim-1",
        f"{chain.handle.file_system_id}::{chain.handle.access_point_id}",
    )


def test_the_access_point_has_the_owner_and_permissions_of_the_class(chain: Chain) -> None:
    assert chain.access_point is not None
    assert (chain.access_point["PosixUser"]["Uid"], chain.access_point["PosixUser"]["Gid"]) == (1000, 1000)
    assert chain.access_point["RootDirectory"]["CreationInfo"] == {
        "OwnerUid": 1000,
        "OwnerGid": 1000,
        "Permissions": "700",
    }


def test_the_access_point_lies_under_the_base_path(chain: Chain) -> None:
    assert chain.access_point is not None
    assert chain.access_point["RootDirectory"]["Path"].startswith("/dynamic_provisioning/")


def test_the_access_point_carries_the_tags_of_its_environment(
    dynamic_provisioning: Rehearsal, chain: Chain
) -> None:
    assert chain.access_point is not None
    assert {tag["Key"]: tag["Value"] for tag in chain.access_point["Tags"]} == {
        "efs.csi.aws.com/cluster": "true",
        "airflow-efs/environment": dynamic_provisioning.settings.name,
        "airflow-efs/cluster": dynamic_provisioning.settings.cluster.name,
    }


def test_every_zone_has_a_mount_target(dynamic_provisioning: Rehearsal, chain: Chain) -> None:
    zones = {subnet.availability_zone for subnet in dynamic_provisioning.settings.cluster.subnets}
    assert {target["AvailabilityZoneName"] for target in chain.mount_targets} == zones
    assert len(zones) == 4


def test_the_file_system_is_encrypted_and_elastic(chain: Chain) -> None:
    assert chain.file_system["Encrypted"] is True
    assert chain.file_system["ThroughputMode"] == "elastic"


def test_the_file_system_is_backed_up(dynamic_provisioning: Rehearsal, chain: Chain) -> None:
    efs = dynamic_provisioning.client("efs")
    answer = efs.describe_backup_policy(FileSystemId=chain.handle.file_system_id)
    assert answer["BackupPolicy"]["Status"] == "ENABLED"


def test_the_file_system_refuses_connections_without_tls(
    dynamic_provisioning: Rehearsal, chain: Chain
) -> None:
    efs = dynamic_provisioning.client("efs")
    answer = efs.describe_file_system_policy(FileSystemId=chain.handle.file_system_id)
    policy = json.loads(answer["Policy"])
    refusals = [one for one in policy["Statement"] if one["Effect"] == "Deny"]
    assert [one["Condition"] for one in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_class_has_exactly_the_parameters_of_the_example(
    storage_class: kubernetes.V1StorageClass, chain: Chain
) -> None:
    assert storage_class.provisioner == "efs.csi.aws.com"
    assert storage_class.parameters == {
        "provisioningMode": "efs-ap",
        "fileSystemId": chain.handle.file_system_id,
        "directoryPerms": "700",
        "uid": "1000",
        "gid": "1000",
        "gidRangeStart": "1000",
        "gidRangeEnd": "2000",
        "basePath": "/dynamic_provisioning",
    }


def test_the_class_binds_at_once_deletes_and_mounts_with_tls(
    storage_class: kubernetes.V1StorageClass,
) -> None:
    assert storage_class.volume_binding_mode == "Immediate"
    assert storage_class.reclaim_policy == "Delete"
    assert storage_class.mount_options == ["tls"]


@pytest.mark.parametrize(
    ("account", "output"),
    [("efs-csi-controller-sa", "ControllerRoleArn"), ("efs-csi-node-sa", "NodeRoleArn")],
)
def test_helm_annotated_the_service_accounts_with_their_roles(
    dynamic_provisioning: Rehearsal, account: str, output: str
) -> None:
    core = kubernetes.CoreV1Api(dynamic_provisioning.kubernetes())
    metadata = core.read_namespaced_service_account(account, "kube-system").metadata
    assert metadata is not None
    assert metadata.annotations is not None
    assert metadata.annotations["eks.amazonaws.com/role-arn"] == outputs(dynamic_provisioning)[output]


def test_the_outputs_name_what_was_made(dynamic_provisioning: Rehearsal, chain: Chain) -> None:
    found = outputs(dynamic_provisioning)
    assert found["FileSystemId"] == chain.handle.file_system_id
    assert found["FileSystemArn"] == chain.file_system["FileSystemArn"]
    assert found["StorageClassNames"] == "efs-sc-1"
    assert found["SecurityGroupId"].startswith("sg-")


def test_a_diff_after_the_deployment_is_empty(dynamic_provisioning: Rehearsal) -> None:
    run = dynamic_provisioning.cdk("diff", "EfsStorageStack", "--fail")
    assert "There were no differences" in run.output
    assert run.status == 0


def test_a_second_deployment_changes_nothing(dynamic_provisioning: Rehearsal) -> None:
    run = dynamic_provisioning.deploy()
    assert "(no changes)" in run.output


def outputs(rehearsal: Rehearsal) -> dict[str, Any]:
    stack = f"EfsStorageStack-{rehearsal.settings.name}"
    answer = rehearsal.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in answer["Outputs"]}


def test_the_account_lets_in_only_who_has_a_key_of_this_rehearsal(dynamic_provisioning: Rehearsal) -> None:
    stranger = boto3.client(
        "cloudformation",
        region_name="ap-northeast-2",
        endpoint_url=dynamic_provisioning.plan.account_url,
        aws_access_key_id="stranger",
        aws_secret_access_key="stranger",
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stranger.describe_stacks()
