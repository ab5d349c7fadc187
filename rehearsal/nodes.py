"""Nodes without machines: two in each zone of the environment, kept alive by kwok.

kwok says of a pod that kube-scheduler has bound what a kubelet would say: it runs, a Job's pod has succeeded,
a deleted one is gone. No container runs.
"""

from pathlib import Path

from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.plan import Plan
from rehearsal.processes import Server
from settings import Environment

_STAGES = Path(__file__).parent / "kwok-stages.yaml"

NODES_PER_ZONE = 2
"""Two, so that pods of one zone still have a choice."""

_CAPACITY = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "80Gi", "pods": "58"}
"""What an m6i.xlarge of EKS offers."""

_LEASE_SECONDS = 40
"""How long a node counts as alive after its last sign; the kubelet's own figure."""


def node_objects(environment: Environment) -> list[dict[str, object]]:
    """The nodes as EKS labels them, two for each zone in which the environment has a subnet."""
    zones = sorted({subnet.availability_zone for subnet in environment.cluster.subnets})
    return [
        _node(f"rehearsal-{zone}-{number}", zone, environment.region)
        for zone in zones
        for number in range(1, NODES_PER_ZONE + 1)
    ]


def start_nodes(plan: Plan, environment: Environment) -> Server:
    """Make the nodes and start kwok, which manages all of them.

    Raises:
        OSError: the API server does not answer.
        RehearsalError: kwok cannot be started.
    """
    api = KubernetesApi(plan)
    for node in node_objects(environment):
        api.ensure("/api/v1/nodes", node)
    return Server(
        name="kwok",
        command=[
            str(plan.binaries["kwok"]),
            f"--kubeconfig={plan.kubeconfig}",
            f"--config={_STAGES}",
            "--manage-all-nodes",
            "--cidr=10.244.0.0/16",
            f"--node-lease-duration-seconds={_LEASE_SECONDS}",
        ],
        log=plan.log("kwok"),
        # Not the user's own configuration, which may lie in the home folder.
        environment={"KWOK_WORKDIR": str(plan.directory / "kwok")},
    )


def _node(name: str, zone: str, region: str) -> dict[str, object]:
    labels = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "m6i.xlarge",
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": zone,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "addresses": [{"type": "Hostname", "address": name}],
            "allocatable": _CAPACITY,
            "capacity": _CAPACITY,
        },
    }
