"""What a pod's words mean."""

from typing import Any

import pytest

from operations.prove.pods import Part, Run, claim_manifest, pod_manifest
from operations.prove.report import Outcome, ProveReport, Tls, Zone, overall
from operations.prove.verdict import tls_of, verdict

READER = Part(role="reader", zone="ap-northeast-2b")
WRITER = Part(role="writer", zone="ap-northeast-2a")
SAID = (
    "source=127.0.0.1:/\ntype=nfs4\noptions=rw,vers=4.1,noresvport,addr=127.0.0.1\n"
    "content=same\nowner=1000:1000\nappend_seconds=1\ndone=yes\n"
)


def pod(said: str | None = SAID, *, status: int = 0, phase: str | None = None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"phase": phase or ("Succeeded" if status == 0 else "Failed"), **more}
    if said is not None:
        terminated = {"exitCode": status, "message": said, "reason": "Error"}
        found["containerStatuses"] = [{"state": {"terminated": terminated}}]
    return {"metadata": {"name": "p"}, "spec": {"nodeName": "node-b"}, "status": found}


def judged(one: dict[str, Any], *, part: Part = READER, refuses: bool | None = True, why: str = "") -> Zone:
    return verdict(part, one, owner="1000:1000", refuses_without_tls=refuses, why_pending=why)


def test_a_reader_that_found_everything_is_proven() -> None:
    zone = judged(pod())
    assert zone == Zone(
        zone="ap-northeast-2b",
        role="reader",
        outcome=Outcome.PROVEN,
        node="node-b",
        content=True,
        owner="1000:1000",
        append_seconds=1,
        source="127.0.0.1:/",
        options=("rw", "vers=4.1", "noresvport", "addr=127.0.0.1"),
        tls=Tls.PROVEN,
    )


def test_a_writer_has_no_word_about_content() -> None:
    zone = judged(pod(), part=WRITER)
    assert (zone.content, zone.outcome) == (None, Outcome.PROVEN)


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (SAID.replace("done=yes\n", "error=cannot append\n"), "cannot append"),
        (SAID.replace("done=yes\n", ""), "the script ended with status 1, reason Error"),
        (SAID.replace("1000:1000", "0:0"), "the file belongs to 0:0, the access point says 1000:1000"),
        (SAID.replace("127.0.0.1:/", "10.30.0.4:/"), "without TLS"),
        ("content=same\nowner=1000:1000\ndone=yes\n", "the mount table has no line for the volume"),
        ("", "the script ended with status 1"),
    ],
)
def test_a_fault_fails_the_zone_and_is_said(message: str, detail: str) -> None:
    zone = judged(pod(message, status=1))
    assert zone.outcome is Outcome.FAILED
    assert detail in zone.detail


def test_a_wrong_owner_fails_also_where_the_script_succeeded() -> None:
    assert judged(pod(SAID.replace("1000:1000", "0:0"))).outcome is Outcome.FAILED


def test_a_mount_without_noresvport_is_noted_and_does_not_fail() -> None:
    zone = judged(pod(SAID.replace("noresvport,", "")))
    assert zone.outcome is Outcome.PROVEN
    assert "noresvport" in zone.detail


def test_a_pod_that_never_ran_proves_nothing_and_says_why() -> None:
    zone = judged(pod(None, phase="Pending"), why="FailedScheduling: no node")
    assert zone.outcome is Outcome.NOT_PROVEN
    assert zone.detail == "the pod never ran: FailedScheduling: no node"
    assert zone.tls is Tls.UNKNOWN


def test_a_pod_that_was_not_done_in_time_has_failed() -> None:
    assert judged(pod(None, phase="Running")).outcome is Outcome.FAILED


def test_a_pod_that_kubernetes_ended_has_failed_with_its_reason() -> None:
    zone = judged(pod(None, phase="Failed", reason="DeadlineExceeded", message="too long"))
    assert zone.outcome is Outcome.FAILED
    assert zone.detail == "DeadlineExceeded: too long"


@pytest.mark.parametrize(
    ("source", "refuses", "tls"),
    [
        ("127.0.0.1:/", True, Tls.PROVEN),
        ("localhost:/", True, Tls.PROVEN),
        ("[::1]:/", True, Tls.PROVEN),
        ("127.0.0.1:/", False, Tls.LIKELY),
        ("127.0.0.1:/", None, Tls.LIKELY),
        ("10.0.0.4:/", True, Tls.NO),
        ("fs-1.efs.ap-northeast-2.amazonaws.com:/", True, Tls.NO),
        (None, True, Tls.UNKNOWN),
    ],
)
def test_tls_is_proven_by_the_proxy_and_the_policy_together(
    source: str | None, refuses: bool | None, tls: Tls
) -> None:
    assert tls_of(source, refuses_without_tls=refuses) is tls


@pytest.mark.parametrize(
    ("outcomes", "whole", "status"),
    [
        ([Outcome.PROVEN, Outcome.PROVEN], Outcome.PROVEN, 0),
        ([Outcome.PROVEN, Outcome.NO_NODE], Outcome.PROVEN, 0),
        ([Outcome.PROVEN, Outcome.NOT_PROVEN], Outcome.NOT_PROVEN, 4),
        ([Outcome.NOT_PROVEN, Outcome.FAILED], Outcome.FAILED, 3),
        ([Outcome.NO_NODE], Outcome.NOT_PROVEN, 4),
    ],
)
def test_the_whole_is_as_good_as_its_worst_zone(outcomes: list[Outcome], whole: Outcome, status: int) -> None:
    zones = tuple(Zone(zone=f"z{n}", role="reader", outcome=one) for n, one in enumerate(outcomes))
    report = ProveReport(
        environment="prod",
        namespace="default",
        claim="c",
        own_claim=True,
        storage_class="efs-sc",
        claim_bound=True,
        outcome=overall(zones),
        zones=zones,
        breaks=(),
        removed=(),
        left_behind=(),
    )
    assert (report.outcome, report.status) == (whole, status)


RUN = Run(
    id="abc",
    token="words",
    namespace="airflow",
    claim="airflow-logs",
    image="busybox",
    seconds=60,
    parts=[WRITER, READER, Part(role="reader", zone="ap-northeast-2c")],
)


def test_a_pod_may_do_nothing_but_use_the_volume() -> None:
    spec = pod_manifest(RUN, READER)["spec"]
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"] == {"cpu": "100m", "memory": "64Mi"}


def test_a_pod_is_ended_by_kubernetes_when_it_takes_too_long_and_never_restarted() -> None:
    spec = pod_manifest(RUN, READER)["spec"]
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("Never", 120)


def test_the_writer_knows_every_reader() -> None:
    (container,) = pod_manifest(RUN, WRITER)["spec"]["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables["READERS"] == "ap-northeast-2b ap-northeast-2c"


def test_everything_carries_the_label_of_the_run_and_the_time_of_its_end() -> None:
    for manifest in (pod_manifest(RUN, WRITER), claim_manifest(RUN, storage_class="efs-sc")):
        assert manifest["metadata"]["labels"]["airflow-efs/prove"] == "abc"
        assert manifest["metadata"]["annotations"]["airflow-efs/expires"]
