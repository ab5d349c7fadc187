"""Keeps CloudFormation from deleting what something in the cluster still needs."""

from collections.abc import Sequence
from typing import Literal

from aws_cdk import aws_eks_v2 as eks
from constructs import Construct, IDependable

from airflow_efs.bundled_chart import NAMESPACE
from airflow_efs.imported_cluster import ImportedCluster


class DeletionGuard(Construct):
    """A resource whose deletion fails, and with it the deletion of all that it depends on.

    CDK's handler swallows the errors of a deletion, of manifests and of charts alike, so CloudFormation goes
    on to what is needed to delete the rest. It does not swallow the error of a patch. So this is a patch of a
    ConfigMap that is made when the resource is deleted, and that the API server refuses by a
    ValidatingAdmissionPolicy while there is an object that fails a condition. Its words are the reason that
    CloudFormation shows; nothing that the guard depends on is deleted then.

    Needs Kubernetes 1.30, in which these policies are stable.

    Args:
        cluster: where it guards.
        name: the name of its ConfigMap in ``kube-system`` and of its policy, unique in the cluster.
        protects: what may only be deleted when the guard could go.
        watched: the kind of the objects that are looked at.
        namespaces: where they are; none for a kind without namespaces.
        condition: in CEL, with the object as ``params``: true for one that needs nothing any more.
        message: in CEL, with the object as ``params``: text that says which object stands in the way, and
            what to do. ASCII without quotes and line breaks: it passes through Python's text of bytes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        name: str,
        protects: Sequence[IDependable],
        watched: Literal["PersistentVolume", "Pod"],
        namespaces: Sequence[str] = (),
        condition: str,
        message: str,
    ) -> None:
        super().__init__(scope, construct_id)
        objects = [_config_map(name), _policy(name, watched, condition, message)]
        objects += [_binding(name, namespace) for namespace in namespaces] or [_binding(name, None)]
        manifest = eks.KubernetesManifest(
            self, "Manifest", cluster=cluster.cluster, prune=False, overwrite=True, manifest=objects
        )
        manifest.node.add_dependency(cluster.access, *protects)
        patch = eks.KubernetesPatch(
            self,
            "Guard",
            cluster=cluster.cluster,
            resource_name=f"configmap/{name}",
            resource_namespace=NAMESPACE,
            apply_patch={"data": {"deletion": "guarded"}},
            restore_patch={"data": {"deletion": "asked"}},
        )
        patch.node.add_dependency(manifest)


def _config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": NAMESPACE}}


def _policy(name: str, watched: str, condition: str, message: str) -> dict[str, object]:
    asked = "has(object.data) && 'deletion' in object.data && object.data['deletion'] == 'asked'"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": {"apiVersion": "v1", "kind": watched},
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
                "resourceRules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["UPDATE"],
                        "resources": ["configmaps"],
                        "resourceNames": [name],
                    }
                ],
            },
            "matchConditions": [{"name": "deletion-is-asked", "expression": asked}],
            "validations": [{"expression": condition, "messageExpression": message}],
        },
    }


def _binding(name: str, namespace: str | None) -> dict[str, object]:
    # Every object of the kind is a parameter, and each must pass; none at all is no obstacle.
    parameters: dict[str, object] = {"selector": {}, "parameterNotFoundAction": "Allow"}
    if namespace is not None:
        parameters["namespace"] = namespace
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name if namespace is None else f"{name}.{namespace}"},
        "spec": {"policyName": name, "paramRef": parameters, "validationActions": ["Deny"]},
    }
