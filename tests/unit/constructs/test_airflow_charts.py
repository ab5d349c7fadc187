"""The charts of Airflow and KEDA, as custom resources."""

import json

from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.airflow_release import AirflowRelease
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.keda import Keda
from tests.unit.templates import Resource, of_type, resources, waits_for

CHART = "Custom::AWSCDK-EKS-HelmChart"


def build(stack: Stack, cluster: ImportedCluster) -> tuple[Template, Resource, Resource]:
    """The template, and the charts of KEDA and Airflow in it."""
    keda = Keda(
        stack,
        "Keda",
        cluster=cluster,
        namespace="scaling",
        release="keda",
        chart_version="2.20.2",
        chart_repository="https://charts.example.com/keda",
    )
    AirflowRelease(
        stack,
        "Release",
        cluster=cluster,
        depends_on=[keda],
        namespace="airflow",
        release="blue",
        chart_version="1.22.0",
        chart_repository="https://charts.example.com/airflow",
        values={"executor": "CeleryExecutor"},
    )
    template = Template.from_stack(stack)
    by_name = {one["Properties"]["Chart"]: one for one in of_type(template, CHART).values()}
    return template, by_name["keda"], by_name["airflow"]


def test_keda_leaves_its_definitions_when_it_goes(stack: Stack, cluster: ImportedCluster) -> None:
    _, keda, _ = build(stack, cluster)
    annotations = json.loads(keda["Properties"]["Values"])["crds"]["additionalAnnotations"]
    assert annotations == {"helm.sh/resource-policy": "keep"}


def test_keda_makes_its_namespace_and_airflow_does_not(stack: Stack, cluster: ImportedCluster) -> None:
    _, keda, airflow = build(stack, cluster)
    assert (keda["Properties"]["Namespace"], keda["Properties"]["CreateNamespace"]) == ("scaling", True)
    assert airflow["Properties"]["Namespace"] == "airflow"
    assert not airflow["Properties"].get("CreateNamespace", False)


def test_airflow_comes_after_keda(stack: Stack, cluster: ImportedCluster) -> None:
    template, _, _ = build(stack, cluster)
    by_name = {one["Properties"]["Chart"]: key for key, one in of_type(template, CHART).items()}
    assert by_name["keda"] in waits_for(resources(template), by_name["airflow"])


def test_a_chart_is_named_by_repository_and_version(stack: Stack, cluster: ImportedCluster) -> None:
    _, keda, airflow = build(stack, cluster)
    assert (keda["Properties"]["Repository"], keda["Properties"]["Version"]) == (
        "https://charts.example.com/keda",
        "2.20.2",
    )
    assert (airflow["Properties"]["Repository"], airflow["Properties"]["Version"]) == (
        "https://charts.example.com/airflow",
        "1.22.0",
    )
    assert airflow["Properties"]["Release"] == "blue"
