"""Volumes that the stack makes beforehand: an access point, its PersistentVolume and its claim."""

from collections.abc import Iterator, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from settings.access_point_path import root_path_faults
from settings.faults import Fault, FaultsError
from settings.kubernetes import LabelName, Namespace, Size
from settings.section import Section
from settings.storage_class import DirectoryPermissions, Owner


class Volume(Section):
    """A directory of the file system with a claim of its own, for data that many pods share."""

    name: LabelName = Field(
        description="Name of the claim; the PersistentVolume's is efs-NAMESPACE.NAME.", examples=["dags"]
    )
    namespace: Namespace = Field(default="default", description="Namespace of the claim; it must exist.")
    path: str = Field(
        description="Directory of the file system; made at the first mount.", examples=["/dags"]
    )
    owner: Owner = Field(
        description="Owner of the directory, and identity of everyone who uses it.",
        examples=[{"uid": 50000, "gid": 0}],
    )
    permissions: DirectoryPermissions = Field(
        default="755", description="Mode of the directory when it is made, octal, in quotes."
    )
    size: Size = Field(
        default="1Gi", description="Size of the volume. Kubernetes wants one; EFS does not use it."
    )
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = Field(
        default="ReadWriteMany", description="Access mode; the driver knows these two."
    )
    read_only: bool = Field(default=False, description="Mount it so that pods can only read it.")
    removal: Literal["retain", "destroy"] = Field(
        default="retain",
        description="What deleting the stack does to access point, volume and claim; the data stays.",
    )

    @property
    def persistent_volume(self) -> str:
        """Name of its PersistentVolume. A namespace holds no dot, so two volumes never share one."""
        return f"efs-{self.namespace}.{self.name}"

    @model_validator(mode="after")
    def _has_a_path_that_efs_accepts(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from root_path_faults(self.path)


def directory_faults(volumes: Sequence[Volume]) -> Iterator[Fault]:
    """Volumes of one directory that disagree on it: whichever is mounted first makes it, and for good.

    Args:
        volumes: all of an environment, whose field is `volumes`.
    """
    first: dict[str, int] = {}
    for index, volume in enumerate(volumes):
        earlier = first.setdefault(volume.path, index)
        other = volumes[earlier]
        for field in ("owner", "permissions"):
            if getattr(volume, field) != getattr(other, field):
                yield Fault(
                    f"of {volume.path} differs from volumes[{earlier}].{field}; "
                    "whichever is mounted first makes the directory",
                    "write the same in both, or another path",
                    ("volumes", index, field),
                    subject="" if field == "owner" else None,
                )
