"""What discovery could have found: records with only what a test is about."""

from typing import Any

from operations.discovery.findings import (
    ClusterFound,
    DriverFound,
    NodeFound,
    NodeGroupFound,
    Report,
    SubnetFound,
)
from operations.discovery.proposal import Proposal

REGION = "ap-northeast-2"
GROUP = "sg-0b7e3d19f5a84c260"
SUBNETS = {
    "a": "subnet-0d41a6c27be93f581",
    "b": "subnet-07f2b85e1c9d6a034",
    "c": "subnet-0a93e6d15f7c2b480",
    "d": "subnet-02c8f47b9e5a1d363",
}
"""Those of the worked example airflow-seoul."""


def cluster(**changed: Any) -> ClusterFound:
    fields: dict[str, Any] = {
        "name": "k8s-cluster",
        "arn": f"arn:aws:eks:{REGION}:123456789012:cluster/k8s-cluster",
        "account": "123456789012",
        "region": REGION,
        "version": "1.35",
        "endpoint": "https://example.com",
        "endpoint_public": True,
        "endpoint_private": False,
        "public_access_cidrs": ("0.0.0.0/0",),
        "authentication_mode": "API",
        "oidc_issuer": f"https://oidc.eks.{REGION}.amazonaws.com/id/6B1D40F2A9C3E85774D0B3E1F6A2985C",
        "oidc_provider_arn": "arn:aws:iam::123456789012:oidc-provider/x",
        "vpc_id": "vpc-0a1b2c3d4e5f60718",
        "vpc_cidrs": ("10.20.0.0/16",),
        "control_plane_subnets": (),
        "cluster_security_group": GROUP,
    }
    return ClusterFound(**{**fields, **changed})


def subnet(id_: str, zone: str, **changed: Any) -> SubnetFound:
    fields: dict[str, Any] = {
        "name": None,
        "cidr": "10.20.0.0/20",
        "public": False,
        "available_addresses": 100,
        "nodes": 1,
        "node_groups": (),
    }
    return SubnetFound(id=id_, availability_zone=f"{REGION}{zone}", **{**fields, **changed})


def node(*groups: str, subnet_id: str = "subnet-1") -> NodeFound:
    return NodeFound(id="i-1", subnet_id=subnet_id, security_groups=groups)


def node_group(*groups: str, name: str = "workers") -> NodeGroupFound:
    return NodeGroupFound(name=name, kind="managed", subnets=(), security_groups=groups)


def proposal(
    *,
    chosen: dict[str, str] = SUBNETS,
    others: tuple[SubnetFound, ...] = (),
    nodes: tuple[NodeFound, ...] = (),
    groups: tuple[str, ...] = (GROUP,),
    found: ClusterFound | None = None,
    **report: Any,
) -> Proposal:
    """A proposal that fits the worked example airflow-seoul, unless something is changed."""
    found = found or cluster()
    subnets = tuple(subnet(id_, zone) for zone, id_ in chosen.items())
    environment = {
        "account": found.account,
        "region": found.region,
        "cluster": {
            "name": found.name,
            "version": found.version,
            "oidc_issuer": found.oidc_issuer,
            "access": {"entry": True},
            "vpc": {"id": found.vpc_id, "cidrs": list(found.vpc_cidrs)},
            "subnets": [{"id": one.id, "availability_zone": one.availability_zone} for one in subnets],
            "node_security_groups": list(groups),
        },
        "file_system": {"name": f"airflow-{found.name}"},
        "storage_classes": [{"name": "efs-sc", "base_path": "/airflow", "owner": {"uid": 50000, "gid": 0}}],
    }
    fields: dict[str, Any] = {
        "node_groups": (),
        "driver": DriverFound(install="none"),
        "storage_classes": (),
        "file_systems": (),
        "choices": (),
        "problems": (),
        "unseen": (),
        **report,
    }
    return Proposal(
        report=Report(
            cluster=found, subnets=(*subnets, *others), nodes=nodes, environment=environment, **fields
        ),
        chosen_subnets=subnets,
    )
