from typing import Any

from aws_cdk import CfnResource, Stack
from aws_cdk.assertions import Template

from airflow_efs.deletion_guard import DeletionGuard
from airflow_efs.imported_cluster import ImportedCluster
from tests.unit.templates import Resource, manifests, of_type, only, resources, waits_for


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Template:
    defaults: dict[str, Any] = {"watched": "PersistentVolume"}
    DeletionGuard(
        stack,
        "Guard",
        cluster=cluster,
        name="guard",
        protects=[CfnResource(stack, "Needed", type="Test::Needed")],
        condition="true",
        message="'no'",
        **(defaults | props),
    )
    return Template.from_stack(stack)


def objects(template: Template) -> list[Any]:
    return manifests(only(of_type(template, "Custom::AWSCDK-EKS-KubernetesResource")))


def patch(template: Template) -> Resource:
    return only(of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch"))


def test_its_deletion_is_a_patch_of_its_config_map(stack: Stack, cluster: ImportedCluster) -> None:
    found = patch(build(stack, cluster))["Properties"]
    assert (found["ResourceName"], found["ResourceNamespace"]) == ("configmap/guard", "kube-system")
    assert found["ApplyPatchJson"] == '{"data":{"deletion":"guarded"}}'
    assert found["RestorePatchJson"] == '{"data":{"deletion":"asked"}}'


def test_it_goes_before_what_it_protects_and_before_its_own_policy(
    stack: Stack, cluster: ImportedCluster
) -> None:
    template = build(stack, cluster)
    (guard,) = of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch")
    (policy,) = of_type(template, "Custom::AWSCDK-EKS-KubernetesResource")
    assert {"Needed", policy} <= waits_for(resources(template), guard)


def test_its_policy_is_for_that_patch_only(stack: Stack, cluster: ImportedCluster) -> None:
    config_map, policy, _ = objects(build(stack, cluster))
    assert config_map["metadata"] == {"name": "guard", "namespace": "kube-system"}
    (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
    assert (rule["resources"], rule["resourceNames"], rule["operations"]) == (
        ["configmaps"],
        ["guard"],
        ["UPDATE"],
    )
    (condition,) = policy["spec"]["matchConditions"]
    assert "object.data['deletion'] == 'asked'" in condition["expression"]
    assert policy["spec"]["failurePolicy"] == "Fail"


def test_every_object_of_the_kind_is_looked_at_and_none_is_no_obstacle(
    stack: Stack, cluster: ImportedCluster
) -> None:
    _, policy, binding = objects(build(stack, cluster))
    assert policy["spec"]["paramKind"] == {"apiVersion": "v1", "kind": "PersistentVolume"}
    assert binding["spec"] == {
        "policyName": "guard",
        "paramRef": {"selector": {}, "parameterNotFoundAction": "Allow"},
        "validationActions": ["Deny"],
    }


def test_each_namespace_has_a_binding(stack: Stack, cluster: ImportedCluster) -> None:
    _, _, *bindings = objects(build(stack, cluster, watched="Pod", namespaces=["a", "b"]))
    assert [one["metadata"]["name"] for one in bindings] == ["guard.a", "guard.b"]
    assert [one["spec"]["paramRef"]["namespace"] for one in bindings] == ["a", "b"]
