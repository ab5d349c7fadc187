import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest
from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.efs_storage_class import EfsStorageClass, storage_class_manifest
from airflow_efs.imported_cluster import ImportedCluster
from tests.unit.templates import Resource, chart_values, of_type, only

REQUIRED = {"provisioningMode": "efs-ap", "fileSystemId": "fs-1", "directoryPerms": "700"}


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Resource:
    """The class's release."""
    adopted = props.pop("adopted", False)
    depends_on = props.pop("depends_on", [])
    defaults: dict[str, Any] = {"name": "efs-sc", "file_system_id": "fs-1"}
    EfsStorageClass(
        stack,
        "Class",
        cluster=cluster,
        depends_on=depends_on,
        field="storage_classes[0]",
        manifest=storage_class_manifest(**(defaults | props)),
        adopted=adopted,
    )
    return only(of_type(Template.from_stack(stack), "Custom::AWSCDK-EKS-HelmChart"))


def manifest_of(stack: Stack, cluster: ImportedCluster, **props: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = chart_values(build(stack, cluster, **props))["storageClass"]
    return found


def test_it_is_a_class_of_the_efs_csi_driver(stack: Stack, cluster: ImportedCluster) -> None:
    assert manifest_of(stack, cluster) == {
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
    assert manifest_of(stack, cluster, **props)["parameters"] == REQUIRED | parameters


def test_it_can_be_the_default_class_with_labels(stack: Stack, cluster: ImportedCluster) -> None:
    assert manifest_of(stack, cluster, default=True, labels={"team": "data"})["metadata"] == {
        "name": "efs-sc",
        "labels": {"team": "data"},
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    }


def test_it_retains_and_binds_late_when_told(stack: Stack, cluster: ImportedCluster) -> None:
    found = manifest_of(
        stack, cluster, reclaim_policy="Retain", volume_binding_mode="WaitForFirstConsumer", mount_options=[]
    )
    assert (found["reclaimPolicy"], found["volumeBindingMode"]) == ("Retain", "WaitForFirstConsumer")
    assert found["mountOptions"] == []


def test_it_waits_for_the_access_entry_and_for_what_it_is_told(
    stack: Stack, cluster: ImportedCluster
) -> None:
    needed = CfnResource(stack, "Needed", type="Test::Needed")
    found = build(stack, cluster, depends_on=[needed])
    (entry,) = of_type(Template.from_stack(stack), "AWS::EKS::AccessEntry")
    assert {entry, "Needed"} <= set(found["DependsOn"])


@pytest.mark.parametrize(("given", "missing"), [("uid", "gid"), ("gid", "uid")])
def test_half_an_owner_is_an_error(stack: Stack, cluster: ImportedCluster, given: str, missing: str) -> None:
    with pytest.raises(
        ValueError, match=f"^{given} is given without {missing}: the driver wants both or non"
    ):
        manifest_of(stack, cluster, **{given: 1000})


def test_annotations_stand_beside_the_mark_of_a_default_class(stack: Stack, cluster: ImportedCluster) -> None:
    found = manifest_of(stack, cluster, default=True, annotations={"owner": "data"})
    assert found["metadata"]["annotations"] == {
        "owner": "data",
        "storageclass.kubernetes.io/is-default-class": "true",
    }


def test_it_is_a_release_of_its_own_in_kube_system(stack: Stack, cluster: ImportedCluster) -> None:
    found = build(stack, cluster)["Properties"]
    assert found["Release"] == f"efs-class-efs-sc-{sha256(b'efs-sc').hexdigest()[:8]}"
    assert found["Namespace"] == "kube-system"


def test_two_long_names_are_two_releases_that_helm_accepts(stack: Stack, cluster: ImportedCluster) -> None:
    for number in (1, 2):
        name = f"{'team-' * 20}{number}"
        EfsStorageClass(
            stack,
            f"Class{number}",
            cluster=cluster,
            depends_on=[],
            field="storage_classes[0]",
            manifest=storage_class_manifest(name=name, file_system_id="fs-1"),
        )
    charts = of_type(Template.from_stack(stack), "Custom::AWSCDK-EKS-HelmChart").values()
    releases = {str(chart["Properties"]["Release"]) for chart in charts}
    assert len(releases) == 2
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name) for name in releases)
    assert max(map(len, releases)) <= 53


@pytest.mark.parametrize("adopted", [False, True])
def test_an_adopted_class_is_kept(stack: Stack, cluster: ImportedCluster, adopted: bool) -> None:
    assert chart_values(build(stack, cluster, adopted=adopted))["keep"] is adopted


def test_it_knows_where_the_settings_describe_it(stack: Stack, cluster: ImportedCluster) -> None:
    assert chart_values(build(stack, cluster))["field"] == "storage_classes[0]"
