"""What exists in the account before a deployment."""

from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
import yaml

from rehearsal.account import seed
from rehearsal.plan import ADMINISTRATOR, Plan
from settings import Environment, load_environment
from settings.cluster import HandlerNetwork
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.rehearsal.account.stacks import aws_client, key_of_role
from tests.unit.stacks.file_system_environments import HANDLER_NETWORK, every_setting, existing

OTHER = "210987654321"


@pytest.fixture
def environment() -> Environment:
    return load_environment("airflow-seoul", ENVIRONMENTS)


@pytest.fixture
def plan(tmp_path: Path) -> Any:
    authority = tmp_path / "apiserver.crt"
    authority.write_text("certificate")
    plan = mock.create_autospec(Plan, instance=True)
    plan.api_server_url = "https://127.0.0.1:6443"
    plan.api_server_authority = authority
    return plan


@pytest.mark.usefixtures("account")
def test_the_network_has_the_very_ids_of_the_environment(environment: Environment, plan: Any) -> None:
    seed.seed(environment, plan)
    ec2 = aws_client("ec2")
    cluster = environment.cluster
    (vpc,) = ec2.describe_vpcs(VpcIds=[cluster.vpc.id])["Vpcs"]
    assert vpc["CidrBlock"] == str(cluster.vpc.cidrs[0])
    ids = [subnet.id for subnet in cluster.subnets]
    found = ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    assert {one["SubnetId"]: (one["VpcId"], one["AvailabilityZone"]) for one in found} == {
        subnet.id: (cluster.vpc.id, subnet.availability_zone) for subnet in cluster.subnets
    }
    groups = ec2.describe_security_groups(GroupIds=list(cluster.node_security_groups))["SecurityGroups"]
    assert {group["VpcId"] for group in groups} == {cluster.vpc.id}


@pytest.mark.usefixtures("account")
def test_an_existing_file_system_can_be_mounted_in_every_zone(plan: Any) -> None:
    environment = existing(make_mount_targets=False)
    reference = environment.file_system.existing
    assert reference is not None
    seed.seed(environment, plan)
    efs = aws_client("efs")
    (found,) = efs.describe_file_systems(FileSystemId=reference.id)["FileSystems"]
    assert found["Encrypted"] is True
    targets = efs.describe_mount_targets(FileSystemId=reference.id)["MountTargets"]
    assert {target["SubnetId"] for target in targets} == {subnet.id for subnet in environment.cluster.subnets}
    for target in targets:
        groups = efs.describe_mount_target_security_groups(MountTargetId=target["MountTargetId"])
        assert groups["SecurityGroups"] == [reference.security_group]


@pytest.mark.usefixtures("account")
def test_an_existing_file_system_has_no_mount_target_where_the_stack_makes_them(plan: Any) -> None:
    environment = existing()
    seed.seed(environment, plan)
    (found,) = aws_client("efs").describe_file_systems()["FileSystems"]
    assert found["NumberOfMountTargets"] == 0


@pytest.mark.usefixtures("account")
def test_clients_and_the_network_of_the_functions_exist_too(plan: Any) -> None:
    environment = every_setting()
    seed.seed(environment, plan)
    ec2 = aws_client("ec2")
    found = ec2.describe_subnets(SubnetIds=HANDLER_NETWORK["subnets"])["Subnets"]
    assert {subnet["VpcId"] for subnet in found} == {environment.cluster.vpc.id}
    groups = [HANDLER_NETWORK["security_group"], "sg-0f1b2c3d4e5f60718"]
    assert len(ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]) == 2
    lists = ec2.describe_managed_prefix_lists(PrefixListIds=["pl-0a1b2c3d4e5f60718"])
    assert len(lists["PrefixLists"]) == 1


@pytest.mark.usefixtures("account")
def test_a_subnet_of_the_nodes_can_be_one_of_the_functions(environment: Environment, plan: Any) -> None:
    network = HandlerNetwork(
        subnets=(environment.cluster.subnets[0].id,), security_group="sg-0d1b2c3d4e5f60718"
    )
    cluster = environment.cluster.model_copy(update={"handler_network": network})
    seed.seed(environment.model_copy(update={"cluster": cluster}), plan)
    found = aws_client("ec2").describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [environment.cluster.vpc.id]}]
    )["Subnets"]
    assert len(found) == len(environment.cluster.subnets)


