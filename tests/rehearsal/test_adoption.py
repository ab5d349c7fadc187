"""An installation made by hand, with a volume in use, is adopted as docs/adoption.md says, and let go again.

Everything of it is made with the commands of a tutorial: policy, role, driver, security group, file system,
mount targets, class and claim. The tests of this module run in their order.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import CONTROLLER, annotation_of, deployment, has_no_differences
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.hand_made import install_driver
from tests.rehearsal.lines import Lines

NAME = "adopting"
ROLE = "AmazonEKS_EFS_CSI_DriverRole"
PARAMETERS = {
    "provisioningMode": "efs-ap",
    "directoryPerms": "700",
    "gidRangeStart": "1000",
    "gidRangeEnd": "2000",
    "basePath": "/prod_airflow",
}


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """What somebody has made, and the volume that is in use."""

    file_system: str
    group: str
    role_arn: str
    chain: Chain
    parts: dict[str, Any]


def policy() -> dict[str, Any]:
    """The policy of the driver's documentation."""
    tagged = {"efs.csi.aws.com/cluster": "true"}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "elasticfilesystem:DescribeAccessPoints",
                    "elasticfilesystem:DescribeFileSystems",
                    "elasticfilesystem:DescribeMountTargets",
                    "ec2:DescribeAvailabilityZones",
                ],
                "Resource": "*",
            },
            {
                "Effect": "Allow",
                "Action": ["elasticfilesystem:CreateAccessPoint", "elasticfilesystem:TagResource"],
                "Resource": "*",
                "Condition": {
                    "StringLike": {f"aws:RequestTag/{key}": value for key, value in tagged.items()}
                },
            },
            {
                "Effect": "Allow",
                "Action": "elasticfilesystem:DeleteAccessPoint",
                "Resource": "*",
                "Condition": {
                    "StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tagged.items()}
                },
            },
        ],
    }


def make_role(rehearsal: Rehearsal) -> str:
    iam = rehearsal.client("iam")
    made = iam.create_policy(
        PolicyName="AmazonEKS_EFS_CSI_Driver_Policy", PolicyDocument=json.dumps(policy())
    )
    account, issuer = rehearsal.settings.account, rehearsal.settings.cluster.oidc_issuer
    issuer = issuer.removeprefix("https://")
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:sub": f"system:serviceaccount:kube-system:{CONTROLLER}"}},
    }
    role = iam.create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=made["Policy"]["Arn"])
    return str(role)


def make_file_system(rehearsal: Rehearsal) -> tuple[str, str]:
    """The file system and the security group of its mount targets."""
    ec2, efs, cluster = rehearsal.client("ec2"), rehearsal.client("efs"), rehearsal.settings.cluster
    group = ec2.create_security_group(GroupName="efs-sg", Description="EFS", VpcId=cluster.vpc.id)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group, IpProtocol="tcp", FromPort=2049, ToPort=2049, CidrIp=str(cluster.vpc.cidrs[0])
    )
    system = efs.create_file_system(CreationToken="eks-efs", Tags=[{"Key": "Name", "Value": "efs_fs"}])[
        "FileSystemId"
    ]
    deadline = time.monotonic() + 30
    while state(rehearsal, system) != "available":
        assert time.monotonic() < deadline, "the file system is not made"
        time.sleep(0.1)
    for subnet in cluster.subnets:
        efs.create_mount_target(FileSystemId=system, SubnetId=subnet.id, SecurityGroups=[group])
    return system, group


def state(rehearsal: Rehearsal, system: str) -> str:
    (found,) = rehearsal.client("efs").describe_file_systems(FileSystemId=system)["FileSystems"]
    return str(found["LifeCycleState"])


def make_class(rehearsal: Rehearsal, system: str) -> None:
    kubernetes.StorageV1Api(rehearsal.kubernetes()).create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="efs-sc"),
            provisioner="efs.csi.aws.com",
            parameters={**PARAMETERS, "fileSystemId": system},
        )
    )


