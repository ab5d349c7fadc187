"""What discovery finds, chooses and could not see: the shape of `airflow-efs discover --output json`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Found(BaseModel):
    """A record of what was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ClusterFound(Found):
    """The cluster as EKS and IAM describe it."""

    name: str
    arn: str
    account: str
    region: str
    version: str
    endpoint: str = Field(description="URL of the API server.")
    endpoint_public: bool = Field(description="Whether the API server is reached from outside the VPC.")
    endpoint_private: bool = Field(description="Whether it is reached from inside the VPC.")
    public_access_cidrs: tuple[str, ...] = Field(description="From where, when it is public.")
    authentication_mode: Literal["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"]
    oidc_issuer: str | None = Field(description="None for a cluster that has no issuer.")
    oidc_provider_arn: str | None = Field(
        description="The issuer's provider in IAM; None where it is missing."
    )
    vpc_id: str
    vpc_cidrs: tuple[str, ...] = Field(description="IPv4, the primary block first.")
    vpc_ipv6_cidrs: tuple[str, ...] = ()
    control_plane_subnets: tuple[str, ...] = Field(description="Subnets of the control plane's interfaces.")
    cluster_security_group: str | None = Field(description="The group that EKS made for the cluster.")


class SubnetFound(Found):
    """A subnet of the cluster's VPC."""

    id: str
    name: str | None = Field(description="Its tag Name.")
    availability_zone: str
    cidr: str
    public: bool | None = Field(description="Whether it routes to an internet gateway; None: not known.")
    available_addresses: int
    nodes: int = Field(description="Nodes that run in it now.")
    node_groups: tuple[str, ...] = Field(
        description="Node groups, scaling groups and classes that may use it."
    )
    tags: dict[str, str] = {}

    def describe(self) -> str:
        """What sets it apart from others of its zone, in a few words."""
        kind = {True: "public", False: "private", None: "subnet"}[self.public]
        nodes = f"{self.nodes} node{'' if self.nodes == 1 else 's'}"
        return f"{kind}, {nodes}, {self.available_addresses} free addresses"


class NodeFound(Found):
    """A node that runs on EC2."""

    id: str
    subnet_id: str
    security_groups: tuple[str, ...]


class NodeGroupFound(Found):
    """Something that starts nodes: where, and with which security groups."""

    name: str
    kind: Literal["managed", "auto-scaling", "node-class"]
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...] = Field(description="Empty where they are not known.")


class DriverFound(Found):
    """The EFS CSI driver that is in the cluster."""

    install: Literal["none", "leftover", "helm", "addon", "manual", "unknown"] = Field(
        description="How it came there. leftover: only its CSIDriver object; unknown: not seen."
    )
    version: str | None = Field(default=None, description="Of its image, or of the add-on.")
    detail: str | None = Field(default=None, description="The Helm release, or the add-on's status.")
    identity: Literal["irsa", "pod-identity"] | None = None
    service_account: str | None = Field(
        default=None, description="Namespace and name of its controller's service account."
    )
    role_arn: str | None = Field(default=None, description="The role of its controller.")
    environment: str | None = Field(default=None, description="The environment of this project that made it.")


class StorageClassFound(Found):
    """A StorageClass of the EFS CSI driver."""

    name: str
    file_system_id: str | None
    base_path: str | None
    default: bool


class FileSystemFound(Found):
    """A file system that belongs to the cluster."""

    id: str
    name: str | None
    why: str = Field(description="The tag or the class that says so.")
    encrypted: bool
    throughput: str
    zones: tuple[str, ...] = Field(description="Zones with a mount target.")
    security_groups: tuple[str, ...] = Field(description="Of its mount targets.")
    environment: str | None = Field(description="The environment of this project that made it.")


class Choice(Found):
    """A setting for which there was a choice."""

    field: str
    chose: str
    why: str
    instead_of: tuple[str, ...] = ()


class Problem(Found):
    """Something that is wrong with the cluster, or will be with the deployment."""

    severity: Literal["error", "warning"] = Field(description="error: the deployment would fail.")
    field: str | None = Field(default=None, description="The setting that it is about.")
    what: str
    cure: str


class Unseen(Found):
    """Something that discovery was not allowed, or not able, to read."""

    what: str
    why: str
    cure: str


class Report(Found):
    """Everything that discovery found, and the environment that it proposes."""

    cluster: ClusterFound
    subnets: tuple[SubnetFound, ...]
    nodes: tuple[NodeFound, ...]
    node_groups: tuple[NodeGroupFound, ...]
    driver: DriverFound
    storage_classes: tuple[StorageClassFound, ...] | None = Field(
        description="Of the EFS CSI driver; None: not seen."
    )
    file_systems: tuple[FileSystemFound, ...] | None = Field(description="None: not seen.")
    choices: tuple[Choice, ...]
    problems: tuple[Problem, ...]
    unseen: tuple[Unseen, ...]
    environment: dict[str, Any] = Field(description="The environment, as its file holds it.")
    changes: str | None = Field(default=None, description="With --write: the diff; empty: none.")
    written: bool | None = Field(default=None, description="With --write: whether the file was written.")


class DiscoveryError(Exception):
    """There is no environment to write; the text says why, and what to do."""
