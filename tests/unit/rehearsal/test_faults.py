"""How faults are written; and the box that they are kept and counted in."""

import re
import threading
from pathlib import Path

import pytest

from operations.cli import main
from rehearsal.errors import RehearsalError
from rehearsal.fault_box import FaultBox
from rehearsal.faults import KINDS, SERVICES, SIGNED_AS, Fault, describe_faults, parse_fault, service_model
from tests.unit.conftest import ROOT


@pytest.fixture
def box(tmp_path: Path) -> FaultBox:
    return FaultBox(tmp_path)


@pytest.mark.parametrize(
    ("spec", "parsed"),
    [
        (
            "throttle:efs.CreateAccessPoint:5",
            Fault(spec="", kind="throttle", service="efs", call="CreateAccessPoint", times=5),
        ),
        ("throttle:s3:3", Fault(spec="", kind="throttle", service="s3", times=3)),
        ("unavailable:sts:10s", Fault(spec="", kind="unavailable", service="sts", seconds=10)),
        ("unavailable:eks:0.5s", Fault(spec="", kind="unavailable", service="eks", seconds=0.5)),
        ("api-server-restart", Fault(spec="", kind="api-server-restart", times=1)),
        ("lambda-timeout:2", Fault(spec="", kind="lambda-timeout", times=2)),
        ("helm-half-way", Fault(spec="", kind="helm-half-way", times=1)),
        ("chart-repository-silent", Fault(spec="", kind="chart-repository-silent")),
        ("chart-repository-silent:3s", Fault(spec="", kind="chart-repository-silent", seconds=3)),
        ("access-point-quota:0", Fault(spec="", kind="access-point-quota", times=0)),
        ("slow-creation:5s", Fault(spec="", kind="slow-creation", seconds=5)),
    ],
)
def test_a_fault_is_read(spec: str, parsed: Fault) -> None:
    found = parse_fault(spec)
    assert found.spec == spec
    assert Fault(**{**vars(found), "spec": ""}) == parsed


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("", "it names no fault"),
        ("thunder", "there is no fault 'thunder'"),
        ("throttle", "there is no service ''"),
        ("throttle:sqs:5", "there is no service 'sqs'; there are backup, "),
        ("throttle:efs.CreateAccesPoint:5", "efs has no call 'CreateAccesPoint', but CreateAccessPoint"),
        ("throttle:efs.CreateAccessPoint", "it does not say how much"),
        ("throttle:efs:many", "'many' is not how much of it there can be"),
        ("throttle:efs:1.5", "'1.5' is not how much of it there can be"),
        ("throttle:efs:0", "'0' is nothing"),
        ("throttle:efs:-1", "'-1' is not how much"),
        ("unavailable:sts:0s", "'0s' is nothing"),
        ("unavailable:sts:10s:more", "'more' is too much"),
        ("api-server-restart:10s", "'10s' is not how much"),
        ("chart-repository-silent:3", "'3' is not how much"),
        ("slow-creation", "it does not say how much; write slow-creation:Ns"),
        ("access-point-quota:5s", "'5s' is not how much"),
    ],
)
def test_what_is_no_fault_is_one_line(spec: str, why: str) -> None:
    with pytest.raises(RehearsalError) as error:
        parse_fault(spec)
    text = str(error.value)
    assert text.startswith(f"--fault {spec}: {why}")
    assert "\n" not in text


def test_an_unknown_fault_names_the_known_ones() -> None:
    with pytest.raises(RehearsalError, match=re.escape(", ".join(KINDS))):
        parse_fault("thunder")


def test_every_kind_is_described() -> None:
    for kind in KINDS.values():
        assert kind.form in describe_faults()
        assert kind.meaning in describe_faults()


def test_the_services_sign_as_is_known() -> None:
    for service in SERVICES:
        signed_for = service_model(service).signing_name
        assert SIGNED_AS.get(signed_for, signed_for) == service


def test_an_empty_box_has_no_fault(box: FaultBox) -> None:
    assert box.strike("throttle") is None
    assert box.standing("throttle") is None


def test_a_fault_strikes_as_often_as_it_says(box: FaultBox) -> None:
    key = box.put(parse_fault("lambda-timeout:2"))
    struck = [box.strike("lambda-timeout") is not None for _ in range(4)]
    assert struck == [True, True, False, False]
    assert box.strikes(key) == 2


def test_a_fault_strikes_as_long_as_it_says_from_its_first_strike(
    box: FaultBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("rehearsal.fault_box.time.time", lambda: now)
    box.put(parse_fault("unavailable:sts:10s"))
    now += 60  # nobody has called yet
    assert box.strike("unavailable")
    now += 9
    assert box.strike("unavailable")
    now += 1
    assert box.strike("unavailable") is None


def test_a_fault_that_concerns_something_else_does_not_strike(box: FaultBox) -> None:
    key = box.put(parse_fault("throttle:efs:1"))
    assert box.strike("throttle", concerns=lambda fault: fault.service == "sts") is None
    assert box.strike("unavailable") is None
    assert box.strikes(key) == 0


def test_the_oldest_fault_strikes_first_and_the_next_follows(box: FaultBox) -> None:
    first, second = (box.put(parse_fault(f"throttle:{service}:1")) for service in ("efs", "sts"))
    struck = [box.strike("throttle") for _ in range(3)]
    assert [one and one.service for one in struck] == ["efs", "sts", None]
    assert (box.strikes(first), box.strikes(second)) == (1, 1)


def test_a_fault_that_is_removed_strikes_no_more_and_its_count_stays(box: FaultBox) -> None:
    key = box.put(parse_fault("lambda-timeout:5"))
    box.strike("lambda-timeout")
    box.remove(key)
    assert box.strike("lambda-timeout") is None
    assert box.strikes(key) == 1


def test_a_condition_stands_without_being_counted(box: FaultBox) -> None:
    key = box.put(parse_fault("access-point-quota:3"))
    for _ in range(5):
        standing = box.standing("access-point-quota")
        assert standing is not None
        assert standing.times == 3
    assert box.strikes(key) == 0


def test_another_process_sees_the_same_faults(box: FaultBox, tmp_path: Path) -> None:
    key = box.put(parse_fault("lambda-timeout:1"))
    assert FaultBox(tmp_path).strike("lambda-timeout")
    assert box.strike("lambda-timeout") is None
    assert box.strikes(key) == 1


def test_calls_in_threads_are_counted_exactly(box: FaultBox) -> None:
    key = box.put(parse_fault("throttle:efs:7"))
    struck: list[object] = []
    threads = [threading.Thread(target=lambda: struck.append(box.strike("throttle"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in struck if one]) == 7
    assert box.strikes(key) == 7


def test_the_documentation_names_every_kind_and_every_service() -> None:
    text = (ROOT / "docs" / "rehearsal.md").read_text(encoding="utf-8")
    section = text.split("## Faults on request\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)[:\[`]", section, re.MULTILINE)
    assert rows == list(KINDS)
    assert f"Services: {', '.join(SERVICES)}." in section.replace("\n", " ")


def test_the_command_line_refuses_what_is_no_fault_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["airflow-efs", "rehearse", "--fault", "throttle:efs.CreateAccesPoint:5"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: --fault: throttle:efs.CreateAccesPoint:5: efs has no call")
    assert "--fault help lists" in printed.err
    assert printed.err.count("\n") == 1


def test_the_command_line_lists_the_faults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["airflow-efs", "rehearse", "--fault", "help"])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert describe_faults() in capsys.readouterr().out
