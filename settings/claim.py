"""Claims that the stack makes beside the storage classes."""

from typing import Literal

from pydantic import Field

from settings.kubernetes import Labels, Namespace, ObjectName, Size
from settings.section import Section


class Claim(Section):
    """A PersistentVolumeClaim."""

    name: ObjectName = Field(description="Name of the claim.", examples=["efs-claim-1"])
    namespace: Namespace = Field(default="default", description="Namespace of the claim; it must exist.")
    storage_class: ObjectName = Field(
        description="Name of one of this file's storage_classes.", examples=["efs-sc"]
    )
    size: Size = Field(
        description="Requested size. Kubernetes wants one; EFS does not use it.", examples=["5Gi"]
    )
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = Field(
        default="ReadWriteMany", description="Access mode; the driver knows these two."
    )
    removal: Literal["retain", "destroy"] = Field(
        default="retain", description="What deleting the stack does to the claim."
    )
    labels: Labels = Field(default={}, description="Labels of the claim.")
    adopt: bool = Field(
        default=False, description="Take over a claim of this name that is in the cluster already."
    )
