"""What must be gone from a cluster before the driver, or a claim, may be deleted."""

from collections.abc import Sequence

from constructs import Construct, IDependable

from airflow_efs.deletion_guard import DeletionGuard
from airflow_efs.efs_storage_class import PROVISIONER
from airflow_efs.imported_cluster import ImportedCluster
from airflow_efs.static_volume import StaticVolume
from airflow_efs.volume_claim import VolumeClaim


class DriverGuard(Construct):
    """Lets the driver go only when no volume waits to be deleted by it.

    Without the driver such a volume would stay Released, or Terminating, for ever. A volume that is Bound or
    retained is no obstacle; but the volume of a claim that goes with the stack must be gone, in whatever
    phase the API server still sees it.

    Args:
        cluster: where the driver is.
        name: a name that is unique in the cluster.
        driver: what may go last.
        doomed: the claims that are deleted with the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        name: str,
        driver: Sequence[IDependable],
        doomed: Sequence[tuple[str, str]],
    ) -> None:
        super().__init__(scope, construct_id)
        claim = "(params.spec.claimRef.namespace + '/' + params.spec.claimRef.name)"
        waits = "has(params.metadata.deletionTimestamp) || "
        waits += "(has(params.status) && has(params.status.phase) && "
        waits += "params.status.phase in ['Released', 'Failed'])"
        if doomed:
            named = ", ".join(f"'{namespace}/{name}'" for namespace, name in doomed)
            waits += f" || (has(params.spec.claimRef) && {claim} in [{named}])"
        of_claim = f"(has(params.spec.claimRef) ? ' of claim ' + {claim} : '')"
        volume = f"'PersistentVolume ' + params.metadata.name + {of_claim}"
        DeletionGuard(
            self,
            "Guard",
            cluster=cluster,
            name=name,
            protects=driver,
            watched="PersistentVolume",
            condition=f"!has(params.spec.csi) || params.spec.csi.driver != '{PROVISIONER}' || "
            f"params.spec.persistentVolumeReclaimPolicy != 'Delete' || !({waits})",
            message=f"{volume} + ' waits for the EFS CSI driver to delete it: delete the stack "
            "again when it is gone. If it stays, its events say why (kubectl describe pv ' + "
            "params.metadata.name + '); to keep it, set its persistentVolumeReclaimPolicy to Retain "
            "(kubectl edit pv ' + params.metadata.name + ')'",
        )


class ClaimGuard(Construct):
    """Lets claims be deleted only when no pod uses them.

    Kubernetes keeps a claim in use until its last pod is gone; the handler would wait for that until its
    function ends, and CloudFormation would go on without it.

    Args:
        cluster: where the claims are.
        name: a name that is unique in the cluster.
        claims: those that are deleted with the stack; at least one.
        others: what else is not deleted before the claims could be. Default: nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: ImportedCluster,
        name: str,
        claims: Sequence[VolumeClaim | StaticVolume],
        others: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        names = [f"{claim.namespace}/{claim.name}" for claim in claims]
        plain, named = ", ".join(names), ", ".join(f"'{name}'" for name in names)
        uses = (
            "params.spec.volumes.exists(v, has(v.persistentVolumeClaim) && "
            f"(params.metadata.namespace + '/' + v.persistentVolumeClaim.claimName) in [{named}])"
        )
        DeletionGuard(
            self,
            "Guard",
            cluster=cluster,
            name=name,
            protects=[*claims, *others],
            watched="Pod",
            namespaces=sorted({claim.namespace for claim in claims}),
            condition="(has(params.status) && has(params.status.phase) && params.status.phase in "
            f"['Succeeded', 'Failed']) || !has(params.spec.volumes) || !{uses}",
            message="'pod ' + params.metadata.name + ' in namespace ' + params.metadata.namespace + "
            f"' uses a claim that goes with the stack (one of {plain}): stop the pod and "
            "delete the stack again, or keep the claim with removal: retain'",
        )
