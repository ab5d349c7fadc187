import json
from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.preflight import (
    ClaimCheck,
    ClassCheck,
    DeploymentRecord,
    Intent,
    Preflight,
    VolumeCheck,
    revision,
)
from tests.unit.templates import chart_values, manifest, of_type, only

CHART = "Custom::AWSCDK-EKS-HelmChart"
MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"

CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "efs-sc", "labels": {"team": "data"}},
    "provisioner": "efs.csi.aws.com",
    "parameters": {"fileSystemId": "fs-1", "uid": "1000"},
}


def intent(**props: Any) -> Intent:
    defaults: dict[str, Any] = {
        "environment": "prod",
        "driver": "helm",
        "fixed": {"file_system.encryption_key": "aws-managed"},
        "subnets": {"eu-west-1a": "subnet-1"},
        "classes": [ClassCheck(field="storage_classes[0]", manifest=CLASS)],
        "claims": [
            ClaimCheck(
                field="claims[0]",
                namespace="airflow",
                name="logs",
                storage_class="efs-sc",
                access_mode="ReadWriteMany",
                sizes=["1024Mi", "1Gi"],
                fixed={"size": "1024Mi"},
            )
        ],
        "volumes": [VolumeCheck(field="volumes[0]", name="efs-airflow.dags")],
    }
    return Intent(**(defaults | props))


def test_the_chart_is_told_all_that_it_checks(stack: Stack, cluster: ImportedCluster) -> None:
    Preflight(stack, "Preflight", cluster=cluster, intent=intent())
    chart = only(of_type(Template.from_stack(stack), CHART))
    assert chart["Properties"]["Release"] == "airflow-efs-prod"
    assert chart["Properties"]["Namespace"] == "kube-system"
    values = {**chart_values(chart)}
    assert values.pop("revision") == revision(intent())
    assert values.pop("stack") is not None
    assert values == {
        "environment": "prod",
        "driver": "helm",
        "overwrites": False,
        "keepsDriver": False,
        "fixed": {"file_system.encryption_key": "aws-managed"},
        "subnets": {"eu-west-1a": "subnet-1"},
        "fileSystem": "",
        "classes": [
            {
                "field": "storage_classes[0]",
                "name": "efs-sc",
                "adopt": False,
                "spec": {"provisioner": "efs.csi.aws.com", "parameters": {"uid": "1000"}},
            }
        ],
        "claims": [
            {
                "field": "claims[0]",
                "namespace": "airflow",
                "name": "logs",
                "class": "efs-sc",
                "accessMode": "ReadWriteMany",
                "sizes": ["1024Mi", "1Gi"],
                "fixed": {"size": "1024Mi"},
                "adopt": False,
                "removal": "retain",
            }
        ],
        "volumes": [{"field": "volumes[0]", "name": "efs-airflow.dags"}],
        "label": "airflow-efs/record",
        "marker": "airflow-efs-prod-accepted",
        "record": "airflow-efs-prod",
        "release": "aws-efs-csi-driver",
        "removalLabel": "airflow-efs/removal",
    }


def test_it_tells_stacks_apart_by_the_end_of_their_ids(stack: Stack, cluster: ImportedCluster) -> None:
    Preflight(stack, "Preflight", cluster=cluster, intent=intent())
    values = only(of_type(Template.from_stack(stack), CHART))["Properties"]["Values"]
    uuid = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert uuid in values["Fn::Join"][1]


def test_equal_intents_have_the_same_revision() -> None:
    assert revision(intent()) == revision(intent())


def test_any_change_makes_another_revision() -> None:
    changed = [
        intent(environment="test"),
        intent(driver="existing"),
        intent(overwrites_driver=True),
        intent(keeps_driver=True),
        intent(fixed={}),
        intent(subnets={}),
        intent(file_system_id="fs-1"),
        intent(classes=[]),
        intent(claims=[]),
        intent(volumes=[]),
    ]
    assert len({revision(one) for one in [intent(), *changed]}) == 11


def test_the_file_system_of_a_class_is_no_part_of_its_revision() -> None:
    other = {**CLASS, "parameters": {"fileSystemId": "fs-2", "uid": "1000"}}
    assert revision(intent()) == revision(
        intent(classes=[ClassCheck(field="storage_classes[0]", manifest=other)])
    )


def test_the_record_says_what_was_deployed_after_everything_else(
    stack: Stack, cluster: ImportedCluster
) -> None:
    last = CfnResource(stack, "Last", type="Test::Last")
    DeploymentRecord(stack, "Record", cluster=cluster, intent=intent(), file_system_id="fs-1", after=[last])
    record = only(of_type(Template.from_stack(stack), MANIFEST))
    assert "Last" in record["DependsOn"]
    found = manifest(record)
    assert found["metadata"] == {
        "name": "airflow-efs-prod",
        "namespace": "kube-system",
        "labels": {"airflow-efs/record": "deployed"},
    }
    assert (found["data"]["fileSystemId"], found["data"]["revision"]) == ("fs-1", revision(intent()))
    assert json.loads(found["data"]["declared"])["classes"][0]["name"] == "efs-sc"
