"""Breaks that no rehearsal makes: the driver's words for each, and a mount that was made by hand."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import ApiException
from moto import mock_aws

from operations.explanation import Break, Kind, Link, explain, mount_of
from operations.trace import VolumeHandle
from tests.unit.operations.cluster import CLAIMS, EVENTS, VOLUMES, bound_claim, cluster, volume
from tests.unit.rehearsal.account.stacks import aws_client

CLASS = "/apis/storage.k8s.io/v1/storageclasses/efs-sc"
CONTROLLER = "/apis/apps/v1/namespaces/kube-system/deployments/efs-csi-controller"
PODS = "/api/v1/namespaces/airflow/pods"


@pytest.fixture
def efs() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("efs")


def told(answers: dict[str, Any], efs: Any) -> tuple[Break, ...]:
    with cluster({PODS: {"items": []}, EVENTS: {"items": []}, **answers}) as api:
        return explain(api, efs, name="airflow-logs", namespace="airflow").breaks


def failures(*messages: str) -> dict[str, Any]:
    """The events of a claim for which the driver has failed with these words, one after the other."""
    events = [
        {
            "metadata": {},
            "involvedObject": {},
            "reason": "ProvisioningFailed",
            "message": message,
            "lastTimestamp": f"2026-01-01T00:00:{number:02}Z",
        }
        for number, message in enumerate(messages)
    ]
    return {"items": events}


def pending(efs: Any, *messages: str, **parameters: str) -> dict[str, Any]:
    """A claim that waits, of a class of a file system that is there, and the failures in its events."""
    system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    claim = {**bound_claim(), "status": {"phase": "Pending"}}
    del claim["spec"]["volumeName"]
    return {
        f"{CLAIMS}/airflow-logs": claim,
        EVENTS: failures(*messages),
        CONTROLLER: {
            "metadata": {"name": "efs-csi-controller"},
            "spec": {"replicas": 2, "selector": {}, "template": {}},
        },
        CLASS: {
            "metadata": {"name": "efs-sc"},
            "provisioner": "efs.csi.aws.com",
            "parameters": {"fileSystemId": system, **parameters},
        },
    }


RPC = "failed to provision volume with StorageClass efs-sc: rpc error: code = Internal desc = "


@pytest.mark.parametrize(
    ("message", "kind", "link", "cure"),
    [
        (
            "Failed to create Access point in File System fs-1 : Failed to create access point: "
            "AccessPointLimitExceeded: You have reached the maximum number of access points",
            Kind.QUOTA,
            Link.ACCESS_POINT,
            "higher quota",
        ),
        (
            "Failed to locate a free GID for given file system: fs-1. Please create a new storage class",
            Kind.GID_EXHAUSTED,
            Link.ACCESS_POINT,
            "wider gid_range",
        ),
        (
            "File System does not exist: Resource was not found",
            Kind.WRONG_FILE_SYSTEM,
            Link.FILE_SYSTEM,
            "class",
        ),
        (
            "Access Denied. Please ensure you have the right AWS permissions: Access denied",
            Kind.NO_ACCESS,
            Link.DRIVER,
            "driver-role-rights",
        ),
        (
            "WebIdentityErr: failed to retrieve credentials: InvalidIdentityToken: No OpenIDConnect provider",
            Kind.NO_ACCESS,
            Link.DRIVER,
            "oidc-provider-missing",
        ),
        (
            "operation error EFS: failed to refresh cached credentials, no EC2 IMDS role found",
            Kind.NO_ACCESS,
            Link.DRIVER,
            "annotation",
        ),
        (
            "Proposed path '/a' exceeds EFS limit of 100 characters",
            Kind.PATH_TOO_LONG,
            Link.ACCESS_POINT,
            "shorter base_path",
        ),
        ("something nobody has seen", Kind.REFUSED, Link.DRIVER, "logs deployment/efs-csi-controller"),
    ],
)
def test_the_drivers_words_are_explained(efs: Any, message: str, kind: Kind, link: Link, cure: str) -> None:
    (found,) = told(pending(efs, RPC + message, gidRangeStart="1", gidRangeEnd="2"), efs)
    assert (found.kind, found.link) == (kind, link)
    assert cure in found.cure
    assert found.said == f"ProvisioningFailed: {RPC}{message}"


def test_the_newest_failure_counts(efs: Any) -> None:
    (found,) = told(pending(efs, "Access Denied", "Failed to locate a free GID for"), efs)
    assert found.kind is Kind.GID_EXHAUSTED


def test_a_driver_that_has_not_answered_yet_is_given_time(efs: Any) -> None:
    (found,) = told(pending(efs), efs)
    assert found.kind is Kind.DRIVER_SILENT
    assert "wait" in found.cure


def test_a_driver_scaled_to_zero_is_missing_and_scaled_up(efs: Any) -> None:
    answers = pending(efs)
    answers[CONTROLLER]["spec"]["replicas"] = 0
    (found,) = told(answers, efs)
    assert found.kind is Kind.DRIVER_MISSING
    assert "--replicas=2" in found.cure


def elsewhere(efs: Any, *, replicas: int = 2) -> dict[str, Any]:
    """A claim that waits for a driver that is in the namespace storage."""
    answers = pending(efs)
    controller = answers.pop(CONTROLLER)
    controller["metadata"]["namespace"] = "storage"
    controller["spec"]["replicas"] = replicas
    return {**answers, "/apis/apps/v1/deployments": {"items": [controller]}}


def test_a_driver_in_another_namespace_is_there(efs: Any) -> None:
    (found,) = told(elsewhere(efs), efs)
    assert found.kind is Kind.DRIVER_SILENT
    assert "kubectl -n storage logs deployment/efs-csi-controller" in found.cure


def test_a_driver_in_another_namespace_is_scaled_up_there(efs: Any) -> None:
    (found,) = told(elsewhere(efs, replicas=0), efs)
    assert found.kind is Kind.DRIVER_MISSING
    assert "kubectl -n storage scale" in found.cure


def test_the_log_of_a_driver_in_another_namespace_is_there(efs: Any) -> None:
    answers = elsewhere(efs)
    answers[EVENTS] = failures(RPC + "something nobody has seen")
    (found,) = told(answers, efs)
    assert found.kind is Kind.REFUSED
    assert found.cure.startswith("kubectl -n storage logs deployment/efs-csi-controller")


@pytest.mark.parametrize(
    ("message", "cure"),
    [
        (None, "kubectl -n storage get pods -l app=efs-csi-node -o wide"),
        (
            "driver name efs.csi.aws.com not found in the list of registered CSI drivers",
            "-n storage get pods",
        ),
        ("something nobody has seen", "kubectl -n storage logs -l app=efs-csi-node"),
    ],
)
def test_the_nodes_driver_is_looked_for_where_it_is(efs: Any, message: str | None, cure: str) -> None:
    assert cure in unmounted(efs, message, elsewhere(efs)["/apis/apps/v1/deployments"])


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_breaks_nothing(efs: Any, phase: str) -> None:
    assert "get pods" not in unmounted(efs, None, {"items": []}, phase=phase)


def test_whoever_sees_one_namespace_only_is_told_of_kube_system(efs: Any) -> None:
    assert "kubectl -n kube-system get pods" in unmounted(efs, None, {"items": []}, controller=403)


def unmounted(
    efs: Any, message: str | None, deployments: Any, *, controller: int = 404, phase: str = "Pending"
) -> str:
    """The cures for a pod that does not start on a node, which has the driver where there is a message."""
    system = efs.create_file_system(CreationToken="two")["FileSystemId"]
    pod = {
        "metadata": {"name": "worker"},
        "spec": {
            "nodeName": "n1",
            "containers": [],
            "volumes": [{"name": "logs", "persistentVolumeClaim": {"claimName": "airflow-logs"}}],
        },
        "status": {"phase": phase},
    }
    event: dict[str, Any] = {
        "metadata": {},
        "involvedObject": {},
        "reason": "FailedMount",
        "message": message,
    }
    csi_node = {
        "metadata": {"name": "n1"},
        "spec": {"drivers": [{"name": "efs.csi.aws.com", "nodeID": "i-1"}]},
    }
    answers = {
        **bound_to(system),
        PODS: {"items": [pod]},
        "/apis/storage.k8s.io/v1/csinodes/n1": csi_node if message else 404,
        EVENTS: {"items": [event] if message else []},
        CONTROLLER: controller,
        "/apis/apps/v1/deployments": deployments,
    }
    return " ".join(one.cure for one in told(answers, efs))


@pytest.mark.parametrize("answer", [403, 404, {"items": []}])
def test_a_driver_that_is_nowhere_to_be_seen_is_missing(answer: Any, efs: Any) -> None:
    answers = elsewhere(efs)
    (found,) = told({**answers, "/apis/apps/v1/deployments": answer}, efs)
    assert found.kind is Kind.DRIVER_MISSING
    assert found.what.startswith("the driver's controller is not there")


def test_a_claim_without_a_class_is_explained(efs: Any) -> None:
    answers = pending(efs)
    del answers[f"{CLAIMS}/airflow-logs"]["spec"]["storageClassName"]
    (found,) = told(answers, efs)
    assert (found.kind, "no default class" in found.what) == (Kind.CLASS_MISSING, True)


def test_a_claim_that_wants_no_class_is_not_told_of_a_default(efs: Any) -> None:
    answers = pending(efs)
    answers[f"{CLAIMS}/airflow-logs"]["spec"]["storageClassName"] = ""
    (found,) = told(answers, efs)
    assert found.what == "the claim asks for no class, and for a volume that somebody makes by hand"


def naming(efs: Any, storage_class: str, named: Any) -> tuple[Break, ...]:
    """A claim that waits, names the volume pvc-1, and finds this under the name."""
    answers = pending(efs)
    claim = answers[f"{CLAIMS}/airflow-logs"]
    claim["metadata"] = {**claim["metadata"], "uid": "new"}
    claim["spec"] |= {"volumeName": "pvc-1", "storageClassName": storage_class}
    return told({**answers, f"{VOLUMES}/pvc-1": named}, efs)


def claimed(uid: str | None, name: str = "airflow-logs") -> dict[str, Any]:
    """A volume that is reserved for a claim."""
    made = volume("fs-1::fsap-1")
    made["spec"]["claimRef"] = {"namespace": "airflow", "name": name, "uid": uid}
    return made


@pytest.mark.parametrize("storage_class", ["", "efs-sc"])
def test_a_claim_that_names_a_volume_that_is_not_there_waits_for_it(efs: Any, storage_class: str) -> None:
    (found,) = naming(efs, storage_class, 404)
    assert (found.kind, found.link) == (Kind.VOLUME_MISSING, Link.VOLUME)
    assert found.what == "the claim names the volume pvc-1, which is not there"


def test_a_volume_that_is_kept_for_a_claim_that_is_gone_is_set_free(efs: Any) -> None:
    (found,) = naming(efs, "efs-sc", claimed("old"))
    assert (found.kind, found.link) == (Kind.VOLUME_TAKEN, Link.VOLUME)
    assert (
        'kubectl patch pv pvc-1 --type json -p \'[{"op":"remove","path":"/spec/claimRef/uid"}]\''
        in found.cure
    )


def test_a_volume_of_another_claim_is_taken(efs: Any) -> None:
    (found,) = naming(efs, "efs-sc", claimed("other", "theirs"))
    assert found.kind is Kind.VOLUME_TAKEN
    assert "airflow/theirs" in found.what
    assert "kubectl patch" not in found.cure


@pytest.mark.parametrize("uid", [None, "new"])
def test_a_volume_that_is_the_claims_own_is_waited_for(efs: Any, uid: str | None) -> None:
    (found,) = naming(efs, "efs-sc", claimed(uid))
    assert found.kind is Kind.DRIVER_SILENT


def test_a_claim_that_has_lost_its_volume_is_explained(efs: Any) -> None:
    lost = {**bound_claim(), "status": {"phase": "Lost"}}
    (found,) = told({f"{CLAIMS}/airflow-logs": lost}, efs)
    assert found.kind is Kind.VOLUME_MISSING


def bound_to(handle: str, **other: str) -> dict[str, Any]:
    return {f"{CLAIMS}/airflow-logs": bound_claim(), f"{VOLUMES}/pvc-1": volume(handle, **other)}


def test_a_volume_that_is_gone_is_explained(efs: Any) -> None:
    (found,) = told({f"{CLAIMS}/airflow-logs": bound_claim()}, efs)
    assert found.kind is Kind.VOLUME_MISSING


def test_a_volume_of_another_driver_and_a_handle_that_is_none_are_explained(efs: Any) -> None:
    (found,) = told(bound_to("vol-1", driver="ebs.csi.aws.com"), efs)
    assert found.kind is Kind.VOLUME_OF_ANOTHER_DRIVER
    (found,) = told(bound_to("nonsense"), efs)
    assert found.kind is Kind.WRONG_HANDLE


def test_a_file_system_without_any_mount_target_is_explained(efs: Any) -> None:
    system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    (found,) = told(bound_to(system), efs)
    assert (found.kind, found.link) == (Kind.MISSING_MOUNT_TARGET, Link.MOUNT_TARGET)


def test_a_handle_made_of_two_halves_is_explained(efs: Any) -> None:
    one, other = (efs.create_file_system(CreationToken=token)["FileSystemId"] for token in ("one", "other"))
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    efs.create_mount_target(FileSystemId=one, SubnetId=subnet)
    point = efs.create_access_point(ClientToken="one", FileSystemId=other)["AccessPointId"]
    (found,) = told(bound_to(f"{one}::{point}"), efs)
    assert (found.kind, found.link) == (Kind.WRONG_FILE_SYSTEM, Link.ACCESS_POINT)
    assert f"{other}::{point}" in found.cure


def test_a_cluster_that_refuses_is_no_break(efs: Any) -> None:
    with pytest.raises(ApiException):
        told({f"{CLAIMS}/airflow-logs": 403}, efs)


@pytest.mark.parametrize(
    ("handle", "mount_options", "attributes", "options", "tls"),
    [
        ("fs-1::fsap-2", ["tls"], {}, ("accesspoint=fsap-2", "tls"), True),
        ("fs-1::fsap-2", None, {"encryptInTransit": "false"}, ("accesspoint=fsap-2", "tls"), True),
        ("fs-1", None, {}, ("tls",), True),
        ("fs-1", None, {"encryptInTransit": "false"}, (), False),
        ("fs-1", ["tls", "iam"], {}, ("tls", "iam"), True),
    ],
)
def test_a_mount_is_described_as_the_driver_makes_it(
    handle: str,
    mount_options: list[str] | None,
    attributes: dict[str, str],
    options: tuple[str, ...],
    tls: bool,
) -> None:
    spec = {"csi": {"volumeAttributes": attributes}, "mountOptions": mount_options}
    mount = mount_of({"spec": spec}, VolumeHandle.parse(handle))
    assert (mount.source, mount.options, mount.tls) == ("fs-1:/", options, tls)
    assert ("127.0.0.1" in mount.on_node) is tls
