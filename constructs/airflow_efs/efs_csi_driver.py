"""The EFS CSI driver: installed by its Helm chart or the EKS add-on, or there already, with its two roles."""

from dataclasses import dataclass

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_eks_v2 as eks
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup, IDependable

from airflow_efs.chart_archive import chart_asset
from airflow_efs.efs_csi_installation import (
    AddonInstallation,
    Controller,
    DriverPart,
    ExistingInstallation,
    HelmInstallation,
    Identity,
    Installation,
    Irsa,
    Node,
    PodIdentity,
)
from airflow_efs.efs_csi_permissions import (
    controller_reading,
    controller_statements,
    node_reading,
    node_statements,
)
from airflow_efs.efs_csi_values import (
    CONTROLLER_SERVICE_ACCOUNT,
    IDENTITY_ANNOTATION,
    NODE_SERVICE_ACCOUNT,
    addon_configuration,
    chart_values,
)
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.irsa_role import ROLE_ANNOTATION, IrsaRole
from airflow_efs.pod_identity_role import PodIdentityRole
from airflow_efs.service_account_role import ServiceAccountRole

NAMESPACE = "kube-system"
"""Where the EKS managed add-on installs the driver, too, so that a second install collides at once."""

RELEASE = "aws-efs-csi-driver"
"""The name of the chart, of the release and of the EKS add-on."""


@dataclass(frozen=True, kw_only=True)
class _Roles:
    """The roles of the driver's two halves; the same one twice, where the add-on takes one for both."""

    controller: ServiceAccountRole
    node: ServiceAccountRole


