import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import Environment as Target
from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from airflow_efs.efs_csi_driver import EfsCsiDriver
from airflow_efs.efs_csi_installation import (
    AddonInstallation,
    Controller,
    ExistingInstallation,
    HelmInstallation,
    Irsa,
    PodIdentity,
)
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
    return {
        found["Sid"]: found
        for key, policy in policies.items()
        if key.startswith(f"Driver{of}")
        for found in policy["Properties"]["PolicyDocument"]["Statement"]
    }


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
            "podAnnotations": {"airflow-efs/identity": "irsa", "airflow-efs/role": role},
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


@pytest.mark.parametrize("half", ["Controller", "Node"])
def test_what_may_be_read_everywhere_stands_in_a_policy_apart(template: Template, half: str) -> None:
    for key, policy in of_type(template, "AWS::IAM::ManagedPolicy").items():
        found = policy["Properties"]["PolicyDocument"]["Statement"]
        asterisks = [statement for statement in found if statement["Resource"] == "*"]
        if key.startswith(f"Driver{half}ReadingPolicy"):
            assert asterisks == found
        elif key.startswith(f"Driver{half}"):
            assert asterisks == []


@pytest.mark.parametrize("half", ["Controller", "Node"])
def test_who_waits_for_a_policy_waits_for_the_one_apart_too(template: Template, half: str) -> None:
    policies = of_type(template, "AWS::IAM::ManagedPolicy")
    (reading,) = (key for key in policies if key.startswith(f"Driver{half}ReadingPolicy"))
    (policy,) = (value for key, value in policies.items() if key.startswith(f"Driver{half}Policy"))
    assert policy["DependsOn"] == [reading]


def test_the_nodes_may_mount_where_iam_lets_clients_in(stack: Stack, cluster: ImportedCluster) -> None:
    assert statements(build(stack, cluster, mounts_by_iam=True), "Node")["MountThroughMountTargets"] == {
        "Sid": "MountThroughMountTargets",
        "Effect": "Allow",
        "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "Resource": FILE_SYSTEM,
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
    }


def test_the_nodes_may_be_root_only_where_that_is_said(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, mounts_by_iam=True, mounts_as_root=True)
    found = statements(template, "Node")["MountThroughMountTargets"]
    assert "elasticfilesystem:ClientRootAccess" in found["Action"]


POD_IDENTITY = PodIdentity(cluster_name="k8s-cluster")
ADDON = AddonInstallation(version="v3.4.1-eksbuild.1")


def addon(template: Template) -> dict[str, Any]:
    return dict(only(of_type(template, "AWS::EKS::Addon"))["Properties"])


def role_ids(template: Template) -> tuple[str, str]:
    roles = sorted(key for key in of_type(template, "AWS::IAM::Role") if key.startswith("Driver"))
    controller, node = roles
    return controller, node


def test_the_chart_may_stay_when_it_leaves_the_stack(stack: Stack, cluster: ImportedCluster) -> None:
    kept = HelmInstallation(version="4.4.1", repository="https://charts.example.com/", keep=True)
    assert chart(build(stack, cluster, installation=kept))["DeletionPolicy"] == "Retain"


def test_the_chart_goes_by_default(template: Template) -> None:
    assert chart(template)["DeletionPolicy"] == "Delete"


def test_a_chart_from_an_archive_needs_no_repository(
    stack: Stack, cluster: ImportedCluster, tmp_path: Path
) -> None:
    (tmp_path / "Chart.yaml").write_text("name: aws-efs-csi-driver")
    with tarfile.open(tmp_path / "driver.tgz", "w:gz") as packed:
        packed.add(tmp_path / "Chart.yaml", arcname="aws-efs-csi-driver/Chart.yaml")
    archive = HelmInstallation(version="", repository="", archive=tmp_path / "driver.tgz")
    properties = chart(build(stack, cluster, installation=archive))["Properties"]
    assert "ChartAssetURL" in properties
    assert properties.keys() & {"Chart", "Repository", "Version"} == set()


def test_pod_identity_associates_each_account_with_its_own_role(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster, identity=POD_IDENTITY)
    controller, node = role_ids(template)
    found = {
        one["Properties"]["ServiceAccount"]: one["Properties"]
        for one in of_type(template, "AWS::EKS::PodIdentityAssociation").values()
    }
    assert {name: one["RoleArn"]["Fn::GetAtt"][0] for name, one in found.items()} == {
        "efs-csi-controller-sa": controller,
        "efs-csi-node-sa": node,
    }
    assert {(one["ClusterName"], one["Namespace"]) for one in found.values()} == {
        ("k8s-cluster", "kube-system")
    }


def test_pods_are_made_after_their_associations(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, identity=POD_IDENTITY)
    associations = of_type(template, "AWS::EKS::PodIdentityAssociation").keys()
    assert associations <= set(chart(template)["DependsOn"])


