"""What of an installation made by hand an environment can say, and what is said where it cannot."""

from typing import Any

import pytest

from operations.discovery.adoption import Adoption, adopt, choose_file_system
from operations.discovery.choices import Decisions
from operations.discovery.cluster_view import ClusterView
from operations.discovery.findings import DiscoveryError, DriverFound, FileSystemFound, SubnetFound
from tests.unit.operations.discovery.found import REGION, SUBNETS, cluster, subnet

SYSTEM = "fs-0a1b2c3d4e5f60718"
GROUP = "sg-0c1d2e3f405162738"


def system(**changed: Any) -> FileSystemFound:
    fields: dict[str, Any] = {
        "id": SYSTEM,
        "name": "efs_fs",
        "why": "StorageClass efs-sc",
        "encrypted": True,
        "throughput": "bursting",
        "zones": (f"{REGION}a",),
        "security_groups": (GROUP,),
        "environment": None,
        **changed,
    }
    return FileSystemFound(**fields)


def storage_class(name: str = "efs-sc", **changed: Any) -> dict[str, Any]:
    one: dict[str, Any] = {
        "metadata": {"name": name},
        "provisioner": "efs.csi.aws.com",
        "parameters": {"provisioningMode": "efs-ap", "fileSystemId": SYSTEM, "directoryPerms": "700"},
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }
    parameters = {**one["parameters"], **changed.pop("parameters", {})}
    return {**one, **changed, "parameters": parameters}


def claim(name: str = "logs", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "airflow", **metadata},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "efs-sc",
            "volumeName": "pvc-1",
            "resources": {"requests": {"storage": "5Gi"}},
        },
    }


def volume(handle: str = f"{SYSTEM}::fsap-1") -> dict[str, Any]:
    return {
        "metadata": {"name": "pvc-1"},
        "spec": {"csi": {"driver": "efs.csi.aws.com", "volumeHandle": handle}},
    }


def target(subnet_id: str = SUBNETS["a"], *groups: str) -> dict[str, Any]:
    return {"SubnetId": subnet_id, "groups": list(groups or (GROUP,))}


def view(**changed: Any) -> ClusterView:
    fields: dict[str, Any] = {"storage_classes": (storage_class(),), "claims": (), "volumes": (), **changed}
    return ClusterView(**fields)


def adopted(
    seen: ClusterView | None = None,
    *,
    targets: tuple[dict[str, Any], ...] = (target(),),
    driver: DriverFound | None = None,
    chosen: tuple[SubnetFound, ...] = (subnet(SUBNETS["a"], "a"),),
) -> tuple[Adoption, Decisions]:
    decisions = Decisions()
    found = adopt(
        cluster(),
        seen or view(),
        system=system(),
        targets=targets,
        driver=driver or DriverFound(install="helm", role_arn="arn:aws:iam::1:role/own", identity="irsa"),
        chosen=chosen,
        subnets=(*chosen, subnet(SUBNETS["d"], "a")),
        decisions=decisions,
    )
    return found, decisions


def test_every_parameter_that_an_environment_knows_is_written() -> None:
    one = storage_class(
        parameters={
            "basePath": "/x",
            "uid": "1000",
            "gid": "0",
            "subPathPattern": "${.PVC.name}",
            "ensureUniqueDirectory": "false",
            "reuseAccessPoint": "true",
        },
        mountOptions=["tls", "iam"],
        reclaimPolicy="Retain",
        volumeBindingMode="WaitForFirstConsumer",
        metadata={
            "name": "efs-sc",
            "labels": {"team": "data"},
            "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "example.com/owner": "data",
            },
        },
    )
    found, decisions = adopted(view(storage_classes=(one,)))
    assert found.storage_classes == [
        {
            "name": "efs-sc",
            "base_path": "/x",
            "directory_permissions": "700",
            "sub_path_pattern": "${.PVC.name}",
            "owner": {"uid": 1000, "gid": 0},
            "ensure_unique_directory": False,
            "reuse_access_point": True,
            "mount_options": ["tls", "iam"],
            "reclaim_policy": "Retain",
            "volume_binding_mode": "WaitForFirstConsumer",
            "default": True,
            "labels": {"team": "data"},
            "annotations": {"example.com/owner": "data"},
            "adopt": True,
        }
    ]
    assert decisions.problems == []


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"az": f"{REGION}a"}, "an environment would change az from"),
        ({"provisioningMode": "efs-dir"}, "an environment would change provisioningMode from efs-dir"),
        ({"basePath": "no-slash"}, "base_path"),
    ],
)
def test_a_class_that_no_environment_can_say_is_left_out_with_the_reason(
    parameters: dict[str, str], why: str
) -> None:
    found, decisions = adopted(view(storage_classes=(storage_class(parameters=parameters),)))
    assert found.storage_classes == []
    (problem,) = decisions.problems
    assert problem.what.startswith("class efs-sc is not adopted: ")
    assert why in problem.what
    assert problem.severity == "warning"


def test_a_class_of_a_helm_release_is_left_to_it() -> None:
    one = storage_class(metadata={"name": "efs-sc", "annotations": {"meta.helm.sh/release-name": "efs"}})
    found, decisions = adopted(view(storage_classes=(one,)))
    assert found.storage_classes == []
    assert "Helm release efs owns it" in decisions.problems[0].what


