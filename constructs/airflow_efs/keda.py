"""KEDA, installed by its Helm chart."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct

from airflow_efs.imported_cluster import ImportedCluster

CHART: Final = "keda"
"""The name of the chart."""

VALUES: Final[Mapping[str, object]] = {
    # The chart's definitions are templates: without this an uninstall would delete every ScaledObject of the
    # cluster, whoever made it.
    "crds": {"additionalAnnotations": {"helm.sh/resource-policy": "keep"}}
}
"""The chart's values that differ from its defaults."""


class Keda(Construct):
    """KEDA for the whole cluster, of which there can be one. Its resource definitions stay when it goes.

    Args:
        cluster: where KEDA is installed.
        namespace: its namespace, which Helm makes where it is missing.
        release: the name of the release.
        chart_version: the version of the chart ``keda``.
        chart_repository: the Helm repository of the chart.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        namespace: str,
        release: str,
        chart_version: str,
        chart_repository: str,
    ) -> None:
        super().__init__(scope, construct_id)
        chart = eks.HelmChart(
            self,
            "Chart",
            cluster=cluster.cluster,
            chart=CHART,
            release=release,
            namespace=namespace,
            create_namespace=True,
            repository=chart_repository,
            version=chart_version,
            values=VALUES,
            # Only its definitions must be there before a ScaledObject; they need no running pod.
            wait=False,
            timeout=Duration.minutes(4),
        )
        chart.node.add_dependency(cluster.access)
