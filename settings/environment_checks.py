"""Whether the parts of an environment fit each other."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from settings.access_point_tags import access_point_tag_faults
from settings.airflow.checks import airflow_faults
from settings.aws import MOST_TAGS, oidc_hosts, zone_region
from settings.cluster import Cluster, oidc_faults
from settings.environment_fields import EnvironmentFields
from settings.faults import Fault, Path
from settings.pipeline_source import Source
from settings.section import repeats
from settings.storage_class import StorageClass
from settings.volume import directory_faults

MOST_OBJECT_RESOURCES: Final = 400
"""Resources for Kubernetes objects: a stack may have 500, of which 100 are left for everything else.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
RESOURCES_OF_A_VOLUME: Final = 3
"""Access point, PersistentVolume and claim; a claim and a class are one resource each."""


def environment_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    """What is wrong between the parts of an environment, each of which is right by itself."""
    yield from _cluster_faults(environment)
    yield from _file_system_faults(environment)
    yield from _access_point_faults(environment)
    yield from _class_faults(environment)
    yield from _claim_faults(environment)
    yield from _volume_faults(environment)
    yield from _size_faults(environment)
    yield from _sample_writer_faults(environment)
    yield from airflow_faults(environment)
    yield from _pipeline_faults(environment)


def _cluster_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    for fault in oidc_faults(
        environment.cluster.oidc_issuer, environment.region, oidc_hosts(environment.region)
    ):
        yield Fault(fault.problem, fault.cure, ("cluster", "oidc_issuer"))
    for path, zone in _zones(environment.cluster):
        if zone_region(zone) != environment.region:
            yield Fault(
                f"is not a zone of {environment.region}",
                f"write {environment.region} and one letter",
                ("cluster", *path),
            )
    roles = {
        ("cluster", "access", "role_arn"): environment.cluster.access.role_arn,
        ("delivery", "role_arn"): environment.delivery.role_arn,
    }
    for path, role in roles.items():
        if role is not None and role.split(":")[1:5] != [
            environment.partition,
            "iam",
            "",
            environment.account,
        ]:
            yield Fault(
                f"is not of account {environment.account} in partition {environment.partition}",
                "name a role of this account",
                path,
            )


def _zones(cluster: Cluster) -> Iterator[tuple[Path, str]]:
    """Every zone that the cluster's settings name, and where."""
    for index, subnet in enumerate(cluster.subnets):
        yield ("subnets", index, "availability_zone"), subnet.availability_zone
    for index, zone in enumerate(cluster.vpc.availability_zones or ()):
        yield ("vpc", "availability_zones", index), zone
    for index, zone in enumerate(cluster.node_zones or ()):
        yield ("node_zones", index), zone


def _pipeline_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    secrets = environment.pipeline.secret_variables if environment.pipeline else {}
    for name, arn in secrets.items():
        if arn.split(":")[1:5] != [
            environment.partition,
            "secretsmanager",
            environment.region,
            environment.account,
        ]:
            yield Fault(
                f"is not of account {environment.account} in region {environment.region}",
                "name a secret there: CodeBuild reads no other",
                ("pipeline", "secret_variables", name),
            )
    if environment.pipeline:
        yield from _source_faults(environment, environment.pipeline.source)


def _source_faults(environment: EnvironmentFields, source: Source) -> Iterator[Fault]:
    at = ("pipeline", "source")
    if source.connection_arn and source.connection_arn.split(":")[1] != environment.partition:
        yield Fault(
            f"is not in partition {environment.partition}",
            "name a connection of the pipeline's account",
            (*at, "connection_arn"),
        )
    if source.encryption_key:
        _, partition, _, region, *_ = source.encryption_key.split(":")
        if (partition, region) != (environment.partition, environment.region):
            yield Fault(
                f"is not in region {environment.region} of partition {environment.partition}",
                "name a key there, where the bucket is",
                (*at, "encryption_key"),
            )


def _file_system_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    at = ("file_system",)
    yield from environment.file_system.region_faults(environment.region, at)
    zones = [subnet.availability_zone for subnet in environment.cluster.subnets]
    yield from environment.file_system.zone_faults(zones, at)
    yield from environment.file_system.nfs_clients.address_faults(
        environment.cluster.vpc.cidrs, (*at, "nfs_clients")
    )
    existing = environment.file_system.existing
    if existing is None or existing.add_client_rules:
        yield from environment.file_system.nfs_clients.quota_faults(
            environment.cluster.node_security_groups, (*at, "nfs_clients")
        )
    tags = len({"Name", *environment.tags, *environment.file_system.tags})
    if tags > MOST_TAGS:
        yield Fault(
            f"and tags make {tags} tags of the file system, {MOST_TAGS} are allowed",
            "remove some",
            ("file_system", "tags"),
            "",
        )


