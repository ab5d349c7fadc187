"""A read-only copy of the file system in another region."""

from collections.abc import Iterator

from pydantic import Field

from settings.aws import (
    AvailabilityZone,
    KmsKeyArn,
    Region,
    efs_regions,
    kms_key_region,
    partition_faults,
    zone_region,
)
from settings.faults import Fault, Path
from settings.section import Section


class Replication(Section):
    """A read-only copy of the file system in another region, which EFS makes and keeps up to date."""

    region: Region = Field(description="Region of the copy.", examples=["ap-northeast-1"])
    encryption_key: KmsKeyArn | None = Field(
        default=None,
        description="ARN of the KMS key that encrypts the copy, of its region; null: aws-managed.",
    )
    availability_zone: AvailabilityZone | None = Field(
        default=None, description="The one zone that holds the copy; null: all zones of its region."
    )

    def faults(self, region: str, at: Path) -> Iterator[Fault]:
        """What is wrong with this copy of a file system of `region`.

        Args:
            region: the environment's.
            at: path of this section.
        """
        if self.region == region:
            yield Fault(
                "is the file system's own region",
                "write another; EFS keeps a regional file system in several zones by itself",
                (*at, "region"),
            )
        elif efs_regions()[self.region] != efs_regions()[region]:
            yield Fault(f"is in another partition than {region}", "write another region", (*at, "region"))
        if self.encryption_key is not None and kms_key_region(self.encryption_key) != self.region:
            yield Fault(
                f"is not a key of {self.region}", f"name a key of {self.region}", (*at, "encryption_key")
            )
        elif self.encryption_key is not None:
            yield from partition_faults(self.encryption_key, self.region, (*at, "encryption_key"))
        if self.availability_zone is not None and zone_region(self.availability_zone) != self.region:
            yield Fault(
                f"is not a zone of {self.region}",
                f"write {self.region} and one letter",
                (*at, "availability_zone"),
            )
