"""The findings of a synthesis, in plain words.

CDK leaves ``validation-report.json`` in the cloud assembly: the findings of cdk-nag and of CDK's own check of
templates against CloudFormation's schemas, without those that are acknowledged.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

REPORT_FILE = "validation-report.json"
"""The name of the report in a cloud assembly."""


_RECORDS: Final = {
    "AirflowStack": "acknowledged_airflow_findings.py",
    "DeliveryPipelineStack": "acknowledged_pipeline_findings.py",
    "EfsStorageStack": "acknowledged_findings.py",
}
"""By the id of a stack: where its acknowledged findings are."""


def findings(assembly: Path) -> list[str]:
    """Return what stands against a synthesised assembly: rule, construct and cure of each finding.

    Raises:
        FileNotFoundError: nothing was checked, so that nothing may be deployed.
    """
    report = json.loads((assembly / REPORT_FILE).read_text(encoding="utf-8"))
    return [text for plugin in report["pluginReports"] for text in _of_plugin(plugin)]


def _of_plugin(plugin: Mapping[str, Any]) -> Iterator[str]:
    if plugin["conclusion"] == "success":
        return
    name = plugin["pluginName"]
    violations = [found for found in plugin["violations"] if found.get("severity") in ("error", "fatal")]
    if not plugin["violations"]:
        yield f"{name} failed and checked nothing: {json.dumps(plugin.get('metadata', {}), sort_keys=True)}"
    for found in violations:
        for construct in found["violatingConstructs"]:
            path = construct.get("constructPath", "an unknown construct")
            yield (
                f"{found['ruleName']} in {path}: {found['description']}\n"
                "  Change the construct so that the rule holds. Only where it cannot, acknowledge the rule "
                f"on this one resource, with a reason that an auditor accepts, in stacks/{_record_of(path)}."
            )


def _record_of(path: str) -> str:
    """The module with the findings of the innermost stack on a construct's path."""
    innermost = (_RECORDS[step] for step in reversed(path.split("/")) if step in _RECORDS)
    return next(innermost, "acknowledged_findings.py")
