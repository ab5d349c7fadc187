"""The EFS CSI driver: how it comes into the cluster, as whom it speaks to AWS, and how its pods run."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from settings.aws import PolicyName, RoleName, Tags
from settings.faults import Fault, FaultsError, Path
from settings.kubernetes import Labels, quantity_in_bytes
from settings.pods import Resources, Toleration
from settings.section import Between, Form, Section
from settings.versions import (
    EFS_CSI_DRIVER_ADDON,
    EFS_CSI_DRIVER_CHART,
    EFS_CSI_DRIVER_CHART_REPOSITORY,
)

VOLUME_MEMORY: Final = 12
"""MiB that a mounted volume takes in the driver's pod on a node: its TLS tunnel runs in there."""

MOUNT_MEMORY: Final = 30
"""MiB that a mount takes there while it is being made."""

ChartVersion = Annotated[
    str,
    Form(
        r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?",
        "is not a semantic version",
        f"write three numbers, such as {EFS_CSI_DRIVER_CHART}",
    ),
]
AddonVersion = Annotated[
    str,
    Form(
        r"v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+",
        "is not a version of an EKS add-on",
        f"write one that aws eks describe-addon-versions lists, such as {EFS_CSI_DRIVER_ADDON}",
    ),
]


class DriverRole(Section):
    """Names of the IAM role and policy of one of the driver's service accounts."""

    role_name: RoleName | None = Field(
        default=None, description="Name of the role; null: CloudFormation chooses one."
    )
    policy_name: PolicyName | None = Field(
        default=None, description="Name of the policy; null: CloudFormation chooses one."
    )


class Controller(DriverRole):
    """The driver's Deployment, which makes and deletes access points."""

    replicas: Annotated[int, Between(1, 10)] = Field(
        default=2, description="Pods of the controller; one works, the others stand by."
    )
    resources: Resources = Field(
        default=Resources(), description="What the driver's container in a controller pod is given."
    )
    node_selector: Labels = Field(default={}, description="Labels of the nodes on which it may run.")
    tolerations: Annotated[tuple[Toleration, ...], Field(strict=False)] = Field(
        default=(),
        description="Taints on which it may run, besides CriticalAddonsOnly and the driver's startup taint.",
    )


class Node(DriverRole):
    """The driver's DaemonSet, which mounts."""

    resources: Resources = Field(
        default=Resources(), description="What the driver's container on a node is given."
    )
    volumes: Annotated[int, Between(1, 1000)] | None = Field(
        default=None,
        description="Volumes expected on a node at a time: requests the memory that they take; null: none.",
    )
    concurrent_mounts: Annotated[int, Between(1, 1000)] = Field(
        default=2, description="Volumes expected to be mounted at the same moment; counts with volumes only."
    )
    node_selector: Labels = Field(default={}, description="Labels of the nodes on which it runs.")
    tolerations: Annotated[tuple[Toleration, ...], Field(strict=False)] = Field(
        default=(),
        description="Taints on which it runs, besides the driver's startup taint; none: all taints.",
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._memory_faults())
        return self

    def _memory_faults(self) -> Iterator[Fault]:
        requested, limit = self.memory_request(), self.resources.limits.memory
        if self.volumes is None:
            if "concurrent_mounts" in self.model_fields_set:
                yield Fault("has no effect without volumes", "write volumes, too", ("concurrent_mounts",))
        elif self.resources.requests.memory is not None:
            yield Fault(
                "and volumes both say how much memory is requested",
                "remove one of them",
                ("resources", "requests", "memory"),
            )
        elif requested and limit and quantity_in_bytes(requested) > quantity_in_bytes(limit):
            yield Fault(
                f"is less than the {requested} that volumes and concurrent_mounts request",
                "write more, or remove the limit",
                ("resources", "limits", "memory"),
            )

    def memory_request(self) -> str | None:
        """The memory that the driver's container on a node requests; None: it requests none."""
        if self.volumes is None:
            return self.resources.requests.memory
        return f"{VOLUME_MEMORY * self.volumes + MOUNT_MEMORY * self.concurrent_mounts}Mi"


class Provisioner(Section):
    """The sidecar that turns claims into calls of the driver."""

    kube_api_qps: Annotated[int, Between(1, 1000)] | None = Field(
        default=None,
        description="Calls a second to the API server, and twice as many in a burst; null: its own, 5.",
    )
    worker_threads: Annotated[int, Between(1, 1000)] = Field(
        default=100, description="Claims that it works on at a time."
    )
    timeout_seconds: Annotated[int, Between(1, 600)] = Field(
        default=15, description="Seconds after which it gives a call of the driver up and repeats it."
    )


