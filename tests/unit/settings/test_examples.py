"""The worked examples have exactly the values of the guide that they replace."""

from pathlib import Path

import pytest

from settings import Environment, load_environment
from settings.storage_class import GidRange, Owner, StorageClass

ENVIRONMENTS = Path(__file__).parents[3] / "environments"


@pytest.fixture(scope="module")
def airflow() -> Environment:
    return load_environment("airflow-seoul", ENVIRONMENTS)


@pytest.fixture(scope="module")
def dynamic() -> Environment:
    return load_environment("dynamic-provisioning", ENVIRONMENTS)


def test_example_a_is_the_cluster_of_the_guide(airflow: Environment) -> None:
    assert (airflow.account, airflow.region) == ("123456789012", "ap-northeast-2")
    assert (airflow.cluster.name, airflow.cluster.version) == ("k8s-cluster", "1.35")


def test_example_a_has_a_subnet_in_each_of_four_zones_with_its_logical_id_in_a_comment(
    airflow: Environment,
) -> None:
    zones = [subnet.availability_zone for subnet in airflow.cluster.subnets]
    assert zones == ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c", "ap-northeast-2d"]
    lines = (ENVIRONMENTS / "airflow-seoul.yaml").read_text(encoding="utf-8").splitlines()
    for subnet in airflow.cluster.subnets:
        [line] = [line for line in lines if subnet.id in line]
        letter = subnet.availability_zone[-1].upper()
        assert line.endswith(f"# SubnetPublicAPNORTHEAST2{letter}")


def test_example_a_lets_the_vpc_in_by_a_named_security_group(airflow: Environment) -> None:
    file_system = airflow.file_system
    assert file_system.security_group_name == "efs-sg"
    assert file_system.nfs_clients.security_groups == ()
    assert file_system.nfs_clients.cidrs == airflow.cluster.vpc.cidrs


def test_example_a_names_its_file_system_and_keeps_the_token_as_a_tag(airflow: Environment) -> None:
    assert airflow.file_system.name == "efs_fs"
    assert airflow.file_system.tags == {"CreationToken": "eks-efs"}


def test_cloudformation_has_no_property_for_a_creation_token() -> None:
    import inspect

    from aws_cdk import aws_efs

    assert not [name for name in inspect.signature(aws_efs.CfnFileSystem).parameters if "token" in name]


def test_example_a_names_the_role_and_the_policy_of_the_controller(airflow: Environment) -> None:
    controller = airflow.driver.controller
    assert controller.role_name == "AmazonEKS_EFS_CSI_DriverRole"
    assert controller.policy_name == "AmazonEKS_EFS_CSI_Driver_Policy"


def test_example_a_has_one_class_and_no_claim(airflow: Environment) -> None:
    assert airflow.storage_classes == (
        StorageClass(
            name="efs-sc",
            base_path="/prod_airflow",
            directory_permissions="700",
            gid_range=GidRange(start=1000, end=2000),
        ),
    )
    assert airflow.claims == ()


def test_example_b_has_the_class_of_the_guide(dynamic: Environment) -> None:
    assert dynamic.storage_classes == (
        StorageClass(
            name="efs-sc-1",
            base_path="/dynamic_provisioning",
            directory_permissions="700",
            owner=Owner(uid=1000, gid=1000),
            gid_range=GidRange(start=1000, end=2000),
            mount_options=("tls",),
            reclaim_policy="Delete",
            volume_binding_mode="Immediate",
        ),
    )


def test_example_b_has_the_claim_of_the_guide(dynamic: Environment) -> None:
    [claim] = dynamic.claims
    assert (claim.name, claim.namespace, claim.storage_class) == ("efs-claim-1", "default", "efs-sc-1")
    assert (claim.size, claim.access_mode) == ("5Gi", "ReadWriteMany")


def test_example_b_needs_another_layer_than_example_a(airflow: Environment, dynamic: Environment) -> None:
    from settings.versions import kubectl_layer_for

    assert dynamic.cluster.version == "1.33"
    assert (kubectl_layer_for(airflow.cluster.version), kubectl_layer_for(dynamic.cluster.version)) == (
        36,
        33,
    )


def test_example_b_lets_only_the_nodes_in(dynamic: Environment) -> None:
    assert (dynamic.file_system.nfs_clients.security_groups, dynamic.file_system.nfs_clients.cidrs) == (
        "nodes",
        (),
    )
