import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from settings.versions import HELM_OF_LAYERS, KUBECTL_LAYERS, UnsupportedClusterVersionError
from stacks.kubectl_layer import kubectl_layer


@pytest.mark.parametrize("minor", KUBECTL_LAYERS)
def test_each_layer_of_the_settings_is_installed_and_holds_its_kubectl(stack: Stack, minor: int) -> None:
    kubectl_layer(stack, "Layer", cluster_version=KUBECTL_LAYERS[minor][0])
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::LayerVersion",
        {"Description": Match.string_like_regexp(rf"^/opt/kubectl/kubectl 1\.{minor}\b")},
    )


@pytest.mark.parametrize("minor", HELM_OF_LAYERS)
def test_each_layer_holds_the_helm_of_the_settings(stack: Stack, minor: int) -> None:
    kubectl_layer(stack, "Layer", cluster_version=KUBECTL_LAYERS[minor][0])
    helm = r"\.".join(map(str, HELM_OF_LAYERS[minor]))
    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::LayerVersion",
        {"Description": Match.string_like_regexp(rf"; /opt/helm/helm {helm}(\.|$)")},
    )


def test_a_cluster_without_a_layer_is_an_error(stack: Stack) -> None:
    with pytest.raises(UnsupportedClusterVersionError, match=r'^cluster version "1.25" has no kubectl layer'):
        kubectl_layer(stack, "Layer", cluster_version="1.25")
