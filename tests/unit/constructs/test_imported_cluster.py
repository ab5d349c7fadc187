import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from airflow_efs.imported_cluster import HandlerNetwork, ImportedCluster
from tests.unit.templates import of_type, only

ROLE_ARN = "arn:aws:iam::123456789012:role/deployer"


def apply_something(scope: Stack, cluster: ImportedCluster) -> None:
    manifest = eks.KubernetesManifest(
        scope, "Manifest", cluster=cluster.cluster, manifest=[{"kind": "ConfigMap"}]
    )
    manifest.node.add_dependency(cluster.access)


@pytest.mark.usefixtures("cluster")
def test_the_handlers_role_is_admitted_as_cluster_administrator(stack: Stack) -> None:
    Template.from_stack(stack).has_resource_properties(
        "AWS::EKS::AccessEntry",
        {
            "ClusterName": "k8s-cluster",
            "PrincipalArn": {"Fn::GetAtt": [Match.string_like_regexp("HandlerServiceRole"), "Arn"]},
            "AccessPolicies": [
                {
                    "AccessScope": {"Type": "cluster"},
                    "PolicyArn": {
                        "Fn::Join": [
                            "",
                            [
                                "arn:",
                                {"Ref": "AWS::Partition"},
                                ":eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                            ],
                        ]
                    },
                }
            ],
        },
    )


def test_what_is_applied_goes_before_the_access_entry_on_deletion(
    stack: Stack, cluster: ImportedCluster
) -> None:
    apply_something(stack, cluster)
    template = Template.from_stack(stack)
    (entry,) = of_type(template, "AWS::EKS::AccessEntry")
    assert entry in only(of_type(template, "Custom::AWSCDK-EKS-KubernetesResource"))["DependsOn"]


def test_a_trusted_role_is_used_as_it_is(stack: Stack, layer: lambda_.ILayerVersion) -> None:
    cluster = ImportedCluster(
        stack, "Cluster", cluster_name="k8s-cluster", kubectl_layer=layer, handler_role_arn=ROLE_ARN
    )
    apply_something(stack, cluster)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::EKS::AccessEntry", 0)
    template.has_resource_properties("AWS::Lambda::Function", {"Handler": "index.handler", "Role": ROLE_ARN})
    assert all(
        ROLE_ARN.rpartition("/")[2] not in policy["Properties"].get("Roles", [])
        for policy in of_type(template, "AWS::IAM::Policy").values()
    )


def test_the_handler_and_its_framework_can_run_in_the_vpc(
    stack: Stack, layer: lambda_.ILayerVersion, vpc: ec2.IVpc
) -> None:
    network = HandlerNetwork(
        vpc=vpc, subnet_ids=["subnet-1", "subnet-2"], security_group_id="sg-03d9c8b5a7f1e6240"
    )
    cluster = ImportedCluster(
        stack, "Cluster", cluster_name="k8s-cluster", kubectl_layer=layer, handler_network=network
    )
    apply_something(stack, cluster)
    template = Template.from_stack(stack)
    functions = of_type(template, "AWS::Lambda::Function")
    assert len(functions) == 2
    for function in functions.values():
        assert function["Properties"]["VpcConfig"] == {
            "SubnetIds": ["subnet-1", "subnet-2"],
            "SecurityGroupIds": ["sg-03d9c8b5a7f1e6240"],
        }
    for kind in ("SecurityGroup", "SecurityGroupIngress", "SecurityGroupEgress"):
        template.resource_count_is(f"AWS::EC2::{kind}", 0)


@pytest.mark.usefixtures("cluster")
def test_the_handler_is_outside_of_the_vpc_by_default(stack: Stack) -> None:
    for function in of_type(Template.from_stack(stack), "AWS::Lambda::Function").values():
        assert "VpcConfig" not in function["Properties"]


def test_nothing_is_pruned(stack: Stack, cluster: ImportedCluster) -> None:
    apply_something(stack, cluster)
    Template.from_stack(stack).has_resource_properties(
        "Custom::AWSCDK-EKS-KubernetesResource", {"PruneLabel": Match.absent()}
    )
