"""trace() against canned answers of a cluster and EFS in moto."""

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from operations.trace import TraceError, trace
from tests.unit.operations.cluster import CLAIMS, EVENTS, VOLUMES, bound_claim, client, cluster, volume
from tests.unit.rehearsal.account.stacks import aws_client


@pytest.fixture
def efs() -> Iterator[Any]:
    with mock_aws():
        yield aws_client("efs")


def refusal(answers: dict[str, Any], efs: Any) -> str:
    with cluster(answers) as api, pytest.raises(TraceError) as caught:
        trace(api, efs, name="airflow-logs", namespace="airflow")
    return str(caught.value)


def with_volume(handle: str, **other: str) -> dict[str, Any]:
    return {f"{CLAIMS}/airflow-logs": bound_claim(), f"{VOLUMES}/pvc-1": volume(handle, **other)}


def test_the_chain_has_every_link_and_its_mount_targets_in_the_order_of_their_zones(efs: Any) -> None:
    file_system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    access_point = efs.create_access_point(ClientToken="one", FileSystemId=file_system)["AccessPointId"]
    subnets = aws_client("ec2").describe_subnets()["Subnets"]
    for subnet in sorted(subnets, key=lambda one: one["AvailabilityZone"], reverse=True):
        efs.create_mount_target(FileSystemId=file_system, SubnetId=subnet["SubnetId"])
    with cluster(with_volume(f"{file_system}::{access_point}")) as api:
        chain = trace(api, efs, name="airflow-logs", namespace="airflow")
    assert chain.claim["metadata"]["name"] == "airflow-logs"
    assert chain.volume["metadata"]["name"] == "pvc-1"
    assert chain.file_system["FileSystemId"] == file_system
    assert chain.access_point is not None
    assert chain.access_point["AccessPointId"] == access_point
    zones = [target["AvailabilityZoneName"] for target in chain.mount_targets]
    assert zones == sorted({subnet["AvailabilityZone"] for subnet in subnets})


def test_a_volume_without_an_access_point_has_a_chain_without_one(efs: Any) -> None:
    file_system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    with cluster(with_volume(file_system)) as api:
        chain = trace(api, efs, name="airflow-logs", namespace="airflow")
    assert chain.access_point is None
    assert chain.mount_targets == ()


def test_a_claim_that_does_not_exist_is_said_to_be_missing(efs: Any) -> None:
    assert refusal({}, efs) == "there is no claim airflow-logs in namespace airflow"


def test_a_pending_claim_is_reported_with_the_words_of_its_last_events(efs: Any) -> None:
    pending = {**bound_claim(), "status": {"phase": "Pending"}}
    events = [
        {"metadata": {}, "involvedObject": {}, "reason": f"Reason{number}", "message": f"message {number}"}
        for number in range(5)
    ]
    answers = {f"{CLAIMS}/airflow-logs": pending, EVENTS: {"items": events}}
    assert refusal(answers, efs) == (
        "claim airflow/airflow-logs is Pending, not Bound. "
        "Reason2: message 2; Reason3: message 3; Reason4: message 4"
    )


def test_a_pending_claim_without_events_says_so(efs: Any) -> None:
    pending = {**bound_claim(), "status": {"phase": "Pending"}}
    answers = {f"{CLAIMS}/airflow-logs": pending, EVENTS: {"items": []}}
    assert refusal(answers, efs) == "claim airflow/airflow-logs is Pending, not Bound. it has no events"


def test_a_volume_that_is_gone_is_named(efs: Any) -> None:
    answers = {f"{CLAIMS}/airflow-logs": bound_claim()}
    assert refusal(answers, efs) == "claim airflow/airflow-logs names the volume pvc-1, which is gone"


def test_a_volume_of_another_driver_is_refused(efs: Any) -> None:
    answers = with_volume("vol-1", driver="ebs.csi.aws.com")
    assert refusal(answers, efs) == "volume pvc-1 of claim airflow/airflow-logs is not of efs.csi.aws.com"


def test_a_volume_without_csi_is_refused(efs: Any) -> None:
    static = {"metadata": {"name": "pvc-1"}, "spec": {"nfs": {"server": "nas", "path": "/"}}}
    answers = {f"{CLAIMS}/airflow-logs": bound_claim(), f"{VOLUMES}/pvc-1": static}
    assert refusal(answers, efs) == "volume pvc-1 of claim airflow/airflow-logs is not of efs.csi.aws.com"


def test_a_missing_file_system_is_reported_in_the_words_of_the_service(efs: Any) -> None:
    message = refusal(with_volume("fs-1::fsap-2"), efs)
    assert re.fullmatch(
        r"volume pvc-1 names fs-1::fsap-2, but An error occurred \(FileSystemNotFound\) .*fs-1.*", message
    )


def test_a_missing_access_point_is_reported_in_the_words_of_the_service(efs: Any) -> None:
    file_system = efs.create_file_system(CreationToken="one")["FileSystemId"]
    message = refusal(with_volume(f"{file_system}::fsap-2"), efs)
    assert re.fullmatch(
        rf"volume pvc-1 names {file_system}::fsap-2, "
        r"but An error occurred \(AccessPointNotFound\) .*fsap-2.*",
        message,
    )


def test_a_cluster_that_refuses_is_one_message(efs: Any) -> None:
    answers = {f"{CLAIMS}/airflow-logs": 403}
    assert refusal(answers, efs) == "the cluster refuses to be read: 403 Forbidden"


def test_a_cluster_that_does_not_answer_is_one_message(efs: Any) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        api = client(nobody.getsockname()[1])
        with pytest.raises(TraceError, match=r"^the cluster does not answer: .*127\.0\.0\.1"):
            trace(api, efs, name="airflow-logs", namespace="airflow")
