"""Changes that a deployment would try and that cannot be made in place; and drift of what cannot change."""

from collections.abc import Iterator

from operations.class_fields import class_differences, class_fields
from operations.doctor.installation import Installation
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from settings.kubernetes import quantity_in_bytes


@check("class-change-refused", Severity.ERROR, "May each class change now?", when=When.AFTER)
def class_changes(installation: Installation) -> Iterator[Problem]:
    """A class that would change while claims are Pending on it, which the preflight refuses."""
    for index, settings in enumerate(installation.environment.storage_classes):
        declared = installation.declared_objects.get(("StorageClass", "", settings.name))
        there = installation.classes.get(settings.name)
        if declared is None or there is None:
            continue
        wanted = class_fields(settings, installation.outputs.get("FileSystemId", ""))
        changes = list(class_differences(there, wanted))
        # What is as it was declared is not deployed: then the class was changed by hand, another finding.
        if not changes or not any(class_differences(declared, wanted)):
            continue
        pending = [
            f"{claim['metadata']['namespace']}/{claim['metadata']['name']}"
            for claim in installation.claims
            if claim["spec"].get("storageClassName") == settings.name
            and (claim.get("status") or {}).get("phase", "Pending") == "Pending"
        ]
        if pending:
            yield Problem(
                what=f"class {settings.name} cannot change ({'; '.join(changes)}) "
                f"while claims are Pending on it: {', '.join(pending)}",
                where=f"field storage_classes[{index}]",
                cure="wait until they are Bound, delete them, or give the class another name",
            )


@check(
    "class-drift", Severity.ERROR, "Are the classes in the cluster as the stack made them?", when=When.AFTER
)
def class_drift(installation: Installation) -> Iterator[Problem]:
    """A class that was deleted, or made anew by hand."""
    for settings in installation.environment.storage_classes:
        if settings.name not in installation.outputs.get("StorageClassNames", "").split(","):
            continue
        there = installation.classes.get(settings.name)
        declared = installation.declared_objects.get(("StorageClass", "", settings.name))
        again = (
            "CloudFormation does not notice it: "
            "take the class out of the environment, deploy, put it back and deploy again"
        )
        if there is None:
            yield Problem(
                what=f"class {settings.name} is gone; claims of it stay Pending",
                where=f"StorageClass {settings.name}",
                cure=again,
            )
        elif declared is not None:
            for change in class_differences(declared, there):
                yield Problem(
                    what=f"class {settings.name} is not as the stack made it: {change}",
                    where=f"StorageClass {settings.name}",
                    cure=f"delete the class, its volumes stay; {again}",
                )


@check("encryption-key-change", Severity.ERROR, "Does the encryption key stay?", when=When.AFTER)
def encryption_key(installation: Installation) -> Iterator[Problem]:
    """A file system keeps its key for life: another key means another file system."""
    wanted = installation.environment.file_system.encryption_key
    for properties in installation.deployed_properties("AWS::EFS::FileSystem"):
        deployed = properties.get("KmsKeyId", "aws-managed")
        if isinstance(deployed, str) and deployed != wanted:
            yield Problem(
                what=f"the encryption key would change from {deployed} to {wanted}, "
                "which needs a new, empty file system",
                where="field file_system.encryption_key",
                cure="leave the key as it is, or make a second environment and copy the data",
            )


@check("security-group-change", Severity.WARNING, "Does the security group stay?", when=When.AFTER)
def security_group(installation: Installation) -> Iterator[Problem]:
    """A group's name cannot change: CloudFormation replaces it, and mount targets change over."""
    wanted = installation.environment.file_system.security_group_name
    for properties in installation.deployed_properties("AWS::EC2::SecurityGroup"):
        deployed = properties.get("GroupName")
        if deployed != wanted:
            yield Problem(
                what=f"the security group would be replaced: its name changes from {deployed} to {wanted}",
                where="field file_system.security_group_name",
                cure="leave the name as it is, unless rules that name the group elsewhere can change as well",
            )


@check("subnet-change", Severity.ERROR, "Does each zone keep its subnet?", when=When.AFTER)
def subnets(installation: Installation) -> Iterator[Problem]:
    """A mount target cannot move, and a zone has room for one."""
    for index, subnet in enumerate(installation.environment.cluster.subnets):
        target = installation.mount_targets.get(subnet.availability_zone)
        if target and target["SubnetId"] != subnet.id:
            yield Problem(
                what=f"the mount target in {subnet.availability_zone} is in {target['SubnetId']}; "
                f"a second one in {subnet.id} would be refused",
                where=f"field cluster.subnets[{index}].id",
                cure=f"leave {target['SubnetId']}: nodes of every subnet of the zone reach it. "
                "Or take the zone out, deploy, and add it with the new subnet",
            )


@check(
    "claim-change-refused", Severity.ERROR, "Would Kubernetes take the change of each claim?", when=When.AFTER
)
def claim_changes(installation: Installation) -> Iterator[Problem]:
    """Class and access mode of a claim are for life, and its size cannot shrink."""
    there = {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in installation.claims}
    for index, settings in enumerate(installation.environment.claims):
        claim = there.get((settings.namespace, settings.name))
        if claim is None:
            continue
        spec, where = claim["spec"], f"field claims[{index}]"
        name = f"{settings.namespace}/{settings.name}"
        cure = "leave it as it is, or make a claim with another name"
        if spec.get("storageClassName") != settings.storage_class:
            yield Problem(
                what=f"claim {name} has the class {spec.get('storageClassName')}, "
                f"which cannot become {settings.storage_class}",
                where=f"{where}.storage_class",
                cure=cure,
            )
        if settings.access_mode not in spec["accessModes"]:
            yield Problem(
                what=f"claim {name} is {', '.join(spec['accessModes'])}, "
                f"which cannot become {settings.access_mode}",
                where=f"{where}.access_mode",
                cure=cure,
            )
        size = spec["resources"]["requests"]["storage"]
        if quantity_in_bytes(settings.size) < quantity_in_bytes(size):
            yield Problem(
                what=f"claim {name} asks for {size}, which cannot become {settings.size}",
                where=f"{where}.size",
                cure=f"write {size}: EFS takes no notice of it",
            )
