"""The EFS CSI driver, installed by its Helm chart, with the roles of its two halves."""

from aws_cdk import ArnFormat, Duration, Stack
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from airflow_efs.efs_csi_permissions import (
    controller_reading,
    controller_statements,
    node_reading,
    node_statements,
)
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.irsa_role import ROLE_ANNOTATION, IrsaRole

NAMESPACE = "kube-system"
"""Where the EKS managed add-on installs the driver, too, so that a second install collides at once."""

RELEASE = "aws-efs-csi-driver"
"""The name of the chart and of the release."""

CONTROLLER_SERVICE_ACCOUNT = "efs-csi-controller-sa"
"""The service account of the controller, which makes and deletes access points."""

NODE_SERVICE_ACCOUNT = "efs-csi-node-sa"
"""The service account of the DaemonSet, which mounts."""


class EfsCsiDriver(Construct):
    """The driver's chart in ``kube-system``, with a role for the controller and another for the nodes.

    The nodes' role cannot make or delete anything: a token stolen from a node is worth little.

    The chart waits for nothing but access to the cluster: neither the file system nor a mount target is
    needed to start the driver, and they take a minute.

    Args:
        cluster: where the driver is installed.
        oidc_issuer: the cluster's issuer, ``https://…``.
        file_system_arn: the one file system on which the controller may make access points.
        mounts_by_iam: the file system lets clients in by IAM only, so the nodes' role may mount it.
            Default: False.
        mounts_as_root: with that, root of a pod may be root in the file system. Default: False.
        chart_version: the version of the chart ``aws-efs-csi-driver``.
        chart_repository: the Helm repository of the chart.
        controller_role_name: Default: CloudFormation makes one up. The same holds for the other names.
        controller_policy_name: the name of the managed policy of the controller.
        node_role_name: the name of the role of the nodes.
        node_policy_name: the name of the managed policy of the nodes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        oidc_issuer: str,
        file_system_arn: str,
        mounts_by_iam: bool = False,
        mounts_as_root: bool = False,
        chart_version: str,
        chart_repository: str,
        controller_role_name: str | None = None,
        controller_policy_name: str | None = None,
        node_role_name: str | None = None,
        node_policy_name: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)

        self._controller = IrsaRole(
            self,
            "Controller",
            oidc_issuer=oidc_issuer,
            namespace=NAMESPACE,
            service_account=CONTROLLER_SERVICE_ACCOUNT,
            statements=self._controller_statements(file_system_arn),
            reading=controller_reading(),
            role_name=controller_role_name,
            policy_name=controller_policy_name,
        )
        self._node = IrsaRole(
            self,
            "Node",
            oidc_issuer=oidc_issuer,
            namespace=NAMESPACE,
            service_account=NODE_SERVICE_ACCOUNT,
            statements=node_statements(
                file_system_arn=file_system_arn, mounts_by_iam=mounts_by_iam, as_root=mounts_as_root
            ),
            reading=node_reading(),
            role_name=node_role_name,
            policy_name=node_policy_name,
        )
        self._chart = eks.HelmChart(
            self,
            "Chart",
            cluster=cluster.cluster,
            chart=RELEASE,
            release=RELEASE,
            namespace=NAMESPACE,
            # kube-system is there; Helm should not ask for the right to make a namespace.
            create_namespace=False,
            repository=chart_repository,
            version=chart_version,
            values={
                "controller": _service_account(CONTROLLER_SERVICE_ACCOUNT, self._controller.role_arn),
                "node": _service_account(NODE_SERVICE_ACCOUNT, self._node.role_arn),
            },
            # Not waiting for pods: a cluster whose autoscaler has no node yet would hold up, and then roll
            # back, everything else. A class needs no running driver, and a claim waits for it by itself.
            wait=False,
            # The handler tries three times and its function ends after 15 minutes.
            timeout=Duration.minutes(4),
        )
        self._chart.node.add_dependency(cluster.access)
        self._ready_to_provision = DependencyGroup(self._chart, self._controller.policy)

    @property
    def controller_role_arn(self) -> str:
        """The ARN of the controller's role."""
        return self._controller.role_arn

    @property
    def node_role_arn(self) -> str:
        """The ARN of the nodes' role."""
        return self._node.role_arn

    @property
    def ready_to_provision(self) -> DependencyGroup:
        """What a class waits for, and what must outlive it: the chart and the controller's policy."""
        return self._ready_to_provision

    def _controller_statements(self, file_system_arn: str) -> list[iam.PolicyStatement]:
        return controller_statements(
            file_system_arn=file_system_arn,
            access_points_arn=Stack.of(self).format_arn(
                service="elasticfilesystem",
                resource="access-point",
                resource_name="*",
                arn_format=ArnFormat.SLASH_RESOURCE_NAME,
            ),
        )


def _service_account(name: str, role_arn: str) -> dict[str, object]:
    return {"serviceAccount": {"create": True, "name": name, "annotations": {ROLE_ANNOTATION: role_arn}}}