class EfsCsiDriver(Construct):
    """The driver in ``kube-system``, with a role for the controller and another for the nodes.

    The nodes' role cannot make or delete anything: a token stolen from a node is worth little. The one
    exception is the add-on with IRSA: EKS annotates both service accounts with the same role.

    The driver waits for nothing but access to the cluster: neither the file system nor a mount target is
    needed to start it, and they take a minute.

    Args:
        cluster: where the driver runs.
        file_system_arn: the one file system on which the controller may make access points.
        installation: how the driver comes into the cluster.
        identity: how its service accounts get their roles.
        controller: the Deployment and its role. Default: the chart's, with generated names.
        node: the DaemonSet and its role. Default: the chart's, with generated names.
        mounts_by_iam: the file system lets clients in by IAM only, so the nodes' role may mount it.
            Default: False.
        mounts_as_root: with that, root of a pod may be root in the file system. Default: False.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        file_system_arn: str,
        installation: Installation,
        identity: Identity,
        controller: Controller | None = None,
        node: Node | None = None,
        mounts_by_iam: bool = False,
        mounts_as_root: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self._cluster = cluster
        self._identity = identity
        self._controller_settings = controller or Controller()
        self._node_settings = node or Node()
        self._roles = (
            None
            if isinstance(installation, ExistingInstallation) and not installation.make_roles
            else self._build_roles(
                installation,
                of_controller=self._controller_statements(file_system_arn),
                of_node=node_statements(
                    file_system_arn=file_system_arn, mounts_by_iam=mounts_by_iam, as_root=mounts_as_root
                ),
            )
        )
        # The add-on could make associations of its own. They would collide with those that are there when a
        # cluster moves from the chart to the add-on; these stay as they are.
        self._associations = [] if isinstance(identity, Irsa) else self._build_associations(identity)
        self._installed = self._install(installation)
        for part in self._installed:
            part.node.add_dependency(cluster.access, *self._associations)
        self._ready_to_provision = DependencyGroup(
            *self._installed,
            *self._associations,
            *([self._roles.controller.policy] if self._roles else []),
        )

    @property
    def controller_role_arn(self) -> str | None:
        """The ARN of the controller's role; None where none is made."""
        return self._roles.controller.role_arn if self._roles else None

    @property
    def node_role_arn(self) -> str | None:
        """The ARN of the nodes' role; the controller's, where the add-on takes one for both; None: none."""
        return self._roles.node.role_arn if self._roles else None

    @property
    def ready_to_provision(self) -> IDependable:
        """What a class waits for, and what must outlive it: the driver, its identity and its policy."""
        return self._ready_to_provision

    def _build_roles(
        self,
        installation: Installation,
        *,
        of_controller: list[iam.PolicyStatement],
        of_node: list[iam.PolicyStatement],
    ) -> _Roles:
        if isinstance(installation, AddonInstallation) and isinstance(self._identity, Irsa):
            both = self._role(
                "Controller",
                CONTROLLER_SERVICE_ACCOUNT,
                self._controller_settings,
                [*of_controller, *of_node],
                controller_reading(),  # it holds what the nodes may read, too
                also=[NODE_SERVICE_ACCOUNT],
            )
            return _Roles(controller=both, node=both)
        return _Roles(
            controller=self._role(
                "Controller",
                CONTROLLER_SERVICE_ACCOUNT,
                self._controller_settings,
                of_controller,
                controller_reading(),
            ),
            node=self._role("Node", NODE_SERVICE_ACCOUNT, self._node_settings, of_node, node_reading()),
        )

    def _role(
        self,
        construct_id: str,
        account: str,
        part: DriverPart,
        statements: list[iam.PolicyStatement],
        reading: list[iam.PolicyStatement],
        *,
        also: list[str] | None = None,
    ) -> ServiceAccountRole:
        if isinstance(self._identity, Irsa):
            return IrsaRole(
                self,
                construct_id,
                oidc_issuer=self._identity.oidc_issuer,
                namespace=NAMESPACE,
                service_account=account,
                also=also or [],
                statements=statements,
                reading=reading,
                role_name=part.role_name,
                policy_name=part.policy_name,
            )
        return PodIdentityRole(
            self,
            construct_id,
            cluster_name=self._identity.cluster_name,
            namespace=NAMESPACE,
            service_account=account,
            statements=statements,
            reading=reading,
            role_name=part.role_name,
            policy_name=part.policy_name,
        )

    def _build_associations(self, identity: PodIdentity) -> list[eks.CfnPodIdentityAssociation]:
        return [
            eks.CfnPodIdentityAssociation(
                self,
                f"{half}Association",
                cluster_name=identity.cluster_name,
                namespace=NAMESPACE,
                service_account=account,
                role_arn=role.role_arn,
            )
            for half, account, role in self._accounts()
        ]

    def _accounts(self) -> list[tuple[str, str, ServiceAccountRole]]:
        if self._roles is None:
            return []
        return [
            ("Controller", CONTROLLER_SERVICE_ACCOUNT, self._roles.controller),
            ("Node", NODE_SERVICE_ACCOUNT, self._roles.node),
        ]

    def _install(self, installation: Installation) -> list[Construct]:
        if isinstance(installation, ExistingInstallation):
            return self._patch(installation)
        assert self._roles is not None  # noqa: S101  # only an existing driver may do without
        if isinstance(installation, HelmInstallation):
            return [self._build_chart(installation, self._roles)]
        return [self._build_addon(installation, self._roles)]

    def _build_chart(self, installation: HelmInstallation, roles: _Roles) -> eks.HelmChart:
        archive = installation.archive
        return eks.HelmChart(
            self,
            "Chart",
            cluster=self._cluster.cluster,
            chart=None if archive else RELEASE,
            chart_asset=chart_asset(self, "ChartArchive", archive=archive) if archive else None,
            release=RELEASE,
            namespace=NAMESPACE,
            # kube-system is there; Helm should not ask for the right to make a namespace.
            create_namespace=False,
            repository=None if archive else installation.repository,
            version=None if archive else installation.version,
            values=chart_values(
                installation,
                controller=self._controller_settings,
                node=self._node_settings,
                role_arns=(roles.controller.role_arn, roles.node.role_arn),
                identity="irsa" if isinstance(self._identity, Irsa) else "pod-identity",
            ),
            # Not waiting for pods: a cluster whose autoscaler has no node yet would hold up, and then roll
            # back, everything else. A class needs no running driver, and a claim waits for it by itself.
            wait=False,
            # The handler tries three times and its function ends after 15 minutes.
            timeout=Duration.minutes(4),
            removal_policy=_removal_policy(keep=installation.keep),
        )

    def _build_addon(self, installation: AddonInstallation, roles: _Roles) -> eks.CfnAddon:
        configuration = addon_configuration(controller=self._controller_settings, node=self._node_settings)
        return eks.CfnAddon(
            self,
            "Addon",
            addon_name=RELEASE,
            addon_version=installation.version,
            cluster_name=self._cluster.cluster.cluster_name,
            configuration_values=Stack.of(self).to_json_string(configuration) if configuration else None,
            resolve_conflicts="OVERWRITE" if installation.overwrite else "NONE",
            preserve_on_delete=installation.keep,
            service_account_role_arn=(
                roles.controller.role_arn if isinstance(self._identity, Irsa) else None
            ),
        )

    def _patch(self, installation: ExistingInstallation) -> list[Construct]:
        if not installation.patch:
            return []
        annotated = (
            [
                self._annotate(f"{half}Account", f"serviceaccount/{account}", ROLE_ANNOTATION, role.role_arn)
                for half, account, role in self._accounts()
            ]
            if isinstance(self._identity, Irsa)
            else []
        )
        kind = "irsa" if isinstance(self._identity, Irsa) else "pod-identity"
        restarted = [
            self._annotate(f"{half}Pods", workload, IDENTITY_ANNOTATION, kind, in_template=True)
            for half, workload in (
                ("Controller", "deployment/efs-csi-controller"),
                ("Node", "daemonset/efs-csi-node"),
            )
        ]
        for pods in restarted:
            pods.node.add_dependency(*annotated)
        return [*annotated, *restarted]

    def _annotate(
        self, construct_id: str, what: str, key: str, value: str, *, in_template: bool = False
    ) -> eks.KubernetesPatch:
        def patch(text: str | None) -> dict[str, object]:
            metadata: dict[str, object] = {"metadata": {"annotations": {key: text}}}
            return {"spec": {"template": metadata}} if in_template else metadata

        return eks.KubernetesPatch(
            self,
            construct_id,
            cluster=self._cluster.cluster,
            resource_name=what,
            resource_namespace=NAMESPACE,
            apply_patch=patch(value),
            restore_patch=patch(None),
            # Whoever takes the driver over next has set the same annotations by then: they must not go.
            removal_policy=RemovalPolicy.RETAIN,
        )

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


def _removal_policy(*, keep: bool) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if keep else RemovalPolicy.DESTROY
