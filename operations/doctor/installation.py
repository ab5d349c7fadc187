"""What the checks look at: one environment, and what its account and cluster say of it, each read once.

Only calls that change nothing. Every property may raise what boto3 or the Kubernetes client raises; the
examination turns that into a finding of its own.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from kubernetes import client as kubernetes

from operations.cluster_access import cluster_client
from operations.doctor.needs import AirflowNeeds
from operations.doctor.once import Once
from operations.trace import DRIVER
from settings import Environment
from settings.aws import MOST_ACCESS_POINTS

Thing = Mapping[str, Any]
"""An object as an API returns it."""

DRIVER_NAMESPACE = "kube-system"
"""Where the stack and the EKS add-on install the driver."""

NODE_PODS = "app=efs-csi-node"
"""The label of the driver's pods on the nodes, the same in its chart and in the EKS add-on."""

ZONE_LABEL = "topology.kubernetes.io/zone"

_KUBERNETES_SECONDS = 15
"""How long one call of the Kubernetes API may take."""

_AWS = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """A service account by its name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


DRIVER_ACCOUNTS = (
    ServiceAccount(namespace=DRIVER_NAMESPACE, name="efs-csi-controller-sa"),
    ServiceAccount(namespace=DRIVER_NAMESPACE, name="efs-csi-node-sa"),
)
"""The service accounts of the driver's two halves in its chart and in the add-on, which the roles trust."""


class NotThereError(Exception):
    """What a check needs is not there, and another check says so.

    Attributes:
        because: the id of that check.
    """

    def __init__(self, because: str) -> None:
        self.because = because
        super().__init__(because)


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """AWS's default quotas of EFS, used where Service Quotas does not say the account's own.

    https://docs.aws.amazon.com/efs/latest/ug/limits.html
    """

    file_systems: int = 1000
    """For each account and region."""
    access_points: int = MOST_ACCESS_POINTS
    """For each file system."""


@dataclass(frozen=True)
class NodeAddress:
    """How a node appears to a mount target."""

    name: str
    zone: str
    address: str
    security_groups: frozenset[str]


