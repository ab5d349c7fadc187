import json
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from airflow_efs.efs_csi_driver import EfsCsiDriver
from airflow_efs.efs_csi_installation import HelmInstallation, Irsa
from airflow_efs.imported_cluster import ImportedCluster
from tests.unit.templates import Resource, of_type, only

ISSUER = "oidc.eks.ap-northeast-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
FILE_SYSTEM = "arn:aws:elasticfilesystem:ap-northeast-2:123456789012:file-system/fs-1"
ACCESS_POINTS = {
    "Fn::Join": [
        "",
        [
            "arn:",
            {"Ref": "AWS::Partition"},
            ":elasticfilesystem:ap-northeast-2:123456789012:access-point/*",
        ],
    ]
}
TAGGED_BY_DRIVER = {"aws:RequestTag/efs.csi.aws.com/cluster": "true"}


CHARTS = HelmInstallation(version="4.4.1", repository="https://charts.example.com/")
IRSA = Irsa(oidc_issuer=f"https://{ISSUER}")


@pytest.fixture
def template(stack: Stack, cluster: ImportedCluster) -> Template:
    return build(stack, cluster)


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Template:
    defaults: dict[str, Any] = {
        "cluster": cluster,
        "file_system_arn": FILE_SYSTEM,
        "installation": CHARTS,
        "identity": IRSA,
    }
    EfsCsiDriver(stack, "Driver", **(defaults | props))
    return Template.from_stack(stack)


def chart(template: Template) -> Resource:
    return only(of_type(template, "Custom::AWSCDK-EKS-HelmChart"))


def statements(template: Template, of: str) -> dict[str, Any]:
    policies = of_type(template, "AWS::IAM::ManagedPolicy")
    (policy,) = (value for key, value in policies.items() if key.startswith(f"Driver{of}"))
    return {found["Sid"]: found for found in policy["Properties"]["PolicyDocument"]["Statement"]}


def test_the_chart_is_the_one_of_this_version_and_repository(template: Template) -> None:
    template.has_resource_properties(
        "Custom::AWSCDK-EKS-HelmChart",
        {
            "Chart": "aws-efs-csi-driver",
            "Release": "aws-efs-csi-driver",
            "Namespace": "kube-system",
            "Repository": "https://charts.example.com/",
            "Version": "4.4.1",
            "CreateNamespace": Match.absent(),
            "Wait": Match.absent(),
        },
    )


def test_helm_gives_up_before_its_function_does(template: Template) -> None:
    assert 0 < int(chart(template)["Properties"]["Timeout"].removesuffix("s")) <= 14 * 60


def test_the_values_are_two_service_accounts_with_their_roles(template: Template) -> None:
    parts = chart(template)["Properties"]["Values"]["Fn::Join"][1]
    values = json.loads("".join(part if isinstance(part, str) else part["Fn::GetAtt"][0] for part in parts))
    roles = of_type(template, "AWS::IAM::Role")
    (controller,) = (key for key in roles if key.startswith("DriverController"))
    (node,) = (key for key in roles if key.startswith("DriverNode"))

    def service_account(name: str, role: str) -> dict[str, Any]:
        annotations = {"eks.amazonaws.com/role-arn": role}
        return {
            "serviceAccount": {"create": True, "name": name, "annotations": annotations},
            "podAnnotations": {"airflow-efs/identity": "irsa"},
        }

    assert values == {
        "controller": service_account("efs-csi-controller-sa", controller),
        "node": service_account("efs-csi-node-sa", node),
    }


@pytest.mark.parametrize("account", ["efs-csi-controller-sa", "efs-csi-node-sa"])
def test_each_half_has_a_role_for_its_own_service_account(template: Template, account: str) -> None:
    subject = {
        "StringEquals": {f"{ISSUER}:sub": f"system:serviceaccount:kube-system:{account}"}
        | {f"{ISSUER}:aud": "sts.amazonaws.com"}
    }
    trust = {"Statement": [Match.object_like({"Condition": subject})]}
    template.resource_properties_count_is(
        "AWS::IAM::Role", {"AssumeRolePolicyDocument": Match.object_like(trust)}, 1
    )


def test_the_controller_makes_access_points_on_this_file_system_only(template: Template) -> None:
    assert statements(template, "Controller")["CreateAccessPoints"] == {
        "Sid": "CreateAccessPoints",
        "Effect": "Allow",
        "Action": "elasticfilesystem:CreateAccessPoint",
        "Resource": FILE_SYSTEM,
        "Condition": {"StringEquals": TAGGED_BY_DRIVER},
    }


def test_the_controller_tags_access_points_only_while_it_makes_them(template: Template) -> None:
    assert statements(template, "Controller")["TagNewAccessPoints"] == {
        "Sid": "TagNewAccessPoints",
        "Effect": "Allow",
        "Action": "elasticfilesystem:TagResource",
        "Resource": [FILE_SYSTEM, ACCESS_POINTS],
        "Condition": {
            "StringEquals": {"elasticfilesystem:CreateAction": "CreateAccessPoint"} | TAGGED_BY_DRIVER
        },
    }


def test_the_controller_deletes_only_what_it_made(template: Template) -> None:
    assert statements(template, "Controller")["DeleteOwnAccessPoints"] == {
        "Sid": "DeleteOwnAccessPoints",
        "Effect": "Allow",
        "Action": "elasticfilesystem:DeleteAccessPoint",
        "Resource": ACCESS_POINTS,
        "Condition": {"StringEquals": {"aws:ResourceTag/efs.csi.aws.com/cluster": "true"}},
    }


def test_everything_else_the_controller_may_do_is_to_look(template: Template) -> None:
    found = statements(template, "Controller")
    assert set(found) == {"Describe", "CreateAccessPoints", "TagNewAccessPoints", "DeleteOwnAccessPoints"}
    assert found["Describe"]["Action"] == [
        "ec2:DescribeAvailabilityZones",
        "elasticfilesystem:DescribeAccessPoints",
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeMountTargets",
    ]


def test_the_nodes_may_only_look_for_a_mount_target(template: Template) -> None:
    found = {key: (value["Action"], value["Resource"]) for key, value in statements(template, "Node").items()}
    assert found == {
        "DescribeZones": ("ec2:DescribeAvailabilityZones", "*"),
        "DescribeMountTargets": ("elasticfilesystem:DescribeMountTargets", FILE_SYSTEM),
    }
