from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.kept_namespace import KeptNamespace
from tests.unit.templates import Resource, manifest, of_type, only


def build(stack: Stack, cluster: ImportedCluster) -> Resource:
    KeptNamespace(stack, "Namespace", cluster=cluster, name="airflow")
    return only(of_type(Template.from_stack(stack), "Custom::AWSCDK-EKS-KubernetesResource"))


def test_it_may_be_there_already(stack: Stack, cluster: ImportedCluster) -> None:
    assert build(stack, cluster)["Properties"]["Overwrite"] is True


def test_it_stays(stack: Stack, cluster: ImportedCluster) -> None:
    assert build(stack, cluster)["DeletionPolicy"] == "Retain"


def test_it_says_nothing_but_its_name(stack: Stack, cluster: ImportedCluster) -> None:
    assert manifest(build(stack, cluster)) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "airflow"},
    }
