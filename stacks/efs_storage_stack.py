"""The stack that gives an existing cluster shared storage: file system, driver, classes and claims."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack, Tags
from aws_cdk import Environment as Target
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from airflow_efs.efs_csi_driver import EfsCsiDriver
from airflow_efs.efs_csi_installation import Irsa, PodIdentity
from airflow_efs.efs_storage_class import EfsStorageClass
from airflow_efs.imported_cluster import HandlerNetwork, ImportedCluster
from airflow_efs.volume_claim import VolumeClaim
from settings import Environment
from stacks.acknowledged_findings import acknowledge, efs_storage_findings
from stacks.driver_installation import driver_controller, driver_installation, driver_node
from stacks.file_system import file_system_of
from stacks.kubectl_layer import kubectl_layer
from stacks.removal import removal_policy

ENVIRONMENT_TAG = "airflow-efs:environment"
"""The tag that names the environment, on every AWS resource."""

CLUSTER_TAG = "airflow-efs:cluster"
"""The tag that names the cluster, on every AWS resource."""


class EfsStorageStack(Stack):
    """Everything between an EKS cluster that exists and a claim that is Bound.

    Account and region are the environment's, so nothing has to be looked up. The stack's physical name
    carries the environment's name, so that two clusters fit in one account.

    Termination protection is left off: a pipeline could not set it, and deleting the stack loses no data as
    long as the file system and the claims are retained, which is their default.

    Args:
        scope: An app, or a stage of a pipeline.
        construct_id: ``EfsStorageStack``.
        environment: The validated environment.
    """

    def __init__(self, scope: Construct, construct_id: str, *, environment: Environment) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=f"EfsStorageStack-{environment.name}",
            env=Target(account=environment.account, region=environment.region),
            description=f"Shared EFS storage for the EKS cluster {environment.cluster.name}",
        )
        self._environment = environment
        self._vpc = self._import_vpc()
        self._cluster = ImportedCluster(
            self,
            "Cluster",
            cluster_name=environment.cluster.name,
            kubectl_layer=kubectl_layer(self, "KubectlLayer", cluster_version=environment.cluster.version),
            handler_role_arn=environment.cluster.access.role_arn,
            handler_network=self._handler_network(),
        )
        storage = file_system_of(self, environment=environment, vpc=self._vpc)
        self._file_system = storage.file_system
        self._driver = self._build_driver()
        classes = self._build_storage_classes()
        self._build_claims(classes)
        self._add_outputs(storage.outputs)
        self._add_tags()
        acknowledge(self, efs_storage_findings(self))

    def _import_vpc(self) -> ec2.IVpc:
        cluster = self._environment.cluster
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=cluster.vpc.id,
            availability_zones=[subnet.availability_zone for subnet in cluster.subnets],
        )

    def _handler_network(self) -> HandlerNetwork | None:
        settings = self._environment.cluster.handler_network
        if settings is None:
            return None
        return HandlerNetwork(
            vpc=self._vpc, subnet_ids=settings.subnets, security_group_id=settings.security_group
        )

    def _build_driver(self) -> EfsCsiDriver:
        settings = self._environment.driver
        cluster = self._environment.cluster
        return EfsCsiDriver(
            self,
            "Driver",
            cluster=self._cluster,
            file_system_arn=self._file_system.file_system_arn,
            installation=driver_installation(self._environment),
            identity=(
                Irsa(oidc_issuer=cluster.oidc_issuer)
                if settings.identity == "irsa"
                else PodIdentity(cluster_name=cluster.name)
            ),
            controller=driver_controller(settings.controller),
            node=driver_node(settings.node),
            mounts_by_iam=self._environment.file_system.iam_authorization,
            mounts_as_root=self._environment.file_system.policy.root_access == "allowed",
        )

    def _build_storage_classes(self) -> dict[str, EfsStorageClass]:
        return {
            settings.name: EfsStorageClass(
                self,
                f"StorageClass-{settings.name}",
                cluster=self._cluster,
                depends_on=[self._driver.ready_to_provision, self._file_system.mount_targets_available],
                name=settings.name,
                file_system_id=self._file_system.file_system_id,
                base_path=settings.base_path,
                directory_permissions=settings.directory_permissions,
                uid=settings.owner.uid if settings.owner else None,
                gid=settings.owner.gid if settings.owner else None,
                gid_range=(settings.gid_range.start, settings.gid_range.end) if settings.gid_range else None,
                sub_path_pattern=settings.sub_path_pattern,
                ensure_unique_directory=settings.ensure_unique_directory,
                reuse_access_point=settings.reuse_access_point,
                mount_options=settings.mount_options,
                reclaim_policy=settings.reclaim_policy,
                volume_binding_mode=settings.volume_binding_mode,
                default=settings.default,
                labels=settings.labels,
            )
            for settings in self._environment.storage_classes
        }

    def _build_claims(self, classes: dict[str, EfsStorageClass]) -> None:
        for settings in self._environment.claims:
            VolumeClaim(
                self,
                # A namespace holds no dot, so two claims never share an id.
                f"Claim-{settings.namespace}.{settings.name}",
                cluster=self._cluster,
                storage_class=classes[settings.storage_class],
                name=settings.name,
                namespace=settings.namespace,
                size=settings.size,
                access_mode=settings.access_mode,
                removal_policy=removal_policy(settings.removal),
            )

    def _add_outputs(self, of_storage: Mapping[str, str]) -> None:
        outputs = {
            **of_storage,
            "ControllerRoleArn": self._driver.controller_role_arn,
            "NodeRoleArn": self._driver.node_role_arn,
        }
        if self._environment.storage_classes:
            outputs["StorageClassNames"] = ",".join(
                settings.name for settings in self._environment.storage_classes
            )
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)

    def _add_tags(self) -> None:
        tags = {
            **self._environment.tags,
            ENVIRONMENT_TAG: self._environment.name,
            CLUSTER_TAG: self._environment.cluster.name,
        }
        for key, value in tags.items():
            Tags.of(self).add(key, value)
        for key, value in self._environment.file_system.tags.items():
            Tags.of(self._file_system).add(key, value)
