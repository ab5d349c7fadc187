"""The EFS file system that the stack makes."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from settings.aws import NameTag, SecurityGroupId, Tags
from settings.faults import Fault, FaultsError
from settings.network import Cidr, client_faults, overlap_faults
from settings.section import Form, Section, repeats

Days = Literal[1, 7, 14, 30, 60, 90, 180, 270, 365]
"""The periods that EFS knows (TransitionToIARules and TransitionToArchiveRules of its API)."""

_KMS_KEY = (
    r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:"
    r"key/(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)


def _word_or_list(value: Any) -> str:
    return "word" if isinstance(value, str) and not value.startswith("sg-") else "list"


def _check_word(value: Any) -> Any:
    if value != "nodes":
        raise FaultsError([Fault("is neither nodes nor a list", "write nodes, or [sg-…]")])
    return value


ClientSecurityGroups = Annotated[
    Annotated[Literal["nodes"], BeforeValidator(_check_word), Tag("word")]
    | Annotated[tuple[SecurityGroupId, ...], Field(strict=False), Tag("list")],
    Discriminator(_word_or_list),
]


class NfsClients(Section):
    """Who may open an NFS connection to the mount targets."""

    security_groups: ClientSecurityGroups = Field(
        default="nodes",
        description='"nodes" for the cluster\'s node_security_groups, or a list of security group ids.',
    )
    cidrs: Annotated[tuple[Cidr, ...], Field(strict=False)] = Field(
        default=(), description="CIDR blocks, at most as wide as /8 (IPv4) or /32 (IPv6)."
    )

    @model_validator(mode="after")
    def _are_some_but_not_all(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if not self.security_groups and not self.cidrs:
            yield Fault("lets nobody in", "write security_groups: nodes, or a CIDR block", subject="")
        if not isinstance(self.security_groups, str):
            for index, earlier in repeats(self.security_groups, str):
                yield Fault(
                    f"is listed twice, first as security_groups[{earlier}]",
                    "remove one of the two",
                    ("security_groups", index),
                )
        yield from client_faults(self.cidrs, ("cidrs",))
        yield from overlap_faults(self.cidrs, ("cidrs",))


class Lifecycle(Section):
    """When EFS moves files that nobody reads to cheaper storage classes."""

    infrequent_access_after_days: Days | None = Field(
        default=30, description="Days without a read before a file moves to Infrequent Access; null: never."
    )
    archive_after_days: Days | None = Field(
        default=90,
        description="Days without a read before a file moves to Archive; null: never. "
        "Needs elastic throughput: with bursting the default is null.",
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
    """The EFS file system that the stack makes."""

    name: NameTag = Field(description="Name of the file system: its tag Name.", examples=["efs_fs"])
    security_group_name: (
        Annotated[
            str,
            Form(
                r"(?!sg-)[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+",
                "is not a name that EC2 accepts for a security group",
                "use letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, and do not begin with sg-",
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
    throughput: Literal["elastic", "bursting"] = Field(default="elastic", description="Throughput mode.")
    encryption_key: Annotated[
        str,
        Form(
            f"aws-managed|{_KMS_KEY}",
            "is not the ARN of a KMS key",
            "write aws-managed, or arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
    ] = Field(
        default="aws-managed",
        description="Key that encrypts the file system: aws-managed, or the ARN of a KMS key of this region.",
    )
    lifecycle: Lifecycle = Field(
        default=Lifecycle(), description="When unread files move to cheaper storage classes."
    )
    backups: bool = Field(default=True, description="Back up daily with AWS Backup's default plan for EFS.")
    removal: Literal["retain", "destroy"] = Field(
        default="retain", description="What deleting the stack does to the file system and its data."
    )
    tags: Tags = Field(
        default={}, description="Tags of the file system, besides Name and those of the environment."
    )

    @model_validator(mode="before")
    @classmethod
    def _bursting_does_not_archive(cls, fields: Any) -> Any:
        """EFS refuses Archive without elastic throughput, so the default follows the throughput."""
        if not isinstance(fields, dict) or fields.get("throughput") != "bursting":
            return fields
        lifecycle = fields.get("lifecycle", {})
        if isinstance(lifecycle, dict) and "archive_after_days" not in lifecycle:
            return {**fields, "lifecycle": {**lifecycle, "archive_after_days": None}}
        return fields

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.throughput == "bursting" and self.lifecycle.archive_after_days is not None:
            yield Fault(
                "needs elastic throughput, but throughput is bursting",
                "write null, or throughput: elastic",
                ("lifecycle", "archive_after_days"),
            )
        if "Name" in self.tags:
            yield Fault(
                "is already the file system's name",
                "write file_system.name instead",
                ("tags", "Name"),
                'key "Name"',
            )

    def kms_key_region(self) -> str | None:
        """Region of the KMS key; None for the key that AWS manages."""
        match = re.fullmatch(_KMS_KEY, self.encryption_key)
        return match[1] if match else None
