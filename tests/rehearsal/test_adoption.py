"""An installation made by hand, with a volume in use, is adopted by what discovery writes, and let go again.

Everything of it is made with the commands of a tutorial: policy, role, driver, security group, file system,
mount targets, class and claim. The tests of this module run in their order.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from operations.doctor.examination import examine
from operations.doctor.installation import Installation
from operations.trace import Chain, trace
from rehearsal.cdk import PROJECT
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from settings import load_environment
from tests.rehearsal.drivers import CONTROLLER, annotation_of, deployment, has_no_differences
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import examined_as_the_shell, lines_of
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


def discover(rehearsal: Rehearsal, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run `airflow-efs discover --write`; the environment of the rehearsal goes first."""
    (folder / f"{NAME}.yaml").unlink(missing_ok=True)
    cluster = rehearsal.settings.cluster.name
    run = subprocess.run(
        [
            str(PROJECT / ".venv" / "bin" / "airflow-efs"),
            *("discover", cluster, "--region", rehearsal.settings.region),
            *("--write", NAME, "--environments", str(folder), *options),
        ],
        env={**os.environ, **rehearsal.exports()},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    Lines().say(run.stderr)
    return run


def written(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((folder / f"{NAME}.yaml").read_text())
    return content


def test_discovery_takes_nothing_over_without_a_word(
    rehearsal: Rehearsal, folder: Path, by_hand: ByHand
) -> None:
    run = discover(rehearsal, folder)
    assert run.returncode == 0
    assert f"not {by_hand.file_system}" in run.stderr
    assert "--adopt" in run.stderr
    assert written(folder)["file_system"] == {"name": "airflow-k8s-cluster"}
    assert [one["name"] for one in written(folder)["storage_classes"]] == ["efs-sc-2"]


def test_discovery_describes_what_is_to_be_adopted(
    rehearsal: Rehearsal, folder: Path, by_hand: ByHand
) -> None:
    run = discover(rehearsal, folder, "--adopt")
    assert run.returncode == 0
    content = written(folder)
    assert content["file_system"] == {
        "existing": {"id": by_hand.file_system, "security_group": by_hand.group}
    }
    assert content["driver"] == {"install": "existing", "make_roles": False}
    (storage_class,) = content["storage_classes"]
    assert storage_class == {
        "name": "efs-sc",
        "base_path": "/prod_airflow",
        "directory_permissions": "700",
        "gid_range": {"start": 1000, "end": 2000},
        "mount_options": [],
        "adopt": True,
    }
    assert content["claims"] == [
        {
            "name": "airflow-logs",
            "namespace": "default",
            "storage_class": "efs-sc",
            "size": "100Gi",
            "adopt": True,
        }
    ]


def test_the_same_volume_is_bound_after_the_adoption(rehearsal: Rehearsal, by_hand: ByHand) -> None:
    rehearsal.deploy()
    assert same_volume(bound(rehearsal, "airflow-logs"), by_hand.chain)


def test_the_stack_makes_no_roles_beside_the_drivers_own(rehearsal: Rehearsal) -> None:
    roles = rehearsal.client("iam").list_roles()["Roles"]
    assert not [one["RoleName"] for one in roles if "Driver" in one["RoleName"] and one["RoleName"] != ROLE]


def test_the_doctor_finds_nothing_but_that_no_node_runs(rehearsal: Rehearsal, folder: Path) -> None:
    with examined_as_the_shell(rehearsal):
        report = examine(Installation(load_environment(NAME, folder)))
    assert [one.check for one in report.findings] == ["no-nodes"], lines_of(report)


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
