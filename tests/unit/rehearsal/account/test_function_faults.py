"""Faults of functions: a limit that is short, a proxy that keeps silent, a chart that is refused in part."""

import io
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal.account.functions.function_faults import FunctionFaults
from rehearsal.account.functions.lambda_functions import FunctionError, LambdaRunner
from rehearsal.fault_box import FaultBox
from rehearsal.faults import parse_fault
from rehearsal.kubernetes_api import KubernetesApi
from tests.unit.rehearsal.account.conftest import Functions
from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION

HELM = {
    "ResourceType": "Custom::AWSCDK-EKS-HelmChart",
    "RequestType": "Update",
    "ResourceProperties": {"Release": "driver"},
}


class Cluster:
    """An API server that refuses a Deployment as soon as it has been asked three times."""

    def __init__(self) -> None:
        self.objects: list[str] = []
        self.policy: dict[str, Any] = {}
        self._asked = 0

    def ensure(self, path: str, body: dict[str, Any]) -> None:
        self.objects.append(path)
        self.policy = body if "validations" in body["spec"] else self.policy

    def create(self, path: str, _body: dict[str, Any]) -> None:
        self._asked += 1
        if self._asked >= 3:
            raise urllib.error.HTTPError(path, 422, "Invalid", Message(), io.BytesIO())

    def delete(self, path: str) -> None:
        self.objects.remove(path.rpartition("/")[0])


@pytest.fixture
def box(tmp_path: Path) -> FaultBox:
    return FaultBox(tmp_path)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def faults(box: FaultBox, cluster: Cluster) -> FunctionFaults:
    return FunctionFaults(box, cast(KubernetesApi, cluster), through_the_proxy={"HTTPS_PROXY": "rehearsal"})


def test_a_function_whose_time_is_cut_is_ended(
    functions: Functions, faults: FunctionFaults, box: FaultBox, tmp_path: Path
) -> None:
    (tmp_path / "logs").mkdir()
    runner = LambdaRunner(directory=tmp_path, environment={}, path="", faults=faults)
    slow = functions.make(
        "slow", "import time\ndef handler(event, context):\n    time.sleep(event['seconds'])", Timeout=900
    )
    box.put(parse_fault("lambda-timeout"))
    with pytest.raises(FunctionError, match=r"Task timed out after 0\.50 seconds"):
        runner.invoke(slow, {"seconds": 60}, account=ACCOUNT, region=REGION)
    assert runner.invoke(slow, {"seconds": 0}, account=ACCOUNT, region=REGION) is None
    assert not list(tmp_path.glob("invocation-*"))


def test_a_function_reaches_repositories_by_the_proxy_while_they_are_to_keep_silent(
    faults: FunctionFaults, box: FaultBox
) -> None:
    assert faults.environment() == {}
    key = box.put(parse_fault("chart-repository-silent"))
    assert faults.environment() == {"HTTPS_PROXY": "rehearsal"}
    box.remove(key)
    assert faults.environment() == {}


def test_a_charts_deployments_are_refused_while_helm_runs_once(
    faults: FunctionFaults, box: FaultBox, cluster: Cluster
) -> None:
    key = box.put(parse_fault("helm-half-way"))
    while_helm_ran: list[str] = []

    def helm() -> None:
        while_helm_ran.extend(cluster.objects)
        raise FunctionError(f"Error: {cluster.policy['spec']['validations'][0]['message']}")

    with pytest.raises(FunctionError), faults.around(HELM):
        helm()
    assert len(while_helm_ran) == 2
    assert '!= "driver"' in cluster.policy["spec"]["validations"][0]["expression"]
    assert cluster.objects == []
    assert box.strikes(key) == 1
    with faults.around(HELM):
        assert cluster.objects == []


def test_a_chart_without_deployments_leaves_the_fault_to_the_next_one(
    faults: FunctionFaults, box: FaultBox, cluster: Cluster
) -> None:
    key = box.put(parse_fault("helm-half-way"))
    with faults.around(HELM):
        assert len(cluster.objects) == 2
    assert cluster.objects == []
    assert box.strikes(key) == 0
    with faults.around(HELM):
        assert len(cluster.objects) == 2


def test_a_charts_deployments_are_allowed_again_when_the_function_fails(
    faults: FunctionFaults, box: FaultBox, cluster: Cluster
) -> None:
    key = box.put(parse_fault("helm-half-way"))
    with pytest.raises(FunctionError), faults.around(HELM):
        raise FunctionError("helm failed")
    assert cluster.objects == []
    assert box.strikes(key) == 0  # it failed of something else


@pytest.mark.parametrize(
    "event",
    [
        {"ResourceType": "Custom::AWSCDK-EKS-KubernetesResource", "RequestType": "Create"},
        {**HELM, "RequestType": "Delete"},
    ],
)
def test_only_a_chart_that_is_installed_is_stopped_half_way(
    faults: FunctionFaults, box: FaultBox, cluster: Cluster, event: dict[str, Any]
) -> None:
    key = box.put(parse_fault("helm-half-way"))
    with faults.around(event):
        assert cluster.objects == []
    assert box.strikes(key) == 0
