"""Every version that a deployment depends on and that is not a Python package, and what follows from them.

Python packages, the kubectl layers among them, are pinned in pyproject.toml.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EFS_CSI_DRIVER_CHART: Final = "4.4.1"
"""Chart aws-efs-csi-driver; 4.4.1 installs driver v3.4.1."""

EFS_CSI_DRIVER_CHART_REPOSITORY: Final = "https://kubernetes-sigs.github.io/aws-efs-csi-driver/"
"""The Helm repository in which the driver's maintainers publish its chart."""

EFS_CSI_DRIVER_ADDON: Final = "v3.4.1-eksbuild.1"
"""The EKS add-on aws-efs-csi-driver, with the driver of the chart's version.

`aws eks describe-addon-versions --addon-name aws-efs-csi-driver` lists those that a cluster can have; EKS
refuses any other before it installs anything.
"""

AIRFLOW_CHART: Final = "1.22.0"
"""Chart airflow; 1.22.0 installs Airflow 3.2.2. It is also the oldest whose values we know how to write."""

AIRFLOW_CHART_REPOSITORY: Final = "https://airflow.apache.org/"
"""The Helm repository in which Apache Airflow publishes its chart."""

AIRFLOW_CHART_DIGEST: Final[str | None] = None
"""SHA-256 of the chart's archive, "sha256:" and 64 digits; None: none is pinned yet."""

AIRFLOW_CHART_NEEDS_HELM: Final = (3, 19)
"""The oldest Helm, major and minor, that chart airflow 1.22.0 states."""

AIRFLOW_CHART_NEEDS_KUBERNETES: Final = (1, 30)
"""The oldest Kubernetes, major and minor, that chart airflow 1.22.0 states."""

KEDA_CHART: Final = "2.20.2"
"""Chart keda; it installs KEDA of the same version."""

KEDA_CHART_REPOSITORY: Final = "https://kedacore.github.io/charts/"
"""The Helm repository in which KEDA's maintainers publish its chart."""

KEDA_CHART_DIGEST: Final[str | None] = None
"""SHA-256 of the chart's archive, "sha256:" and 64 digits; None: none is pinned yet."""

KUBECTL_LAYERS: Final[Mapping[int, tuple[str, ...]]] = MappingProxyType(
    {
        27: ("1.26", "1.27", "1.28"),
        30: ("1.29", "1.30", "1.31"),
        33: ("1.32", "1.33", "1.34"),
        36: ("1.35", "1.36", "1.37"),
    }
)
"""The cluster versions that each kubectl layer (aws-cdk.lambda-layer-kubectl-vNN, by its NN) serves.

kubectl works with an API server one minor version older or newer than itself
(kubernetes.io/releases/version-skew-policy). So one layer serves three versions, and four layers serve all.
Helm comes with the layer: v27 holds Helm 3.12, v30 3.17, v33 4.1 and v36 4.2; charts see that version.
"""

HELM_OF_LAYERS: Final[Mapping[int, tuple[int, int]]] = MappingProxyType(
    {27: (3, 12), 30: (3, 17), 33: (4, 1), 36: (4, 2)}
)
"""The Helm, major and minor, that each kubectl layer holds; a test compares them with the packages."""

CLUSTER_VERSIONS: Final[tuple[str, ...]] = tuple(
    version for served in KUBECTL_LAYERS.values() for version in served
)
"""Cluster versions that a layer serves, oldest first."""

SAMPLE_WRITER_IMAGE: Final = "public.ecr.aws/docker/library/busybox:1.37.0"
"""Image of the sample writer: a shell and `date`, from a registry that limits nobody by address."""

DELETION_GUARDS_SINCE: Final = (1, 30)
"""Kubernetes version in which ValidatingAdmissionPolicy is stable; older clusters delete without guards."""

PROVE_IMAGE: Final = SAMPLE_WRITER_IMAGE
"""The image of the pods of `airflow-efs prove`: a shell and a few tools, from a registry without login."""

PIPELINE_PYTHON: Final = "3.11"
"""Python of the pipeline's synth step: the oldest that this project supports. The image has up to 3.14."""

PIPELINE_NODE: Final = "24"
"""Node.js of every build step of the pipeline. The image also has 22."""


def deletions_are_guarded(version: str) -> bool:
    """Whether a cluster of this version, such as "1.35", can refuse a deletion."""
    major, minor = version.split(".")
    return (int(major), int(minor)) >= DELETION_GUARDS_SINCE


class UnsupportedClusterVersionError(ValueError):
    """No kubectl layer is within one minor version of the cluster."""


def kubectl_layer_for(version: str) -> int:
    """The minor version of the kubectl layer that serves a cluster of this version.

    Args:
        version: Kubernetes version of the cluster, major and minor, such as "1.35".

    Raises:
        UnsupportedClusterVersionError: no layer is within one minor version of it.
    """
    for layer, served in KUBECTL_LAYERS.items():
        if version in served:
            return layer
    raise UnsupportedClusterVersionError(
        f'cluster version "{version}" has no kubectl layer within one minor version: '
        f'write one of "{CLUSTER_VERSIONS[0]}" to "{CLUSTER_VERSIONS[-1]}"'
    )
