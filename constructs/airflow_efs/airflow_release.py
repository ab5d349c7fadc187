"""Apache Airflow, installed by its official Helm chart."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import Duration
from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IDependable

from airflow_efs.imported_cluster import ImportedCluster

CHART: Final = "airflow"
"""The name of the chart."""


class AirflowRelease(Construct):
    """A release of the chart ``airflow``.

    It is not waited for: the pods need a database, an image and a node, none of which is this stack's, and a
    wait that ends in a rollback would tell less than a pod's own events. What the chart keeps
    (``helm.sh/resource-policy: keep``) outlives the release.

    Args:
        cluster: where Airflow is installed.
        depends_on: what must be there before: the storage class of the logs, KEDA's definitions, the keys.
        namespace: its namespace, which must exist.
        release: the name of the release.
        chart_version: the version of the chart.
        chart_repository: the Helm repository of the chart.
        values: the chart's values.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        depends_on: Sequence[IDependable],
        namespace: str,
        release: str,
        chart_version: str,
        chart_repository: str,
        values: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        chart = eks.HelmChart(
            self,
            "Chart",
            cluster=cluster.cluster,
            chart=CHART,
            release=release,
            namespace=namespace,
            create_namespace=False,
            repository=chart_repository,
            version=chart_version,
            values=values,
            wait=False,
            timeout=Duration.minutes(4),
        )
        chart.node.add_dependency(cluster.access, *depends_on)
