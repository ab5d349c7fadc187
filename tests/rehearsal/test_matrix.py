"""Environments that cross the options: each is deployed, binds its claims, and differs in nothing.

Each row is a cluster and an account of its own. What single options do is for other tests; here they meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import has_no_differences
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.hand_made import install_driver
from tests.rehearsal.lines import Lines

GROUP = "sg-0e1b2c3d4e5f60718"
EXISTING = {"id": "fs-0a1b2c3d4e5f60718", "security_group": GROUP}
ZONE = "ap-northeast-2a"
PRIVATE_SUBNETS = ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"]
FUNCTIONS = "sg-0d1b2c3d4e5f60718"
VPC = ["10.30.0.0/16"]
"""The VPC's CIDR in the environment that all rows are made from."""

Class = Mapping[str, Any]

FIXED_OWNER: Class = {"name": "logs", "base_path": "/logs", "owner": {"uid": 50000, "gid": 0}}
GID_RANGE: Class = {"name": "logs", "base_path": "/logs", "gid_range": {"start": 1000, "end": 2000}}
SUB_PATHS: Class = {
    "name": "logs",
    "base_path": "/teams",
    "sub_path_pattern": "${.PVC.namespace}/${.PVC.name}",
    "ensure_unique_directory": False,
    "owner": {"uid": 50000, "gid": 0},
}
BY_IAM: Class = {**FIXED_OWNER, "mount_options": ["tls", "iam"]}
PATIENT: Class = {**GID_RANGE, "name": "patient", "volume_binding_mode": "WaitForFirstConsumer"}
RETAINED: Class = {**FIXED_OWNER, "name": "kept", "base_path": "/kept", "reclaim_policy": "Retain"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """An environment; what is left out is as the worked example with a claim has it."""

    name: str
    cluster: Mapping[str, Any] = field(default_factory=dict)
    file_system: Mapping[str, Any] = field(default_factory=dict)
    driver: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[Class, ...] = (FIXED_OWNER,)
    claim: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Any] = field(default_factory=dict)
    zones: int = 4

    def write(self, content: dict[str, Any]) -> None:
        content["cluster"] |= self.cluster
        content["cluster"]["subnets"] = content["cluster"]["subnets"][: self.zones]
        named = {} if "existing" in self.file_system else {"name": self.name}
        content["file_system"] = {**named, **self.file_system}
        content["driver"] = dict(self.driver)
        content["storage_classes"] = [dict(one) for one in self.classes]
        content["claims"] = [
            {"name": "logs", "storage_class": self.classes[0]["name"], "size": "5Gi", **self.claim}
        ]
        content |= self.others


