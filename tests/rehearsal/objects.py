"""Objects that somebody else made in the cluster."""

from kubernetes import client as kubernetes


def make_deployment(api: kubernetes.ApiClient, name: str) -> None:
    """A Deployment without pods in namespace default."""
    labels = {"app": name}
    container = kubernetes.V1Container(name="none", image="none")
    kubernetes.AppsV1Api(api).create_namespaced_deployment(
        "default",
        kubernetes.V1Deployment(
            metadata=kubernetes.V1ObjectMeta(name=name),
            spec=kubernetes.V1DeploymentSpec(
                replicas=0,
                selector=kubernetes.V1LabelSelector(match_labels=labels),
                template=kubernetes.V1PodTemplateSpec(
                    metadata=kubernetes.V1ObjectMeta(labels=labels),
                    spec=kubernetes.V1PodSpec(containers=[container]),
                ),
            ),
        ),
    )