def test_a_role_keeps_its_id_and_its_policy_whatever_trusts_it(
    stack: Stack, cluster: ImportedCluster
) -> None:
    build(stack, cluster)
    other = Stack(None, "Stack", env=Target(account="123456789012", region="ap-northeast-2"))
    arn = "arn:aws:lambda:ap-northeast-2:123456789012:layer:kubectl:1"
    layer = lambda_.LayerVersion.from_layer_version_arn(other, "Layer", arn)
    there = ImportedCluster(other, "Cluster", cluster_name="k8s-cluster", kubectl_layer=layer)
    by_irsa, by_pod_identity = Template.from_stack(stack), build(other, there, identity=POD_IDENTITY)
    assert role_ids(by_irsa) == role_ids(by_pod_identity)

    def policies(template: Template) -> dict[str, Any]:
        found = of_type(template, "AWS::IAM::ManagedPolicy").items()
        return {key: value for key, value in found if key.startswith("Driver")}

    assert policies(by_irsa) == policies(by_pod_identity)


def test_the_add_on_with_irsa_takes_one_role_for_both_accounts(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster, installation=ADDON)
    (role_id,) = (key for key in of_type(template, "AWS::IAM::Role") if key.startswith("Driver"))
    accounts = [f"system:serviceaccount:kube-system:efs-csi-{part}-sa" for part in ("controller", "node")]
    trust = of_type(template, "AWS::IAM::Role")[role_id]["Properties"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Condition"]["StringEquals"][f"{ISSUER}:sub"] == accounts
    assert addon(template) == {
        "AddonName": "aws-efs-csi-driver",
        "AddonVersion": "v3.4.1-eksbuild.1",
        "ClusterName": "k8s-cluster",
        "PreserveOnDelete": False,
        "ResolveConflicts": "NONE",
        "ServiceAccountRoleArn": {"Fn::GetAtt": [role_id, "Arn"]},
    }
    assert {"Describe", "DescribeMountTargets"} <= statements(template, "Controller").keys()


def test_the_associations_are_the_same_with_the_add_on(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, installation=ADDON, identity=POD_IDENTITY)
    assert addon(template).keys() & {"PodIdentityAssociations", "ServiceAccountRoleArn"} == set()
    associations = of_type(template, "AWS::EKS::PodIdentityAssociation").keys()
    assert len(associations) == 2
    assert associations <= set(only(of_type(template, "AWS::EKS::Addon"))["DependsOn"])


def test_the_add_on_takes_over_and_stays_only_where_it_is_told_to(
    stack: Stack, cluster: ImportedCluster
) -> None:
    moving = AddonInstallation(version="v3.4.1-eksbuild.1", overwrite=True, keep=True)
    found = addon(build(stack, cluster, installation=moving))
    assert (found["ResolveConflicts"], found["PreserveOnDelete"]) == ("OVERWRITE", True)


def test_the_add_on_is_configured_as_the_chart_is(stack: Stack, cluster: ImportedCluster) -> None:
    found = addon(build(stack, cluster, installation=ADDON, controller=Controller(replicas=3)))
    assert json.loads(found["ConfigurationValues"]) == {"controller": {"replicaCount": 3}}


def test_of_an_existing_driver_nothing_is_touched(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, installation=ExistingInstallation())
    role_ids(template)
    for kind in ("Custom::AWSCDK-EKS-HelmChart", "AWS::EKS::Addon", "Custom::AWSCDK-EKS-KubernetesPatch"):
        template.resource_count_is(kind, 0)


@pytest.mark.parametrize("identity", [IRSA, POD_IDENTITY], ids=["irsa", "pod-identity"])
def test_for_a_driver_with_roles_of_its_own_nothing_is_made(
    stack: Stack, cluster: ImportedCluster, identity: Irsa | PodIdentity
) -> None:
    driver = ExistingInstallation(make_roles=False)
    template = build(stack, cluster, installation=driver, identity=identity)
    assert not [key for key in template.to_json()["Resources"] if key.startswith("Driver")]


def test_a_driver_cannot_take_roles_that_are_not_made() -> None:
    with pytest.raises(ValueError, match="makes none"):
        ExistingInstallation(make_roles=False, patch=True)


def test_an_existing_driver_is_patched_where_the_environment_says_so(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster, installation=ExistingInstallation(patch=True))
    patches = of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch")
    names = {key: value["Properties"]["ResourceName"] for key, value in patches.items()}
    accounts = {f"serviceaccount/efs-csi-{part}-sa" for part in ("controller", "node")}
    workloads = {"deployment/efs-csi-controller", "daemonset/efs-csi-node"}
    assert set(names.values()) == accounts | workloads
    for key, name in names.items():
        if name in workloads:  # pods are made when their accounts have their roles
            waited_for = {names[one] for one in patches[key]["DependsOn"] if one in names}
            assert waited_for == accounts


def test_with_pod_identity_an_existing_driver_is_only_restarted(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster, installation=ExistingInstallation(patch=True), identity=POD_IDENTITY)
    patches = of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch").values()
    patched = {one["Properties"]["ResourceName"] for one in patches}
    assert patched == {"deployment/efs-csi-controller", "daemonset/efs-csi-node"}
    template.resource_count_is("AWS::EKS::PodIdentityAssociation", 2)