MATRIX = [
    Row(
        name="helm-irsa-bursting-range",
        file_system={"throughput": "bursting", "lifecycle": {"infrequent_access_after_days": 7}},
        classes=(GID_RANGE,),
        claim={"removal": "destroy"},
    ),
    Row(
        name="helm-pod-identity-new-key-plan",
        file_system={
            "encryption_key": "new",
            "backup_plan": {"name": "nightly", "new_vault": "logs", "retention_days": 14},
        },
        driver={"identity": "pod-identity"},
    ),
    Row(
        name="helm-irsa-iam-provisioned",
        file_system={
            "iam_authorization": True,
            "throughput": "provisioned",
            "provisioned_throughput": 128,
            "policy": {"root_access": "denied"},
        },
        classes=(BY_IAM,),
        others={"sample_writer": {"claim": "logs"}},
    ),
    Row(
        name="helm-pod-identity-one-zone",
        file_system={"availability_zone": ZONE, "throughput": "bursting", "backups": False},
        driver={"identity": "pod-identity", "removal": "retain"},
        classes=(SUB_PATHS,),
        zones=1,
    ),
    Row(
        name="addon-irsa-iam-patient",
        file_system={"iam_authorization": True},
        driver={"install": "addon"},
        classes=({**PATIENT, "mount_options": ["tls", "iam"]},),
    ),
    Row(
        name="addon-pod-identity-replication",
        file_system={"replication": {"region": "ap-northeast-1"}},
        driver={"install": "addon", "identity": "pod-identity"},
        classes=(GID_RANGE, RETAINED),
        claim={"storage_class": "kept"},
    ),
    Row(
        name="addon-irsa-private-functions",
        cluster={"handler_network": {"subnets": PRIVATE_SUBNETS, "security_group": FUNCTIONS}},
        file_system={
            "encryption_key": "new",
            "nfs_clients": {
                "security_groups": [],
                "cidrs": VPC,
                "prefix_lists": ["pl-0a1b2c3d4e5f60718"],
            },
        },
        driver={"install": "addon", "controller": {"replicas": 1}},
        others={
            "volumes": [
                {"name": "dags", "path": "/dags", "owner": {"uid": 50000, "gid": 0}, "read_only": True}
            ]
        },
    ),
    Row(
        name="existing-irsa-new-file-system",
        file_system={"performance_mode": "maxIO", "throughput": "bursting"},
        driver={"install": "existing", "patch_existing": True},
        classes=(PATIENT, FIXED_OWNER),
        zones=2,
    ),
    Row(
        name="existing-pod-identity-existing-storage",
        file_system={"existing": EXISTING},
        driver={"install": "existing", "patch_existing": True, "identity": "pod-identity"},
        classes=(RETAINED,),
        claim={"removal": "destroy"},
    ),
    Row(
        name="helm-irsa-existing-mount-targets",
        file_system={
            "existing": {**EXISTING, "make_mount_targets": True, "add_client_rules": True},
            "nfs_clients": {"security_groups": ["nodes"], "cidrs": VPC},
        },
        driver={"provisioner": {"kube_api_qps": 100}, "node": {"volumes": 20}},
        classes=(SUB_PATHS, {**GID_RANGE, "name": "ranged"}),
    ),
    Row(
        name="addon-pod-identity-existing-iam",
        file_system={"existing": EXISTING, "iam_authorization": True},
        driver={"install": "addon", "identity": "pod-identity", "removal": "retain"},
        classes=(BY_IAM, {**BY_IAM, "name": "more", "base_path": "/more", "default": True}),
    ),
    Row(
        name="helm-pod-identity-old-layer",
        cluster={
            "version": "1.27",
            "access": {"role_arn": "arn:aws:iam::123456789012:role/cluster-admin"},
        },
        driver={"identity": "pod-identity"},
        classes=(GID_RANGE, PATIENT),
        others={"volumes": [{"name": "dags", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}]},
    ),
    Row(
        name="helm-irsa-goes-with-its-stack",
        file_system={
            "removal": "destroy",
            "removal_confirmation": "helm-irsa-goes-with-its-stack",
            "lifecycle": {
                "infrequent_access_after_days": None,
                "archive_after_days": None,
                "primary_on_first_access": False,
            },
            "policy": {"root_access": "allowed"},
        },
        driver={"metrics": True},
        classes=(FIXED_OWNER, {**GID_RANGE, "name": "ml", "base_path": "/ml"}, RETAINED),
        claim={"removal": "destroy", "access_mode": "ReadWriteOnce"},
        others={"sample_writer": {"claim": "logs"}},
    ),
]


@pytest.mark.parametrize("row", MATRIX, ids=lambda row: row.name)
def test_each_environment_binds_its_claims_and_differs_in_nothing(row: Row, tmp_path: Path) -> None:
    write_environment(tmp_path, row.name, row.write)
    with Rehearsal(environment=row.name, environments=tmp_path, reporter=Lines()) as rehearsal:
        if row.driver.get("install") == "existing":
            install_driver(rehearsal)
        rehearsal.deploy()
        found = bound(rehearsal)
        (file_system,) = {chain.handle.file_system_id for chain in found}
        (stack,) = rehearsal.client("cloudformation").describe_stacks(
            StackName=f"EfsStorageStack-{row.name}"
        )["Stacks"]
        made = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        assert file_system == made["FileSystemId"]
        for chain in found:
            assert len(chain.mount_targets) == len(rehearsal.settings.cluster.subnets)
        assert has_no_differences(rehearsal)


def bound(rehearsal: Rehearsal) -> list[Chain]:
    """The chains of all claims and volumes, and of one claim more for each class."""
    api, settings = rehearsal.kubernetes(), rehearsal.settings
    for storage_class in settings.storage_classes:
        make_claim(api, name=f"of-{storage_class.name}", storage_class=storage_class.name)
    wanted = [(claim.name, claim.namespace) for claim in settings.every_claim]
    wanted += [(f"of-{one.name}", "default") for one in settings.storage_classes]
    patient = {
        one.name for one in settings.storage_classes if one.volume_binding_mode == "WaitForFirstConsumer"
    }
    if patient:
        choose_a_node(rehearsal, patient)
    for name, namespace in wanted:
        await_bound(api, name=name, namespace=namespace)
    efs = rehearsal.client("efs")
    return [trace(api, efs, name=name, namespace=namespace) for name, namespace in wanted]


def choose_a_node(rehearsal: Rehearsal, classes: set[str]) -> None:
    """Do as the scheduler does when a pod wants a claim that waits for its first consumer."""
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    core.create_node(kubernetes.V1Node(metadata=kubernetes.V1ObjectMeta(name="chosen")))
    annotation = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "chosen"}}}
    for claim in core.list_namespaced_persistent_volume_claim("default").items:
        assert claim.spec is not None
        assert claim.metadata is not None
        if claim.spec.storage_class_name in classes:
            assert claim.spec.volume_name is None
            core.patch_namespaced_persistent_volume_claim(str(claim.metadata.name), "default", annotation)
