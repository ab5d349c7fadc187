from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.efs_storage_class import EfsStorageClass, storage_class_manifest
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.volume_claim import VolumeClaim
from airflow_efs.volume_guards import ClaimGuard, DriverGuard
from tests.unit.templates import manifests, of_type, resources, waits_for


def validation(template: Template) -> dict[str, str]:
    """The rule of the one policy of a template."""
    found: list[Any] = [
        one
        for resource in of_type(template, "Custom::AWSCDK-EKS-KubernetesResource").values()
        for one in manifests(resource)
        if one["kind"] == "ValidatingAdmissionPolicy"
    ]
    ((rule,),) = [policy["spec"]["validations"] for policy in found]
    return dict(rule)


def driver_guard(stack: Stack, cluster: ImportedCluster, doomed: list[tuple[str, str]]) -> dict[str, str]:
    driver = CfnResource(stack, "Driver", type="Test::Driver")
    DriverGuard(stack, "Guard", cluster=cluster, name="guard", driver=[driver], doomed=doomed)
    return validation(Template.from_stack(stack))


def test_the_driver_waits_for_volumes_of_its_own_that_it_must_delete(
    stack: Stack, cluster: ImportedCluster
) -> None:
    rule = driver_guard(stack, cluster, [])
    assert rule["expression"] == (
        "!has(params.spec.csi) || params.spec.csi.driver != 'efs.csi.aws.com' || "
        "params.spec.persistentVolumeReclaimPolicy != 'Delete' || "
        "!(has(params.metadata.deletionTimestamp) || (has(params.status) && has(params.status.phase) && "
        "params.status.phase in ['Released', 'Failed']))"
    )


def test_the_volume_of_a_claim_that_goes_must_be_gone_in_any_phase(
    stack: Stack, cluster: ImportedCluster
) -> None:
    rule = driver_guard(stack, cluster, [("default", "one"), ("airflow", "two")])
    assert "params.spec.claimRef.name) in ['default/one', 'airflow/two']" in rule["expression"]


def test_messages_pass_through_pythons_text_of_bytes(stack: Stack, cluster: ImportedCluster) -> None:
    message = driver_guard(stack, cluster, [])["messageExpression"]
    assert message.isascii()
    assert '"' not in message
    assert "\\n" not in message


def test_a_claim_waits_for_the_pods_of_its_namespace(stack: Stack, cluster: ImportedCluster) -> None:
    storage_class = EfsStorageClass(
        stack,
        "Class",
        cluster=cluster,
        depends_on=[],
        field="storage_classes[0]",
        manifest=storage_class_manifest(name="efs-sc", file_system_id="fs-1"),
    )
    claims = [
        VolumeClaim(
            stack,
            f"Claim{number}",
            cluster=cluster,
            storage_class=storage_class,
            name=f"claim-{number}",
            namespace="airflow",
            size="1Gi",
        )
        for number in (1, 2)
    ]
    other = CfnResource(stack, "Other", type="Test::Other")
    ClaimGuard(stack, "Guard", cluster=cluster, name="guard", claims=claims, others=[other])
    template = Template.from_stack(stack)
    (guard,) = of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch")
    made = resources(template)
    manifests_of_claims = [key for key in made if key.startswith("Claim") and "Manifest" in key]
    assert len(manifests_of_claims) == 2
    assert {*manifests_of_claims, "Other"} <= waits_for(made, guard)
    rule = validation(template)
    assert rule["expression"].endswith("in ['airflow/claim-1', 'airflow/claim-2'])")
    assert "(one of airflow/claim-1, airflow/claim-2)" in rule["messageExpression"]
