"""Clusters of different shapes, made by real calls in a rehearsal's account, and who discovers them.

A rehearsal's account is filled from an environment; `seed` is such an environment, of which only the cluster,
its VPC and the control plane's subnets are used. Its file then goes, so that discovery starts from nothing.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client as kubernetes

from rehearsal.cdk import PROJECT
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

CLUSTER = "k8s-cluster"
REGION = "ap-northeast-2"
OWNED = f"kubernetes.io/cluster/{CLUSTER}"
MANAGED = {"eks:cluster-name": CLUSTER, "eks:nodegroup-name": "workers", OWNED: "owned"}
"""The tags of a node of a managed node group."""


class Shaped:
    """A rehearsal whose cluster has been given a shape, and the folder in which its environment will be."""

    def __init__(self, rehearsal: Rehearsal, folder: Path) -> None:
        self.rehearsal = rehearsal
        self.folder = folder
        self.ec2 = rehearsal.client("ec2")
        self.cluster = rehearsal.settings.cluster
        self.made: dict[str, Any] = {}
        """What the shape is made of, for its tests."""
        self.session: Mapping[str, str] = {}

    @property
    def file(self) -> Path:
        return self.folder / "found.yaml"

    def subnet(self, cidr: str, zone: str, **tags: str) -> str:
        """A subnet of the cluster's VPC; the zone is its letter."""
        made = self.ec2.create_subnet(
            VpcId=self.cluster.vpc.id,
            CidrBlock=cidr,
            AvailabilityZone=REGION + zone,
            **tagged("subnet", tags),
        )
        return str(made["Subnet"]["SubnetId"])

    def make_public(self, subnets: Sequence[str]) -> None:
        """Give subnets a route to an internet gateway."""
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.cluster.vpc.id)
        table = self.ec2.create_route_table(VpcId=self.cluster.vpc.id)["RouteTable"]["RouteTableId"]
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)

    def group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.cluster.vpc.id)
        return str(made["GroupId"])

    def nodes(self, subnet: str, *, count: int, groups: Sequence[str], tags: Mapping[str, str]) -> list[str]:
        made = self.ec2.run_instances(
            ImageId="ami-12c6146b",
            MinCount=count,
            MaxCount=count,
            SubnetId=subnet,
            SecurityGroupIds=list(groups),
            **tagged("instance", tags),
        )
        return [str(one["InstanceId"]) for one in made["Instances"]]

    def register(self, instances: Sequence[str], zone: str) -> None:
        """Make the cluster's own objects for nodes, as kubelets do."""
        core = kubernetes.CoreV1Api(self.rehearsal.kubernetes())
        for instance in instances:
            spec = kubernetes.V1NodeSpec(provider_id=f"aws:///{REGION}{zone}/{instance}")
            core.create_node(kubernetes.V1Node(metadata=kubernetes.V1ObjectMeta(name=instance), spec=spec))

    def role(self, name: str, service: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = self.rehearsal.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return str(made["Role"]["Arn"])

    def let_in(self, name: str = "engineer", *, policy: str | None = "AmazonEKSClusterAdminPolicy") -> str:
        """An engineer's role with an access entry; from now on discovery runs as this role."""
        arn = self.role(name, "ec2.amazonaws.com")
        if policy:
            eks = self.rehearsal.client("eks")
            eks.create_access_entry(clusterName=CLUSTER, principalArn=arn)
            eks.associate_access_policy(
                clusterName=CLUSTER,
                principalArn=arn,
                policyArn=f"arn:aws:eks::aws:cluster-access-policy/{policy}",
                accessScope={"type": "cluster"},
            )
        self.become(arn)
        return arn

    def become(self, arn: str) -> None:
        session = self.rehearsal.client("sts").assume_role(RoleArn=arn, RoleSessionName="somebody")
        self.session = {
            "AWS_ACCESS_KEY_ID": session["Credentials"]["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["Credentials"]["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["Credentials"]["SessionToken"],
        }

    def discover(self, *arguments: str, cluster: str = CLUSTER) -> "subprocess.CompletedProcess[str]":
        """Run `airflow-efs discover` as the engineer, and tell what it said."""
        run = subprocess.run(
            [
                str(PROJECT / ".venv" / "bin" / "airflow-efs"),
                "discover",
                cluster,
                "--region",
                REGION,
                *arguments,
            ],
            env={**os.environ, **self.rehearsal.plan.aws_environment(), **self.session},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        Lines().say(run.stderr)
        assert "Traceback" not in run.stderr
        return run

    def report(self, *arguments: str) -> dict[str, Any]:
        """What discovery says as JSON."""
        report: dict[str, Any] = json.loads(self.discover("--output", "json", *arguments).stdout)
        return report

    def write(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run discovery so that it writes the environment's file."""
        return self.discover("--write", "found", "--environments", str(self.folder), *arguments)


@contextmanager
def shaped(folder: Path, seed: Callable[[dict[str, Any]], None]) -> Iterator[Shaped]:
    """A running rehearsal with the cluster of a changed worked example, and no environment for it."""
    write_environment(folder, "found", seed)
    with Rehearsal(environment="found", environments=folder, reporter=Lines()) as rehearsal:
        (folder / "found.yaml").unlink()
        yield Shaped(rehearsal, folder)


def tagged(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    if not tags:
        return {}
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": listed}]}


def three_zones(content: dict[str, Any]) -> None:
    # The seeds divide the VPC by the next power of two: a quarter of it stays free.
    del content["cluster"]["subnets"][3]


def deploy_and_bind(shape: Shaped) -> None:
    """The environment as discovery wrote it; a claim of its class, as Airflow's chart makes one."""
    shape.rehearsal.deploy()
    api = shape.rehearsal.kubernetes()
    (written,) = yaml.safe_load(shape.file.read_text())["storage_classes"]
    make_claim(api, name="airflow-logs", storage_class=written["name"])
    await_bound(api, name="airflow-logs")


def mount_target_subnets(shape: Shaped) -> set[str]:
    efs = shape.rehearsal.client("efs")
    (system,) = [
        one
        for one in efs.describe_file_systems()["FileSystems"]
        if {"Key": "airflow-efs:environment", "Value": "found"} in one["Tags"]
    ]
    targets = efs.describe_mount_targets(FileSystemId=system["FileSystemId"])["MountTargets"]
    return {target["SubnetId"] for target in targets}
