"""Access entries, by the calls of EKS and by a stack."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.eks.models import eks_backends

from rehearsal.account.eks.access_entries import AccessEntries, StackAccessEntry
from rehearsal.account.eks.refusals import EksRefusalError
from rehearsal.account.recorded_only import NotRehearsedError
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION, create_cluster
from tests.unit.rehearsal.identity.refusals import refusal

VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def role(account: None) -> str:  # noqa: ARG001
    iam = aws_client("iam")
    arn: str = iam.create_role(RoleName="handler", Path="/team/", AssumeRolePolicyDocument=json.dumps(TRUST))[
        "Role"
    ]["Arn"]
    return arn


@pytest.fixture
def eks(role: str) -> Any:
    client = aws_client("eks")
    create_cluster(client, role)
    return client


def set_mode(mode: str) -> None:
    cluster = eks_backends[ACCOUNT][REGION].clusters["one"]
    cluster.access_config = {"authenticationMode": mode}  # type: ignore[attr-defined]


def test_a_cluster_takes_entries_and_the_config_map(eks: Any) -> None:
    config = eks.describe_cluster(name="one")["cluster"]["accessConfig"]
    assert config == {"authenticationMode": "API_AND_CONFIG_MAP"}


@pytest.mark.parametrize(
    ("said", "mode"),
    [(None, "CONFIG_MAP"), ("CONFIG_MAP", "CONFIG_MAP"), ("API", "API")],
)
def test_a_cluster_has_the_mode_that_it_is_made_with(role: str, said: str | None, mode: str) -> None:
    eks = aws_client("eks")
    made = create_cluster(eks, role, said)
    assert made["accessConfig"]["authenticationMode"] == mode
    assert eks.describe_cluster(name="one")["cluster"]["accessConfig"] == {"authenticationMode": mode}


def test_a_cluster_of_an_unknown_mode_is_not_made(role: str) -> None:
    eks = aws_client("eks")
    with pytest.raises(ClientError) as error:
        create_cluster(eks, role, "AWS_AUTH")
    assert refusal(error)[0] == "InvalidParameterException"
    assert eks.list_clusters()["clusters"] == []


def test_an_entry_is_described_as_it_was_made(eks: Any, role: str) -> None:
    made = eks.create_access_entry(
        clusterName="one", principalArn=role, kubernetesGroups=["viewers"], tags={"a": "b"}
    )["accessEntry"]
    assert eks.describe_access_entry(clusterName="one", principalArn=role)["accessEntry"] == made
    assert made["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/handler/{{{{SessionName}}}}"
    assert made["kubernetesGroups"] == ["viewers"]
    assert made["type"] == "STANDARD"
    assert eks.list_access_entries(clusterName="one")["accessEntries"] == [role]


def test_an_entry_is_updated_and_deleted(eks: Any, role: str) -> None:
    eks.create_access_entry(clusterName="one", principalArn=role, kubernetesGroups=["viewers"])
    changed = eks.update_access_entry(clusterName="one", principalArn=role, username="robot")["accessEntry"]
    assert (changed["username"], changed["kubernetesGroups"]) == ("robot", ["viewers"])
    eks.delete_access_entry(clusterName="one", principalArn=role)
    assert eks.list_access_entries(clusterName="one")["accessEntries"] == []


def test_policies_are_associated_and_disassociated(eks: Any, role: str) -> None:
    eks.create_access_entry(clusterName="one", principalArn=role)
    scope = {"type": "namespace", "namespaces": ["airflow"]}
    eks.associate_access_policy(clusterName="one", principalArn=role, policyArn=VIEW, accessScope=scope)
    (policy,) = eks.list_associated_access_policies(clusterName="one", principalArn=role)[
        "associatedAccessPolicies"
    ]
    assert (policy["policyArn"], policy["accessScope"]) == (VIEW, scope)
    assert eks.list_access_entries(clusterName="one", associatedPolicyArn=VIEW)["accessEntries"] == [role]
    eks.disassociate_access_policy(clusterName="one", principalArn=role, policyArn=VIEW)
    assert eks.list_access_entries(clusterName="one", associatedPolicyArn=VIEW)["accessEntries"] == []


def test_a_principal_has_one_entry(eks: Any, role: str) -> None:
    eks.create_access_entry(clusterName="one", principalArn=role)
    with pytest.raises(ClientError) as error:
        eks.create_access_entry(clusterName="one", principalArn=role)
    assert refusal(error) == (
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
    )


def test_an_entry_that_is_not_there_is_not_found(eks: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        eks.describe_access_entry(clusterName="one", principalArn=role)
    assert refusal(error) == (
        "ResourceNotFoundException",
        "The specified principalArn could not be found. "
        "You can view your available access entries with 'list-access-entries'.",
    )


def test_a_principal_must_exist(eks: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        eks.create_access_entry(clusterName="one", principalArn=f"{role}-2")
    assert refusal(error) == (
        "InvalidParameterException",
        "The specified principalArn is invalid: invalid principal.",
    )


def test_a_group_of_kubernetes_itself_cannot_be_given(eks: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        eks.create_access_entry(clusterName="one", principalArn=role, kubernetesGroups=["system:masters"])
    assert refusal(error) == (
        "InvalidParameterException",
        "The kubernetes group name system:masters is invalid, it cannot start with system:",
    )


def test_a_cluster_of_the_mode_config_map_refuses_entries(eks: Any, role: str) -> None:
    set_mode("CONFIG_MAP")
    with pytest.raises(ClientError) as error:
        eks.create_access_entry(clusterName="one", principalArn=role)
    assert refusal(error) == (
        "InvalidRequestException",
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] "
        "to perform this operation.",
    )


def properties(role: str, *policies: str, **more: Any) -> dict[str, Any]:
    scope = {"Type": "cluster"}
    return {
        "ClusterName": "one",
        "PrincipalArn": role,
        "AccessPolicies": [{"PolicyArn": policy, "AccessScope": scope} for policy in policies],
        **more,
    }


def make(role: str, *policies: str) -> StackAccessEntry:
    return StackAccessEntry.make("", properties(role, *policies), account=ACCOUNT, region=REGION)


def policies_of(eks: Any, role: str) -> list[str]:
    found = eks.list_associated_access_policies(clusterName="one", principalArn=role)
    return [policy["policyArn"] for policy in found["associatedAccessPolicies"]]


def test_a_stack_makes_changes_and_removes_an_entry(eks: Any, role: str) -> None:
    made = make(role, ADMIN)
    assert policies_of(eks, role) == [ADMIN]
    described = eks.describe_access_entry(clusterName="one", principalArn=role)["accessEntry"]
    assert made.get_cfn_attribute("AccessEntryArn") == described["accessEntryArn"]
    assert made.physical_resource_id == f"{role}|one"
    changed = properties(role, VIEW, KubernetesGroups=["viewers"])
    made.change(changed, properties(role, ADMIN), account=ACCOUNT, region=REGION)
    assert policies_of(eks, role) == [VIEW]
    assert made.entry.groups == ("viewers",)
    made.delete(ACCOUNT, REGION)
    assert eks.list_access_entries(clusterName="one")["accessEntries"] == []


def test_a_stack_can_remove_an_entry_that_is_gone(eks: Any, role: str) -> None:
    made = make(role)
    eks.delete_access_entry(clusterName="one", principalArn=role)
    made.delete(ACCOUNT, REGION)


def test_a_stack_shows_why_eks_refuses(eks: Any, role: str) -> None:  # noqa: ARG001
    set_mode("CONFIG_MAP")
    with pytest.raises(EksRefusalError) as error:
        make(role)
    assert str(error.value) == (
        "Resource handler returned message: \"The cluster's authentication mode must be set to one of "
        '[API, API_AND_CONFIG_MAP] to perform this operation." (Service: Eks, Status Code: 400)'
    )


def test_another_principal_would_replace_the_entry(eks: Any, role: str) -> None:  # noqa: ARG001
    made = make(role)
    with pytest.raises(
        NotRehearsedError,
        match=r"^not rehearsed: the replacement of an access entry \(PrincipalArn changed\)$",
    ):
        made.change(properties(f"{role}-2"), properties(role, ADMIN), account=ACCOUNT, region=REGION)


@pytest.mark.usefixtures("eks")
def test_an_entry_whose_policy_is_refused_is_not_left_behind(role: str) -> None:
    unknown = {"PolicyArn": VIEW.replace("View", "Nope"), "AccessScope": {"Type": "cluster"}}
    with pytest.raises(NotRehearsedError):
        StackAccessEntry.make(
            "Entry",
            {"ClusterName": "one", "PrincipalArn": role, "AccessPolicies": [unknown]},
            account=ACCOUNT,
            region=REGION,
        )
    assert AccessEntries.of(ACCOUNT, REGION).list("one") == []


def test_the_name_of_a_user_of_kubernetes_itself_is_refused(eks: Any, role: str) -> None:
    with pytest.raises(ClientError) as error:
        eks.create_access_entry(clusterName="one", principalArn=role, username="system:kube-proxy")
    code, message = refusal(error)
    assert code == "InvalidParameterException"
    assert "system:kube-proxy" in message
    assert eks.list_access_entries(clusterName="one")["accessEntries"] == []
