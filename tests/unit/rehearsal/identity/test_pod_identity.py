"""EKS Pod Identity: associations by the calls of EKS and by a stack, and the agent's credentials."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account.eks.addons import POD_IDENTITY_AGENT, Addons
from rehearsal.account.eks.pod_identity import (
    Associations,
    StackAssociation,
    webhook_configuration,
)
from rehearsal.account.eks.pod_identity_agent import PodIdentityAgent, PodIdentityRefusalError
from rehearsal.account.eks.refusals import EksRefusalError
from rehearsal.account.iam.web_identity import principal_tags, session_of
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION, create_cluster
from tests.unit.rehearsal.identity.refusals import refusal

CLUSTER_ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/one"


def trust(**conditions: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": conditions},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make_role(name: str, document: str) -> str:
    role = aws_client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    return str(role["Arn"])


@pytest.fixture
def role(account: None) -> str:  # noqa: ARG001
    return make_role(
        "driver",
        trust(
            **{
                "aws:SourceAccount": ACCOUNT,
                "aws:RequestTag/eks-cluster-arn": CLUSTER_ARN,
                "aws:RequestTag/kubernetes-namespace": "kube-system",
                "aws:RequestTag/kubernetes-service-account": "driver",
            }
        ),
    )


@pytest.fixture
def eks(role: str) -> Any:
    client = aws_client("eks")
    create_cluster(client, role)
    return client


def associate(eks: Any, role: str, **more: Any) -> dict[str, Any]:
    answer = eks.create_pod_identity_association(
        clusterName="one", namespace="kube-system", serviceAccount="driver", roleArn=role, **more
    )
    return dict(answer["association"])


def test_an_association_is_described_as_it_was_made(eks: Any, role: str) -> None:
    made = associate(eks, role, tags={"a": "b"})
    described = eks.describe_pod_identity_association(clusterName="one", associationId=made["associationId"])
    assert described["association"] == made
    assert (made["namespace"], made["serviceAccount"], made["roleArn"]) == ("kube-system", "driver", role)
    assert (made["tags"], made["disableSessionTags"]) == ({"a": "b"}, False)


def test_associations_are_listed_by_their_accounts(eks: Any, role: str) -> None:
    made = associate(eks, role)

    def listed(**only: str) -> list[str]:
        found = eks.list_pod_identity_associations(clusterName="one", **only)["associations"]
        return [one["associationId"] for one in found]

    assert listed() == listed(namespace="kube-system") == listed(serviceAccount="driver")
    assert listed() == [made["associationId"]]
    assert listed(namespace="other") == listed(serviceAccount="other") == []


def test_an_association_is_updated_and_deleted(eks: Any, role: str) -> None:
    identifier = associate(eks, role)["associationId"]
    other = make_role("other", trust())
    eks.update_pod_identity_association(clusterName="one", associationId=identifier, roleArn=other)
    found = eks.describe_pod_identity_association(clusterName="one", associationId=identifier)["association"]
    assert found["roleArn"] == other
    eks.delete_pod_identity_association(clusterName="one", associationId=identifier)
    assert eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def test_an_account_has_one_association(eks: Any, role: str) -> None:
    made = associate(eks, role)
    with pytest.raises(ClientError) as error:
        associate(eks, role)
    assert refusal(error) == (
        "ResourceInUseException",
        f"Association already exists: {made['associationId']}",
    )


def test_a_role_must_exist(eks: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        associate(eks, f"{role}-2")
    assert refusal(error) == (
        "InvalidParameterException",
        "Role provided in the request does not exist.",
    )


def test_an_association_that_is_not_there_is_not_found(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.describe_pod_identity_association(clusterName="one", associationId="a-1")
    assert refusal(error) == ("ResourceNotFoundException", "Association not found: a-1")


def test_the_webhook_is_told_of_every_change(eks: Any, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        Associations, "changed", staticmethod(lambda store: told.append(webhook_configuration(store.all())))
    )
    identifier = associate(eks, role)["associationId"]
    eks.delete_pod_identity_association(clusterName="one", associationId=identifier)
    driver = {"namespace": "kube-system", "serviceAccount": "driver"}
    assert [json.loads(text)["identities"] for text in told] == [[driver], []]


def properties(role: str, **more: Any) -> dict[str, Any]:
    return {
        "ClusterName": "one",
        "Namespace": "kube-system",
        "ServiceAccount": "driver",
        "RoleArn": role,
        **more,
    }


def make(role: str, **more: Any) -> StackAssociation:
    return StackAssociation.make("", properties(role, **more), account=ACCOUNT, region=REGION)


def test_a_stack_makes_changes_and_removes_an_association(eks: Any, role: str) -> None:
    made = make(role)
    (listed,) = eks.list_pod_identity_associations(clusterName="one")["associations"]
    assert made.physical_resource_id == listed["associationArn"]
    assert made.get_cfn_attribute("AssociationId") == listed["associationId"]
    other = make_role("other", trust())
    made.change(properties(other), properties(role), account=ACCOUNT, region=REGION)
    found = eks.describe_pod_identity_association(clusterName="one", associationId=listed["associationId"])
    assert found["association"]["roleArn"] == other
    made.delete(ACCOUNT, REGION)
    made.delete(ACCOUNT, REGION)  # somebody else was faster
    assert eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def test_a_stack_shows_why_eks_refuses(eks: Any, role: str) -> None:
    identifier = associate(eks, role)["associationId"]
    with pytest.raises(EksRefusalError) as error:
        make(role)
    assert str(error.value) == (
        f'Resource handler returned message: "Association already exists: {identifier}" '
        "(Service: Eks, Status Code: 409)"
    )


class Reviews:
    """A stand-in of the API server that knows one token."""

    def create(self, path: str, body: dict[str, Any]) -> Any:
        assert path == "/apis/authentication.k8s.io/v1/tokenreviews"
        assert body["spec"]["audiences"] == ["pods.eks.amazonaws.com"]
        namespace, _, name = body["spec"]["token"].partition("/")
        if not name:
            return {"status": {"authenticated": False}}
        user = {"username": f"system:serviceaccount:{namespace}:{name}", "extra": {}}
        return {"status": {"authenticated": True, "user": user}}


@pytest.fixture
def agent(eks: Any) -> PodIdentityAgent:  # noqa: ARG001
    return PodIdentityAgent(Reviews(), cluster="one", account=ACCOUNT, region=REGION)  # type: ignore[arg-type]


def test_a_pod_gets_a_session_of_its_role_with_tags(agent: PodIdentityAgent, eks: Any, role: str) -> None:
    associate(eks, role)
    credentials = agent.credentials("kube-system/driver")
    session = session_of(credentials["AccessKeyId"], account=ACCOUNT, region=REGION)
    assert session is not None
    assert session.role_arn == role
    assert credentials["Token"] == session.session_token
    tags = principal_tags(credentials["AccessKeyId"])
    assert tags["aws:PrincipalTag/eks-cluster-arn"] == CLUSTER_ARN
    assert tags["aws:PrincipalTag/kubernetes-service-account"] == "driver"


def denied(agent: PodIdentityAgent, *, bearer: str = "kube-system/driver") -> tuple[int, str]:
    with pytest.raises(PodIdentityRefusalError) as error:
        agent.credentials(bearer)
    return error.value.status, str(error.value)


NO_TRUST = (
    400,
    "AccessDeniedException: Unauthorized Exception! "
    "EKS does not have permissions to assume the associated role.",
)


def test_a_token_that_the_api_server_does_not_know_is_invalid(agent: PodIdentityAgent) -> None:
    assert denied(agent, bearer="nobody") == (
        400,
        "InvalidTokenException: The token included in the request is invalid.",
    )


def test_an_account_without_an_association_gets_nothing(agent: PodIdentityAgent) -> None:
    assert denied(agent) == (
        404,
        "ResourceNotFoundException: No association found for service account kube-system/driver "
        "in cluster one",
    )


@pytest.mark.parametrize(
    "condition",
    [
        {"aws:RequestTag/kubernetes-service-account": "other"},
        {"aws:RequestTag/kubernetes-namespace": "other"},
        {"aws:RequestTag/eks-cluster-arn": f"{CLUSTER_ARN}-2"},
        {"aws:SourceAccount": "210987654321"},
    ],
)
def test_a_role_that_trusts_somebody_else_is_not_assumed(
    agent: PodIdentityAgent, eks: Any, condition: dict[str, str]
) -> None:
    associate(eks, make_role("other", trust(**condition)))
    assert denied(agent) == NO_TRUST


def test_a_role_that_does_not_allow_tags_is_not_assumed(agent: PodIdentityAgent, eks: Any) -> None:
    document = trust().replace(', "sts:TagSession"', "")
    associate(eks, make_role("other", document))
    assert denied(agent) == NO_TRUST


def test_without_session_tags_such_a_role_is_assumed(agent: PodIdentityAgent, eks: Any) -> None:
    document = trust().replace(', "sts:TagSession"', "")
    associate(eks, make_role("other", document), disableSessionTags=True)
    assert principal_tags(agent.credentials("kube-system/driver")["AccessKeyId"]) == {}


def test_the_agent_runs_where_its_add_on_is(agent: PodIdentityAgent) -> None:
    assert not agent.runs()
    Addons.of(ACCOUNT, REGION).note("one", POD_IDENTITY_AGENT, version="v1.3.10-eksbuild.2")
    assert agent.runs()
