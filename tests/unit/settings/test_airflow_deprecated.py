"""What the chart deprecates is refused, with what to write instead."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from settings.airflow.deprecated import DEPRECATED, deprecated_faults
from settings.faults import Path
from tests.unit.settings.chart_schema import chart_schema

BELOW_WORKERS = [
    "affinity", "annotations", "args", "command", "containerLifecycleHooks", "env", "extraContainers",
    "extraInitContainers", "extraPorts", "extraVolumeMounts", "extraVolumes", "hostAliases", "hpa",
    "keda", "kerberosInitContainer", "kerberosSidecar", "labels", "livenessProbe", "logGroomerSidecar",
    "nodeSelector", "persistence", "podAnnotations", "podDisruptionBudget", "podManagementPolicy",
    "priorityClassName", "replicas", "resources", "revisionHistoryLimit", "runtimeClassName",
    "safeToEvict", "schedulerName", "securityContext", "securityContexts", "serviceAccount", "strategy",
    "terminationGracePeriodSeconds", "tolerations", "topologySpreadConstraints", "updateStrategy",
    "volumeClaimTemplates", "waitForMigrations",
]  # fmt: skip
"""Every key right below `workers` but `celery` and `kubernetes`, in which they are now."""

OF_VALUES_ONLY = {("webserverSecretKeySecretName",), ("webserverSecretAnnotations",), ("registry",)}
"""Keys that values.yaml of the chart calls deprecated, and its schema does not."""


def nested(path: Path) -> dict[str, Any]:
    value: Any = "x"
    for step in reversed(path):
        value = {step: value}
    found: dict[str, Any] = value
    return found


@pytest.mark.parametrize("path", DEPRECATED, ids=lambda path: ".".join(path))
def test_a_deprecated_key_is_refused_with_what_to_write(path: Path) -> None:
    faults = {fault.at: fault for fault in deprecated_faults(nested(path))}
    assert faults[path].cure == f"write {DEPRECATED[path]}"


@pytest.mark.parametrize("key", BELOW_WORKERS)
def test_a_deprecated_key_of_workers_is_refused_with_its_place(key: str) -> None:
    (fault,) = deprecated_faults({"workers": {key: "x"}})
    assert fault.cure == f"write it below workers.celery: workers.celery.{key}"


@pytest.mark.parametrize("path", DEPRECATED, ids=lambda path: ".".join(path))
def test_what_is_to_be_written_is_not_deprecated_itself(path: Path) -> None:
    instead = DEPRECATED[path].partition("[")[0].split(".")
    assert not any(tuple(instead[:length]) in DEPRECATED for length in range(1, len(instead) + 1))


def deprecated(properties: Mapping[str, Any], above: Path = ()) -> Iterator[Path]:
    """Every key that a schema calls deprecated, without those below it."""
    for key, about in properties.items():
        if "deprecated" in about.get("description", "").lower():
            yield (*above, key)
        else:
            yield from deprecated(about.get("properties", {}), (*above, key))


def test_the_list_below_workers_is_the_charts() -> None:
    stated = deprecated(chart_schema()["properties"]["workers"]["properties"])
    assert sorted(path[0] for path in stated) == BELOW_WORKERS


def test_the_list_of_the_rest_is_the_charts() -> None:
    stated = {path for path in deprecated(chart_schema()["properties"]) if path[0] != "workers"}
    below = {path for path in stated if path[:1] in OF_VALUES_ONLY}
    assert stated - below == {*DEPRECATED} - OF_VALUES_ONLY
