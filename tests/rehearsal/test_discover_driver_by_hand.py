"""`airflow-efs discover`: a driver applied with kubectl, a class, and a file system tagged for the cluster.

The tests run in their order, on one rehearsal: what is found first, then its deployment as it was written.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from tests.rehearsal.clusters import (
    CLUSTER,
    MANAGED,
    OWNED,
    REGION,
    Shaped,
    shaped,
    three_zones,
)
from tests.rehearsal.faults import eventually


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shaped]:
    with shaped(tmp_path_factory.mktemp("environments"), three_zones) as shape:
        subnet = shape.cluster.subnets[0].id
        shape.nodes(subnet, count=1, groups=shape.cluster.node_security_groups, tags=MANAGED)
        efs = shape.rehearsal.client("efs")
        made = efs.create_file_system(
            CreationToken="by-hand",
            Encrypted=True,
            Tags=[{"Key": "Name", "Value": "by-hand"}, {"Key": OWNED, "Value": "shared"}],
        )
        shape.made["file_system"] = made["FileSystemId"]
        shape.made["nfs"] = shape.group("nfs")
        eventually(lambda: is_available(efs, made["FileSystemId"]))
        efs.create_mount_target(
            FileSystemId=made["FileSystemId"],
            SubnetId=subnet,
            SecurityGroups=[shape.made["nfs"]],
        )
        apply_driver_by_hand(shape, role=shape.role("by-hand", "ec2.amazonaws.com"))
        shape.let_in()
        yield shape


def is_available(efs: Any, file_system: str) -> bool:
    """Whether a file system takes a mount target already."""
    (system,) = efs.describe_file_systems(FileSystemId=file_system)["FileSystems"]
    return bool(system["LifeCycleState"] == "available")


def test_the_driver_is_told_from_one_of_helm(shape: Shaped) -> None:
    driver = shape.report()["driver"]
    assert driver == {
        "install": "manual",
        "version": "v2.1.15",
        "detail": None,
        "identity": "irsa",
        "service_account": "kube-system/efs-csi-controller-sa",
        "role_arn": "arn:aws:iam::123456789012:role/by-hand",
        "environment": None,
    }


def test_the_file_system_is_found_and_not_taken_over(shape: Shaped) -> None:
    report = shape.report()
    (system,) = report["file_systems"]
    assert system["id"] == shape.made["file_system"]
    assert system["why"] == f"tag {OWNED}=shared"
    assert system["zones"] == [f"{REGION}a"]
    assert system["security_groups"] == [shape.made["nfs"]]
    (choice,) = [one for one in report["choices"] if one["field"] == "file_system"]
    assert choice["chose"] == "a new file system"
    assert report["environment"]["file_system"] == {"name": f"airflow-{CLUSTER}"}


def test_a_name_that_a_class_has_is_not_proposed(shape: Shaped) -> None:
    (proposed,) = shape.report()["environment"]["storage_classes"]
    assert proposed["name"] == "efs-sc-2"


def test_a_second_installation_is_prevented(shape: Shaped) -> None:
    run = shape.write()
    assert run.returncode == 0
    assert yaml.safe_load(shape.file.read_text())["driver"]["install"] == "existing"


def test_its_environment_is_deployed_as_it_was_written(shape: Shaped) -> None:
    shape.rehearsal.deploy()
    classes = kubernetes.StorageV1Api(shape.rehearsal.kubernetes()).list_storage_class().items
    names = {one.metadata.name for one in classes if one.metadata}
    assert names == {"efs-sc", "efs-sc-2"}


def apply_driver_by_hand(shape: Shaped, *, role: str) -> None:
    """What of the driver's manifests tells discovery about it, without Helm's marks; and a class."""
    api = shape.rehearsal.kubernetes()
    meta, labels = kubernetes.V1ObjectMeta, {"app": "efs-csi-controller"}
    kubernetes.StorageV1Api(api).create_csi_driver(
        kubernetes.V1CSIDriver(
            metadata=meta(name="efs.csi.aws.com"), spec=kubernetes.V1CSIDriverSpec(attach_required=False)
        )
    )
    kubernetes.CoreV1Api(api).create_namespaced_service_account(
        "kube-system",
        kubernetes.V1ServiceAccount(
            metadata=meta(name="efs-csi-controller-sa", annotations={"eks.amazonaws.com/role-arn": role})
        ),
    )
    kubernetes.AppsV1Api(api).create_namespaced_deployment(
        "kube-system",
        kubernetes.V1Deployment(
            metadata=meta(name="efs-csi-controller"),
            spec=kubernetes.V1DeploymentSpec(
                selector=kubernetes.V1LabelSelector(match_labels=labels),
                template=kubernetes.V1PodTemplateSpec(
                    metadata=meta(labels=labels),
                    spec=kubernetes.V1PodSpec(
                        service_account_name="efs-csi-controller-sa",
                        containers=[
                            kubernetes.V1Container(
                                name="efs-plugin",
                                image="public.ecr.aws/efs-csi-driver/amazon/aws-efs-csi-driver:v2.1.15",
                            )
                        ],
                    ),
                ),
            ),
        ),
    )
    kubernetes.StorageV1Api(api).create_storage_class(
        kubernetes.V1StorageClass(
            metadata=meta(name="efs-sc"),
            provisioner="efs.csi.aws.com",
            parameters={
                "provisioningMode": "efs-ap",
                "fileSystemId": shape.made["file_system"],
                "directoryPerms": "700",
            },
        )
    )
