"""An EFS file system with one mount target in each Availability Zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aws_cdk import Acknowledgment, RemovalPolicy, Size, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct, IDependable

from airflow_efs.file_system_policy import file_system_policy
from airflow_efs.mount_target_subnet import MountTargetSubnet, check_subnets

STABLE_MOUNT_TARGET_IDS = "@aws-cdk/aws-efs:mountTargetOrderInsensitiveLogicalId"
"""CDK's feature flag that makes a mount target's logical id from its subnet, not from its place in a list."""

LIFECYCLE_POLICIES = {
    1: efs.LifecyclePolicy.AFTER_1_DAY,
    7: efs.LifecyclePolicy.AFTER_7_DAYS,
    14: efs.LifecyclePolicy.AFTER_14_DAYS,
    30: efs.LifecyclePolicy.AFTER_30_DAYS,
    60: efs.LifecyclePolicy.AFTER_60_DAYS,
    90: efs.LifecyclePolicy.AFTER_90_DAYS,
    180: efs.LifecyclePolicy.AFTER_180_DAYS,
    270: efs.LifecyclePolicy.AFTER_270_DAYS,
    365: efs.LifecyclePolicy.AFTER_365_DAYS,
}
"""EFS's closed set of ages, in days since a file was last read, at which it may move to a cheaper class."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """When files that nobody reads move to a cheaper storage class, and back.

    Args:
        infrequent_access_after_days: days since the last read after which a file moves to Infrequent
            Access. Default: 30. ``None``: never.
        archive_after_days: the same for Archive, which only elastic throughput has. Default: 90. ``None``:
            never.
        primary_on_first_access: the first read brings a file back to Standard. Default: True.
    """

    infrequent_access_after_days: int | None = 30
    archive_after_days: int | None = 90
    primary_on_first_access: bool = True


@dataclass(frozen=True, kw_only=True)
class Replica:
    """A read-only copy of a file system in another region, which EFS makes and keeps up to date.

    It is no part of the stack: when the replication ends, the copy stays and can be written to.

    Args:
        region: the region of the copy.
        encryption_key_arn: a KMS key of that region. Default: the AWS managed key of EFS there.
        availability_zone: the one zone that holds the copy. Default: several zones.
    """

    region: str
    encryption_key_arn: str | None = None
    availability_zone: str | None = None


class SharedFileSystem(Construct):
    """A file system that every node in the given zones can mount, encrypted at rest and in transit.

    The default policy denies whatever does not come over TLS, and allows reading and writing, but not
    root access, through a mount target. So who may reach a mount target may use the file system: the
    security group is the lock, access points are the rooms.

    A file system is retained when it leaves the stack or would be replaced, unless ``removal_policy`` says
    otherwise. Encryption, its key, the performance mode and the one zone cannot be changed in place.

    Args:
        vpc: the VPC of the mount targets.
        subnets: one subnet for each zone. A mount target keeps its logical id, which is made from its zone,
            when another zone is added or the list is reordered. Another subnet in the same zone cannot take
            its place in one deployment (EFS has room for one mount target in a zone): remove the zone
            first.
        security_group: guards the mount targets; none of its rules is changed.
        name: the tag ``Name``.
        policy: the resource policy. Default: as above.
        performance_mode: ``maxIO`` trades latency for parallelism, and goes neither with elastic throughput
            nor with one zone. Default: generalPurpose.
        throughput: ``elastic`` pays for what is transferred and needs no planning; ``bursting`` earns
            credits by what is stored; ``provisioned`` pays for a fixed rate. Default: elastic.
        provisioned_throughput: that rate, in MiB/s.
        availability_zone: the one zone that holds the data; the one subnet lies there. Default: several.
        encryption_key: a customer managed KMS key. Default: the AWS managed key of EFS.
        lifecycle: Default: Infrequent Access after 30 days, Archive after 90, back at the first read.
        backups: daily backups by AWS Backup, kept for 35 days. Default: True.
        replica: a copy in another region. Default: none.
        removal_policy: Default: retain, unless the deployment that makes it is rolled back.

    Raises:
        ValueError: when a subnet list is empty, a zone comes twice, or options contradict each other.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        subnets: Sequence[MountTargetSubnet],
        security_group: ec2.ISecurityGroup,
        name: str,
        policy: iam.PolicyDocument | None = None,
        performance_mode: Literal["generalPurpose", "maxIO"] = "generalPurpose",
        throughput: Literal["elastic", "bursting", "provisioned"] = "elastic",
        provisioned_throughput: int | None = None,
        availability_zone: str | None = None,
        encryption_key: kms.IKey | None = None,
        lifecycle: Lifecycle | None = None,
        backups: bool = True,
        replica: Replica | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        lifecycle = lifecycle or Lifecycle(archive_after_days=90 if throughput == "elastic" else None)
        check_subnets(subnets)
        if lifecycle.archive_after_days is not None and throughput != "elastic":
            raise ValueError(
                f"lifecycle.archive_after_days: {lifecycle.archive_after_days} needs elastic throughput, "
                f"not {throughput}; use None or throughput elastic"
            )
        if (throughput == "provisioned") != (provisioned_throughput is not None):
            raise ValueError(
                f"provisioned_throughput: is {provisioned_throughput}, and throughput is {throughput}; "
                "give it in MiB/s with throughput provisioned, and with no other"
            )
        if performance_mode == "maxIO" and (throughput == "elastic" or availability_zone):
            raise ValueError(
                "performance_mode: maxIO goes neither with elastic throughput nor with one zone; "
                "use generalPurpose"
            )
        if availability_zone and [subnet.availability_zone for subnet in subnets] != [availability_zone]:
            raise ValueError(
                f"availability_zone: {availability_zone} is not the zone of the only subnet; "
                "name one subnet, of that zone"
            )
        super().__init__(scope, construct_id)

        # Set here and not left to cdk.json: without it mount targets are numbered, and one more zone
        # replaces others.
        self.node.set_context(STABLE_MOUNT_TARGET_IDS, True)
        self._file_system = efs.FileSystem(
            self,
            "Resource",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnets=[self._import_subnet(subnet) for subnet in subnets]),
            security_group=security_group,
            file_system_name=name,
            encrypted=True,
            kms_key=encryption_key,
            # What is EFS's default is left out: the template of a file system that exists must not change.
            performance_mode=efs.PerformanceMode.MAX_IO if performance_mode == "maxIO" else None,
            throughput_mode=efs.ThroughputMode[throughput.upper()],
            provisioned_throughput_per_second=(
                Size.mebibytes(provisioned_throughput) if provisioned_throughput is not None else None
            ),
            lifecycle_policy=_lifecycle_policy(lifecycle.infrequent_access_after_days),
            transition_to_archive_policy=_lifecycle_policy(lifecycle.archive_after_days),
            out_of_infrequent_access_policy=(
                efs.OutOfInfrequentAccessPolicy.AFTER_1_ACCESS if lifecycle.primary_on_first_access else None
            ),
            enable_automatic_backups=backups,
            replication_configuration=self._replication(replica) if replica else None,
            file_system_policy=policy or file_system_policy(),
            # Means "take the policy as it is written": otherwise CDK adds root access to it and leaves out
            # mounting.
            allow_anonymous_access=True,
            removal_policy=removal_policy,
        )
        if availability_zone:
            self._resource.availability_zone_name = availability_zone
        if not backups:
            # CDK leaves it out, and then what was turned on before, or by EFS itself, may stay on:
            # https://github.com/aws/aws-cdk/issues/29881
            self._resource.backup_policy = efs.CfnFileSystem.BackupPolicyProperty(status="DISABLED")

    @property
    def file_system_id(self) -> str:
        """The id, ``fs-…``."""
        return self._file_system.file_system_id

    @property
    def file_system_arn(self) -> str:
        """The ARN, for IAM policies."""
        return self._file_system.file_system_arn

    @property
    def mount_targets_available(self) -> IDependable:
        """All mount targets: what needs the file system to be mountable depends on this."""
        return self._file_system.mount_targets_available

    @property
    def _resource(self) -> efs.CfnFileSystem:
        # CDK's own option for one zone takes it from the VPC's subnets, which an imported VPC does not have.
        resource = self._file_system.node.default_child
        assert isinstance(resource, efs.CfnFileSystem)  # noqa: S101 - CDK's own structure; narrows the type
        return resource

    def _replication(self, replica: Replica) -> efs.ReplicationConfiguration:
        arn = replica.encryption_key_arn
        key = kms.Key.from_key_arn(self, "ReplicaKey", arn) if arn else None
        if replica.availability_zone:
            return efs.ReplicationConfiguration.one_zone_file_system(
                region=replica.region, availability_zone=replica.availability_zone, kms_key=key
            )
        return efs.ReplicationConfiguration.regional_file_system(region=replica.region, kms_key=key)

    def _import_subnet(self, subnet: MountTargetSubnet) -> ec2.ISubnet:
        # The id of this import becomes the id of the mount target, so it is the zone and nothing else.
        imported = ec2.Subnet.from_subnet_attributes(
            self,
            subnet.availability_zone,
            subnet_id=subnet.subnet_id,
            availability_zone=subnet.availability_zone,
        )
        Validations.of(imported).acknowledge(
            Acknowledgment(
                id="@aws-cdk/aws-ec2:noSubnetRouteTableId", reason="A mount target needs no route table."
            )
        )
        return imported


def _lifecycle_policy(days: int | None) -> efs.LifecyclePolicy | None:
    if days is None:
        return None
    if days not in LIFECYCLE_POLICIES:
        raise ValueError(f"lifecycle: {days} days is not one of {', '.join(map(str, LIFECYCLE_POLICIES))}")
    return LIFECYCLE_POLICIES[days]
