from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from airflow_efs.irsa_role import IrsaRole
from tests.unit.templates import of_type, only

ISSUER = "oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"


def build(stack: Stack, **props: Any) -> IrsaRole:
    defaults: dict[str, Any] = {
        "oidc_issuer": f"https://{ISSUER}",
        "namespace": "kube-system",
        "service_account": "efs-csi-controller-sa",
        "statements": [iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])],
    }
    return IrsaRole(stack, "Irsa", **(defaults | props))


def test_only_the_one_service_account_may_assume_it_for_sts(stack: Stack) -> None:
    build(stack)
    role = only(of_type(Template.from_stack(stack), "AWS::IAM::Role"))
    provider = [
        "arn:",
        {"Ref": "AWS::Partition"},
        f":iam::123456789012:oidc-provider/{ISSUER}",
    ]
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": {"Fn::Join": ["", provider]}},
            "Condition": {
                "StringEquals": {
                    f"{ISSUER}:sub": "system:serviceaccount:kube-system:efs-csi-controller-sa",
                    f"{ISSUER}:aud": "sts.amazonaws.com",
                }
            },
        }
    ]


def test_it_brings_no_function_and_no_custom_resource(stack: Stack) -> None:
    build(stack)
    kinds = {resource["Type"] for resource in Template.from_stack(stack).to_json()["Resources"].values()}
    assert kinds == {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}


def test_the_policy_is_attached_from_its_own_side(stack: Stack) -> None:
    build(stack)
    template = Template.from_stack(stack)
    (role,) = of_type(template, "AWS::IAM::Role")
    template.has_resource_properties("AWS::IAM::Role", {"ManagedPolicyArns": Match.absent()})
    template.has_resource_properties("AWS::IAM::ManagedPolicy", {"Roles": [{"Ref": role}]})


def test_names_are_the_given_ones(stack: Stack) -> None:
    build(stack, role_name="AmazonEKS_EFS_CSI_DriverRole", policy_name="AmazonEKS_EFS_CSI_Driver_Policy")
    template = Template.from_stack(stack)
    template.has_resource_properties("AWS::IAM::Role", {"RoleName": "AmazonEKS_EFS_CSI_DriverRole"})
    template.has_resource_properties(
        "AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "AmazonEKS_EFS_CSI_Driver_Policy"}
    )


def test_an_issuer_without_https_is_an_error(stack: Stack) -> None:
    with pytest.raises(
        ValueError, match=f"^oidc_issuer: {ISSUER} does not start with https://; take it from"
    ):
        build(stack, oidc_issuer=ISSUER)


def test_a_role_that_may_do_nothing_is_an_error(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"^statements: is empty; a role without a policy is of no use"):
        build(stack, statements=[])
