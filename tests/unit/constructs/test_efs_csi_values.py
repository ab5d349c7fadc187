"""The values of the driver's chart; a wrong key would have no effect, so each is looked up."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from airflow_efs.efs_csi_installation import Controller, HelmInstallation, Node
from airflow_efs.efs_csi_values import addon_configuration, chart_values

CHART_KEYS = Path(__file__).with_name("driver_chart_keys.txt")
ROLES = ("arn:aws:iam::123456789012:role/controller", "arn:aws:iam::123456789012:role/node")
TOLERATION = {"key": "team", "operator": "Exists"}
EVERYTHING: dict[str, Any] = {
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
    "node_selector": {"team": "data"},
    "tolerations": [TOLERATION],
}


def installation(**said: Any) -> HelmInstallation:
    return HelmInstallation(version="4.4.1", repository="https://charts.example.com/", **said)


def values(*, controller: Controller | None = None, node: Node | None = None, **said: Any) -> dict[str, Any]:
    return chart_values(
        installation(**said),
        controller=controller or Controller(),
        node=node or Node(),
        role_arns=ROLES,
        identity="irsa",
    )


def keys(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, inner in value.items():
        yield f"{prefix}{key}"
        if isinstance(inner, Mapping):
            yield from keys(inner, f"{prefix}{key}.")


def known_keys() -> set[str]:
    leaves = [line for line in CHART_KEYS.read_text().splitlines() if not line.startswith("#")]
    return {".".join(leaf.split(".")[:depth]) for leaf in leaves for depth in range(1, leaf.count(".") + 2)}


# What the chart hands on to Kubernetes as it is, so that it cannot know the keys in it.
HANDED_ON = (
    ".resources.",
    ".nodeSelector.",
    ".podAnnotations.",
    ".annotations.",
    ".additionalLabels.",
    ".tags.",
)


def test_every_value_is_one_of_the_charts() -> None:
    written = values(
        controller=Controller(replicas=3, **EVERYTHING),
        node=Node(**EVERYTHING),
        image_registry="mirror.example/aws",
        metrics=True,
        kube_api_qps=100,
        worker_threads=50,
        timeout_seconds=60,
        keep=True,
        access_point_tags={"team": "data"},
    )
    mine = {
        key
        for key in keys(written)
        if not any(part in f"{key}." and not key.endswith(part[:-1]) for part in HANDED_ON)
    }
    assert {
        "controller.enableMetrics",
        "controller.tags",
        "controller.timeout",
        "sidecars.csiProvisioner.additionalArgs",
    } <= mine
    assert mine - known_keys() == set()


def test_a_wrong_key_would_be_found() -> None:
    assert "controller.replicaCount" in known_keys()
    assert "replicaCount" not in known_keys()


def test_what_is_not_said_is_left_to_the_chart() -> None:
    def account(name: str, role: str) -> dict[str, Any]:
        return {
            "serviceAccount": {
                "create": True,
                "name": name,
                "annotations": {"eks.amazonaws.com/role-arn": role},
            },
            "podAnnotations": {"airflow-efs/identity": "irsa", "airflow-efs/role": role},
        }

    assert values() == {
        "controller": account("efs-csi-controller-sa", ROLES[0]),
        "node": account("efs-csi-node-sa", ROLES[1]),
    }


def test_pod_identity_annotates_no_service_account_and_makes_new_pods() -> None:
    written = chart_values(
        installation(), controller=Controller(), node=Node(), role_arns=ROLES, identity="pod-identity"
    )
    for part in ("controller", "node"):
        assert "annotations" not in written[part]["serviceAccount"]
        assert written[part]["podAnnotations"]["airflow-efs/identity"] == "pod-identity"


def test_every_image_comes_from_the_mirror() -> None:
    written = values(image_registry="mirror.example/aws")
    sidecars = {name: value["image"]["repository"] for name, value in written["sidecars"].items()}
    assert written["image"]["repository"] == "mirror.example/aws/efs-csi-driver/amazon/aws-efs-csi-driver"
    assert sidecars == {
        "livenessProbe": "mirror.example/aws/csi-components/livenessprobe",
        "nodeDriverRegistrar": "mirror.example/aws/csi-components/csi-node-driver-registrar",
        "csiProvisioner": "mirror.example/aws/csi-components/csi-provisioner",
    }


def test_a_faster_provisioner_may_burst() -> None:
    arguments = values(kube_api_qps=100)["sidecars"]["csiProvisioner"]["additionalArgs"]
    assert arguments == ["--kube-api-qps=100", "--kube-api-burst=200"]


def test_a_chart_that_stays_is_labelled_and_makes_no_new_pods() -> None:
    kept, usual = values(keep=True), values()
    assert kept["controller"].pop("additionalLabels") == {"airflow-efs/removal": "retain"}
    assert kept == usual


def test_threads_and_timeout_are_the_provisioners() -> None:
    controller = values(worker_threads=50, timeout_seconds=60)["controller"]
    assert (controller["workerThreads"], controller["timeout"]) == (50, "60s")


@pytest.mark.parametrize("part", ["controller", "node"])
def test_the_startup_taint_is_always_tolerated(part: str) -> None:
    said = {"controller": Controller(**EVERYTHING), "node": Node(**EVERYTHING)}
    written = values(controller=said["controller"], node=said["node"])  # type: ignore[arg-type]
    assert written[part]["tolerations"] == [
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
        {"key": "efs.csi.aws.com/agent-not-ready", "operator": "Exists"},
        TOLERATION,
    ]


def test_the_add_on_is_configured_with_what_differs_only() -> None:
    assert addon_configuration(controller=Controller(), node=Node()) == {}
    configuration = addon_configuration(
        controller=Controller(replicas=3), node=Node(node_selector={"a": "b"})
    )
    assert configuration == {"controller": {"replicaCount": 3}, "node": {"nodeSelector": {"a": "b"}}}
