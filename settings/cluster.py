"""The EKS cluster that already exists, and the network around it."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from settings.aws import AvailabilityZone, RoleArn, SecurityGroupId, SubnetId, VpcId
from settings.faults import Fault, FaultsError
from settings.network import Cidr, overlap_faults, vpc_faults
from settings.section import Form, NotEmpty, Section, repeats
from settings.versions import CLUSTER_VERSIONS


def _check_version(version: str) -> str:
    if version not in CLUSTER_VERSIONS:
        cure = f'write one of "{CLUSTER_VERSIONS[0]}" to "{CLUSTER_VERSIONS[-1]}"'
        raise FaultsError([Fault("has no kubectl layer within one minor version", cure)])
    return version


ClusterVersion = Annotated[
    str, AfterValidator(_check_version), Field(json_schema_extra={"enum": [*CLUSTER_VERSIONS]})
]


class ClusterAccess(Section):
    """How the role of the kubectl handler is let into the cluster; exactly one of the two."""

    entry: bool = Field(
        default=False,
        description="Make an EKS access entry for the role; the cluster's authentication mode must have API.",
    )
    role_arn: RoleArn | None = Field(
        default=None,
        description="Existing role that the cluster already trusts (aws-auth) and that Lambda may assume.",
    )

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if self.entry == (self.role_arn is not None):
            both = "asks for an access entry and names a role" if self.entry else "lets nobody in"
            raise FaultsError([Fault(both, "write either {entry: true} or {role_arn: arn:…}", subject="")])
        return self


class Vpc(Section):
    """The cluster's VPC."""

    id: VpcId = Field(description="Id of the VPC.", examples=["vpc-0a1b2c3d4e5f60718"])
    cidrs: Annotated[tuple[Cidr, ...], Field(strict=False), NotEmpty("write the VPC's CIDR blocks")] = Field(
        description="CIDR blocks of the VPC.", examples=[["10.20.0.0/16"]]
    )
    availability_zones: (
        Annotated[
            tuple[AvailabilityZone, ...],
            Field(strict=False),
            NotEmpty("leave the field out, or write the zones"),
        ]
        | None
    ) = Field(
        default=None, description="Zones of the VPC; when given, a subnet in any other zone is refused."
    )

    @model_validator(mode="after")
    def _has_possible_blocks(self) -> Self:
        at = ("cidrs",)
        FaultsError.raise_if_any([*vpc_faults(self.cidrs, at), *overlap_faults(self.cidrs, at)])
        return self


class Subnet(Section):
    """A subnet in which nodes run; it gets a mount target."""

    id: SubnetId = Field(description="Id of the subnet.", examples=["subnet-0a1b2c3d4e5f60718"])
    availability_zone: AvailabilityZone = Field(
        description="Zone of the subnet.", examples=["ap-northeast-2a"]
    )


class HandlerNetwork(Section):
    """Where in the VPC the functions run that apply manifests and charts."""

    subnets: Annotated[
        tuple[SubnetId, ...], Field(strict=False), NotEmpty("write at least one private subnet")
    ] = Field(
        description="Private subnets, from which the cluster's endpoint and AWS's own are reached.",
        examples=[["subnet-0a1b2c3d4e5f60718"]],
    )
    security_group: SecurityGroupId = Field(
        description="Security group of the functions, which the cluster's endpoint lets in on tcp 443.",
        examples=["sg-0a1b2c3d4e5f60718"],
    )

    @model_validator(mode="after")
    def _has_each_subnet_once(self) -> Self:
        FaultsError.raise_if_any(
            Fault(
                f"is listed twice, first as subnets[{earlier}]", "remove one of the two", ("subnets", index)
            )
            for index, earlier in repeats(self.subnets, str)
        )
        return self