def test_a_class_on_another_file_system_is_not_part_of_it() -> None:
    one = storage_class("other", parameters={"fileSystemId": "fs-0000000000000000f"})
    found, decisions = adopted(view(storage_classes=(storage_class(), one)))
    assert [one["name"] for one in found.storage_classes] == ["efs-sc"]
    assert decisions.problems == []


def test_a_claim_that_nobody_manages_is_taken_over() -> None:
    found, _ = adopted(view(claims=(claim(),), volumes=(volume(),)))
    assert found.claims == [
        {"name": "logs", "namespace": "airflow", "storage_class": "efs-sc", "size": "5Gi", "adopt": True}
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"meta.helm.sh/release-name": "airflow"}},
        {"labels": {"app.kubernetes.io/managed-by": "Helm"}},
        {"ownerReferences": [{"kind": "StatefulSet", "name": "worker"}]},
    ],
)
def test_a_claim_that_somebody_manages_stays_with_it_and_is_named(metadata: dict[str, Any]) -> None:
    found, decisions = adopted(view(claims=(claim(**metadata),), volumes=(volume(),)))
    assert found.claims == []
    assert decisions.choices[-1].instead_of == ("airflow/logs",)


def test_a_claim_with_a_volume_on_another_file_system_is_not_part_of_it() -> None:
    found, _ = adopted(view(claims=(claim(),), volumes=(volume("fs-0000000000000000f::fsap-1"),)))
    assert found.claims == []


def test_the_subnet_of_a_mount_target_is_taken_whatever_was_chosen() -> None:
    found, _ = adopted(targets=(target(SUBNETS["d"]),))
    assert [one.id for one in found.subnets] == [SUBNETS["d"]]


def test_a_zone_with_nodes_and_without_a_mount_target_is_an_error_with_its_cure() -> None:
    zones = (subnet(SUBNETS["a"], "a"), subnet(SUBNETS["b"], "b"))
    found, decisions = adopted(chosen=zones)
    assert [one.id for one in found.subnets] == [SUBNETS["a"], SUBNETS["b"]]
    (problem,) = decisions.problems
    assert problem.severity == "error"
    assert problem.what == f"{SYSTEM} has no mount target in {REGION}b, where nodes run"
    assert f"--subnet-id {SUBNETS['b']}" in problem.cure


@pytest.mark.parametrize(
    ("targets", "fault"),
    [
        ((), "has no mount target"),
        ((target(SUBNETS["a"], "sg-1"), target(SUBNETS["a"], "sg-2")), "no security group in common"),
        ((target("subnet-elsewhere"),), "in another VPC"),
    ],
)
def test_mount_targets_that_cannot_serve_the_cluster_are_refused(
    targets: tuple[dict[str, Any], ...], fault: str
) -> None:
    with pytest.raises(DiscoveryError, match=fault):
        adopted(targets=targets)


@pytest.mark.parametrize(
    ("driver", "fields"),
    [
        (DriverFound(install="none"), None),
        (
            DriverFound(install="addon", role_arn="arn:aws:iam::1:role/own", identity="pod-identity"),
            {"install": "existing", "identity": "pod-identity", "make_roles": False},
        ),
        (DriverFound(install="manual"), {"install": "existing"}),
        (
            DriverFound(install="manual", service_account="storage/efs"),
            {"install": "existing", "make_roles": False},
        ),
    ],
)
def test_the_driver_is_used_with_the_role_that_it_has(
    driver: DriverFound, fields: dict[str, Any] | None
) -> None:
    found, decisions = adopted(driver=driver)
    assert found.driver == fields
    assert bool(decisions.problems) is (driver.install == "manual")


def test_a_driver_that_could_not_take_roles_is_not_told_to() -> None:
    _, decisions = adopted(driver=DriverFound(install="manual", service_account="storage/efs"))
    (said,) = decisions.problems
    assert (said.field, "storage/efs" in said.what, "patch_existing" in said.cure) == (
        "driver.make_roles",
        True,
        False,
    )


def test_the_file_system_that_the_classes_name_is_the_one() -> None:
    other = system(id="fs-0000000000000000f", why="tag Name")
    assert choose_file_system(view(), (other, system()), None).id == SYSTEM


def test_another_one_can_be_named() -> None:
    other = system(id="fs-0000000000000000f", why="tag Name")
    assert choose_file_system(view(), (other, system()), other.id) == other


@pytest.mark.parametrize(
    ("seen", "systems", "wanted", "fault"),
    [
        (view(storage_classes=()), (system(),), None, "no class of the cluster names a file system"),
        (view(), (system(),), "fs-0000000000000000f", "is not among the cluster's file systems"),
        (view(claims=None), (system(),), None, "were not seen"),
        (view(), None, None, "were not seen"),
        (view(), (system(environment="prod"),), None, "bring that up to date with --write prod"),
        (view(), (system(), system()), None, "choose one with --file-system"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_the_way_out(
    seen: ClusterView, systems: tuple[FileSystemFound, ...] | None, wanted: str | None, fault: str
) -> None:
    with pytest.raises(DiscoveryError, match=fault):
        choose_file_system(seen, systems, wanted)
