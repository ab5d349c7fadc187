"""What the cluster's own API says, as far as it may be read."""

from typing import Any

from operations.discovery.cluster_view import read_view, view_cluster
from operations.discovery.file_systems import read_storage_classes
from tests.unit.operations.cluster import cluster

NODES = {
    "items": [
        {"metadata": {"name": "one"}, "spec": {"providerID": "aws:///ap-northeast-2a/i-0abc"}},
        {"metadata": {"name": "two"}, "spec": {"providerID": "aws:///ap-northeast-2a/x/fargate-ip-10-0-0-1"}},
        {"metadata": {"name": "three"}, "spec": {}},
    ]
}
CLASSES = {
    "items": [
        {
            "metadata": {"name": "efs"},
            "provisioner": "efs.csi.aws.com",
            "parameters": {"fileSystemId": "fs-1", "basePath": "/x"},
        },
        {"metadata": {"name": "gp3"}, "provisioner": "ebs.csi.aws.com"},
    ]
}
ANSWERS: dict[str, Any] = {
    "/version/": dict.fromkeys(
        (
            "major",
            "minor",
            "buildDate",
            "compiler",
            "gitCommit",
            "gitTreeState",
            "gitVersion",
            "goVersion",
            "platform",
        ),
        "1",
    ),
    "/api/v1/nodes": NODES,
    "/apis/storage.k8s.io/v1/storageclasses": CLASSES,
    "/apis/karpenter.k8s.aws/v1/ec2nodeclasses": {"items": [{"metadata": {"name": "default"}}]},
}


def test_nodes_on_ec2_and_on_fargate_are_told_apart() -> None:
    with cluster(ANSWERS) as api:
        view = read_view(api)
    assert view.instance_ids == ("i-0abc",)
    assert view.fargate_nodes == 1
    assert [one["metadata"]["name"] for one in view.node_classes] == ["default"]


def test_only_classes_of_efs_are_its_classes() -> None:
    with cluster(ANSWERS) as api:
        classes = read_storage_classes(read_view(api))
    assert classes is not None
    assert [(one.name, one.file_system_id, one.base_path) for one in classes] == [("efs", "fs-1", "/x")]


def test_what_is_not_there_is_empty_and_what_is_refused_is_not_seen() -> None:
    with cluster({**ANSWERS, "/apis/storage.k8s.io/v1/storageclasses": 403}) as api:
        view = read_view(api)
    assert view.csi_driver == {}
    assert read_storage_classes(view) is None
    assert [one.what for one in view.unseen] == ["StorageClasses of the cluster"]


DEPLOYMENT = {
    "metadata": {"name": "efs-csi-controller", "namespace": "storage"},
    "spec": {"selector": {}, "template": {"spec": {"serviceAccountName": "efs", "containers": []}}},
}
ELSEWHERE: dict[str, Any] = {
    **ANSWERS,
    "/apis/storage.k8s.io/v1/csidrivers/efs.csi.aws.com": {
        "metadata": {"name": "efs.csi.aws.com"},
        "spec": {},
    },
    "/apis/apps/v1/deployments": {"items": [DEPLOYMENT]},
    "/apis/apps/v1/namespaces/storage/daemonsets/efs-csi-node": {
        "metadata": {"name": "efs-csi-node"},
        "spec": {"selector": {}, "template": {}},
    },
    "/api/v1/namespaces/storage/serviceaccounts/efs": {"metadata": {"name": "efs"}},
}


def test_a_driver_in_another_namespace_is_found_with_its_service_account() -> None:
    with cluster(ELSEWHERE) as api:
        view = read_view(api)
    assert view.controller_account_name == ("storage", "efs")
    for found, name in (
        (view.controller, "efs-csi-controller"),
        (view.node_plugin, "efs-csi-node"),
        (view.controller_account, "efs"),
    ):
        assert found is not None
        assert found["metadata"]["name"] == name
    assert view.unseen == []


def test_a_driver_in_kube_system_is_the_one_that_counts() -> None:
    here = {**DEPLOYMENT, "metadata": {"name": "efs-csi-controller", "namespace": "kube-system"}}
    path = "/apis/apps/v1/namespaces/kube-system/deployments/efs-csi-controller"
    with cluster({**ELSEWHERE, path: here}) as api:
        assert read_view(api).controller_account_name == ("kube-system", "efs")


def test_without_the_drivers_object_nobody_looks_further() -> None:
    answers = {**ANSWERS, "/apis/apps/v1/deployments": 403}
    with cluster(answers) as api:
        view = read_view(api)
    assert (view.controller, view.unseen) == ({}, [])
    assert view.controller_account_name == ("kube-system", "efs-csi-controller-sa")


def test_a_cluster_that_lets_nobody_in_is_one_thing_not_seen() -> None:
    with cluster({"/version/": 401}) as api:
        view = read_view(api)
    (unseen,) = view.unseen
    assert unseen.why.startswith("the API server does not let the caller in: 401")


def test_a_cluster_that_is_not_reached_is_one_thing_not_seen(monkeypatch: Any) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    described = {"name": "c", "endpoint": "https://127.0.0.1:9", "certificateAuthority": {"data": ""}}
    (unseen,) = view_cluster(described, "ap-northeast-2").unseen
    assert "everything in the cluster" in unseen.what