@dataclass
class Installation:
    """One environment in its account and cluster."""

    environment: Environment
    airflow: AirflowNeeds | None = None
    """What Airflow needs. Default: nothing is asked about Airflow."""
    quotas: Quotas = field(default_factory=Quotas)
    session: Any = None
    """The boto3 session. Default: the shell's credentials, in the environment's region."""
    _clients: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def client(self, service: str) -> Any:
        """A boto3 client of the environment's region."""
        if service not in self._clients:
            session: Any = self.session or boto3.session.Session()
            self._clients[service] = session.client(service, region_name=self.environment.region, config=_AWS)
        return self._clients[service]

    # The account.

    @Once
    def caller(self) -> Thing:
        """Who asks: account and ARN."""
        answer: Thing = self.client("sts").get_caller_identity()
        if answer["Account"] != self.environment.account:
            raise NotThereError("account-mismatch")
        return answer

    @Once
    def stack(self) -> Thing | None:
        """The stack, or None where it was never made or is deleted."""
        assert self.caller  # noqa: S101  # in another account everything would seem to be missing
        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        there = [one for one in stacks if one["StackStatus"] not in _NEVER_MADE]
        return there[0] if there else None

    @property
    def stack_name(self) -> str:
        """The stack's physical name."""
        return f"EfsStorageStack-{self.environment.name}"

    @property
    def deployed(self) -> bool:
        """Whether the stack has been deployed at least once."""
        return bool(self.outputs)

    @Once
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs; none before a deployment."""
        stack = self.stack
        if stack is None or stack["StackStatus"] in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED"):
            return {}
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    @Once
    def template(self) -> Thing:
        """The template that is deployed."""
        body = self.client("cloudformation").get_template(StackName=self.stack_name)["TemplateBody"]
        template: Thing = json.loads(body) if isinstance(body, str) else body
        return template

    def deployed_properties(self, resource_type: str) -> Iterator[Thing]:
        """The properties of each resource of a type in the deployed template."""
        for resource in self.template["Resources"].values():
            if resource["Type"] == resource_type:
                yield resource.get("Properties", {})

    @Once
    def declared_objects(self) -> Mapping[tuple[str, str, str], Thing]:
        """Kind, namespace and name -> each Kubernetes object that the deployed template declares."""
        found = {}
        for properties in self.deployed_properties("Custom::AWSCDK-EKS-KubernetesResource"):
            for one in json.loads(self._resolved(properties["Manifest"])):
                metadata = one["metadata"]
                found[(one["kind"], metadata.get("namespace", ""), metadata["name"])] = one
        # A class is the one value of a chart of its own.
        for properties in self.deployed_properties("Custom::AWSCDK-EKS-HelmChart"):
            values = json.loads(self._resolved(properties.get("Values", "{}")))
            if isinstance(one := values.get("storageClass"), dict) and one.get("kind") == "StorageClass":
                found[("StorageClass", "", one["metadata"]["name"])] = one
        return found

    def _resolved(self, value: Any) -> str:
        """The text of a property; a reference to the file system gives its id, any other is left open."""
        if isinstance(value, str):
            return value
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return str(separator.join(self._resolved(part) for part in parts))
        if str(value.get("Ref", "")).startswith("FileSystem"):
            return self.outputs.get("FileSystemId", "")
        return "?"

    # The cluster.

    @Once
    def cluster(self) -> Thing:
        """The cluster as EKS describes it."""
        assert self.caller  # noqa: S101
        try:
            answer: Thing = self.client("eks").describe_cluster(name=self.environment.cluster.name)["cluster"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                raise NotThereError("cluster-missing") from error
            raise
        return answer

    @Once
    def api(self) -> kubernetes.ApiClient:
        """A client of the cluster."""
        return cluster_client(self.cluster, region=self.environment.region)

    def read(self, call: Callable[..., Any], *arguments: str, **options: Any) -> Thing | None:
        """One Kubernetes object, or None where there is none."""
        try:
            found = call(*arguments, _request_timeout=_KUBERNETES_SECONDS, **options)
        except kubernetes.ApiException as error:
            if error.status == 404:
                return None
            raise
        plain: Thing = self.api.sanitize_for_serialization(found)
        return plain

    def all_of(self, call: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        """The items of a list of Kubernetes objects."""
        found = call(*arguments, _request_timeout=_KUBERNETES_SECONDS, **options)
        items: list[Thing] = self.api.sanitize_for_serialization(found)["items"]
        return items

    @Once
    def nodes(self) -> list[Thing]:
        """The cluster's nodes that are ready."""
        nodes = self.all_of(kubernetes.CoreV1Api(self.api).list_node)
        return [node for node in nodes if _is_ready(node)]

    @Once
    def classes(self) -> Mapping[str, Thing]:
        """The cluster's StorageClasses by name."""
        found = self.all_of(kubernetes.StorageV1Api(self.api).list_storage_class)
        return {one["metadata"]["name"]: one for one in found}

    @Once
    def volumes(self) -> list[Thing]:
        """The PersistentVolumes of the driver."""
        found = self.all_of(kubernetes.CoreV1Api(self.api).list_persistent_volume)
        return [one for one in found if one["spec"].get("csi", {}).get("driver") == DRIVER]

    @Once
    def claims(self) -> list[Thing]:
        """The cluster's claims."""
        return self.all_of(kubernetes.CoreV1Api(self.api).list_persistent_volume_claim_for_all_namespaces)

    @Once
    def driver_namespace(self) -> str:
        """Where the driver is: somebody else may have installed it anywhere."""
        if self.environment.driver.install != "existing":
            return DRIVER_NAMESPACE
        found = self.all_of(
            kubernetes.AppsV1Api(self.api).list_deployment_for_all_namespaces,
            field_selector="metadata.name=efs-csi-controller",
        )
        namespaces = sorted(one["metadata"]["namespace"] for one in found)
        return DRIVER_NAMESPACE if DRIVER_NAMESPACE in namespaces or not namespaces else namespaces[0]

    @Once
    def driver_accounts(self) -> tuple[ServiceAccount, ServiceAccount]:
        """The service accounts of the driver's controller and of its pods on nodes."""
        if self.environment.driver.install != "existing":
            return DRIVER_ACCOUNTS
        workloads = (self.driver_controller, self.driver_nodes)
        controller, node = (
            ServiceAccount(
                namespace=self.driver_namespace,
                name=((workload or {}).get("spec", {}).get("template", {}).get("spec", {})).get(
                    "serviceAccountName", usual.name
                ),
            )
            for workload, usual in zip(workloads, DRIVER_ACCOUNTS, strict=True)
        )
        return controller, node

    @Once
    def driver_controller(self) -> Thing | None:
        """The Deployment of the driver's controller."""
        apps = kubernetes.AppsV1Api(self.api)
        return self.read(apps.read_namespaced_deployment, "efs-csi-controller", self.driver_namespace)

    @Once
    def driver_nodes(self) -> Thing | None:
        """The DaemonSet of the driver."""
        apps = kubernetes.AppsV1Api(self.api)
        return self.read(apps.read_namespaced_daemon_set, "efs-csi-node", self.driver_namespace)

    # The network.

    @Once
    def subnets(self) -> Mapping[str, Thing]:
        """The environment's subnets that exist, by id."""
        assert self.caller  # noqa: S101
        wanted = [subnet.id for subnet in self.environment.cluster.subnets]
        found = self.client("ec2").describe_subnets(Filters=[{"Name": "subnet-id", "Values": wanted}])
        return {one["SubnetId"]: one for one in found["Subnets"]}

    @Once
    def vpc(self) -> Thing:
        """The environment's VPC."""
        assert self.caller  # noqa: S101
        wanted = [self.environment.cluster.vpc.id]
        found = self.client("ec2").describe_vpcs(Filters=[{"Name": "vpc-id", "Values": wanted}])["Vpcs"]
        if not found:
            raise NotThereError("vpc-missing")
        vpc: Thing = found[0]
        return vpc

    def security_groups(self, ids: frozenset[str]) -> Mapping[str, Thing]:
        """Those of some security groups that exist, by id."""
        if not ids:
            return {}
        found = self.client("ec2").describe_security_groups(
            Filters=[{"Name": "group-id", "Values": sorted(ids)}]
        )
        return {one["GroupId"]: one for one in found["SecurityGroups"]}

    @Once
    def node_addresses(self) -> list[NodeAddress]:
        """Address and security groups of each node that is an EC2 instance."""
        by_instance = {}
        for node in self.nodes:
            found = re.fullmatch(r"aws:///[^/]+/(i-[0-9a-f]+)", node["spec"].get("providerID", ""))
            if found:
                by_instance[found[1]] = node
        if not by_instance:
            return []
        pages = (
            self.client("ec2")
            .get_paginator("describe_instances")
            .paginate(Filters=[{"Name": "instance-id", "Values": sorted(by_instance)}])
        )
        return [
            NodeAddress(
                name=by_instance[instance["InstanceId"]]["metadata"]["name"],
                zone=instance["Placement"]["AvailabilityZone"],
                address=instance.get("PrivateIpAddress", ""),
                security_groups=frozenset(group["GroupId"] for group in instance["SecurityGroups"]),
            )
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]

    # The file system, once there is one.

    @property
    def file_system_id(self) -> str | None:
        """Its id; None before the deployment that makes it."""
        existing = self.environment.file_system.existing
        return existing.id if existing else self.outputs.get("FileSystemId")

    @property
    def target_group(self) -> str:
        """The security group that its mount targets should have."""
        existing = self.environment.file_system.existing
        return existing.security_group if existing else self.outputs["SecurityGroupId"]

    @Once
    def file_system(self) -> Thing:
        """The file system, the stack's or the existing one."""
        assert self.caller  # noqa: S101  # in another account it would seem to be missing
        try:
            found = self.client("efs").describe_file_systems(FileSystemId=self.file_system_id)
        except ClientError as error:
            if error.response["Error"]["Code"] == "FileSystemNotFound":
                raise NotThereError("file-system-missing") from error
            raise
        system: Thing = found["FileSystems"][0]
        return system

    @Once
    def mount_targets(self) -> Mapping[str, Thing]:
        """Zone -> the file system's mount target there, with its security groups."""
        efs = self.client("efs")
        pages = efs.get_paginator("describe_mount_targets").paginate(
            FileSystemId=self.file_system["FileSystemId"]
        )
        return {
            target["AvailabilityZoneName"]: {
                **target,
                "SecurityGroups": efs.describe_mount_target_security_groups(
                    MountTargetId=target["MountTargetId"]
                )["SecurityGroups"],
            }
            for page in pages
            for target in page["MountTargets"]
        }

    @Once
    def target_groups(self) -> Mapping[str, Thing]:
        """The security groups of all mount targets that exist, by id."""
        ids = frozenset(group for target in self.mount_targets.values() for group in target["SecurityGroups"])
        return self.security_groups(ids)

    @Once
    def access_points(self) -> Mapping[str, Thing]:
        """The access points of the file system, by id."""
        pages = (
            self.client("efs")
            .get_paginator("describe_access_points")
            .paginate(FileSystemId=self.file_system["FileSystemId"])
        )
        return {one["AccessPointId"]: one for page in pages for one in page["AccessPoints"]}


_NEVER_MADE = ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


def _is_ready(node: Thing) -> bool:
    conditions = node.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
