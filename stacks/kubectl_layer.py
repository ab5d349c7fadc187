"""The Lambda layer with kubectl and Helm that fits a cluster."""

from importlib import import_module

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from settings.versions import kubectl_layer_for


def kubectl_layer(scope: Construct, construct_id: str, *, cluster_version: str) -> lambda_.ILayerVersion:
    """Make the layer for a cluster of this version, such as ``1.33``.

    Raises:
        UnsupportedClusterVersionError: no layer is within one minor version of the cluster.
    """
    minor = kubectl_layer_for(cluster_version)
    # Only the layer that is used: each package holds 35 MB and takes its time to load.
    package = import_module(f"aws_cdk.lambda_layer_kubectl_v{minor}")
    layer: lambda_.ILayerVersion = getattr(package, f"KubectlV{minor}Layer")(scope, construct_id)
    return layer
