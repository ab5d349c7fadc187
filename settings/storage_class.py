"""StorageClasses of the EFS CSI driver, and the rules that the driver and EFS have for them."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from settings.access_point_path import base_path_faults, pattern_faults, volume_path_faults
from settings.faults import Fault, FaultsError
from settings.kubernetes import Annotations, Labels, ObjectName
from settings.mount_options import mount_option_faults
from settings.section import Between, Form, Section

_HIGHEST_ID: Final = 2**32 - 1
"""EFS takes it for a PosixUser (https://docs.aws.amazon.com/efs/latest/ug/API_PosixUser.html)."""

DEFAULT_CLASS_ANNOTATION: Final = "storageclass.kubernetes.io/is-default-class"
"""What Kubernetes knows a default class by."""


DirectoryPermissions = Annotated[
    str,
    Form(r"[0-7]{3,4}", "is not an octal mode", 'write three or four octal digits in quotes, such as "700"'),
]


class Owner(Section):
    """POSIX owner of every directory that the class makes, and identity of everyone who uses it."""

    uid: Annotated[int, Between(0, _HIGHEST_ID)] = Field(description="User id.", examples=[50000])
    gid: Annotated[int, Between(0, _HIGHEST_ID)] = Field(description="Group id.", examples=[0])


class GidRange(Section):
    """Group ids from which the driver takes one for each volume."""

    start: Annotated[int, Between(1, _HIGHEST_ID)] = Field(description="First group id.", examples=[1000])
    end: Annotated[int, Between(1, _HIGHEST_ID)] = Field(
        description="Last group id, more than start.", examples=[2000]
    )

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.end <= self.start:
            raise FaultsError(
                [Fault(f"is not more than start, {self.start}", "write a larger number", ("end",))]
            )
        return self


class StorageClass(Section):
    """A StorageClass of the EFS CSI driver: each volume is an access point."""

    name: ObjectName = Field(description="Name of the class.", examples=["efs-sc"])
    base_path: str = Field(
        default="/", description="Directory of the file system below which the volumes are."
    )
    directory_permissions: DirectoryPermissions = Field(
        default="700", description="Mode of a volume's directory, octal, in quotes."
    )
    owner: Owner | None = Field(
        default=None, description="Owner of every volume's directory; null: from gid_range."
    )
    gid_range: GidRange | None = Field(
        default=None,
        description="Group ids for volumes without an owner; null: the driver's default, 50000 to 60000.",
    )
    sub_path_pattern: str | None = Field(
        default=None,
        description="Path of a volume below base_path, from text and the variables ${.PVC.name}, "
        "${.PVC.namespace} and ${.PV.name}; null: the name of the volume.",
    )
    ensure_unique_directory: bool = Field(
        default=True, description="Append a unique id to what sub_path_pattern gives."
    )
    reuse_access_point: bool = Field(
        default=False, description="Use the access point of an earlier claim with the same name again."
    )
    mount_options: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        default=("tls",), description="Mount options; tls is required."
    )
    reclaim_policy: Literal["Delete", "Retain"] = Field(
        default="Delete", description="What deleting a claim does to its volume."
    )
    volume_binding_mode: Literal["Immediate", "WaitForFirstConsumer"] = Field(
        default="Immediate", description="When a claim gets its volume."
    )
    default: bool = Field(default=False, description="Make this the cluster's default class.")
    labels: Labels = Field(default={}, description="Labels of the class.")
    annotations: Annotations = Field(default={}, description="Annotations of the class, besides default's.")
    adopt: bool = Field(
        default=False,
        description="Take over a class of this name that is in the cluster already; it then stays when it "
        "leaves the stack.",
    )

    @model_validator(mode="after")
    def _is_what_the_driver_accepts(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        yield from self._annotation_faults()
        # A class that somebody else made is taken as it is: without options, the driver mounts with TLS, too.
        if self.mount_options or not self.adopt:
            yield from mount_option_faults(self.mount_options, ("mount_options",))
        if self.sub_path_pattern is None and not self.ensure_unique_directory:
            yield Fault(
                "is ignored by the driver without sub_path_pattern",
                "write a sub_path_pattern, or remove ensure_unique_directory",
                ("ensure_unique_directory",),
            )
        path_faults = [*base_path_faults(self.base_path)]
        if self.sub_path_pattern is not None:
            path_faults += pattern_faults(self.sub_path_pattern)
        # The length of a path that is wrong in itself would only distract.
        yield from path_faults or self.volume_path_faults()

    def _annotation_faults(self) -> Iterator[Fault]:
        for key in self.annotations:
            if key == DEFAULT_CLASS_ANNOTATION:
                yield Fault("is what default says", "write default: true instead", ("annotations", key), key)
            elif key.startswith("helm.sh/"):
                yield Fault("belongs to Helm", "remove it", ("annotations", key), key)

    def volume_path_faults(self, claim: tuple[str, str] | None = None) -> Iterator[Fault]:
        """What EFS would refuse in the path of a volume for a claim, given as namespace and name."""
        return volume_path_faults(
            self.base_path, self.sub_path_pattern, unique=self.ensure_unique_directory, claim=claim
        )
