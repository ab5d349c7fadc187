"""Parts that several constructs need, without assets."""

import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from airflow_efs.imported_cluster import ImportedCluster


@pytest.fixture
def vpc(stack: Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["ap-northeast-2a"])


@pytest.fixture
def layer(stack: Stack) -> lambda_.ILayerVersion:
    arn = "arn:aws:lambda:ap-northeast-2:123456789012:layer:kubectl:1"
    return lambda_.LayerVersion.from_layer_version_arn(stack, "Layer", arn)


@pytest.fixture
def cluster(stack: Stack, layer: lambda_.ILayerVersion) -> ImportedCluster:
    return ImportedCluster(stack, "Cluster", cluster_name="k8s-cluster", kubectl_layer=layer)
