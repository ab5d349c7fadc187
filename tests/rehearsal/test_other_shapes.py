"""Environments of another shape than the examples: an old cluster, a role that it trusts, and failures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
TRUSTED = "arn:aws:iam::123456789012:role/cluster-admin"


def an_old_cluster_that_trusts_a_role(content: dict[str, Any]) -> None:
    content["cluster"]["version"] = "1.27"
    content["cluster"]["access"] = {"role_arn": TRUSTED}
    content["cluster"]["vpc"]["cidrs"].append("10.31.0.0/16")
    content["file_system"]["throughput"] = "bursting"


@pytest.fixture(scope="module")
def old_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "old-cluster", an_old_cluster_that_trusts_a_role)
    with Rehearsal(environment="old-cluster", environments=folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal


@pytest.fixture(scope="module")
def chain(old_cluster: Rehearsal) -> Chain:
    api = old_cluster.kubernetes()
    await_bound(api, name="efs-claim-1")
    return trace(api, old_cluster.client("efs"), name="efs-claim-1", namespace="default")


def test_the_layer_of_kubectl_1_27_binds_a_claim(chain: Chain) -> None:
    assert chain.claim["status"]["phase"] == "Bound"


def test_throughput_bursts_where_the_environment_says_so(chain: Chain) -> None:
    assert chain.file_system["ThroughputMode"] == "bursting"


def test_the_handler_acts_as_the_role_that_the_cluster_trusts(old_cluster: Rehearsal) -> None:
    functions = old_cluster.client("lambda").list_functions()["Functions"]
    roles = {function["Role"] for function in functions}
    assert TRUSTED in roles


def test_such_a_cluster_knows_its_role_by_aws_auth_only(old_cluster: Rehearsal) -> None:
    cluster = old_cluster.client("eks").describe_cluster(name="k8s-cluster")["cluster"]
    assert cluster["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    config = kubernetes.CoreV1Api(old_cluster.kubernetes()).read_namespaced_config_map(
        "aws-auth", "kube-system"
    )
    assert config.data is not None
    assert f"rolearn: {TRUSTED}" in config.data["mapRoles"]


def test_helm_3_12_replaces_a_class_that_changes(old_cluster: Rehearsal, chain: Chain) -> None:
    def with_other_permissions(content: dict[str, Any]) -> None:
        an_old_cluster_that_trusts_a_role(content)
        content["storage_classes"][0]["directory_permissions"] = "750"

    write_environment(old_cluster.plan.environments, "old-cluster", with_other_permissions)
    old_cluster.deploy()
    api = old_cluster.kubernetes()
    found = kubernetes.StorageV1Api(api).read_storage_class("efs-sc-1").parameters or {}
    assert found["directoryPerms"] == "750"
    now = trace(api, old_cluster.client("efs"), name="efs-claim-1", namespace="default")
    assert now.access_point == chain.access_point


def test_such_a_cluster_refuses_access_entries(old_cluster: Rehearsal) -> None:
    eks = old_cluster.client("eks")
    with pytest.raises(eks.exceptions.InvalidRequestException, match=r"one of \[API, API_AND_CONFIG_MAP\]"):
        eks.create_access_entry(clusterName="k8s-cluster", principalArn=TRUSTED)


def with_another_class(content: dict[str, Any]) -> None:
    an_old_cluster_that_trusts_a_role(content)
    content["storage_classes"].append({"name": "efs-sc-2", "base_path": "/team_2"})


def test_without_its_row_in_aws_auth_the_handler_is_unauthorized(old_cluster: Rehearsal) -> None:
    core = kubernetes.CoreV1Api(old_cluster.kubernetes())
    core.patch_namespaced_config_map("aws-auth", "kube-system", {"data": {"mapRoles": "[]"}})
    write_environment(old_cluster.plan.environments, "old-cluster", with_another_class)
    run = old_cluster.cdk("deploy", "EfsStorageStack", "--require-approval", "never", "--no-rollback")
    assert run.status == 1
    log = old_cluster.plan.log("account").read_text()
    assert f"Unauthorized: {TRUSTED} has no access to the cluster k8s-cluster" in log


def test_an_access_entry_lets_the_handler_in_when_the_cluster_takes_entries(old_cluster: Rehearsal) -> None:
    eks = old_cluster.client("eks")
    here = {"clusterName": "k8s-cluster", "principalArn": TRUSTED}
    mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
    update = eks.update_cluster_config(name="k8s-cluster", accessConfig=mode)["update"]
    described = eks.describe_update(name="k8s-cluster", updateId=update["id"])["update"]
    assert described["status"] == "Successful"
    eks.create_access_entry(**here)
    eks.associate_access_policy(**here, policyArn=CLUSTER_ADMIN, accessScope={"type": "cluster"})
    # A stack that has failed without rollback is changed in the same way.
    run = old_cluster.cdk("deploy", "EfsStorageStack", "--require-approval", "never", "--no-rollback")
    assert run.status == 0, run.output
    classes = kubernetes.StorageV1Api(old_cluster.kubernetes()).list_storage_class().items
    assert {one.metadata.name for one in classes if one.metadata} == {"efs-sc-1", "efs-sc-2"}


def test_a_protected_stack_is_not_destroyed(old_cluster: Rehearsal) -> None:
    stack = "EfsStorageStack-old-cluster"
    cloudformation = old_cluster.client("cloudformation")
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=True)
    run = old_cluster.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 1
    assert f"Stack [{stack}] cannot be deleted while TerminationProtection is enabled" in run.output
    cloudformation.update_termination_protection(StackName=stack, EnableTerminationProtection=False)


def test_helm_3_12_removes_a_class_with_its_stack(old_cluster: Rehearsal, chain: Chain) -> None:
    run = old_cluster.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert kubernetes.StorageV1Api(old_cluster.kubernetes()).list_storage_class().items == []
    assert chain.claim["status"]["phase"] == "Bound"


def a_claim_in_a_namespace_of_the_cluster(content: dict[str, Any]) -> None:
    content["claims"][0]["namespace"] = "airflow"


def test_a_deployment_that_the_preflight_refuses_fails_with_its_words(tmp_path: Path) -> None:
    write_environment(tmp_path, "refused", a_claim_in_a_namespace_of_the_cluster)
    with Rehearsal(environment="refused", environments=tmp_path, reporter=Lines()) as rehearsal:
        make_claim(rehearsal.kubernetes(), name="efs-claim-1", storage_class="other", namespace="airflow")
        with pytest.raises(RehearsalError, match="claim efs-claim-1 exists in namespace airflow and is"):
            rehearsal.deploy()
        stack = rehearsal.client("cloudformation").describe_stacks(StackName="EfsStorageStack-refused")
        assert stack["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"


def a_chart_that_no_repository_has(content: dict[str, Any]) -> None:
    content["driver"] = {"chart_version": "4.4.1", "chart_repository": "https://localhost:9/charts/"}


def test_the_drivers_own_chart_stands_in_where_the_repository_is_out_of_reach(tmp_path: Path) -> None:
    write_environment(tmp_path, "no-chart", a_chart_that_no_repository_has)
    with Rehearsal(environment="no-chart", environments=tmp_path, reporter=Lines()) as rehearsal:
        (chart,) = rehearsal.charts
    assert chart.describe() == (
        "aws-efs-csi-driver 2.5.6 from the driver's Go module v1.7.7 "
        "(https://localhost:9/charts/ is out of reach), in place of 4.4.1"
    )
