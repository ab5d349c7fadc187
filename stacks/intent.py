"""What an environment wants of its cluster, in the words of the constructs."""

import json

from airflow_efs.efs_storage_class import storage_class_manifest
from airflow_efs.preflight import ClaimCheck, ClassCheck, Intent, VolumeCheck
from settings import Environment
from settings.claim import Claim
from settings.file_system import FileSystem
from settings.kubernetes import quantity_spellings
from settings.storage_class import StorageClass
from settings.volume import Volume


def intent_of(environment: Environment) -> Intent:
    """What the preflight checks, and the record says, of an environment."""
    existing = environment.file_system.existing
    return Intent(
        environment=environment.name,
        driver=environment.driver.install,
        overwrites_driver=environment.driver.resolve_conflicts == "overwrite",
        keeps_driver=environment.driver.removal == "retain",
        fixed=_fixed(environment.file_system),
        subnets=_subnets(environment),
        file_system_id=existing.id if existing else None,
        classes=[
            ClassCheck(
                field=f"storage_classes[{index}]",
                manifest=class_manifest(settings, file_system_id=""),
                adopt=settings.adopt,
            )
            for index, settings in enumerate(environment.storage_classes)
        ],
        claims=[
            *(_of_claim(f"claims[{index}]", claim) for index, claim in enumerate(environment.claims)),
            *(_of_volume(f"volumes[{index}]", volume) for index, volume in enumerate(environment.volumes)),
        ],
        volumes=[
            VolumeCheck(field=f"volumes[{index}]", name=volume.persistent_volume)
            for index, volume in enumerate(environment.volumes)
        ],
    )


def _fixed(settings: FileSystem) -> dict[str, str]:
    if settings.existing:
        return {}
    fixed = {
        "encryption_key": settings.encryption_key,
        "performance_mode": settings.performance_mode,
        "availability_zone": settings.availability_zone or "null",
    }
    return {f"file_system.{field}": value for field, value in fixed.items()}


def _subnets(environment: Environment) -> dict[str, str]:
    existing = environment.file_system.existing
    if existing and not existing.make_mount_targets:
        return {}
    return {subnet.availability_zone: subnet.id for subnet in environment.cluster.subnets}


def class_manifest(settings: StorageClass, *, file_system_id: str) -> dict[str, object]:
    """A class of the settings as Kubernetes has it."""
    return storage_class_manifest(
        name=settings.name,
        file_system_id=file_system_id,
        base_path=settings.base_path,
        directory_permissions=settings.directory_permissions,
        uid=settings.owner.uid if settings.owner else None,
        gid=settings.owner.gid if settings.owner else None,
        gid_range=(settings.gid_range.start, settings.gid_range.end) if settings.gid_range else None,
        sub_path_pattern=settings.sub_path_pattern,
        ensure_unique_directory=settings.ensure_unique_directory,
        reuse_access_point=settings.reuse_access_point,
        mount_options=settings.mount_options,
        reclaim_policy=settings.reclaim_policy,
        volume_binding_mode=settings.volume_binding_mode,
        default=settings.default,
        labels=settings.labels,
        annotations=settings.annotations,
    )


def _of_claim(field: str, claim: Claim) -> ClaimCheck:
    return ClaimCheck(
        field=field,
        namespace=claim.namespace,
        name=claim.name,
        storage_class=claim.storage_class,
        access_mode=claim.access_mode,
        sizes=quantity_spellings(claim.size),
        fixed={
            "storage_class": claim.storage_class,
            "access_mode": claim.access_mode,
            "size": claim.size,
        },
        adopt=claim.adopt,
        removal=claim.removal,
    )


def _of_volume(field: str, volume: Volume) -> ClaimCheck:
    return ClaimCheck(
        field=field,
        namespace=volume.namespace,
        name=volume.name,
        storage_class="",
        access_mode=volume.access_mode,
        sizes=quantity_spellings(volume.size),
        fixed={
            "path": volume.path,
            "owner": json.dumps({"uid": volume.owner.uid, "gid": volume.owner.gid}).replace('"', ""),
            "permissions": volume.permissions,
            "access_mode": volume.access_mode,
            "read_only": json.dumps(volume.read_only),
            "size": volume.size,
        },
        removal=volume.removal,
    )
