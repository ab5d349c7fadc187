"""The fields of an environment: cluster, file system, driver, classes, claims, Airflow, pipeline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from settings.access_point_tags import fit_for_access_points
from settings.airflow import Airflow
from settings.aws import Account, Region, Tags, efs_regions
from settings.claim import Claim
from settings.cluster import Cluster
from settings.delivery import Delivery
from settings.driver import Driver
from settings.file_system import FileSystem
from settings.pipeline import Pipeline
from settings.sample_writer import SampleWriter
from settings.section import Section
from settings.storage_class import StorageClass
from settings.volume import Volume


class EnvironmentFields(Section):
    """What one file describes, before it is known whether its parts fit each other.

    The checks of an environment read this class, and `Environment` reads the checks.
    """

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
        """The tags of this file that the driver puts on its access points, where it comes by its chart.

        Those of the environment that the driver can take, unless the file has others for access points.
        """
        own = self.driver.access_point_tags
        return fit_for_access_points(self.tags) if own is None else own

    @property
    def chart_archive(self) -> Path | None:
        """The archive of the driver's chart; None where the chart comes from its repository."""
        archive = self.driver.chart_archive
        return None if archive is None else self._directory / archive

    @property
    def every_claim(self) -> tuple[Claim | Volume, ...]:
        """What has a name, a namespace and a removal of a claim: the claims, then the volumes."""
        return (*self.claims, *self.volumes)
