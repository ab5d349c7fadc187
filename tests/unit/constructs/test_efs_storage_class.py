from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.efs_storage_class import EfsStorageClass
from airflow_efs.imported_cluster import ImportedCluster
from tests.unit.templates import manifest, of_type, only

REQUIRED = {"provisioningMode": "efs-ap", "fileSystemId": "fs-1", "directoryPerms": "700"}


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Mapping[str, Any]:
    defaults: dict[str, Any] = {"depends_on": [], "name": "efs-sc", "file_system_id": "fs-1"}
    EfsStorageClass(stack, "Class", cluster=cluster, **(defaults | props))
    return manifest(only(of_type(Template.from_stack(stack), "Custom::AWSCDK-EKS-KubernetesResource")))


def test_it_is_a_class_of_the_efs_csi_driver(stack: Stack, cluster: ImportedCluster) -> None:
    assert build(stack, cluster) == {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "efs-sc"},
        "provisioner": "efs.csi.aws.com",
        "parameters": REQUIRED,
        "mountOptions": ["tls"],
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }


@pytest.mark.parametrize(
    ("props", "parameters"),
    [
        ({"base_path": "/airflow"}, {"basePath": "/airflow"}),
        ({"directory_permissions": "0770"}, {"directoryPerms": "0770"}),
        ({"uid": 50000, "gid": 0}, {"uid": "50000", "gid": "0"}),
        ({"gid_range": (1000, 2000)}, {"gidRangeStart": "1000", "gidRangeEnd": "2000"}),
        ({"sub_path_pattern": "${.PVC.name}"}, {"subPathPattern": "${.PVC.name}"}),
        ({"ensure_unique_directory": False}, {"ensureUniqueDirectory": "false"}),
        ({"reuse_access_point": True}, {"reuseAccessPoint": "true"}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_parameter_that_is_given_is_added_as_text(
    stack: Stack, cluster: ImportedCluster, props: dict[str, Any], parameters: dict[str, str]
) -> None:
    assert build(stack, cluster, **props)["parameters"] == REQUIRED | parameters


def test_it_can_be_the_default_class_with_labels(stack: Stack, cluster: ImportedCluster) -> None:
    assert build(stack, cluster, default=True, labels={"team": "data"})["metadata"] == {
        "name": "efs-sc",
        "labels": {"team": "data"},
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    }


def test_it_retains_and_binds_late_when_told(stack: Stack, cluster: ImportedCluster) -> None:
    found = build(
        stack, cluster, reclaim_policy="Retain", volume_binding_mode="WaitForFirstConsumer", mount_options=[]
    )
    assert (found["reclaimPolicy"], found["volumeBindingMode"]) == ("Retain", "WaitForFirstConsumer")
    assert found["mountOptions"] == []


def test_it_waits_for_the_access_entry_and_for_what_it_is_told(
    stack: Stack, cluster: ImportedCluster
) -> None:
    needed = CfnResource(stack, "Needed", type="Test::Needed")
    build(stack, cluster, depends_on=[needed])
    template = Template.from_stack(stack)
    (entry,) = of_type(template, "AWS::EKS::AccessEntry")
    found = only(of_type(template, "Custom::AWSCDK-EKS-KubernetesResource"))
    assert set(found["DependsOn"]) == {entry, "Needed"}


@pytest.mark.parametrize(("given", "missing"), [("uid", "gid"), ("gid", "uid")])
def test_half_an_owner_is_an_error(stack: Stack, cluster: ImportedCluster, given: str, missing: str) -> None:
    with pytest.raises(
        ValueError, match=f"^{given} is given without {missing}: the driver wants both or non"
    ):
        build(stack, cluster, **{given: 1000})
