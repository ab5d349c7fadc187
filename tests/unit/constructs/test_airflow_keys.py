from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template

from airflow_efs.airflow_keys import FERNET_CHARACTERS, AirflowKey, AirflowKeys
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.kept_namespace import KeptNamespace
from tests.unit.templates import Resource, manifest, of_type, only

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"


def build(stack: Stack, cluster: ImportedCluster, **props: Any) -> Template:
    namespace = KeptNamespace(stack, "Namespace", cluster=cluster, name="airflow")
    defaults: dict[str, Any] = {
        "depends_on": [namespace],
        "keys": [AirflowKey(name="fernet-key", secret="fernet", characters=FERNET_CHARACTERS, suffix="=")],
        "prefix": "airflow-efs/prod",
        "generate": True,
        "namespace": "airflow",
        "store": "aws",
    }
    AirflowKeys(stack, "Keys", cluster=cluster, **(defaults | props))
    return Template.from_stack(stack)


def copy_of(template: Template) -> Resource:
    (found,) = (
        one for one in of_type(template, MANIFEST).values() if manifest(one)["kind"] == "ExternalSecret"
    )
    return found


def test_a_key_is_generated_under_a_fixed_name_and_kept(stack: Stack, cluster: ImportedCluster) -> None:
    secret = only(of_type(build(stack, cluster), "AWS::SecretsManager::Secret"))
    assert secret["Properties"]["Name"] == "airflow-efs/prod/fernet-key"
    assert secret["Properties"]["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "IncludeSpace": False,
        "PasswordLength": 43,
    }
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_the_template_holds_no_key(stack: Stack, cluster: ImportedCluster) -> None:
    secret = only(of_type(build(stack, cluster), "AWS::SecretsManager::Secret"))
    assert "SecretString" not in secret["Properties"]


def test_a_key_is_copied_under_the_name_that_airflow_looks_for(
    stack: Stack, cluster: ImportedCluster
) -> None:
    copied = manifest(copy_of(build(stack, cluster, store_kind="SecretStore", refresh_minutes=5)))
    assert copied["metadata"] == {"name": "fernet", "namespace": "airflow"}
    assert copied["spec"]["secretStoreRef"] == {"name": "aws", "kind": "SecretStore"}
    assert copied["spec"]["refreshInterval"] == "5m"
    assert copied["spec"]["data"] == [
        {"secretKey": "key", "remoteRef": {"key": "airflow-efs/prod/fernet-key"}}
    ]
    assert copied["spec"]["target"]["template"]["data"] == {"fernet-key": "{{ .key }}="}


def test_forty_three_letters_and_a_sign_are_a_fernet_key() -> None:
    from base64 import urlsafe_b64decode

    assert len(urlsafe_b64decode("Z" * FERNET_CHARACTERS + "=")) == 32


def test_a_copy_comes_after_the_namespace_and_the_key(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster)
    (secret,) = of_type(template, "AWS::SecretsManager::Secret")
    (namespace,) = (
        key for key, one in of_type(template, MANIFEST).items() if manifest(one)["kind"] == "Namespace"
    )
    assert {secret, namespace} <= set(copy_of(template)["DependsOn"])


def test_keys_of_an_earlier_stack_are_copied_and_none_is_made(stack: Stack, cluster: ImportedCluster) -> None:
    template = build(stack, cluster, generate=False)
    template.resource_count_is("AWS::SecretsManager::Secret", 0)
    assert manifest(copy_of(template))["spec"]["data"][0]["remoteRef"]["key"] == "airflow-efs/prod/fernet-key"