def parts(rehearsal: Rehearsal, group: str) -> dict[str, Any]:
    """What must be the same before the adoption, during it, and afterwards."""
    efs, iam = rehearsal.client("efs"), rehearsal.client("iam")
    (system,) = efs.describe_file_systems()["FileSystems"]
    system.pop("SizeInBytes")  # says when it was asked
    targets = efs.describe_mount_targets(FileSystemId=system["FileSystemId"])["MountTargets"]
    driver = deployment(rehearsal)
    assert driver.metadata is not None
    return {
        "file system": system,
        "mount targets": sorted(target["MountTargetId"] for target in targets),
        "group": rehearsal.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"],
        "role": iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"],
        "policies": iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"],
        "driver": (driver.metadata.uid, driver.metadata.generation),
        "account": annotation_of(rehearsal, CONTROLLER),
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, lambda _: None, like="airflow-seoul")
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def by_hand(rehearsal: Rehearsal) -> ByHand:
    role = make_role(rehearsal)
    annotation = r"controller.serviceAccount.annotations.eks\.amazonaws\.com/role-arn"
    install_driver(rehearsal, "--set", f"{annotation}={role}")
    system, group = make_file_system(rehearsal)
    make_class(rehearsal, system)
    make_claim(rehearsal.kubernetes(), name="airflow-logs", storage_class="efs-sc", size="100Gi")
    chain = bound(rehearsal, "airflow-logs")
    return ByHand(file_system=system, group=group, role_arn=role, chain=chain, parts=parts(rehearsal, group))


def bound(rehearsal: Rehearsal, name: str) -> Chain:
    api = rehearsal.kubernetes()
    await_bound(api, name=name)
    return trace(api, rehearsal.client("efs"), name=name, namespace="default")


def same_volume(one: Chain, other: Chain) -> bool:
    return (
        one.access_point == other.access_point
        and one.volume["metadata"]["uid"] == other.volume["metadata"]["uid"]
        and one.claim["metadata"]["uid"] == other.claim["metadata"]["uid"]
    )


def adopt(rehearsal: Rehearsal, folder: Path, by_hand: ByHand) -> None:
    def refer_to_what_is_there(content: dict[str, Any]) -> None:
        content["file_system"] = {"existing": {"id": by_hand.file_system, "security_group": by_hand.group}}
        content["driver"] = {"install": "existing"}
        content["storage_classes"][0] |= {"mount_options": [], "adopt": True}
        content["claims"] = [
            {"name": "airflow-logs", "storage_class": "efs-sc", "size": "100Gi", "adopt": True}
        ]

    write_environment(folder, NAME, refer_to_what_is_there, like="airflow-seoul")
    rehearsal.deploy()


def test_the_same_volume_is_bound_after_the_adoption(
    rehearsal: Rehearsal, folder: Path, by_hand: ByHand
) -> None:
    adopt(rehearsal, folder, by_hand)
    assert same_volume(bound(rehearsal, "airflow-logs"), by_hand.chain)


def test_nothing_that_was_made_by_hand_has_changed(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    assert parts(rehearsal, by_hand.group) == by_hand.parts
    assert by_hand.parts["account"] == by_hand.role_arn


def test_new_claims_of_the_adopted_class_get_volumes_as_before(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    make_claim(rehearsal.kubernetes(), name="newcomer", storage_class="efs-sc")
    point = bound(rehearsal, "newcomer").access_point
    assert point is not None
    assert point["FileSystemId"] == by_hand.file_system
    assert point["RootDirectory"]["Path"].startswith("/prod_airflow/")
    assert 1000 <= point["PosixUser"]["Gid"] <= 2000


def test_nothing_differs_after_the_adoption(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    assert by_hand
    assert has_no_differences(rehearsal)


def test_destroying_the_stack_leaves_all_of_it(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert parts(rehearsal, by_hand.group) == by_hand.parts
    assert same_volume(bound(rehearsal, "airflow-logs"), by_hand.chain)
    found = kubernetes.StorageV1Api(rehearsal.kubernetes()).read_storage_class("efs-sc").parameters
    assert found == {**PARAMETERS, "fileSystemId": by_hand.file_system}


def test_after_that_claims_get_volumes_still(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    make_claim(rehearsal.kubernetes(), name="afterwards", storage_class="efs-sc")
    assert bound(rehearsal, "afterwards").handle.file_system_id == by_hand.file_system
