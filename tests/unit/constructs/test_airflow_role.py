from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from airflow_efs.airflow_role import AirflowRole
from tests.unit.templates import Resource, of_type, only

ISSUER = "oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def build(stack: Stack, **props: Any) -> Template:
    defaults: dict[str, Any] = {
        "identity": "irsa",
        "cluster_name": "k8s-cluster",
        "oidc_issuer": f"https://{ISSUER}",
        "namespace": "airflow",
        "service_account": "airflow-worker",
        "role_name": "airflow-prod-worker",
        "statements": [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::logs/airflow/*"])
        ],
    }
    AirflowRole(stack, "Role", **(defaults | props))
    return Template.from_stack(stack)


def trust(template: Template) -> Resource:
    role = only(of_type(template, "AWS::IAM::Role"))
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert isinstance(statement, dict)
    return statement


def test_with_irsa_only_the_one_service_account_may_assume_it(stack: Stack) -> None:
    template = build(stack)
    assert trust(template)["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust(template)["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:sub": "system:serviceaccount:airflow:airflow-worker",
            f"{ISSUER}:aud": "sts.amazonaws.com",
        }
    }
    template.resource_count_is("AWS::EKS::PodIdentityAssociation", 0)


def test_with_pod_identity_only_the_one_service_account_of_the_cluster_may_assume_it(stack: Stack) -> None:
    template = build(stack, identity="pod-identity")
    assert trust(template)["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert trust(template)["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    conditions = trust(template)["Condition"]["StringEquals"]
    assert conditions["aws:SourceAccount"] == "123456789012"
    assert conditions["aws:RequestTag/kubernetes-namespace"] == "airflow"
    assert conditions["aws:RequestTag/kubernetes-service-account"] == "airflow-worker"
    assert "cluster/k8s-cluster" in str(conditions["aws:RequestTag/eks-cluster-arn"])


def test_pod_identity_associates_the_role(stack: Stack) -> None:
    template = build(stack, identity="pod-identity")
    (role,) = of_type(template, "AWS::IAM::Role")
    template.has_resource_properties(
        "AWS::EKS::PodIdentityAssociation",
        {
            "ClusterName": "k8s-cluster",
            "Namespace": "airflow",
            "ServiceAccount": "airflow-worker",
            "RoleArn": {"Fn::GetAtt": [role, "Arn"]},
        },
    )


def test_it_has_its_name_and_the_policies_that_are_named(stack: Stack) -> None:
    template = build(stack, statements=[], managed_policy_arns=["arn:aws:iam::123456789012:policy/tasks"])
    properties = only(of_type(template, "AWS::IAM::Role"))["Properties"]
    assert properties["RoleName"] == "airflow-prod-worker"
    assert properties["ManagedPolicyArns"] == ["arn:aws:iam::123456789012:policy/tasks"]
    template.resource_count_is("AWS::IAM::Policy", 0)


def test_a_role_that_may_do_nothing_is_refused(stack: Stack) -> None:
    with pytest.raises(ValueError, match="statements and managed_policy_arns: both are empty"):
        build(stack, statements=[])
