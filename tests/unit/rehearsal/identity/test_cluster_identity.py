"""Who the bearer of a token is in the cluster."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
import requests
import yaml
from moto.eks.models import eks_backends
from moto.sts.models import sts_backends

from rehearsal.account.eks.access_entries import AccessEntries
from rehearsal.account.eks.cluster_identity import ClusterIdentity, UnknownPrincipalError, webhook_server
from rehearsal.account.eks.cluster_tokens import TokenError, make_token
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION, create_cluster

POLICIES = "arn:aws:eks::aws:cluster-access-policy/"


class Cluster:
    """A stand-in of the API server: two namespaces, perhaps aws-auth, and the bindings that were made."""

    def __init__(self) -> None:
        self.aws_auth: list[dict[str, Any]] | None = None
        self.bindings: dict[str, str] = {}
        self.reviews = 0

    def get(self, path: str) -> Any:
        if path == "/api/v1/namespaces":
            return {"items": [{"metadata": {"name": name}} for name in ("team-a", "team-b", "other")]}
        assert path == "/api/v1/namespaces/kube-system/configmaps/aws-auth"
        return None if self.aws_auth is None else {"data": {"mapRoles": yaml.safe_dump(self.aws_auth)}}

    def create(self, path: str, body: dict[str, Any]) -> Any:
        assert path == "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        (group,) = body["spec"]["groups"]
        self.reviews += 1
        # Effective at the second look only.
        return {
            "status": {"allowed": self.reviews > 1 and any(name.endswith(group) for name in self.bindings)}
        }

    def ensure(self, path: str, body: dict[str, Any]) -> None:
        place = path.removeprefix("/apis/rbac.authorization.k8s.io/v1/")
        self.bindings[f"{place}/{body['metadata']['name']}"] = body["roleRef"]["name"]


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def role(account: None) -> str:  # noqa: ARG001
    arn: str = aws_client("iam").create_role(
        RoleName="handler", Path="/team/", AssumeRolePolicyDocument="{}"
    )["Role"]["Arn"]
    create_cluster(aws_client("eks"), arn)
    return arn


@pytest.fixture
def token(role: str, monkeypatch: pytest.MonkeyPatch) -> str:
    session = aws_client("sts").assume_role(RoleArn=role, RoleSessionName="fn")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", session["SessionToken"])
    return make_token(cluster="one", region=REGION)


def user_of(token: str, cluster: Cluster) -> dict[str, Any]:
    identity = ClusterIdentity(
        cluster,  # type: ignore[arg-type]
        cluster="one",
        account=ACCOUNT,
        region=REGION,
    )
    return identity.user_of(token)


def set_mode(mode: str) -> None:
    one = eks_backends[ACCOUNT][REGION].clusters["one"]
    one.access_config = {"authenticationMode": mode}  # type: ignore[attr-defined]


def aws_auth_row() -> dict[str, Any]:
    return {
        "rolearn": f"arn:aws:iam::{ACCOUNT}:role/handler",
        "username": "robot:{{SessionName}}",
        "groups": ["system:masters"],
    }


def test_a_role_without_an_entry_has_no_access(token: str, role: str, cluster: Cluster) -> None:
    with pytest.raises(UnknownPrincipalError) as error:
        user_of(token, cluster)
    assert str(error.value) == f"{role} has no access to the cluster one"


def test_an_entry_gives_a_name_and_its_groups(token: str, role: str, cluster: Cluster) -> None:
    AccessEntries.of(ACCOUNT, REGION).create("one", role, groups=("viewers",))
    user = user_of(token, cluster)
    assert user["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/handler/fn"
    assert user["groups"] == ["viewers"]
    assert user["extra"]["canonicalArn"] == [f"arn:aws:iam::{ACCOUNT}:role/handler"]


@pytest.mark.parametrize(
    ("policy", "cluster_role"),
    [
        ("AmazonEKSClusterAdminPolicy", "cluster-admin"),
        ("AmazonEKSAdminPolicy", "admin"),
        ("AmazonEKSEditPolicy", "edit"),
        ("AmazonEKSViewPolicy", "view"),
    ],
)
def test_an_access_policy_is_a_role_of_kubernetes(
    token: str, role: str, cluster: Cluster, policy: str, cluster_role: str
) -> None:
    entries = AccessEntries.of(ACCOUNT, REGION)
    entries.create("one", role)
    entries.associate("one", role, f"{POLICIES}{policy}", {"type": "cluster"})
    assert user_of(token, cluster)["groups"] == [f"rehearsal:{policy}"]
    assert cluster.bindings == {f"clusterrolebindings/rehearsal:{policy}": cluster_role}


def test_a_policy_for_namespaces_is_bound_in_each_that_its_patterns_name(
    token: str, role: str, cluster: Cluster
) -> None:
    entries = AccessEntries.of(ACCOUNT, REGION)
    entries.create("one", role)
    scope = {"type": "namespace", "namespaces": ["team-*"]}
    entries.associate("one", role, f"{POLICIES}AmazonEKSEditPolicy", scope)
    assert user_of(token, cluster)["groups"] == [
        "rehearsal:AmazonEKSEditPolicy:team-a",
        "rehearsal:AmazonEKSEditPolicy:team-b",
    ]
    assert list(cluster.bindings) == [
        "namespaces/team-a/rolebindings/rehearsal:AmazonEKSEditPolicy:team-a",
        "namespaces/team-b/rolebindings/rehearsal:AmazonEKSEditPolicy:team-b",
    ]


@pytest.mark.parametrize("aws_auth", [None, []])
def test_a_cluster_of_the_mode_config_map_lets_nobody_in_whom_aws_auth_does_not_name(
    token: str, cluster: Cluster, aws_auth: list[dict[str, Any]] | None
) -> None:
    set_mode("CONFIG_MAP")
    cluster.aws_auth = aws_auth
    with pytest.raises(UnknownPrincipalError):
        user_of(token, cluster)


@pytest.mark.parametrize("mode", ["CONFIG_MAP", "API_AND_CONFIG_MAP"])
def test_aws_auth_lets_a_role_in_by_its_arn_without_the_path(token: str, cluster: Cluster, mode: str) -> None:
    set_mode(mode)
    cluster.aws_auth = [aws_auth_row()]
    user = user_of(token, cluster)
    assert (user["username"], user["groups"]) == ("robot:fn", ["system:masters"])


def test_a_cluster_of_the_mode_api_does_not_look_at_aws_auth(token: str, cluster: Cluster) -> None:
    set_mode("API")
    cluster.aws_auth = [aws_auth_row()]
    with pytest.raises(UnknownPrincipalError):
        user_of(token, cluster)


def test_a_role_of_aws_auth_is_locked_out_when_the_mode_goes_on_to_api(token: str, cluster: Cluster) -> None:
    cluster.aws_auth = [aws_auth_row()]
    assert user_of(token, cluster)["username"] == "robot:fn"
    aws_client("eks").update_cluster_config(name="one", accessConfig={"authenticationMode": "API"})
    with pytest.raises(UnknownPrincipalError):
        user_of(token, cluster)


def test_a_session_that_is_over_is_nobody(token: str, cluster: Cluster) -> None:
    (session,) = sts_backends[ACCOUNT]["aws"].assumed_roles
    session.expiration -= timedelta(hours=2)
    with pytest.raises(TokenError, match=r"is not known, or its session is over$"):
        user_of(token, cluster)


def review(token: str, *identities: ClusterIdentity) -> dict[str, Any]:
    """What the API server hears of a token."""
    server = webhook_server(0, identities)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        body = {"kind": "TokenReview", "spec": {"token": token}}
        answer = requests.post(f"http://127.0.0.1:{server.server_port}", json=body, timeout=5)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    status: dict[str, Any] = answer.json()["status"]
    return status


def identity_of(cluster: Cluster, name: str, *, account: str = ACCOUNT) -> ClusterIdentity:
    return ClusterIdentity(cluster, cluster=name, account=account, region=REGION)  # type: ignore[arg-type]


def test_a_token_is_good_for_one_of_the_clusters_of_an_api_server(
    token: str, role: str, cluster: Cluster
) -> None:
    AccessEntries.of(ACCOUNT, REGION).create("one", role, groups=("viewers",))
    elsewhere = identity_of(cluster, "one", account="210987654321")
    status = review(token, elsewhere, identity_of(cluster, "another"), identity_of(cluster, "one"))
    assert status["user"]["groups"] == ["viewers"]


def test_a_token_for_none_of_the_clusters_is_not_let_in(token: str, cluster: Cluster) -> None:
    assert review(token, identity_of(cluster, "another")) == {"authenticated": False}
