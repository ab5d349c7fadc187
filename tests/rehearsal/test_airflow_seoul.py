"""Worked example A, deployed for real: the names and values that the example fixes."""

from urllib.parse import unquote

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal

ISSUER = "oidc.eks.ap-northeast-2.amazonaws.com/id/6B1D40F2A9C3E85774D0B3E1F6A2985C"


@pytest.fixture(scope="module")
def chain(airflow_seoul: Rehearsal) -> Chain:
    """The chain of a claim such as Airflow's chart makes for its logs."""
    api = airflow_seoul.kubernetes()
    make_claim(api, name="airflow-logs", storage_class="efs-sc", size="100Gi")
    await_bound(api, name="airflow-logs")
    return trace(api, airflow_seoul.client("efs"), name="airflow-logs", namespace="default")


def test_a_claim_of_the_class_gets_a_volume_under_its_base_path(chain: Chain) -> None:
    assert chain.access_point is not None
    assert chain.access_point["RootDirectory"]["Path"].startswith("/prod_airflow/")


def test_the_volume_has_a_group_of_the_range(chain: Chain) -> None:
    assert chain.access_point is not None
    assert 1000 <= chain.access_point["PosixUser"]["Gid"] <= 2000
    assert chain.access_point["RootDirectory"]["CreationInfo"]["Permissions"] == "700"


def test_two_claims_get_different_groups(airflow_seoul: Rehearsal, chain: Chain) -> None:
    api = airflow_seoul.kubernetes()
    make_claim(api, name="airflow-dags", storage_class="efs-sc")
    await_bound(api, name="airflow-dags")
    other = trace(api, airflow_seoul.client("efs"), name="airflow-dags", namespace="default")
    assert chain.access_point is not None
    assert other.access_point is not None
    assert other.access_point["PosixUser"]["Gid"] != chain.access_point["PosixUser"]["Gid"]


def test_the_file_system_has_its_name_and_tag(chain: Chain) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in chain.file_system["Tags"]}
    assert tags["Name"] == "efs_fs"
    assert tags["CreationToken"] == "eks-efs"


def test_there_is_a_mount_target_in_each_of_the_four_subnets(airflow_seoul: Rehearsal, chain: Chain) -> None:
    subnets = {subnet.id for subnet in airflow_seoul.settings.cluster.subnets}
    assert {target["SubnetId"] for target in chain.mount_targets} == subnets
    assert len(subnets) == 4


def test_the_security_group_lets_the_vpc_in_on_the_port_of_nfs_only(airflow_seoul: Rehearsal) -> None:
    group = airflow_seoul.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["efs-sg"]}]
    )["SecurityGroups"][0]
    assert group["VpcId"] == "vpc-0a1b2c3d4e5f60718"
    rules = [
        (
            rule["IpProtocol"],
            rule["FromPort"],
            rule["ToPort"],
            [block["CidrIp"] for block in rule["IpRanges"]],
        )
        for rule in group["IpPermissions"]
    ]
    assert rules == [("tcp", 2049, 2049, ["10.20.0.0/16"])]


def test_the_role_trusts_the_controllers_service_account_and_nothing_else(airflow_seoul: Rehearsal) -> None:
    role = airflow_seoul.client("iam").get_role(RoleName="AmazonEKS_EFS_CSI_DriverRole")["Role"]
    document = role["AssumeRolePolicyDocument"]
    if isinstance(document, str):
        document = unquote(document)
    (statement,) = document["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "system:serviceaccount:kube-system:efs-csi-controller-sa",
        }
    }


def test_the_role_has_the_policy_of_the_example(airflow_seoul: Rehearsal) -> None:
    iam = airflow_seoul.client("iam")
    attached = iam.list_attached_role_policies(RoleName="AmazonEKS_EFS_CSI_DriverRole")["AttachedPolicies"]
    names = [policy["PolicyName"] for policy in attached]
    # What can be held to no resource stands in a policy apart.
    assert [name for name in names if "ReadingPolicy" not in name] == ["AmazonEKS_EFS_CSI_Driver_Policy"]


def test_the_service_account_is_annotated_with_the_role(airflow_seoul: Rehearsal) -> None:
    core = kubernetes.CoreV1Api(airflow_seoul.kubernetes())
    metadata = core.read_namespaced_service_account("efs-csi-controller-sa", "kube-system").metadata
    assert metadata is not None
    assert metadata.annotations is not None
    assert metadata.annotations["eks.amazonaws.com/role-arn"] == (
        "arn:aws:iam::123456789012:role/AmazonEKS_EFS_CSI_DriverRole"
    )


def test_the_class_has_exactly_the_parameters_of_the_example(airflow_seoul: Rehearsal, chain: Chain) -> None:
    api = kubernetes.StorageV1Api(airflow_seoul.kubernetes())
    assert api.read_storage_class("efs-sc").parameters == {
        "provisioningMode": "efs-ap",
        "fileSystemId": chain.handle.file_system_id,
        "directoryPerms": "700",
        "gidRangeStart": "1000",
        "gidRangeEnd": "2000",
        "basePath": "/prod_airflow",
    }
