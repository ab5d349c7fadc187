"""The EFS file system that the stack makes."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from settings.aws import (
    KMS_KEY,
    AvailabilityZone,
    FileSystemId,
    NameTag,
    SecurityGroupId,
    Tags,
    kms_key_region,
    partition_faults,
    zone_region,
)
from settings.backup_plan import BackupPlan
from settings.faults import Fault, FaultsError, Path
from settings.file_system_policy import FileSystemPolicy
from settings.nfs_clients import NfsClients
from settings.replication import Replication
from settings.section import Between, Form, Section, WholeNumber

Days = Annotated[Literal[1, 7, 14, 30, 60, 90, 180, 270, 365], WholeNumber()]
"""The periods that EFS knows (TransitionToIARules and TransitionToArchiveRules of its API)."""

BELONGS_TO_ANY: Final = frozenset({"existing", "iam_authorization", "nfs_clients"})
"""The fields that an existing file system may have; all others describe a new one."""


class ExistingFileSystem(Section):
    """A file system that exists already; it is used, never changed, and does not become part of the stack."""

    id: FileSystemId = Field(description="Id of the file system.", examples=["fs-0a1b2c3d4e5f60718"])
    security_group: SecurityGroupId = Field(
        description="Security group of its mount targets.", examples=["sg-0a1b2c3d4e5f60718"]
    )
    make_mount_targets: bool = Field(
        default=False,
        description="Make a mount target in each of cluster.subnets, which goes with the stack; false: they "
        "exist.",
    )
    add_client_rules: bool = Field(
        default=False, description="Add rules for nfs_clients to that group; they go with the stack."
    )


class Lifecycle(Section):
    """When EFS moves files that nobody reads to cheaper storage classes."""

    infrequent_access_after_days: Days | None = Field(
        default=30, description="Days without a read before a file moves to Infrequent Access; null: never."
    )
    archive_after_days: Days | None = Field(
        default=90,
        description="Days without a read before a file moves to Archive; null: never. "
        "Needs elastic throughput: without it the default is null.",
    )
    primary_on_first_access: bool = Field(
        default=True, description="Move a file back to the primary storage class when it is read."
    )

    @model_validator(mode="after")
    def _archives_last(self) -> Self:
        first, last = self.infrequent_access_after_days, self.archive_after_days
        if first is not None and last is not None and last <= first:
            raise FaultsError(
                [
                    Fault(
                        f"is not more than infrequent_access_after_days, {first}",
                        "write a longer period, or null",
                        ("archive_after_days",),
                        None if "archive_after_days" in self.model_fields_set else f"{last} (the default)",
                    )
                ]
            )
        return self


class FileSystem(Section):
    """The file system: a new one that the stack makes, or one that exists already."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["name"]}, {"required": ["existing"]}]}
    )

    existing: ExistingFileSystem | None = Field(
        default=None,
        description="A file system that exists already, in the place of a new one; null: a new one.",
    )
    name: NameTag | None = Field(
        default=None,
        description="Name of the file system: its tag Name. Required of a new one.",
        examples=["efs_fs"],
    )
    security_group_name: (
        Annotated[
            str,
            Form(
                r"(?!sg-)(?!default$)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+",
                "is not a name that EC2 accepts for a security group",
                "use letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, do not begin with sg-, and choose "
                "another one than default",
                max_length=255,
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Name of the security group of the mount targets; null: CloudFormation chooses one.",
    )
    nfs_clients: NfsClients = Field(
        default=NfsClients(), description="Who may open an NFS connection to the mount targets."
    )
    performance_mode: Literal["generalPurpose", "maxIO"] = Field(
        default="generalPurpose", description="Performance mode."
    )
    throughput: Literal["elastic", "bursting", "provisioned"] = Field(
        default="elastic", description="Throughput mode."
    )
    provisioned_throughput: Annotated[int, Between(1, 3414)] | None = Field(
        default=None, description="Throughput in MiB/s; for throughput: provisioned, and for no other."
    )
    availability_zone: AvailabilityZone | None = Field(
        default=None, description="The one zone that holds the data (One Zone); null: several zones."
    )
    encryption_key: Annotated[
        str,
        Form(
            f"aws-managed|new|{KMS_KEY}",
            "is not the ARN of a KMS key",
            "write aws-managed, new, or arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
    ] = Field(
        default="aws-managed",
        description="Key that encrypts the file system: aws-managed, new for a key that the stack makes, or "
        "the ARN of a KMS key of this region.",
    )
    lifecycle: Lifecycle = Field(
        default=Lifecycle(), description="When unread files move to cheaper storage classes."
    )
    backups: bool = Field(
        default=True,
        description="Back up daily with AWS Backup's default plan for EFS. With backup_plan the default is "
        "false.",
    )
    backup_plan: BackupPlan | None = Field(
        default=None, description="A backup plan of the file system's own; null: none."
    )
    replication: Replication | None = Field(
        default=None, description="A read-only copy in another region; null: none."
    )
    iam_authorization: bool = Field(
        default=False, description="Let clients in by IAM only; every class then needs the mount option iam."
    )
    policy: FileSystemPolicy = Field(
        default=FileSystemPolicy(),
        description="What the file system's policy says beyond TLS and mount targets only.",
    )
    removal: Literal["retain", "destroy"] = Field(
        default="retain", description="What deleting the stack does to the file system and its data."
    )
    removal_confirmation: str | None = Field(
        default=None, description="The file system's name once more, for removal: destroy."
    )
    tags: Tags = Field(
        default={}, description="Tags of the file system, besides Name and those of the environment."
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_follow(cls, fields: Any) -> Any:
        """Archive is elastic's and of generalPurpose only, and one plan backs up: so the defaults follow."""
        if not isinstance(fields, dict):
            return fields
        fields = dict(fields)
        if fields.get("backup_plan") is not None:
            fields.setdefault("backups", False)
        if fields.get("throughput") in ("bursting", "provisioned"):
            lifecycle = fields.get("lifecycle", {})
            if isinstance(lifecycle, dict) and "archive_after_days" not in lifecycle:
                fields["lifecycle"] = {**lifecycle, "archive_after_days": None}
        return fields

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.existing is not None:
            yield from self._existing_faults(self.existing)
            return
        if self.name is None:
            yield Fault(
                "is missing",
                'write it, such as "efs_fs", or existing: {id: fs-…, security_group: sg-…}',
                ("name",),
                subject="",
            )
        yield from self._performance_faults()
        yield from self._removal_faults()
        if self.backups and self.backup_plan is not None:
            yield Fault("backs up a second time, beside backup_plan", "remove one of the two", ("backups",))
        if "Name" in self.tags:
            yield Fault(
                "is already the file system's name",
                "write file_system.name instead",
                ("tags", "Name"),
                'key "Name"',
            )

    def _existing_faults(self, existing: ExistingFileSystem) -> Iterator[Fault]:
        followed = {"backups"} if self.backup_plan is not None else set()
        if self.throughput != "elastic":
            followed.add("lifecycle")
        for field in type(self).model_fields:
            if field in self.model_fields_set - BELONGS_TO_ANY - followed:
                yield Fault(
                    f"describes a new file system, but existing names {existing.id}",
                    "remove one of the two",
                    (field,),
                    subject="",
                )
        if "nfs_clients" in self.model_fields_set and not existing.add_client_rules:
            yield Fault(
                f"has no effect: the rules of {existing.security_group} are not changed",
                "remove it, or write existing.add_client_rules: true",
                ("nfs_clients",),
                subject="",
            )

    def _performance_faults(self) -> Iterator[Fault]:
        if self.throughput != "elastic" and self.lifecycle.archive_after_days is not None:
            yield Fault(
                f"needs elastic throughput, but throughput is {self.throughput}",
                "write null, or throughput: elastic",
                ("lifecycle", "archive_after_days"),
            )
        if self.performance_mode == "maxIO" and self.throughput == "elastic":
            written = "throughput" in self.model_fields_set
            yield Fault(
                f"does not go with elastic throughput{'' if written else ', the default'}",
                "write generalPurpose, or throughput: bursting or provisioned",
                ("performance_mode",),
            )
        if self.performance_mode == "maxIO" and self.availability_zone is not None:
            yield Fault(
                "does not go with availability_zone: EFS has no such One Zone file system",
                "write generalPurpose",
                ("performance_mode",),
            )
        provisioned = self.throughput == "provisioned"
        if provisioned and self.provisioned_throughput is None:
            yield Fault("is missing", "write it, in MiB/s", ("provisioned_throughput",), subject="")
        if not provisioned and self.provisioned_throughput is not None:
            yield Fault(
                f"has no effect where throughput is {self.throughput}",
                "remove it, or write throughput: provisioned",
                ("provisioned_throughput",),
            )

    def _removal_faults(self) -> Iterator[Fault]:
        confirmed = self.removal_confirmation
        if self.removal == "retain" and confirmed is not None:
            yield Fault(
                "confirms nothing where removal is retain",
                "remove it, or write removal: destroy",
                ("removal_confirmation",),
            )
        if self.removal == "destroy" and confirmed is None:
            yield Fault(
                "deletes the data together with the stack",
                f'write removal_confirmation: "{self.name}" as well, or removal: retain',
                ("removal",),
            )
        elif self.removal == "destroy" and confirmed != self.name:
            yield Fault(
                f'is not the name of the file system, "{self.name}"',
                "repeat the name, or write removal: retain",
                ("removal_confirmation",),
            )
        if self.removal == "destroy" and self.replication is not None:
            yield Fault(
                "cannot be done while there is a replication",
                "write removal: retain, or remove the replication in a deployment of its own first",
                ("removal",),
            )

    def region_faults(self, region: str, at: Path) -> Iterator[Fault]:
        """What does not agree with the region of the environment.

        Args:
            region: the environment's.
            at: path of this section.
        """
        key = self.kms_key_region()
        if key not in (None, region):
            yield Fault(
                f"is a key of {key}, but the environment is in {region}",
                f"name a key of {region}",
                (*at, "encryption_key"),
            )
        elif key is not None:
            yield from partition_faults(self.encryption_key, region, (*at, "encryption_key"))
        yield from self.policy.partition_faults(region, (*at, "policy"))
        zone = self.availability_zone
        if zone is not None and zone_region(zone) != region:
            yield Fault(
                f"is not a zone of {region}", f"write {region} and one letter", (*at, "availability_zone")
            )
        if self.replication is not None:
            yield from self.replication.faults(region, (*at, "replication"))

    def zone_faults(self, zones: Sequence[str], at: Path) -> Iterator[Fault]:
        """What does not agree with the zones in which nodes run.

        Args:
            zones: the zones of the cluster's subnets.
            at: path of this section.
        """
        zone = self.availability_zone
        others = [other for other in zones if other != zone]
        if zone is not None and zone not in zones:
            yield Fault(
                "has no subnet in cluster.subnets", "add one, or choose its zone", (*at, "availability_zone")
            )
        elif zone is not None and others:
            yield Fault(
                f"is not the only zone in cluster.subnets: nodes in {', '.join(others)} could not mount",
                "keep the subnet of this zone only, or leave availability_zone out",
                (*at, "availability_zone"),
            )

    def kms_key_region(self) -> str | None:
        """Region of the KMS key that exists already; None where there is none."""
        return None if self.encryption_key in ("aws-managed", "new") else kms_key_region(self.encryption_key)
