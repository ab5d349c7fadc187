"""How the EFS CSI driver comes into a cluster, as whom it acts, and how its pods run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class HelmInstallation:
    """The driver's Helm chart.

    Args:
        version: the version of the chart; not used with `archive`.
        repository: the Helm repository of the chart, or ``oci://…/NAME`` of a registry; not used with
            `archive`.
        archive: a ``.tgz`` of the chart, which is uploaded as an asset. Default: from the repository.
        keep: whether the driver stays in the cluster when it leaves the stack. Default: False.
        image_registry: a registry, with a prefix, that mirrors ``public.ecr.aws``. Default: that one itself.
        access_point_tags: tags of the access points that the driver makes, besides its own. Neither key nor
            value has a space or a colon: versions of the driver disagree on how to write them. Default: none.
        metrics: whether the controller serves Prometheus metrics. Default: False.
        kube_api_qps: calls a second of the provisioner to the API server. Default: its own, 5.
        worker_threads: claims that the provisioner works on at a time. Default: the chart's, 100.
        timeout_seconds: after which the provisioner gives up a call of the driver. Default: the chart's, 15.
    """

    version: str
    repository: str
    archive: Path | None = None
    keep: bool = False
    image_registry: str | None = None
    access_point_tags: Mapping[str, str] = field(default_factory=dict)
    metrics: bool = False
    kube_api_qps: int | None = None
    worker_threads: int = 100
    timeout_seconds: int = 15


@dataclass(frozen=True, kw_only=True)
class AddonInstallation:
    """The EKS add-on ``aws-efs-csi-driver``.

    Args:
        version: such as ``v3.4.1-eksbuild.1``.
        overwrite: take over the fields that another installation has set. Default: False, it is refused.
        keep: whether the driver stays in the cluster when it leaves the stack. Default: False.
    """

    version: str
    overwrite: bool = False
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class ExistingInstallation:
    """A driver that somebody else has installed.

    Args:
        make_roles: make roles for it; False: it has its own, which reach the file system. Default: True.
        patch: let it take its roles: annotate its service accounts and restart its pods. The annotations stay
            when the stack goes. Default: False, nothing of it is touched.

    Raises:
        ValueError: it is to take roles that are not made.
    """

    make_roles: bool = True
    patch: bool = False

    def __post_init__(self) -> None:
        if self.patch and not self.make_roles:
            raise ValueError("patch: gives the driver roles, and make_roles=False makes none")


Installation = HelmInstallation | AddonInstallation | ExistingInstallation


@dataclass(frozen=True, kw_only=True)
class Irsa:
    """IAM roles for service accounts.

    Args:
        oidc_issuer: the cluster's issuer, ``https://…``.
    """

    oidc_issuer: str


@dataclass(frozen=True, kw_only=True)
class PodIdentity:
    """EKS Pod Identity; the cluster must have its agent.

    Args:
        cluster_name: the cluster, in the stack's account and region.
    """

    cluster_name: str


Identity = Irsa | PodIdentity


@dataclass(frozen=True, kw_only=True)
class DriverPart:
    """One of the driver's halves: its role, and how its pods run.

    Args:
        role_name: Default: CloudFormation makes one up.
        policy_name: the name of the managed policy. Default: CloudFormation makes one up.
        resources: of the driver's container, as in a manifest. Default: none.
        node_selector: labels of nodes. Default: any.
        tolerations: as in a manifest, besides those that the part always has. Default: none.
    """

    role_name: str | None = None
    policy_name: str | None = None
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: Sequence[Mapping[str, str | int]] = ()


@dataclass(frozen=True, kw_only=True)
class Controller(DriverPart):
    """The Deployment, which makes and deletes access points.

    Args:
        replicas: Default: 2, the chart's.
    """

    replicas: int = 2


@dataclass(frozen=True, kw_only=True)
class Node(DriverPart):
    """The DaemonSet, which mounts. Without tolerations of its own it runs on every node."""
