"""What of the doctor no rehearsal shows: the rules of single checks, and how an examination goes on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from operations.class_fields import class_fields
from operations.doctor.checks.network import _acl_lets_in, target_states
from operations.doctor.examination import examine
from operations.doctor.installation import Installation, NotThereError
from operations.doctor.once import Once
from operations.doctor.registry import Check, When, all_checks, check
from operations.findings import Problem, Severity
from settings import load_environment
from tests.unit.templates import chart_values, storage_classes

ENVIRONMENTS = Path(__file__).parents[3] / "environments"


class AnInstallation(Installation):
    """One whose readings are given, so that nothing is called."""

    def __init__(self, **readings: Any) -> None:
        super().__init__(load_environment("dynamic-provisioning", ENVIRONMENTS))
        for name, value in {"outputs": {}, **readings}.items():
            self.__dict__[f"_once_{name}"] = (value, None)


def raising(error: Exception, check_id: str = "some-check") -> Check:
    def run(_: Installation) -> Iterator[Problem]:
        raise error
        yield

    return Check(id=check_id, severity=Severity.ERROR, asks="?", when=When.ALWAYS, run=run)


def test_a_mount_target_that_is_being_made_is_found() -> None:
    target = {"MountTargetId": "fsmt-1", "LifeCycleState": "creating"}
    available = {"MountTargetId": "fsmt-2", "LifeCycleState": "available"}
    (problem,) = target_states(AnInstallation(mount_targets={"zone-a": target, "zone-b": available}))
    assert problem.what == "the mount target in zone-a is creating"
    assert problem.where == "fsmt-1"


def refusal(code: str = "AccessDeniedException", operation: str = "DescribeFileSystems") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


def test_checks_that_the_same_refusal_stops_are_one_finding() -> None:
    report = examine(AnInstallation(), [raising(refusal(), "one"), raising(refusal(), "two")])
    (finding,) = report.findings
    assert finding.check == "not-checked"
    assert finding.what == "AWS refuses DescribeFileSystems: AccessDeniedException"
    assert finding.where == "DescribeFileSystems, for one, two"
    assert finding.severity is Severity.UNKNOWN
    assert report.checks == 0


@pytest.mark.parametrize(
    ("error", "what", "cure"),
    [
        (refusal("Throttling"), "Throttling", "try again in a minute"),
        (refusal("ExpiredToken"), "does not accept the credentials: ExpiredToken", "log in again"),
        (refusal("InvalidClientTokenId"), "does not accept the credentials", "log in again"),
        (refusal("AuthorizationError"), "refuses DescribeFileSystems", "allow the caller"),
        (NoCredentialsError(), "Unable to locate credentials", "log in"),
        (EndpointConnectionError(endpoint_url="https://sts"), "Could not connect", "check the network"),
        (ConnectionRefusedError("refused"), "the cluster's API server does not answer: refused", "VPN"),
    ],
)
def test_a_call_that_fails_is_one_line_with_a_cure(error: Exception, what: str, cure: str) -> None:
    (finding,) = examine(AnInstallation(), [raising(error)]).findings
    assert what in finding.what
    assert cure in finding.cure
    assert "\n" not in finding.what


def test_a_check_without_meaning_is_left_out_and_said_to_be() -> None:
    report = examine(AnInstallation(), [raising(NotThereError("file-system-missing"))])
    assert report.findings == ()
    assert [(one.check, one.because) for one in report.skipped] == [("some-check", "file-system-missing")]
    assert report.status == 0


def test_a_fault_of_our_own_is_not_hidden_as_a_finding() -> None:
    with pytest.raises(KeyError):
        examine(AnInstallation(), [raising(KeyError("typo"))])


def test_the_worst_findings_come_first() -> None:
    def of(severity: Severity) -> Check:
        def run(_: Installation) -> Iterator[Problem]:
            yield Problem(what="w", where="h", cure="c")

        return Check(id=severity.value, severity=severity, asks="?", when=When.ALWAYS, run=run)

    report = examine(AnInstallation(), [of(Severity.WARNING), of(Severity.ERROR)])
    assert [one.check for one in report.findings] == ["error", "warning"]


@pytest.mark.parametrize(
    ("when", "outputs", "applies"),
    [
        (When.ALWAYS, {}, True),
        (When.BEFORE, {}, True),
        (When.BEFORE, {"FileSystemId": "fs-1"}, False),
        (When.AFTER, {}, False),
        (When.AFTER, {"FileSystemId": "fs-1"}, True),
        (When.AIRFLOW, {}, False),
    ],
)
def test_a_check_applies_before_or_after_a_deployment(
    when: When, outputs: dict[str, str], applies: bool
) -> None:
    one = Check(id="x", severity=Severity.ERROR, asks="?", when=when, run=lambda _: iter(()))
    assert one.applies(AnInstallation(outputs=outputs)) is applies


def test_two_checks_cannot_have_one_id() -> None:
    assert all_checks()
    with pytest.raises(ValueError, match="two checks have the id vpc-dns"):
        check("vpc-dns", Severity.ERROR, "?")(lambda _: iter(()))


def test_every_id_is_words_joined_by_hyphens_and_every_question_a_question() -> None:
    for one in all_checks():
        assert one.id.replace("-", "").islower()
        assert one.asks.endswith("?")


def entry(
    number: int, action: str, cidr: str, *, port: int | None = None, egress: bool = False
) -> dict[str, Any]:
    one = {"RuleNumber": number, "RuleAction": action, "CidrBlock": cidr, "Egress": egress, "Protocol": "-1"}
    return one if port is None else {**one, "Protocol": "6", "PortRange": {"From": port, "To": port}}


@pytest.mark.parametrize(
    ("entries", "lets_in"),
    [
        ([entry(100, "allow", "0.0.0.0/0"), entry(32767, "deny", "0.0.0.0/0")], True),
        ([entry(50, "deny", "10.0.0.0/8", port=2049), entry(100, "allow", "0.0.0.0/0")], False),
        ([entry(50, "deny", "10.0.0.0/8", port=22), entry(100, "allow", "0.0.0.0/0")], True),
        ([entry(50, "deny", "192.168.0.0/16"), entry(100, "allow", "0.0.0.0/0")], True),
        ([entry(100, "allow", "0.0.0.0/0", port=22), entry(32767, "deny", "0.0.0.0/0")], False),
        ([entry(50, "allow", "10.30.0.0/16", port=2049), entry(100, "deny", "0.0.0.0/0")], True),
        ([entry(50, "deny", "10.0.0.0/8", egress=True), entry(100, "allow", "0.0.0.0/0")], True),
    ],
)
def test_a_network_acl_is_read_in_the_order_of_its_numbers(
    entries: list[Mapping[str, Any]], lets_in: bool
) -> None:
    assert _acl_lets_in(entries, "10.30.0.0/16") is lets_in


def test_a_reading_is_made_once_and_its_error_kept() -> None:
    calls = []

    class Reader:
        @Once
        def fails(self) -> int:
            calls.append("fails")
            raise ValueError("no")

        @Once
        def gives(self) -> int:
            calls.append("gives")
            return 1

    reader = Reader()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            _ = reader.fails
        assert reader.gives == 1
    assert calls == ["fails", "gives"]


def test_the_fields_of_a_class_are_those_that_the_stack_makes(dynamic_provisioning: Any) -> None:
    (chart,) = storage_classes(dynamic_provisioning).values()
    made = chart_values(chart)["storageClass"]
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    fields = class_fields(environment.storage_classes[0], made["parameters"]["fileSystemId"])
    assert {name: made[name] for name in fields} == fields
