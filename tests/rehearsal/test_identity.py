"""Who may do what: the handler in the cluster, the driver in the account.

The tests of this module run in their order, on one rehearsal; the last one locks the handler out for good.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from rehearsal.account.eks.cluster_tokens import make_token
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import CLUSTER, CONTROLLER, annotation_of, await_event, restart_the_driver
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import writing_policy
from tests.rehearsal.lines import Lines

DENIED = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
TAGGING = "TagNewAccessPoints"
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
    arn = annotation_of(rehearsal, CONTROLLER)
    assert arn is not None
    return arn.rpartition("/")[2]


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


def without_tag_resource(document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "Statement": [one for one in document["Statement"] if one["Sid"] != TAGGING]}


def of_another_file_system(document: dict[str, Any]) -> dict[str, Any]:
    text = re.sub(r":file-system/fs-[0-9a-f]+", ":file-system/fs-00000000", json.dumps(document))
    return dict(json.loads(text))


@pytest.mark.parametrize(
    ("change", "denied"),
    [(without_tag_resource, "TagResource"), (of_another_file_system, "CreateAccessPoint")],
)
def test_a_policy_that_allows_too_little_fails_a_claim(
    rehearsal: Rehearsal,
    driver_role: str,
    change: Callable[[dict[str, Any]], dict[str, Any]],
    denied: str,
) -> None:
    iam = rehearsal.client("iam")
    arn = writing_policy(iam, driver_role)["PolicyArn"]
    former = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=former)["PolicyVersion"]["Document"]
    assert change(document) != document
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(change(document)), SetAsDefault=True)
    claim = f"without-{denied}".lower()
    make_claim(rehearsal.kubernetes(), name=claim, storage_class="efs-sc-1")
    # All that the driver passes on of AWS's words.
    words = "Access Denied. Please ensure you have the right AWS permissions: Access denied"
    await_event(rehearsal, claim, words)
    account = "arn:aws:sts::123456789012"
    refusal = (
        rf"AccessDeniedException: User: {account}:assumed-role/{driver_role}/\S+ is not authorized to "
        f"perform: elasticfilesystem:{denied} on the specified resource"
    )
    assert re.search(refusal, rehearsal.plan.log("account").read_text())
    iam.set_default_policy_version(PolicyArn=arn, VersionId=former)
    await_bound(rehearsal.kubernetes(), name=claim)


@pytest.mark.parametrize(
    ("what", "trusted", "instead"),
    [
        ("name", ":efs-csi-controller-sa", ":somebody-else"),
        ("namespace", ":kube-system:", ":default:"),
        ("issuer", r"/id/[0-9A-F]{32}", f"/id/{'0' * 32}"),
        ("audience", r"sts\.amazonaws\.com", "another.example"),
    ],
)
def test_a_role_that_trusts_another_fails_a_claim(
    rehearsal: Rehearsal, driver_role: str, what: str, trusted: str, instead: str
) -> None:
    iam = rehearsal.client("iam")
    trust = iam.get_role(RoleName=driver_role)["Role"]["AssumeRolePolicyDocument"]
    changed, count = re.subn(trusted, instead, json.dumps(trust))
    assert count >= 1
    iam.update_assume_role_policy(RoleName=driver_role, PolicyDocument=changed)
    restart_the_driver(rehearsal)  # a session that has begun goes on, as on AWS
    make_claim(rehearsal.kubernetes(), name=f"another-{what}", storage_class="efs-sc-1")
    await_event(rehearsal, f"another-{what}", DENIED)
    iam.update_assume_role_policy(RoleName=driver_role, PolicyDocument=json.dumps(trust))
    await_bound(rehearsal.kubernetes(), name=f"another-{what}")


def test_an_account_that_names_a_role_which_is_not_there_fails_a_claim(
    rehearsal: Rehearsal, driver_role: str
) -> None:
    arn = annotation_of(rehearsal, CONTROLLER)
    assert arn is not None
    annotate(rehearsal, arn.replace(driver_role, "nobodys-role"))
    restart_the_driver(rehearsal)
    make_claim(rehearsal.kubernetes(), name="another-role", storage_class="efs-sc-1")
    await_event(rehearsal, "another-role", DENIED)
    annotate(rehearsal, arn)
    restart_the_driver(rehearsal)
    await_bound(rehearsal.kubernetes(), name="another-role")


def test_an_issuer_that_the_account_has_no_provider_for_fails_a_claim(rehearsal: Rehearsal) -> None:
    iam = rehearsal.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    described = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    restart_the_driver(rehearsal)
    make_claim(rehearsal.kubernetes(), name="without-provider", storage_class="efs-sc-1")
    issuer = rehearsal.settings.cluster.oidc_issuer
    await_event(
        rehearsal,
        "without-provider",
        f"InvalidIdentityToken: No OpenIDConnect provider found in your account for {issuer}",
    )
    iam.create_open_id_connect_provider(
        Url=issuer, ThumbprintList=described["ThumbprintList"], ClientIDList=described["ClientIDList"]
    )
    await_bound(rehearsal.kubernetes(), name="without-provider")


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


def annotate(rehearsal: Rehearsal, role_arn: str) -> None:
    """Name the role in the account of the driver's controller, as `kubectl annotate` does."""
    kubernetes.CoreV1Api(rehearsal.kubernetes()).patch_namespaced_service_account(
        CONTROLLER, "kube-system", {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": role_arn}}}
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
