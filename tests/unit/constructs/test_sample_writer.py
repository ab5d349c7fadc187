from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.sample_writer import SampleWriter
from tests.unit.templates import Resource, manifest, of_type, only


def build(stack: Stack, cluster: ImportedCluster) -> Resource:
    SampleWriter(
        stack,
        "Writer",
        cluster=cluster,
        depends_on=[CfnResource(stack, "Claim", type="Test::Claim")],
        name="efs-app-1",
        claim="efs-claim-1",
        namespace="airflow",
        image="registry/shell:1",
    )
    return only(of_type(Template.from_stack(stack), "Custom::AWSCDK-EKS-KubernetesResource"))


def pod(stack: Stack, cluster: ImportedCluster) -> Any:
    return manifest(build(stack, cluster))["spec"]["template"]["spec"]


def test_it_appends_the_date_to_the_claim_every_five_seconds(stack: Stack, cluster: ImportedCluster) -> None:
    found = pod(stack, cluster)
    (container,) = found["containers"]
    assert container["image"] == "registry/shell:1"
    assert container["command"][-1] == "while true; do date -u >> /data/out1; sleep 5; done"
    assert container["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
    assert found["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "efs-claim-1"}}]


def test_it_has_no_rights(stack: Stack, cluster: ImportedCluster) -> None:
    found = pod(stack, cluster)
    (container,) = found["containers"]
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_its_pods_are_found_by_its_name(stack: Stack, cluster: ImportedCluster) -> None:
    found = manifest(build(stack, cluster))
    assert (found["kind"], found["metadata"]["namespace"]) == ("Deployment", "airflow")
    assert found["spec"]["selector"]["matchLabels"] == {"app.kubernetes.io/name": "efs-app-1"}
    assert found["spec"]["template"]["metadata"]["labels"] == {"app.kubernetes.io/name": "efs-app-1"}


def test_it_goes_before_its_claim(stack: Stack, cluster: ImportedCluster) -> None:
    assert "Claim" in build(stack, cluster)["DependsOn"]
