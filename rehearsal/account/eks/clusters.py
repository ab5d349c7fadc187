"""The clusters of the emulated EKS, by name."""

from moto.eks.exceptions import ResourceNotFoundException
from moto.eks.models import Cluster, eks_backends


def cluster_named(name: str, *, account: str, region: str) -> Cluster:
    """A cluster of an account and region.

    Raises:
        EKSError: there is none of the name.
    """
    cluster: Cluster | None = eks_backends[account][region].clusters.get(name)
    if cluster is None:
        raise ResourceNotFoundException(message=f"No cluster found for name: {name}.")
    return cluster