class Cluster(Section):
    """The EKS cluster that already exists."""

    name: Annotated[
        str,
        Form(
            r"[0-9A-Za-z][A-Za-z0-9_-]*",
            "is not a name that EKS accepts",
            "use letters, digits, - and _, and begin with a letter or a digit",
            max_length=100,
        ),
    ] = Field(description="Name of the cluster.", examples=["k8s-cluster"])
    version: ClusterVersion = Field(
        description="Kubernetes version of the cluster, in quotes; picks the kubectl layer.",
        examples=["1.35"],
    )
    oidc_issuer: str = Field(
        description="OIDC issuer of the cluster; an IAM OIDC provider for it must exist.",
        examples=["https://oidc.eks.ap-northeast-2.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"],
    )
    access: ClusterAccess = Field(
        default=ClusterAccess(entry=True),
        description="How the kubectl handler's role is let into the cluster.",
    )
    vpc: Vpc = Field(
        description="The cluster's VPC.",
        examples=[{"id": "vpc-0a1b2c3d4e5f60718", "cidrs": ["10.20.0.0/16"]}],
    )
    subnets: Annotated[
        tuple[Subnet, ...], Field(strict=False), NotEmpty("write at least one subnet in which nodes run")
    ] = Field(
        description="Subnets in which nodes run, one in each zone; each gets a mount target.",
        examples=[[{"id": "subnet-0a1b2c3d4e5f60718", "availability_zone": "ap-northeast-2a"}]],
    )
    node_zones: (
        Annotated[
            tuple[AvailabilityZone, ...],
            Field(strict=False),
            NotEmpty("leave the field out, or write the zones"),
        ]
        | None
    ) = Field(
        default=None,
        description="Zones in which nodes run; when given, one without a subnet is refused.",
    )
    node_security_groups: Annotated[
        tuple[SecurityGroupId, ...], Field(strict=False), NotEmpty("write the security groups of the nodes")
    ] = Field(description="Security groups of the nodes.", examples=[["sg-0a1b2c3d4e5f60718"]])
    handler_network: HandlerNetwork | None = Field(
        default=None,
        description="Where in the VPC the functions of the deployment run; null: outside of it.",
    )

    @model_validator(mode="after")
    def _has_one_subnet_per_zone(self) -> Self:
        FaultsError.raise_if_any(self._subnet_faults())
        return self

    def _subnet_faults(self) -> Iterator[Fault]:
        for index, earlier in repeats(self.subnets, lambda subnet: subnet.id):
            yield Fault(
                f"is listed twice, first as subnets[{earlier}]",
                "remove one of the two",
                ("subnets", index, "id"),
            )
        for index, earlier in repeats(self.subnets, lambda subnet: subnet.availability_zone):
            one, other = self.subnets[earlier], self.subnets[index]
            yield Fault(
                f"has two subnets, {one.id} and {other.id}; EFS allows one mount target in a zone",
                "keep one subnet of each zone",
                ("subnets", index, "availability_zone"),
            )
        zones = self.vpc.availability_zones
        for index, subnet in enumerate(self.subnets):
            if zones is not None and subnet.availability_zone not in zones:
                yield Fault(
                    "is not in vpc.availability_zones",
                    f"write one of {', '.join(zones)}, or add the zone there",
                    ("subnets", index, "availability_zone"),
                )
        for field, listed in (("node_zones", self.node_zones), ("vpc.availability_zones", zones)):
            for index, earlier in repeats(listed or (), str):
                yield Fault(
                    f"is listed twice, first as {field}[{earlier}]",
                    "remove one of the two",
                    (*field.split("."), index),
                )
        served = {subnet.availability_zone for subnet in self.subnets}
        unserved = [zone for zone in self.node_zones or () if zone not in served]
        if unserved:
            yield Fault(
                f"has zones without a mount target, {', '.join(unserved)}: nodes there could not mount",
                "add a subnet of each to subnets, or run no nodes there",
                ("node_zones",),
                subject="",
            )
        for index, earlier in repeats(self.node_security_groups, str):
            yield Fault(
                f"is listed twice, first as node_security_groups[{earlier}]",
                "remove one of the two",
                ("node_security_groups", index),
            )


def oidc_faults(issuer: str, region: str, hosts: Sequence[str]) -> Iterator[Fault]:
    """What is wrong with an OIDC issuer for a cluster of this region, whose issuers are on these hosts."""
    cure = f"write https://{hosts[0]}/id/ID, as aws eks describe-cluster shows it"
    if not issuer.startswith("https://"):
        yield Fault("is not an https URL", cure)
        return
    host, _, path = issuer.removeprefix("https://").partition("/")
    named = re.fullmatch(r"oidc[.-]eks\.([a-z0-9-]+)\..+", host)
    if named is not None and named[1] != region:
        yield Fault(f"is of region {named[1]}, but the environment is in {region}", cure)
    elif host not in hosts or re.fullmatch(r"id/[0-9A-Fa-f]{32}", path) is None:
        yield Fault("is not the OIDC issuer of an EKS cluster", cure)
