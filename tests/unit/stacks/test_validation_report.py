import json
from pathlib import Path
from typing import Any

import pytest

from stacks.validation_report import findings

VIOLATION = {
    "ruleName": "AwsSolutions-EC23",
    "description": "The Security Group is open.",
    "severity": "error",
    "violatingConstructs": [
        {"constructPath": "Stack/Open/Resource"},
        {"constructPath": "Stack/Wide/Resource"},
    ],
}


def write(folder: Path, **plugin: Any) -> Path:
    plugin = {"pluginName": "AwsSolutions", "conclusion": "failure", "violations": []} | plugin
    (folder / "validation-report.json").write_text(json.dumps({"pluginReports": [plugin]}), encoding="utf-8")
    return folder


def test_a_finding_says_rule_construct_and_cure_for_each_construct(tmp_path: Path) -> None:
    cure = (
        "  Change the construct so that the rule holds. Only where it cannot, acknowledge the rule on this "
        "one resource, with a reason that an auditor accepts, in stacks/acknowledged_findings.py."
    )
    assert findings(write(tmp_path, violations=[VIOLATION])) == [
        f"AwsSolutions-EC23 in Stack/Open/Resource: The Security Group is open.\n{cure}",
        f"AwsSolutions-EC23 in Stack/Wide/Resource: The Security Group is open.\n{cure}",
    ]


def test_success_has_no_findings(tmp_path: Path) -> None:
    assert findings(write(tmp_path, conclusion="success")) == []


def test_a_check_that_broke_is_no_success(tmp_path: Path) -> None:
    broken = write(tmp_path, metadata={"error": "cannot read"})
    assert findings(broken) == ['AwsSolutions failed and checked nothing: {"error": "cannot read"}']


def test_no_report_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        findings(tmp_path)


@pytest.mark.parametrize(
    ("path", "record"),
    [
        ("AirflowStack/Release/Chart", "acknowledged_airflow_findings.py"),
        ("DeliveryPipelineStack/prod/EfsStorageStack/Driver", "acknowledged_findings.py"),
        ("DeliveryPipelineStack/Artifacts/Bucket", "acknowledged_pipeline_findings.py"),
    ],
)
def test_the_cure_names_where_findings_of_the_stack_are_acknowledged(
    tmp_path: Path, path: str, record: str
) -> None:
    violation = {**VIOLATION, "violatingConstructs": [{"constructPath": path}]}
    assert findings(write(tmp_path, violations=[violation]))[0].endswith(f"in stacks/{record}.")


def test_warnings_alone_are_no_findings(tmp_path: Path) -> None:
    assert findings(write(tmp_path, violations=[{**VIOLATION, "severity": "warning"}])) == []
