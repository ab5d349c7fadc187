"""What a cluster has before anything is deployed, and a rehearsal's has not by itself."""

from collections.abc import Iterable

from kubernetes import client

from rehearsal.control_plane import DRIVER_USER
from settings import Environment

_GROUP = "rbac.authorization.k8s.io"
_MADE_BY_KUBERNETES = {"default", "kube-system"}


def make_namespaces(api: client.ApiClient, environments: Iterable[Environment]) -> None:
    """Make the namespaces of claims and of Airflow, which a deployment expects to be there.

    Args:
        api: a client of the cluster, as its administrator.
        environments: whose namespaces.
    """
    core = client.CoreV1Api(api)
    needed = set()
    for one in environments:
        needed |= {claim.namespace for claim in one.every_claim}
        # There may be secrets to put into Airflow's beforehand.
        needed |= {one.airflow.namespace} if one.airflow else set()
    for name in sorted(needed - _MADE_BY_KUBERNETES):
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))


def let_driver_patch_volumes(api: client.ApiClient) -> None:
    """Allow the driver what charts of its time allow it, where an older chart stands in.

    Its provisioner removes its finalizer from a volume by a patch; without, a deleted volume would stay
    Terminating.

    Args:
        api: a client of the cluster, as its administrator.
    """
    name = "rehearsal:csi-provisioner"
    metadata = client.V1ObjectMeta(name=name)
    rule = client.V1PolicyRule(api_groups=[""], resources=["persistentvolumes"], verbs=["patch"])
    rbac = client.RbacAuthorizationV1Api(api)
    rbac.create_cluster_role(client.V1ClusterRole(metadata=metadata, rules=[rule]))
    rbac.create_cluster_role_binding(
        client.V1ClusterRoleBinding(
            metadata=metadata,
            role_ref=client.V1RoleRef(api_group=_GROUP, kind="ClusterRole", name=name),
            subjects=[client.RbacV1Subject(kind="User", name=DRIVER_USER, api_group=_GROUP)],
        )
    )
