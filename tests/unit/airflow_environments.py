"""Environments with Airflow: one that says the least, and a matrix of what can be said."""

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from settings import Environment
from settings.merging import merged
from tests.unit.conftest import ENVIRONMENTS

LEAST: Mapping[str, Any] = {
    "logs": {"storage_class": "efs-airflow"},
    "database": {"secret": "airflow-database"},
    "broker": {"secret": "airflow-broker"},
}

_GIT = {"repository": "https://git.example.com/data/dags.git", "sub_path": "dags"}

MATRIX: Mapping[str, Mapping[str, Any]] = {
    "least": {},
    "trial": {
        "database": {"bundled": {"storage_class": "gp3"}},
        "broker": {"bundled": {"storage_class": "gp3", "size": "1Gi"}},
    },
    "results-elsewhere": {"database": {"secret": "db", "result_backend_secret": "results"}},
    "existing-claim": {"logs": {"existing_claim": "shared-logs"}},
    "sets": {
        "workers": {
            "queues": ["default", "small"],
            "minimum": 1,
            "maximum": 40,
            "zone_spread": "required",
            "resources": {"cpu": "500m", "memory": "2Gi"},
            "node_selector": {"pool": "workers"},
            "sets": [
                {"name": "highmem", "queues": ["highmem"], "resources": {"memory": "16Gi"}},
                {"name": "gpu", "queues": ["gpu", "train"], "node_selector": {"pool": "gpu"}, "maximum": 2},
            ],
        },
    },
    "git-bundle": {"dags": {"git": {**_GIT, "secret": "git"}}},
    "git-sync": {"dags": {"git": {**_GIT, "by": "git-sync", "secret": "git"}}},
    "git-sync-by-ssh": {
        "dags": {
            "git": {"repository": "git@git.example.com:data/dags.git", "by": "git-sync", "secret": "git"}
        }
    },
    "dags-on-a-volume": {"dags": {"claim": "dags"}},
    "generated-keys": {"secrets": {"source": "generated", "store": {"name": "aws"}}},
    "kept-keys": {"secrets": {"source": "kept", "store": {"name": "aws", "kind": "SecretStore"}}},
    "ingress": {
        "ingress": {"host": "airflow.example.com", "class_name": "nginx", "tls_secret": "airflow-tls"},
        "admin": {"email": "platform@example.com", "password_secret": "airflow-admin"},
    },
    "roles": {
        "permissions": {
            "task_policies": [
                "arn:aws:iam::123456789012:policy/tasks",
                "arn:aws:iam::aws:policy/AmazonAthenaFullAccess",
            ],
            "remote_logging": {"bucket": "example-logs"},
        },
    },
    "pod-identity": {
        "permissions": {"identity": "pod-identity", "remote_logging": {"bucket": "example-logs"}},
    },
    "values-only": {"install": "values", "keda": {"install": "existing"}, "monitoring": None},
    "own-values": {
        "values": {
            "images": {"airflow": {"repository": "registry.example.com/airflow", "tag": "3.2.2-1"}},
            "workers": {"celery": {"extraVolumes": [{"name": "scratch", "emptyDir": {}}]}},
            "triggerer": {"resources": {"requests": {"cpu": "200m"}}},
            "config": {"core": {"parallelism": 64}},
        },
    },
}
"""What each environment says besides LEAST; a whole section takes the place of that in LEAST."""


def environment(airflow: Mapping[str, Any], *, name: str = "prod", **rest: Any) -> Environment:
    """The environment of the worked example, with this said of Airflow besides LEAST."""
    fields = yaml.safe_load((ENVIRONMENTS / "airflow-demo.yaml").read_text(encoding="utf-8"))
    fields["airflow"] = {**copy.deepcopy(dict(LEAST)), **copy.deepcopy(dict(airflow))}
    return Environment.named(name, merged(fields, rest))


def of_matrix(name: str) -> Environment:
    """An environment of the matrix."""
    return environment(MATRIX[name])
