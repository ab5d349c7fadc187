"""The stack that gives an existing cluster shared storage: file system, driver, classes and claims."""

from collections.abc import Mapping, Sequence
from typing import Literal

from aws_cdk import Annotations, CfnOutput, RemovalPolicy, Stack, Tags
from aws_cdk import Environment as Target
from aws_cdk import aws_ec2 as ec2
from constructs import Construct, IDependable

from airflow_efs.efs_csi_driver import EfsCsiDriver
from airflow_efs.efs_csi_installation import Irsa, PodIdentity
from airflow_efs.efs_storage_class import EfsStorageClass
from airflow_efs.imported_cluster import HandlerNetwork, ImportedCluster
from airflow_efs.preflight import DeploymentRecord, Preflight
from airflow_efs.sample_writer import SampleWriter
from airflow_efs.static_volume import StaticVolume
from airflow_efs.volume_claim import VolumeClaim
from airflow_efs.volume_guards import ClaimGuard, DriverGuard
from settings import Environment
from settings.versions import deletions_are_guarded
from stacks.acknowledged_findings import acknowledge, efs_storage_findings
from stacks.driver_installation import driver_controller, driver_installation, driver_node
from stacks.file_system import file_system_of
from stacks.intent import class_manifest, intent_of
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
        self._preflight = Preflight(self, "Preflight", cluster=self._cluster, intent=intent_of(environment))
        storage = file_system_of(self, environment=environment, vpc=self._vpc)
        self._file_system = storage.file_system
        self._driver = self._build_driver()
        classes = self._build_storage_classes()
        claims = self._build_claims(classes)
        volumes = self._build_volumes()
        guards = self._build_claim_guard([*classes.values()], claims, volumes)
        writer = self._build_sample_writer([*claims, *volumes, *guards])
        for part in (*storage.parts, self._driver):
            part.node.add_dependency(self._preflight)
        self._record([*storage.parts, self._driver, *classes.values(), *claims, *volumes, *writer])
        self._add_outputs(storage.outputs)
        self._add_tags()
        self._warn_of_tags_that_stay_off_access_points()
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

    def _build_driver_guard(self) -> list[IDependable]:
        environment = self._environment
        ours = environment.driver.install != "existing"
        if not ours or not deletions_are_guarded(environment.cluster.version):
            return []
        return [
            DriverGuard(
                self,
                "DriverGuard",
                cluster=self._cluster,
                name=f"airflow-efs-{environment.name}-volumes",
                driver=[self._driver.ready_to_provision],
                doomed=[
                    (claim.namespace, claim.name)
                    for claim in environment.claims
                    if claim.removal == "destroy"
                ],
            )
        ]

    def _build_storage_classes(self) -> dict[str, EfsStorageClass]:
        before = [self._driver.ready_to_provision, self._file_system.mount_targets_available]
        before += self._build_driver_guard()
        return {
            settings.name: EfsStorageClass(
                self,
                f"StorageClass-{settings.name}",
                cluster=self._cluster,
                depends_on=before,
                field=f"storage_classes[{index}]",
                manifest=class_manifest(settings, file_system_id=self._file_system.file_system_id),
                adopted=settings.adopt,
            )
            for index, settings in enumerate(self._environment.storage_classes)
        }

    def _build_claims(self, classes: dict[str, EfsStorageClass]) -> list[VolumeClaim]:
        return [
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
                removal_policy=_claim_policy(settings.removal, adopted=settings.adopt),
                adopted=settings.adopt,
                labels=settings.labels,
            )
            for settings in self._environment.claims
        ]

    def _build_volumes(self) -> list[StaticVolume]:
        volumes = []
        for settings in self._environment.volumes:
            volume = StaticVolume(
                self,
                f"Volume-{settings.namespace}.{settings.name}",
                cluster=self._cluster,
                file_system_id=self._file_system.file_system_id,
                volume_name=settings.persistent_volume,
                name=settings.name,
                namespace=settings.namespace,
                path=settings.path,
                uid=settings.owner.uid,
                gid=settings.owner.gid,
                permissions=settings.permissions,
                size=settings.size,
                access_mode=settings.access_mode,
                read_only=settings.read_only,
                mounts_by_iam=self._environment.file_system.iam_authorization,
                removal_policy=_claim_policy(settings.removal, adopted=False),
            )
            volume.node.add_dependency(self._file_system.mount_targets_available)
            volumes.append(volume)
        return volumes

    def _build_claim_guard(
        self,
        classes: Sequence[EfsStorageClass],
        claims: Sequence[VolumeClaim],
        volumes: Sequence[StaticVolume],
    ) -> list[IDependable]:
        environment = self._environment
        made: list[VolumeClaim | StaticVolume] = [*claims, *volumes]
        doomed = [
            claim
            for settings, claim in zip(environment.every_claim, made, strict=True)
            if settings.removal == "destroy"
        ]
        if not doomed or not deletions_are_guarded(environment.cluster.version):
            return []
        return [
            ClaimGuard(
                self,
                "ClaimGuard",
                cluster=self._cluster,
                name=f"airflow-efs-{environment.name}-claims",
                claims=doomed,
                # All of it, so that nothing is deleted of a stack whose deletion is refused.
                others=[*classes, *claims, *volumes],
            )
        ]

    def _build_sample_writer(self, depends_on: Sequence[IDependable]) -> list[IDependable]:
        settings = self._environment.sample_writer
        if settings is None:
            return []
        return [
            SampleWriter(
                self,
                # Its name is in the id: a renamed one is made anew, and the former one deleted.
                f"SampleWriter-{settings.namespace}.{settings.name}",
                cluster=self._cluster,
                depends_on=depends_on,
                name=settings.name,
                claim=settings.claim,
                namespace=settings.namespace,
                image=settings.image,
            )
        ]

    def _record(self, after: Sequence[IDependable]) -> None:
        DeploymentRecord(
            self,
            "Record",
            cluster=self._cluster,
            intent=self._preflight.intent,
            file_system_id=self._file_system.file_system_id,
            after=after,
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
            if value is not None:
                CfnOutput(self, name, value=value)

    def _warn_of_tags_that_stay_off_access_points(self) -> None:
        environment, driver = self._environment, self._environment.driver
        if driver.install != "helm" or driver.access_point_tags is not None:
            return
        if off := [key for key in environment.tags if key not in environment.access_point_tags]:
            Annotations.of(self).add_warning_v2(
                "airflow-efs:access-point-tags",
                f"tags {', '.join(off)}: the driver cannot give them to the access points that it makes; "
                "write driver.access_point_tags if something goes by them (docs/driver.md)",
            )

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


def _claim_policy(removal: Literal["retain", "destroy"], *, adopted: bool) -> RemovalPolicy:
    # An adopted claim was there before the deployment that takes it over, and stays when that is rolled back.
    return RemovalPolicy.RETAIN if removal == "retain" and adopted else removal_policy(removal)