class Driver(Section):
    """The EFS CSI driver."""

    install: Literal["helm", "addon", "existing"] = Field(
        default="helm",
        description="How the driver comes into the cluster: its Helm chart, the EKS add-on, or it is there.",
    )
    chart_version: ChartVersion = Field(
        default=EFS_CSI_DRIVER_CHART, description="Version of the chart aws-efs-csi-driver."
    )
    chart_repository: Annotated[
        str,
        Form(
            r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~/%-]*)?"
            r"|oci://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*/aws-efs-csi-driver",
            "is not the URL of a chart repository",
            "write https://… of a Helm repository, or oci://…/aws-efs-csi-driver of a registry",
        ),
    ] = Field(
        default=EFS_CSI_DRIVER_CHART_REPOSITORY,
        description="Helm repository, or OCI registry, that holds the chart.",
    )
    chart_archive: (
        Annotated[
            str,
            Form(
                r"(?!/)[A-Za-z0-9._/-]+\.tgz",
                "is not the path of a chart's archive",
                "write the path of a .tgz file, from this file's folder",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Archive of the chart, from this file's folder, uploaded in place of a repository.",
    )
    image_registry: (
        Annotated[
            str,
            Form(
                r"[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9._-]+)*",
                "is not a registry",
                "write HOST or HOST/PREFIX, without a scheme and without / at the end",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Registry, with a prefix, that mirrors public.ecr.aws for the images.",
    )
    addon_version: AddonVersion = Field(
        default=EFS_CSI_DRIVER_ADDON, description="Version of the EKS add-on aws-efs-csi-driver."
    )
    resolve_conflicts: Literal["none", "overwrite"] = Field(
        default="none",
        description="What the add-on does where another installation has set its fields: fail, or take over.",
    )
    removal: Literal["retain", "destroy"] = Field(
        default="destroy",
        description="What becomes of the driver when it leaves the stack, or the stack is deleted.",
    )
    identity: Literal["irsa", "pod-identity"] = Field(
        default="irsa",
        description="How the driver gets its AWS credentials: IAM roles for service accounts, or EKS Pod "
        "Identity.",
    )
    make_roles: bool = Field(
        default=True,
        description="Make roles for an existing driver; false: it has roles of its own that reach the file "
        "system.",
    )
    patch_existing: bool = Field(
        default=False,
        description="Let an existing driver take its roles: annotate its service accounts, restart its pods.",
    )
    access_point_tags: Tags | None = Field(
        default=None,
        description="Tags of the access points that the driver makes; null: those of the environment that it "
        "can take.",
    )
    metrics: bool = Field(default=False, description="Serve Prometheus metrics from the controller.")
    provisioner: Provisioner = Field(
        default=Provisioner(), description="The sidecar that turns claims into calls of the driver."
    )
    controller: Controller = Field(
        default=Controller(),
        description="The Deployment, and the role of efs-csi-controller-sa, which makes access points.",
    )
    node: Node = Field(
        default=Node(), description="The DaemonSet, and the role of efs-csi-node-sa, which mounts."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any([*self._name_faults(), *self._unused_faults()])
        return self

    def _name_faults(self) -> Iterator[Fault]:
        for field in ("role_name", "policy_name"):
            name = getattr(self.node, field)
            other = getattr(self.controller, field)
            # IAM takes names that differ in case only for the same.
            if name and other and name.lower() == other.lower():
                yield Fault(
                    "is the controller's name, too",
                    "write another: the roles are kept apart",
                    ("node", field),
                )

    def _unused_faults(self) -> Iterator[Fault]:
        """What is said and would have no effect: whoever wrote it expects one."""
        said = self._said()
        for path, where in _ONLY_WITH.items():
            if path in said and self.install not in where:
                yield Fault(
                    f"has no effect with install: {self.install}",
                    f"remove it, or write install: {' or '.join(where)}",
                    path,
                )
        if not self.make_roles:
            for path in sorted(said & _OF_ROLES):
                yield Fault("has no effect with make_roles: false", "remove one of them", path)
        if self.chart_archive is not None:
            for name in ("chart_version", "chart_repository"):
                if (name,) in said:
                    yield Fault("has no effect beside chart_archive", "remove one of them", (name,))
        if self.resolve_conflicts == "overwrite" and self.install == "addon" and self.removal != "retain":
            yield Fault(
                "takes over what another installation has set, and a failed deployment would then delete it",
                "write removal: retain beside it, until the add-on is deployed",
                ("resolve_conflicts",),
            )
        if self.install == "addon" and self.identity == "irsa":
            for name in ("role_name", "policy_name"):
                if getattr(self.node, name) is not None:
                    yield Fault(
                        "names what the add-on with irsa does not have: it takes one role for both accounts",
                        "remove it, or write identity: pod-identity",
                        ("node", name),
                    )

    def _said(self) -> set[Path]:
        parts: dict[str, Section] = {"controller": self.controller, "node": self.node}
        return {
            *((name,) for name in self.model_fields_set),
            *((part, name) for part, section in parts.items() for name in section.model_fields_set),
        }


_OF_ROLES: Final[frozenset[Path]] = frozenset(
    {
        ("patch_existing",),
        *((part, name) for part in ("controller", "node") for name in ("role_name", "policy_name")),
    }
)
"""The fields that are about roles which the stack makes."""

_ONLY_WITH: Final[dict[Path, tuple[str, ...]]] = {
    ("chart_version",): ("helm",),
    ("chart_repository",): ("helm",),
    ("chart_archive",): ("helm",),
    ("image_registry",): ("helm",),
    ("addon_version",): ("addon",),
    ("resolve_conflicts",): ("addon",),
    ("removal",): ("helm", "addon"),
    ("make_roles",): ("existing",),
    ("patch_existing",): ("existing",),
    ("access_point_tags",): ("helm",),
    ("metrics",): ("helm",),
    ("provisioner",): ("helm",),
    **{
        (part, name): ("helm", "addon")
        for part, names in {
            "controller": ("replicas", "resources", "node_selector", "tolerations"),
            "node": ("resources", "volumes", "concurrent_mounts", "node_selector", "tolerations"),
        }.items()
        for name in names
    },
}
"""The fields that mean something only with some ways to install the driver."""