def _access_point_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    own = environment.driver.access_point_tags
    if own is not None:
        yield from access_point_tag_faults(own, ("driver", "access_point_tags"))


def _class_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    for index, item in enumerate(environment.storage_classes):
        if environment.file_system.iam_authorization and "iam" not in item.mount_options:
            yield Fault(
                "lacks iam, without which file_system.iam_authorization lets nobody mount",
                "add iam",
                ("storage_classes", index, "mount_options"),
                subject="",
            )
    for index, earlier in repeats(environment.storage_classes, lambda item: item.name):
        yield Fault(
            f"is the name of two classes, first of storage_classes[{earlier}]",
            "give each class its own name",
            ("storage_classes", index, "name"),
        )
    default = [index for index, item in enumerate(environment.storage_classes) if item.default]
    for index in default[1:]:
        yield Fault(
            f"makes a second default class beside storage_classes[{default[0]}]",
            "keep one default class",
            ("storage_classes", index, "default"),
        )


def _claim_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    defined = [item.name for item in environment.storage_classes]
    for index, claim in enumerate(environment.claims):
        if claim.storage_class not in defined:
            known = f"write one of {', '.join(defined)}" if defined else "define the class in storage_classes"
            yield Fault("is not a class of this file", known, ("claims", index, "storage_class"))
    classes = {item.name: item for item in environment.storage_classes}
    for index, claim in enumerate(environment.claims):
        if claim.storage_class in classes:
            for fault in classes[claim.storage_class].volume_path_faults((claim.namespace, claim.name)):
                problem = f"of class {claim.storage_class} {fault.problem}"
                yield Fault(problem, "shorten the name, or the paths of the class", ("claims", index, "name"))
    yield from _gid_faults(environment, classes)
    for index, earlier in repeats(environment.claims, lambda item: (item.namespace, item.name)):
        yield Fault(
            f"is the name of two claims in namespace {environment.claims[index].namespace}, "
            f"first of claims[{earlier}]",
            "give each claim its own name",
            ("claims", index, "name"),
        )


def _gid_faults(environment: EnvironmentFields, classes: Mapping[str, StorageClass]) -> Iterator[Fault]:
    """Claims for which a class has no group id left: the driver gives each one to one volume only."""
    wanted = Counter(claim.storage_class for claim in environment.claims)
    for index, item in enumerate(environment.storage_classes):
        ids = item.gid_range
        if ids is None or item.owner is not None or item is not classes[item.name]:
            continue
        count = ids.end - ids.start + 1
        if wanted[item.name] > count:
            yield Fault(
                f"has {count} group ids for the {wanted[item.name]} claims of this file",
                "widen it, or write an owner",
                ("storage_classes", index, "gid_range"),
                subject="",
            )


def _volume_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    claims = {(item.namespace, item.name): index for index, item in enumerate(environment.claims)}
    for index, volume in enumerate(environment.volumes):
        if (earlier := claims.get((volume.namespace, volume.name))) is not None:
            yield Fault(
                f"is the name of claims[{earlier}], too",
                "give each claim its own name",
                ("volumes", index, "name"),
            )
    for index, earlier in repeats(environment.volumes, lambda item: (item.namespace, item.name)):
        yield Fault(
            f"is the name of two volumes in namespace {environment.volumes[index].namespace}, "
            f"first of volumes[{earlier}]",
            "give each volume its own name",
            ("volumes", index, "name"),
        )
    yield from directory_faults(environment.volumes)


def _size_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    made = {
        "storage_classes": len(environment.storage_classes),
        "claims": len(environment.claims),
        "volumes": len(environment.volumes) * RESOURCES_OF_A_VOLUME,
    }
    total = sum(made.values())
    if total > MOST_OBJECT_RESOURCES:
        most = max(made, key=lambda field: made[field])
        others = " and ".join(field for field in made if field != most)
        yield Fault(
            f"are, with {others}, {total} resources of the stack; {MOST_OBJECT_RESOURCES} are allowed",
            "divide them among two environments",
            (most,),
            "",
        )


def _sample_writer_faults(environment: EnvironmentFields) -> Iterator[Fault]:
    writer = environment.sample_writer
    if writer is None:
        return
    here = ("sample_writer", "claim")
    usable = [(item.namespace, item.name) for item in environment.every_claim]
    if (writer.namespace, writer.claim) not in usable:
        known = ", ".join(f"{namespace}/{name}" for namespace, name in usable)
        cure = f"choose one of {known}" if usable else "define one in claims"
        yield Fault(f"is not a claim of this file in namespace {writer.namespace}", cure, here)
    for volume in environment.volumes:
        if (volume.namespace, volume.name) == (writer.namespace, writer.claim) and volume.read_only:
            yield Fault("can only be read", "choose a claim that can be written", here)
