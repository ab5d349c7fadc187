"""Environments in which every setting of the file system and the network has a value of its own."""

from typing import Any

import yaml

from settings import Environment
from tests.unit.conftest import ENVIRONMENTS

ROLE = "arn:aws:iam::123456789012:role/repair"
REPLICA_KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/0c5f6b7e-1111-2222-3333-444455556666"

NEW: dict[str, Any] = {
    "name": "logs",
    "security_group_name": "logs-nfs",
    "nfs_clients": {
        "security_groups": ["nodes", "sg-0f1b2c3d4e5f60718"],
        "cidrs": ["10.0.0.0/8"],
        "public_cidrs": ["52.95.0.0/16"],
        "prefix_lists": ["pl-0a1b2c3d4e5f60718"],
        "rules_quota": 100,
    },
    "performance_mode": "maxIO",
    "throughput": "provisioned",
    "provisioned_throughput": 64,
    "encryption_key": "new",
    "lifecycle": {
        "infrequent_access_after_days": 7,
        "archive_after_days": None,
        "primary_on_first_access": False,
    },
    "backups": False,
    "backup_plan": {
        "name": "logs",
        "schedule": "cron(30 3 ? * SUN *)",
        "retention_days": 400,
        "cold_storage_after_days": 60,
        "new_vault": "logs",
    },
    "replication": {
        "region": "ap-northeast-1",
        "encryption_key": REPLICA_KEY,
        "availability_zone": "ap-northeast-1c",
    },
    "iam_authorization": True,
    "policy": {
        "root_access": "denied",
        "root_access_roles": [ROLE],
        "statements": [
            {
                "sid": "OnlyFromThisVpc",
                "effect": "Deny",
                "principals": ["*"],
                "actions": ["elasticfilesystem:Client*"],
                "conditions": {"StringNotEquals": {"aws:SourceVpc": "vpc-0f6e5d4c3b2a19087"}},
            }
        ],
    },
    "tags": {"tier": "logs"},
}
"""All that goes together. One zone, deletion and an existing file system are apart."""

ONE_ZONE: dict[str, Any] = {
    "name": "scratch",
    "availability_zone": "ap-northeast-2b",
    "backups": False,
    "removal": "destroy",
    "removal_confirmation": "scratch",
}

EXISTING: dict[str, Any] = {
    "existing": {
        "id": "fs-0a1b2c3d4e5f60718",
        "security_group": "sg-0e1b2c3d4e5f60718",
        "make_mount_targets": True,
        "add_client_rules": True,
    },
    "nfs_clients": {
        "security_groups": ["nodes", "sg-0f1b2c3d4e5f60718"],
        "cidrs": ["10.0.0.0/8"],
        "prefix_lists": ["pl-0a1b2c3d4e5f60718"],
    },
    "iam_authorization": True,
}

HANDLER_NETWORK = {
    "subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"],
    "security_group": "sg-0d1b2c3d4e5f60718",
}


def written_with(file_system: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    """What the file of worked example B says, with another file system and other fields of its cluster."""
    content: dict[str, Any] = yaml.safe_load(
        (ENVIRONMENTS / "dynamic-provisioning.yaml").read_text(encoding="utf-8")
    )
    content["file_system"] = file_system
    content["cluster"] |= cluster
    if file_system.get("iam_authorization"):
        content["storage_classes"][0]["mount_options"] = ["tls", "iam"]
    return content


def environment_with(file_system: dict[str, Any], **cluster: Any) -> Environment:
    """The environment of that file."""
    return Environment.named("other", written_with(file_system, **cluster))


def every_setting() -> Environment:
    """Every setting of the area that goes with a regional file system of the stack's own."""
    zones = [f"ap-northeast-2{letter}" for letter in "abcd"]
    return environment_with(NEW, handler_network=HANDLER_NETWORK, node_zones=zones)


def one_zone() -> Environment:
    """A file system in one zone that goes with the stack."""
    subnet = {"id": "subnet-06b29f0c4d71e8a53", "availability_zone": "ap-northeast-2b"}
    return environment_with(ONE_ZONE, subnets=[subnet], node_zones=["ap-northeast-2b"])


def existing(**changes: bool) -> Environment:
    """A file system that exists already; `changes` are for its own fields."""
    settings = {**EXISTING, "existing": {**EXISTING["existing"], **changes}}
    if not settings["existing"]["add_client_rules"]:
        del settings["nfs_clients"]
    return environment_with(settings)