@pytest.mark.usefixtures("account")
def test_the_cluster_is_that_of_the_environment_at_the_local_api_server(
    environment: Environment, plan: Any
) -> None:
    seed.seed(environment, plan)
    described = aws_client("eks").describe_cluster(name=environment.cluster.name)["cluster"]
    assert described["version"] == environment.cluster.version
    assert described["endpoint"] == "https://127.0.0.1:6443"
    assert described["identity"]["oidc"]["issuer"] == environment.cluster.oidc_issuer
    assert described["certificateAuthority"]["data"] == "Y2VydGlmaWNhdGU="


@pytest.mark.parametrize("path", ["/", "/teams/data/"])
@pytest.mark.usefixtures("account")
def test_a_role_that_the_cluster_trusts_has_the_arn_of_the_environment(
    environment: Environment, plan: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster_api = mock.Mock()
    monkeypatch.setattr(seed, "KubernetesApi", cluster_api)
    arn = f"arn:aws:iam::{environment.account}:role{path}kubectl"
    access = environment.cluster.access.model_copy(update={"entry": None, "role_arn": arn})
    cluster = environment.cluster.model_copy(update={"access": access})
    seed.seed(environment.model_copy(update={"cluster": cluster}), plan)
    assert aws_client("iam").get_role(RoleName="kubectl")["Role"]["Arn"] == arn
    (_, config_map), _ = cluster_api.return_value.create.call_args
    assert yaml.safe_load(config_map["data"]["mapRoles"]) == [
        {
            "rolearn": f"arn:aws:iam::{environment.account}:role/kubectl",
            "username": "kubectl",
            "groups": ["system:masters"],
        }
    ]


def in_the_other_account(service: str, region: str) -> Any:
    key = key_of_role(ADMINISTRATOR, account=OTHER)
    return boto3.client(service, region_name=region, **key)  # type: ignore[call-overload]


@pytest.mark.usefixtures("account")
def test_another_environment_exists_in_its_own_account(environment: Environment, plan: Any) -> None:
    other = environment.model_copy(update={"account": OTHER})
    seed.seed_others([other], plan, home=environment)
    assert aws_client("eks").list_clusters()["clusters"] == []
    eks = in_the_other_account("eks", environment.region)
    assert eks.describe_cluster(name=environment.cluster.name)["cluster"]["endpoint"] == plan.api_server_url


@pytest.mark.usefixtures("account")
def test_another_environment_can_be_in_another_region_of_the_account(
    environment: Environment, plan: Any
) -> None:
    cluster = environment.cluster.model_copy(
        update={"oidc_issuer": "https://oidc.eks.us-east-1.amazonaws.com/id/A"}
    )
    other = environment.model_copy(update={"region": "us-east-1", "cluster": cluster})
    seed.seed(environment, plan)
    seed.seed_others([other], plan, home=environment)
    assert aws_client("eks", "us-east-1").list_clusters()["clusters"] == [environment.cluster.name]


@pytest.mark.usefixtures("account")
def test_another_environment_of_the_same_cluster_adds_nothing(environment: Environment, plan: Any) -> None:
    seed.seed(environment, plan)
    seed.seed_others([environment], plan, home=environment)
    assert aws_client("eks").list_clusters()["clusters"] == [environment.cluster.name]


@pytest.mark.usefixtures("account")
def test_the_administrator_of_another_account_trusts_the_account_of_the_rehearsal(
    environment: Environment, plan: Any
) -> None:
    other = environment.model_copy(update={"account": OTHER})
    seed.seed_others([other], plan, home=environment)
    iam = in_the_other_account("iam", environment.region)
    (trust,) = iam.get_role(RoleName=ADMINISTRATOR)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": environment.account}


@pytest.mark.parametrize(("count", "prefix"), [(1, 17), (2, 17), (3, 18), (4, 18), (5, 19)])
def test_the_subnets_share_the_vpc_evenly(count: int, prefix: int) -> None:
    blocks = seed._subnet_blocks("10.20.0.0/16", count)
    assert len(set(blocks)) == count
    assert {int(block.split("/")[1]) for block in blocks} == {prefix}
