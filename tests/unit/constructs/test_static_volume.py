from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk.assertions import Template

from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.static_volume import StaticVolume
from tests.unit.templates import Resource, manifest, of_type, only, resources, waits_for

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Template:
    defaults: dict[str, Any] = {
        "file_system_id": "fs-1",
        "volume_name": "efs-airflow.dags",
        "name": "dags",
        "namespace": "airflow",
        "path": "/dags",
        "uid": 50000,
        "gid": 0,
        "permissions": "755",
        "size": "1Gi",
    }
    StaticVolume(stack, "Volume", cluster=cluster, **(defaults | props))
    return Template.from_stack(stack)


def by_kind(template: Template) -> dict[str, tuple[str, Resource]]:
    return {
        manifest(resource)["kind"]: (key, resource) for key, resource in of_type(template, MANIFEST).items()
    }


def test_the_access_point_has_owner_path_and_permissions(stack: Stack, cluster: ImportedCluster) -> None:
    found = only(of_type(build(stack, cluster), "AWS::EFS::AccessPoint"))["Properties"]
    assert found["PosixUser"] == {"Uid": "50000", "Gid": "0"}
    assert found["RootDirectory"] == {
        "Path": "/dags",
        "CreationInfo": {"OwnerUid": "50000", "OwnerGid": "0", "Permissions": "755"},
    }


def test_volume_and_claim_name_each_other(stack: Stack, cluster: ImportedCluster) -> None:
    found = by_kind(build(stack, cluster))
    volume = manifest(found["PersistentVolume"][1])["spec"]
    claim = manifest(found["PersistentVolumeClaim"][1])["spec"]
    assert (volume["claimRef"]["namespace"], volume["claimRef"]["name"]) == ("airflow", "dags")
    assert claim["volumeName"] == "efs-airflow.dags"
    assert volume["storageClassName"] == claim["storageClassName"] == ""


def test_the_volume_is_the_access_point_and_never_deletes_it(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster)
    (point,) = of_type(template, "AWS::EFS::AccessPoint")
    volume = manifest(by_kind(template)["PersistentVolume"][1])["spec"]
    assert volume["csi"] == {"driver": "efs.csi.aws.com", "volumeHandle": f"fs-1::{point}"}
    assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["mountOptions"] == ["tls"]


def test_it_can_be_read_only(stack: Stack, cluster: ImportedCluster) -> None:
    volume = manifest(by_kind(build(stack, cluster, read_only=True))["PersistentVolume"][1])
    assert volume["spec"]["mountOptions"] == ["tls", "ro"]


def test_it_is_mounted_by_iam_where_the_file_system_wants_it(stack: Stack, cluster: ImportedCluster) -> None:
    found = by_kind(build(stack, cluster, mounts_by_iam=True, read_only=True))
    assert manifest(found["PersistentVolume"][1])["spec"]["mountOptions"] == ["tls", "iam", "ro"]


def test_the_claim_goes_before_the_volume_and_that_before_the_access_point(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster)
    found = by_kind(template)
    (point,) = of_type(template, "AWS::EFS::AccessPoint")
    volume = found["PersistentVolume"][0]
    assert volume in waits_for(resources(template), found["PersistentVolumeClaim"][0])
    assert point in waits_for(resources(template), volume)


def test_everything_of_it_stays(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster)
    made = [*of_type(template, MANIFEST).values(), only(of_type(template, "AWS::EFS::AccessPoint"))]
    assert [one["DeletionPolicy"] for one in made] == ["RetainExceptOnCreate"] * 3


def test_everything_of_it_goes_when_told_to(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, removal_policy=RemovalPolicy.DESTROY)
    made = [*of_type(template, MANIFEST).values(), only(of_type(template, "AWS::EFS::AccessPoint"))]
    assert [one["DeletionPolicy"] for one in made] == ["Delete"] * 3
