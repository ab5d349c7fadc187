"""An environment that refers to an installation made by hand: its file system, driver, classes and claims."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from operations.class_fields import class_differences, class_fields
from operations.discovery.choices import Decisions
from operations.discovery.cluster_view import DRIVER, ClusterView
from operations.discovery.driver import why_no_roles
from operations.discovery.findings import (
    Choice,
    ClusterFound,
    DiscoveryError,
    DriverFound,
    FileSystemFound,
    Problem,
    SubnetFound,
)
from settings.faults import Fault, FaultsError, render_path
from settings.storage_class import DEFAULT_CLASS_ANNOTATION, StorageClass

_OF_HELM = "meta.helm.sh/release-name"
_NOT_TO_REPEAT = ("meta.helm.sh/", "helm.sh/", "kubectl.kubernetes.io/")
"""Beginnings of annotations that belong to a tool, not to the class."""

_ACCESS_MODES = ("ReadWriteMany", "ReadWriteOnce")

Thing = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """What is taken over, as an environment says it."""

    file_system: dict[str, Any]
    driver: dict[str, Any] | None
    """None: there is no driver, and the stack installs one."""
    storage_classes: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    subnets: tuple[SubnetFound, ...]
    """The chosen subnets; where the zone has a mount target, its subnet."""


def adopt(
    cluster: ClusterFound,
    view: ClusterView,
    *,
    system: FileSystemFound,
    targets: Sequence[Thing],
    driver: DriverFound,
    chosen: Sequence[SubnetFound],
    subnets: Sequence[SubnetFound],
    decisions: Decisions,
) -> Adoption:
    """Describe what somebody has made by hand, so that a deployment takes it over as it is.

    Args:
        cluster: the cluster.
        view: what its own API says.
        system: the file system.
        targets: its mount targets, by `read_mount_targets`.
        driver: the driver that is there.
        chosen: a subnet for each zone with nodes.
        subnets: the subnets of the cluster's VPC.
        decisions: receives what was decided, and what cannot be taken over.

    Raises:
        DiscoveryError: the mount targets cannot serve the cluster.
    """
    classes = [*_classes(view, system.id, decisions)]
    return Adoption(
        file_system={"existing": {"id": system.id, "security_group": _group(system, targets, decisions)}},
        driver=_driver(driver, decisions),
        storage_classes=classes,
        claims=_claims(view, system.id, {one["name"] for one in classes}, decisions),
        subnets=tuple(_with_targets(cluster, system, targets, chosen, subnets, decisions)),
    )


def choose_file_system(
    view: ClusterView, systems: Sequence[FileSystemFound] | None, wanted: str | None
) -> FileSystemFound:
    """The file system to take over.

    Args:
        view: what the cluster's own API says.
        systems: the cluster's file systems; None: not seen.
        wanted: its id. Default: the one that the cluster's classes name.

    Raises:
        DiscoveryError: there is none, or more than one, or it cannot be seen, or it is an environment's.
    """
    if systems is None or view.storage_classes is None or view.claims is None:
        raise DiscoveryError(
            "--adopt: the file systems, or the classes and claims of the cluster, were not seen: allow "
            "elasticfilesystem:DescribeFileSystems, and AmazonEKSAdminViewPolicy in the cluster"
        )
    named = {(one.get("parameters") or {}).get("fileSystemId") for one in view.storage_classes}
    found = [one for one in systems if (one.id == wanted if wanted else one.id in named)]
    known = ", ".join(one.id for one in systems) or "none"
    if not found:
        raise DiscoveryError(
            f"--file-system: {wanted} is not among the cluster's file systems ({known}): tag it with "
            f"kubernetes.io/cluster/…, or leave the option out"
            if wanted
            else f"--adopt: no class of the cluster names a file system of this account and region ({known}):"
            " name one with --file-system, or leave --adopt out"
        )
    if len(found) > 1:
        raise DiscoveryError(
            f"--adopt: the cluster's classes name several file systems: choose one with --file-system: "
            f"{', '.join(one.id for one in found)}"
        )
    (system,) = found
    if system.environment:
        raise DiscoveryError(
            f"--adopt: {system.id} is of the environment {system.environment} already: bring that up to date "
            f"with --write {system.environment}, without --adopt"
        )
    return system


def _group(system: FileSystemFound, targets: Sequence[Thing], decisions: Decisions) -> str:
    if not targets:
        raise DiscoveryError(
            f"--adopt: {system.id} has no mount target: make one in each zone with nodes, with a security "
            "group that lets the nodes in on tcp 2049 (aws efs create-mount-target)"
        )
    common = set.intersection(*(set(target["groups"]) for target in targets))
    if not common:
        raise DiscoveryError(
            f"--adopt: the mount targets of {system.id} have no security group in common: give them one "
            "(aws efs modify-mount-target-security-groups)"
        )
    first, *others = sorted(common)
    decisions.choices.append(
        Choice(
            field="file_system",
            chose=f"{system.id} ({system.name or 'no name'}) as it is, with {first}",
            why=f"{system.why}, and it is to be adopted",
            instead_of=("a new file system", *others),
        )
    )
    return str(first)


def _driver(driver: DriverFound, decisions: Decisions) -> dict[str, Any] | None:
    if driver.install in ("none", "leftover"):
        return None
    fields: dict[str, Any] = {"install": "existing"}
    if driver.identity == "pod-identity":
        fields["identity"] = "pod-identity"
    if driver.role_arn:
        fields["make_roles"] = False
        decisions.choices.append(
            Choice(
                field="driver",
                chose="the driver that is there, with its own role",
                why="it is to be adopted, and the role has made the volumes that are there",
                instead_of=("roles of the stack beside it",),
            )
        )
    elif (problem := why_no_roles(driver)) is not None:
        fields["make_roles"] = False
        decisions.problems.append(problem)
    else:
        decisions.problems.append(
            Problem(
                severity="warning",
                field="driver",
                what="no role of the driver was seen; the stack makes roles, which it does not use by itself",
                cure="write patch_existing: true beside install, and the driver takes them",
            )
        )
    return fields


def _classes(view: ClusterView, system: str, decisions: Decisions) -> Iterator[dict[str, Any]]:
    for one in view.storage_classes or ():
        if one["provisioner"] != DRIVER or (one.get("parameters") or {}).get("fileSystemId") != system:
            continue
        name, metadata = one["metadata"]["name"], one["metadata"]
        release = (metadata.get("annotations") or {}).get(_OF_HELM)
        if release:
            reason: str | None = f"Helm release {release} owns it"
            cure = "leave it there, or take it out of that release (helm.sh/resource-policy: keep) first"
        else:
            fields = _class(one)
            reason = _undescribed(one, fields, system)
            if reason is None:
                yield fields
                continue
            cure = "it stays as it is, outside the environment; its volumes do, too"
        decisions.problems.append(
            Problem(
                severity="warning",
                field="storage_classes",
                what=f"class {name} is not adopted: {reason}",
                cure=cure,
            )
        )


def _class(one: Thing) -> dict[str, Any]:
    """A class as an environment says it, without what is the default."""
    parameters, metadata = one.get("parameters") or {}, one["metadata"]
    fields: dict[str, Any] = {"name": metadata["name"]}
    simple = {
        "base_path": parameters.get("basePath"),
        "directory_permissions": parameters.get("directoryPerms"),
        "sub_path_pattern": parameters.get("subPathPattern"),
    }
    fields |= {field: value for field, value in simple.items() if value is not None}
    if "uid" in parameters and "gid" in parameters:
        fields["owner"] = {key: _number(parameters[key]) for key in ("uid", "gid")}
    if "gidRangeStart" in parameters and "gidRangeEnd" in parameters:
        fields["gid_range"] = {
            "start": _number(parameters["gidRangeStart"]),
            "end": _number(parameters["gidRangeEnd"]),
        }
    if parameters.get("ensureUniqueDirectory") == "false":
        fields["ensure_unique_directory"] = False
    if parameters.get("reuseAccessPoint") == "true":
        fields["reuse_access_point"] = True
    fields["mount_options"] = list(one.get("mountOptions") or ())
    if one.get("reclaimPolicy", "Delete") != "Delete":
        fields["reclaim_policy"] = one["reclaimPolicy"]
    if one.get("volumeBindingMode", "Immediate") != "Immediate":
        fields["volume_binding_mode"] = one["volumeBindingMode"]
    annotations = dict(metadata.get("annotations") or {})
    if annotations.pop(DEFAULT_CLASS_ANNOTATION, "false") == "true":
        fields["default"] = True
    if labels := metadata.get("labels"):
        fields["labels"] = dict(labels)
    if own := {key: text for key, text in annotations.items() if not key.startswith(_NOT_TO_REPEAT)}:
        fields["annotations"] = own
    return {**fields, "adopt": True}


def _undescribed(one: Thing, fields: Mapping[str, Any], system: str) -> str | None:
    """Why an environment cannot say what the class is; None: it can."""
    try:
        described = StorageClass.model_validate(fields)
    except ValidationError as error:
        return "; ".join(_words(error))
    differences = [*class_differences(one, class_fields(described, system))]
    return f"an environment would change {'; '.join(differences)}" if differences else None


def _words(error: ValidationError) -> Iterator[str]:
    for one in error.errors():
        inner = one.get("ctx", {}).get("error")
        faults = inner.faults if isinstance(inner, FaultsError) else [Fault(one["msg"], "")]
        for fault in faults:
            yield f"{render_path((*one['loc'], *fault.at))} {fault.problem}"


def _number(text: str) -> int | str:
    return int(text) if text.isdecimal() else text


def _claims(view: ClusterView, system: str, classes: set[str], decisions: Decisions) -> list[dict[str, Any]]:
    handles = {
        one["metadata"]["name"]: str((one["spec"].get("csi") or {}).get("volumeHandle"))
        for one in view.volumes or ()
    }
    taken, left = [], []
    for claim in view.claims or ():
        spec, metadata = claim["spec"], claim["metadata"]
        handle = handles.get(spec.get("volumeName") or "", "")
        if spec.get("storageClassName") not in classes or handle.split(":")[0] != system:
            continue
        modes = spec["accessModes"]
        if _has_an_owner(metadata) or len(modes) != 1 or modes[0] not in _ACCESS_MODES:
            left.append(f"{metadata['namespace']}/{metadata['name']}")
            continue
        taken.append(
            {
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "storage_class": spec["storageClassName"],
                "size": spec["resources"]["requests"]["storage"],
                **({} if modes[0] == _ACCESS_MODES[0] else {"access_mode": modes[0]}),
                "adopt": True,
            }
        )
    if left:
        decisions.choices.append(
            Choice(
                field="claims",
                chose=f"{len(taken)} claims that nobody else manages",
                why="a claim of a chart or of a controller stays with it, and its volume as it is",
                instead_of=tuple(left),
            )
        )
    return taken


def _has_an_owner(metadata: Thing) -> bool:
    return bool(
        metadata.get("ownerReferences")
        or (metadata.get("annotations") or {}).get(_OF_HELM)
        or (metadata.get("labels") or {}).get("app.kubernetes.io/managed-by")
    )


def _with_targets(
    cluster: ClusterFound,
    system: FileSystemFound,
    targets: Sequence[Thing],
    chosen: Sequence[SubnetFound],
    subnets: Sequence[SubnetFound],
    decisions: Decisions,
) -> Iterator[SubnetFound]:
    by_id = {one.id: one for one in subnets}
    outside = [target["SubnetId"] for target in targets if target["SubnetId"] not in by_id]
    if outside:
        raise DiscoveryError(
            f"--adopt: the mount targets of {system.id} are in another VPC than the cluster "
            f"({', '.join(outside)}, not in {cluster.vpc_id}), where its nodes do not find them"
        )
    of_zone = {by_id[target["SubnetId"]].availability_zone: by_id[target["SubnetId"]] for target in targets}
    for one in chosen:
        there = of_zone.get(one.availability_zone)
        if there is None:
            decisions.problems.append(
                Problem(
                    severity="error",
                    field="cluster.subnets",
                    what=f"{system.id} has no mount target in {one.availability_zone}, where nodes run",
                    cure=f"aws efs create-mount-target --file-system-id {system.id} --subnet-id {one.id} "
                    "--security-groups with the group below, as the others have it",
                )
            )
        yield there or one
