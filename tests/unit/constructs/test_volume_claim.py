from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk.assertions import Template

from airflow_efs.efs_storage_class import EfsStorageClass, storage_class_manifest
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.volume_claim import VolumeClaim
from tests.unit.templates import Resource, manifest, of_type, only


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> tuple[Resource, str]:
    """The claim's resource, and the logical id of its class."""
    storage_class = EfsStorageClass(
        stack,
        "Class",
        cluster=cluster,
        depends_on=[],
        field="storage_classes[0]",
        manifest=storage_class_manifest(name="efs-sc", file_system_id="fs-1"),
    )
    defaults = {"name": "logs", "namespace": "airflow", "size": "5Gi"}
    VolumeClaim(stack, "Claim", cluster=cluster, storage_class=storage_class, **(defaults | props))
    template = Template.from_stack(stack)
    (chart,) = of_type(template, "Custom::AWSCDK-EKS-HelmChart")
    return only(of_type(template, "Custom::AWSCDK-EKS-KubernetesResource")), chart


def test_it_claims_a_shared_volume_of_its_class(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster)
    assert manifest(claim) == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "logs", "namespace": "airflow"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "efs-sc",
            "resources": {"requests": {"storage": "5Gi"}},
        },
    }


def test_it_can_be_for_one_node(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster, access_mode="ReadWriteOnce")
    assert manifest(claim)["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_it_comes_after_its_class(stack: Stack, cluster: ImportedCluster) -> None:
    claim, storage_class = build(stack, cluster)
    assert storage_class in claim["DependsOn"]


def test_it_stays_in_the_cluster(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster)
    assert (claim["DeletionPolicy"], claim["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_it_goes_when_told_to(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster, removal_policy=RemovalPolicy.DESTROY)
    assert claim["DeletionPolicy"] == "Delete"


def test_an_existing_claim_is_only_applied_when_it_is_adopted(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster, adopted=True)
    assert claim["Properties"]["Overwrite"] is True


def test_a_claim_is_created_and_not_applied_by_default(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster)
    assert not claim["Properties"].get("Overwrite")


def test_it_has_the_labels_that_it_is_given(stack: Stack, cluster: ImportedCluster) -> None:
    claim, _ = build(stack, cluster, labels={"team": "data"})
    assert manifest(claim)["metadata"]["labels"] == {"team": "data"}
