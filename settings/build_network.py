"""Where in a VPC the builds of a pipeline run."""

from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from settings.aws import SecurityGroupId, SubnetId, VpcId
from settings.faults import Fault, FaultsError
from settings.section import NotEmpty, Section, repeats

MOST: Final = {"subnets": 16, "security_groups": 5}
"""What CodeBuild takes: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_VpcConfig.html."""


class BuildNetwork(Section):
    """The VPC of the builds, its subnets and security groups: all exist, and nothing of them is changed."""

    id: VpcId = Field(description="Id of the VPC.", examples=["vpc-0a1b2c3d4e5f60718"])
    subnets: Annotated[
        tuple[SubnetId, ...], Field(strict=False), NotEmpty("write at least one private subnet")
    ] = Field(
        description="Private subnets: a build gets no public address.",
        examples=[["subnet-0a1b2c3d4e5f60718"]],
    )
    security_groups: Annotated[
        tuple[SecurityGroupId, ...], Field(strict=False), NotEmpty("write the security groups of the builds")
    ] = Field(
        description="Security groups of the builds, which let them out to what they need.",
        examples=[["sg-0a1b2c3d4e5f60718"]],
    )

    @model_validator(mode="after")
    def _is_what_codebuild_takes(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        for field, items in (("subnets", self.subnets), ("security_groups", self.security_groups)):
            for index, earlier in repeats(items, str):
                yield Fault(
                    f"is listed twice, first as {field}[{earlier}]", "remove one of the two", (field, index)
                )
            if len(items) > MOST[field]:
                yield Fault(
                    f"has {len(items)} ids, CodeBuild takes {MOST[field]}",
                    "remove some",
                    (field,),
                    subject="",
                )
