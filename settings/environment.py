"""One environment: a cluster, its file system, driver, classes, claims, Airflow and the pipeline."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, PrivateAttr, model_validator

from settings.access_point_tags import access_point_tag_faults
from settings.airflow import Airflow
from settings.airflow_checks import airflow_faults
from settings.aws import MOST_TAGS, Account, Region, Tags, efs_regions, oidc_hosts
from settings.claim import Claim
from settings.cluster import Cluster, oidc_faults
from settings.delivery import Delivery
from settings.driver import Driver
from settings.faults import Fault, FaultsError
from settings.file_system import FileSystem
from settings.pipeline import Pipeline
from settings.sample_writer import SampleWriter
from settings.section import Section, repeats
from settings.storage_class import StorageClass
from settings.volume import Volume, directory_faults

MOST_ACCESS_POINTS: Final = 10_000
"""What EFS allows on a file system. Every volume is one."""


class Environment(Section):
    """Everything that the stacks need to know about one cluster."""

    account: Account = Field(description="AWS account id: 12 digits, in quotes.", examples=["123456789012"])
    region: Region = Field(description="AWS region.", examples=["ap-northeast-2"])
    tags: Tags = Field(default={}, description="Tags of every AWS resource.")
    cluster: Cluster = Field(
        description="The EKS cluster that already exists.", examples=[{"name": "k8s-cluster"}]
    )
    file_system: FileSystem = Field(
        description="The file system: a new one, or one that exists already.", examples=[{"name": "efs_fs"}]
    )
    driver: Driver = Field(default=Driver(), description="The EFS CSI driver.")
    storage_classes: Annotated[tuple[StorageClass, ...], Field(strict=False)] = Field(
        default=(), description="StorageClasses that the stack makes."
    )
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = Field(
        default=(), description="PersistentVolumeClaims that the stack makes."
    )
    volumes: Annotated[tuple[Volume, ...], Field(strict=False)] = Field(
        default=(), description="Volumes that the stack makes beforehand, each with its claim."
    )
    sample_writer: SampleWriter | None = Field(
        default=None, description="A pod that writes to a claim, to see it work; null: none."
    )
    airflow: Airflow | None = Field(default=None, description="Apache Airflow; null: none.")
    delivery: Delivery = Field(default=Delivery(), description="How a pipeline delivers the environment.")
    pipeline: Pipeline | None = Field(default=None, description="The pipeline; null: none.")

    _name: str = PrivateAttr(default="")
    _directory: Path = PrivateAttr(default=Path())

    @property
    def name(self) -> str:
        """Name of the environment: the name of its file without .yaml."""
        return self._name

    @property
    def partition(self) -> str:
        """AWS partition of the region: aws, aws-cn, aws-us-gov, …."""
        return efs_regions()[self.region]

    @property
    def access_point_tags(self) -> Mapping[str, str]:
        """The tags of this file that the driver puts on its access points, where it comes by its chart."""
        own = self.driver.access_point_tags
        return self.tags if own is None else own

    @property
    def chart_archive(self) -> Path | None:
        """The archive of the driver's chart; None where the chart comes from its repository."""
        archive = self.driver.chart_archive
        return None if archive is None else self._directory / archive

    @property
    def every_claim(self) -> tuple[Claim | Volume, ...]:
        """What has a name, a namespace and a removal of a claim: the claims, then the volumes."""
        return (*self.claims, *self.volumes)

    @classmethod
    def named(cls, name: str, fields: Mapping[str, object], directory: Path = Path()) -> Self:
        """Validate the fields of a file and give the environment its name, and the folder of its file.

        Raises:
            pydantic.ValidationError: a field is wrong; `load_environment` says so in plain words.
        """
        environment = cls.model_validate(fields)
        environment._name = name
        environment._directory = directory
        return environment

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from self._cluster_faults()
        yield from self._file_system_faults()
        yield from self._access_point_faults()
        yield from self._class_faults()
        yield from self._claim_faults()
        yield from self._volume_faults()
        yield from self._sample_writer_faults()
        yield from airflow_faults(self)
        yield from self._pipeline_faults()

    def _cluster_faults(self) -> Iterator[Fault]:
        for fault in oidc_faults(self.cluster.oidc_issuer, self.region, oidc_hosts(self.region)):
            yield Fault(fault.problem, fault.cure, ("cluster", "oidc_issuer"))
        for index, subnet in enumerate(self.cluster.subnets):
            if re.fullmatch(re.escape(self.region) + "[a-z]", subnet.availability_zone) is None:
                yield Fault(
                    f"is not a zone of {self.region}",
                    f"write {self.region} and one letter",
                    ("cluster", "subnets", index, "availability_zone"),
                )
        roles = {
            ("cluster", "access", "role_arn"): self.cluster.access.role_arn,
            ("delivery", "role_arn"): self.delivery.role_arn,
        }
        for path, role in roles.items():
            if role is not None and role.split(":")[1:5] != [self.partition, "iam", "", self.account]:
                yield Fault(
                    f"is not of account {self.account} in partition {self.partition}",
                    "name a role of this account",
                    path,
                )

    def _pipeline_faults(self) -> Iterator[Fault]:
        secrets = self.pipeline.secret_variables if self.pipeline else {}
        for name, arn in secrets.items():
            if arn.split(":")[1:5] != [self.partition, "secretsmanager", self.region, self.account]:
                yield Fault(
                    f"is not of account {self.account} in region {self.region}",
                    "name a secret there: CodeBuild reads no other",
                    ("pipeline", "secret_variables", name),
                )

    def _file_system_faults(self) -> Iterator[Fault]:
        at = ("file_system",)
        yield from self.file_system.region_faults(self.region, at)
        zones = [subnet.availability_zone for subnet in self.cluster.subnets]
        yield from self.file_system.zone_faults(zones, at)
        yield from self.file_system.nfs_clients.address_faults(self.cluster.vpc.cidrs, (*at, "nfs_clients"))
        existing = self.file_system.existing
        if existing is None or existing.add_client_rules:
            yield from self.file_system.nfs_clients.quota_faults(
                self.cluster.node_security_groups, (*at, "nfs_clients")
            )
        tags = len({"Name", *self.tags, *self.file_system.tags})
        if tags > MOST_TAGS:
            yield Fault(
                f"and tags make {tags} tags of the file system, {MOST_TAGS} are allowed",
                "remove some",
                ("file_system", "tags"),
                "",
            )

    def _access_point_faults(self) -> Iterator[Fault]:
        if self.driver.install == "helm":
            own = self.driver.access_point_tags is not None
            at = ("driver", "access_point_tags") if own else ("tags",)
            yield from access_point_tag_faults(self.access_point_tags, at)

    def _class_faults(self) -> Iterator[Fault]:
        for index, item in enumerate(self.storage_classes):
            if self.file_system.iam_authorization and "iam" not in item.mount_options:
                yield Fault(
                    "lacks iam, without which file_system.iam_authorization lets nobody mount",
                    "add iam",
                    ("storage_classes", index, "mount_options"),
                    subject="",
                )
        for index, earlier in repeats(self.storage_classes, lambda item: item.name):
            yield Fault(
                f"is the name of two classes, first of storage_classes[{earlier}]",
                "give each class its own name",
                ("storage_classes", index, "name"),
            )
        default = [index for index, item in enumerate(self.storage_classes) if item.default]
        for index in default[1:]:
            yield Fault(
                f"makes a second default class beside storage_classes[{default[0]}]",
                "keep one default class",
                ("storage_classes", index, "default"),
            )

    def _claim_faults(self) -> Iterator[Fault]:
        defined = [item.name for item in self.storage_classes]
        for index, claim in enumerate(self.claims):
            if claim.storage_class not in defined:
                known = (
                    f"write one of {', '.join(defined)}" if defined else "define the class in storage_classes"
                )
                yield Fault("is not a class of this file", known, ("claims", index, "storage_class"))
        classes = {item.name: item for item in self.storage_classes}
        for index, claim in enumerate(self.claims):
            if claim.storage_class in classes:
                for fault in classes[claim.storage_class].volume_path_faults((claim.namespace, claim.name)):
                    problem = f"of class {claim.storage_class} {fault.problem}"
                    yield Fault(
                        problem, "shorten the name, or the paths of the class", ("claims", index, "name")
                    )
        yield from self._gid_faults(classes)
        for index, earlier in repeats(self.claims, lambda item: (item.namespace, item.name)):
            yield Fault(
                f"is the name of two claims in namespace {self.claims[index].namespace}, "
                f"first of claims[{earlier}]",
                "give each claim its own name",
                ("claims", index, "name"),
            )

    def _gid_faults(self, classes: Mapping[str, StorageClass]) -> Iterator[Fault]:
        """Claims for which a class has no group id left: the driver gives each one to one volume only."""
        wanted = Counter(claim.storage_class for claim in self.claims)
        for index, item in enumerate(self.storage_classes):
            ids = item.gid_range
            if ids is None or item.owner is not None or item is not classes[item.name]:
                continue
            count = ids.end - ids.start + 1
            if wanted[item.name] > count:
                yield Fault(
                    f"has {count} group ids for the {wanted[item.name]} claims of this file",
                    "widen it, or write an owner",
                    ("storage_classes", index, "gid_range"),
                    subject="",
                )

    def _volume_faults(self) -> Iterator[Fault]:
        claims = {(item.namespace, item.name): index for index, item in enumerate(self.claims)}
        for index, volume in enumerate(self.volumes):
            if (earlier := claims.get((volume.namespace, volume.name))) is not None:
                yield Fault(
                    f"is the name of claims[{earlier}], too",
                    "give each claim its own name",
                    ("volumes", index, "name"),
                )
        for index, earlier in repeats(self.volumes, lambda item: (item.namespace, item.name)):
            yield Fault(
                f"is the name of two volumes in namespace {self.volumes[index].namespace}, "
                f"first of volumes[{earlier}]",
                "give each volume its own name",
                ("volumes", index, "name"),
            )
        yield from directory_faults(self.volumes)
        wanted = len(self.every_claim)
        if wanted > MOST_ACCESS_POINTS:
            yield Fault(
                f"and claims want {wanted} access points, EFS allows {MOST_ACCESS_POINTS} on a file system",
                "remove some, or divide them among two environments",
                ("volumes",),
                "",
            )

    def _sample_writer_faults(self) -> Iterator[Fault]:
        writer = self.sample_writer
        if writer is None:
            return
        here = ("sample_writer", "claim")
        usable = [(item.namespace, item.name) for item in self.every_claim]
        if (writer.namespace, writer.claim) not in usable:
            known = ", ".join(f"{namespace}/{name}" for namespace, name in usable)
            cure = f"choose one of {known}" if usable else "define one in claims"
            yield Fault(f"is not a claim of this file in namespace {writer.namespace}", cure, here)
        for volume in self.volumes:
            if (volume.namespace, volume.name) == (writer.namespace, writer.claim) and volume.read_only:
                yield Fault("can only be read", "choose a claim that can be written", here)
