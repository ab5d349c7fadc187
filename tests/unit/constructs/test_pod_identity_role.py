from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from airflow_efs.pod_identity_role import PodIdentityRole
from tests.unit.templates import of_type, only

CLUSTER = ["arn:", {"Ref": "AWS::Partition"}, ":eks:ap-northeast-2:123456789012:cluster/k8s-cluster"]


def build(stack: Stack, **props: Any) -> PodIdentityRole:
    defaults: dict[str, Any] = {
        "cluster_name": "k8s-cluster",
        "namespace": "kube-system",
        "service_account": "efs-csi-node-sa",
        "statements": [iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"])],
    }
    return PodIdentityRole(stack, "Role", **(defaults | props))


def test_eks_may_assume_it_for_one_account_of_one_cluster(stack: Stack) -> None:
    build(stack)
    role = only(of_type(Template.from_stack(stack), "AWS::IAM::Role"))
    tag = "aws:RequestTag"
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Condition": {
                "StringEquals": {
                    "aws:SourceAccount": "123456789012",
                    f"{tag}/eks-cluster-arn": {"Fn::Join": ["", CLUSTER]},
                    f"{tag}/kubernetes-namespace": "kube-system",
                    f"{tag}/kubernetes-service-account": "efs-csi-node-sa",
                }
            },
        }
    ]


def test_role_and_policy_have_the_names_that_are_asked_for(stack: Stack) -> None:
    build(stack, role_name="node", policy_name="node-policy")
    template = Template.from_stack(stack)
    template.has_resource_properties("AWS::IAM::Role", {"RoleName": "node"})
    template.has_resource_properties("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "node-policy"})


def test_a_role_without_rights_is_refused(stack: Stack) -> None:
    with pytest.raises(ValueError, match=r"^statements: is empty"):
        build(stack, statements=[])
