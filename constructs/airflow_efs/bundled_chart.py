"""A Helm chart of this project's own, which lies beside this file and goes to the cluster as an asset."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from aws_cdk import Duration
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from airflow_efs.imported_cluster import ImportedCluster

CHARTS = Path(__file__).parent / "charts"
"""The folder of the charts."""

NAMESPACE = "kube-system"
"""Where Helm keeps the releases: it exists in every cluster, and only administrators write there."""


class BundledChart(Construct):
    """A release of one of this project's charts.

    For what a manifest cannot do: Helm's templates look at the cluster before anything is changed, and its
    hooks replace an object that cannot be updated.

    The handler fetches the chart from the bucket of the CDK's assets; its own role is allowed to. A role that
    is given to the cluster instead must be allowed already.

    Args:
        cluster: where the chart is installed.
        chart: the folder in ``charts/``.
        release: the name of the release, unique in ``kube-system``, at most 53 characters.
        values: the values of the chart. Numbers must be text: Helm turns large ones into floats.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        chart: Literal["preflight", "storage-class"],
        release: str,
        values: Mapping[str, object],
    ) -> None:
        super().__init__(scope, construct_id)
        installed = eks.HelmChart(
            self,
            "Release",
            cluster=cluster.cluster,
            chart_asset=assets.Asset(self, "Archive", path=str(CHARTS / chart)),
            release=release,
            namespace=NAMESPACE,
            create_namespace=False,
            values=dict(values),
            # Nothing in these charts becomes ready later than it is made.
            wait=False,
            timeout=Duration.minutes(4),
        )
        installed.node.add_dependency(cluster.access)
