"""The stack that gives an existing cluster shared storage: file system, driver, classes and claims."""

from typing import Literal

from aws_cdk import CfnOutput, RemovalPolicy, Stack, Tags
from aws_cdk import Environment as Target
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from airflow_efs.efs_csi_driver import EfsCsiDriver
from airflow_efs.efs_storage_class import EfsStorageClass
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.nfs_security_group import NfsSecurityGroup
from airflow_efs.shared_file_system import Lifecycle, MountTargetSubnet, SharedFileSystem
from airflow_efs.volume_claim import VolumeClaim
from settings import Environment
from stacks.acknowledged_findings import acknowledge, efs_storage_findings
from stacks.kubectl_layer import kubectl_layer

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
        )
        self._nfs = self._build_security_group()
        self._file_system = self._build_file_system()
        self._driver = self._build_driver()
        classes = self._build_storage_classes()
        self._build_claims(classes)
        self._add_outputs()
        self._add_tags()
        acknowledge(self, efs_storage_findings(self))

    @property
    def cluster(self) -> ImportedCluster:
        """The cluster, with the one kubectl handler of the environment."""
        return self._cluster

    @property
    def file_system_id(self) -> str:
        """The id of the file system, ``fs-…``."""
        return self._file_system.file_system_id

    def _import_vpc(self) -> ec2.IVpc:
        cluster = self._environment.cluster
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=cluster.vpc.id,
            availability_zones=[subnet.availability_zone for subnet in cluster.subnets],
        )

    def _build_security_group(self) -> NfsSecurityGroup:
        settings = self._environment.file_system
        clients = settings.nfs_clients
        return NfsSecurityGroup(
            self,
            "NfsSecurityGroup",
            vpc=self._vpc,
            client_security_group_ids=(
                self._environment.cluster.node_security_groups
                if clients.security_groups == "nodes"
                else clients.security_groups
            ),
            client_cidrs=clients.cidrs,
            name=settings.security_group_name,
        )

    def _build_file_system(self) -> SharedFileSystem:
        settings = self._environment.file_system
        return SharedFileSystem(
            self,
            "FileSystem",
            vpc=self._vpc,
            subnets=[
                MountTargetSubnet(subnet_id=subnet.id, availability_zone=subnet.availability_zone)
                for subnet in self._environment.cluster.subnets
            ],
            security_group=self._nfs.security_group,
            name=settings.name,
            throughput=settings.throughput,
            encryption_key_arn=None if settings.encryption_key == "aws-managed" else settings.encryption_key,
            lifecycle=Lifecycle(
                infrequent_access_after_days=settings.lifecycle.infrequent_access_after_days,
                archive_after_days=settings.lifecycle.archive_after_days,
                primary_on_first_access=settings.lifecycle.primary_on_first_access,
            ),
            backups=settings.backups,
            removal_policy=_removal_policy(settings.removal),
        )

    def _build_driver(self) -> EfsCsiDriver:
        settings = self._environment.driver
        return EfsCsiDriver(
            self,
            "Driver",
            cluster=self._cluster,
            oidc_issuer=self._environment.cluster.oidc_issuer,
            file_system_arn=self._file_system.file_system_arn,
            chart_version=settings.chart_version,
            chart_repository=settings.chart_repository,
            controller_role_name=settings.controller.role_name,
            controller_policy_name=settings.controller.policy_name,
            node_role_name=settings.node.role_name,
            node_policy_name=settings.node.policy_name,
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
                removal_policy=_removal_policy(settings.removal),
            )

    def _add_outputs(self) -> None:
        outputs = {
            "FileSystemId": self._file_system.file_system_id,
            "FileSystemArn": self._file_system.file_system_arn,
            "SecurityGroupId": self._nfs.security_group.security_group_id,
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
        for key, value in environment_tags(self._environment).items():
            Tags.of(self).add(key, value)
        for key, value in self._environment.file_system.tags.items():
            Tags.of(self._file_system).add(key, value)


def environment_tags(environment: Environment) -> dict[str, str]:
    """The tags of every AWS resource of an environment."""
    return {
        **environment.tags,
        ENVIRONMENT_TAG: environment.name,
        CLUSTER_TAG: environment.cluster.name,
    }


def _removal_policy(removal: Literal["retain", "destroy"]) -> RemovalPolicy:
    return RemovalPolicy.RETAIN if removal == "retain" else RemovalPolicy.DESTROY
