"""Who may do what: the handler in the cluster, the driver in the account.

The tests of this module run in their order, on one rehearsal; the last one locks the handler out for good.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from rehearsal.account.cluster_tokens import make_token
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import await_event, restart_the_driver
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import writing_policy
from tests.rehearsal.lines import Lines

CLUSTER = "k8s-cluster"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "identity", lambda _: None)
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(environment="identity", environments=folder, reporter=Lines()) as rehearsal:
        rehearsal.deploy()
        yield rehearsal


@pytest.fixture(scope="module")
def driver_role(rehearsal: Rehearsal) -> str:
    account = kubernetes.CoreV1Api(rehearsal.kubernetes()).read_namespaced_service_account(
        "efs-csi-controller-sa", "kube-system"
    )
    assert account.metadata is not None
    assert account.metadata.annotations is not None
    return account.metadata.annotations["eks.amazonaws.com/role-arn"].rpartition("/")[2]


def test_the_deployment_binds_its_claim(rehearsal: Rehearsal) -> None:
    await_bound(rehearsal.kubernetes(), name="efs-claim-1")


def test_the_handlers_access_entry_is_the_stacks(rehearsal: Rehearsal) -> None:
    eks = rehearsal.client("eks")
    (principal,) = eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]
    roles = {one["Role"] for one in rehearsal.client("lambda").list_functions()["Functions"]}
    assert principal in roles
    (policy,) = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=principal)[
        "associatedAccessPolicies"
    ]
    assert policy["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")
    assert policy["accessScope"]["type"] == "cluster"


def test_an_access_policy_gives_its_rights_in_its_namespaces_only(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = make_role(rehearsal, "viewer")
    core = kubernetes.CoreV1Api(as_role(rehearsal, role, monkeypatch))
    assert refused(lambda: core.list_namespaced_persistent_volume_claim("default")) == 401
    eks = rehearsal.client("eks")
    eks.create_access_entry(clusterName=CLUSTER, principalArn=role)
    assert refused(lambda: core.list_namespaced_persistent_volume_claim("default")) == 403
    scope = {"type": "namespace", "namespaces": ["def*"]}
    eks.associate_access_policy(clusterName=CLUSTER, principalArn=role, policyArn=VIEW, accessScope=scope)
    core = kubernetes.CoreV1Api(as_role(rehearsal, role, monkeypatch))
    assert core.list_namespaced_persistent_volume_claim("default").items
    assert refused(lambda: core.list_namespaced_persistent_volume_claim("kube-system")) == 403
    assert refused(lambda: core.delete_namespaced_persistent_volume_claim("efs-claim-1", "default")) == 403
    eks.delete_access_entry(clusterName=CLUSTER, principalArn=role)


def test_a_policy_without_tag_resource_fails_a_claim(rehearsal: Rehearsal, driver_role: str) -> None:
    iam = rehearsal.client("iam")
    arn = writing_policy(iam, driver_role)["PolicyArn"]
    former = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=former)["PolicyVersion"]["Document"]
    less = [one for one in document["Statement"] if one["Sid"] != "TagNewAccessPoints"]
    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps({**document, "Statement": less}), SetAsDefault=True
    )
    make_claim(rehearsal.kubernetes(), name="without-tags", storage_class="efs-sc-1")
    # All that the driver passes on of AWS's words.
    words = "Access Denied. Please ensure you have the right AWS permissions: Access denied"
    await_event(rehearsal, "without-tags", words)
    account = "arn:aws:sts::123456789012"
    refusal = (
        rf"AccessDeniedException: User: {account}:assumed-role/{driver_role}/\S+ is not authorized to "
        "perform: elasticfilesystem:TagResource on the specified resource"
    )
    assert re.search(refusal, rehearsal.plan.log("account").read_text())
    iam.set_default_policy_version(PolicyArn=arn, VersionId=former)
    await_bound(rehearsal.kubernetes(), name="without-tags")


def test_a_role_that_trusts_another_service_account_fails_a_claim(
    rehearsal: Rehearsal, driver_role: str
) -> None:
    iam = rehearsal.client("iam")
    trust = iam.get_role(RoleName=driver_role)["Role"]["AssumeRolePolicyDocument"]
    changed = json.dumps(trust).replace("efs-csi-controller-sa", "somebody-else")
    iam.update_assume_role_policy(RoleName=driver_role, PolicyDocument=changed)
    restart_the_driver(rehearsal)  # a session that has begun goes on, as on AWS
    make_claim(rehearsal.kubernetes(), name="without-trust", storage_class="efs-sc-1")
    await_event(
        rehearsal, "without-trust", "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
    )
    iam.update_assume_role_policy(RoleName=driver_role, PolicyDocument=json.dumps(trust))
    await_bound(rehearsal.kubernetes(), name="without-trust")


def test_a_handler_without_an_access_entry_is_unauthorized(rehearsal: Rehearsal, folder: Path) -> None:
    eks = rehearsal.client("eks")
    (principal,) = eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]
    eks.delete_access_entry(clusterName=CLUSTER, principalArn=principal)
    write_environment(folder, "identity", add_a_class)
    run = rehearsal.cdk("deploy", "EfsStorageStack", "--require-approval", "never")
    assert run.status == 1
    # kubectl's words for 401 Unauthorized
    assert "the server has asked for the client to provide credentials" in run.output
    assert f"Unauthorized: {principal} has no access to the cluster {CLUSTER}" in (
        rehearsal.plan.log("account").read_text()
    )


def add_a_class(content: dict[str, Any]) -> None:
    content["storage_classes"].append({"name": "efs-sc-2", "base_path": "/team_2"})


def make_role(rehearsal: Rehearsal, name: str) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    role = rehearsal.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(role["Role"]["Arn"])


def as_role(rehearsal: Rehearsal, role: str, monkeypatch: pytest.MonkeyPatch) -> kubernetes.ApiClient:
    """A client of the cluster with a token of the role, such as `aws eks get-token` makes."""
    session = rehearsal.client("sts").assume_role(RoleArn=role, RoleSessionName="somebody")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    configuration = kubernetes.Configuration()
    configuration.host = rehearsal.plan.api_server_url
    configuration.ssl_ca_cert = str(rehearsal.plan.api_server_authority)  # type: ignore[attr-defined]
    token = make_token(cluster=CLUSTER, region=rehearsal.settings.region)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return kubernetes.ApiClient(configuration)


def refused(call: Any) -> int:
    with pytest.raises(kubernetes.ApiException) as error:
        call()
    return int(error.value.status or 0)
