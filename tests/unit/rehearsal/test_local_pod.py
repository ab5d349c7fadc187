"""A Deployment's pod as a process: its program, what it is given, and its end."""

import base64
import copy
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.errors import RehearsalError
from rehearsal.local_pod import LocalPod
from rehearsal.plan import Plan
from rehearsal.service_network import Endpoint
from tests.unit.rehearsal.programs import script

DEPLOYMENT: dict[str, Any] = {
    "metadata": {"namespace": "keda"},
    "spec": {
        "replicas": 1,
        "template": {
            "metadata": {"labels": {"app": "adapter"}},
            "spec": {
                "serviceAccountName": "metrics",
                "containers": [
                    {
                        "name": "adapter",
                        "args": [
                            "--v=0",
                            "--port=8080",
                            "--leader-elect",
                            "--cert=/certs/tls.crt",
                            "--dir=/certs",
                        ],
                        "env": [
                            {"name": "WATCH_NAMESPACE", "value": "airflow"},
                            {
                                "name": "POD_NAMESPACE",
                                "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}},
                            },
                        ],
                        "volumeMounts": [{"name": "certificates", "mountPath": "/certs"}],
                    }
                ],
                "volumes": [
                    {"name": "certificates", "secret": {"secretName": "certs"}},
                    {"name": "scratch", "emptyDir": {}},
                ],
            },
        },
    },
}

PROGRAM = """
echo "arguments: $@"
env | grep -E '^(WATCH_NAMESPACE|POD_NAMESPACE|OWN_NAMESPACE|KUBECONFIG|AWS_ACCESS_KEY_ID)=' | sort
exec sleep 60
"""


class Api:
    """A stand-in of the API server, with one secret at most."""

    def __init__(self) -> None:
        self.secret: Any = {
            "metadata": {"resourceVersion": "1"},
            "data": {"tls.crt": base64.b64encode(b"certificate").decode()},
        }

    def get(self, path: str) -> Any:
        assert path == "/api/v1/namespaces/keda/secrets/certs"
        return self.secret

    def create(self, path: str, body: dict[str, Any]) -> Any:
        assert path == "/api/v1/namespaces/keda/serviceaccounts/metrics/token"
        assert body["spec"]["audiences"] == ["https://kubernetes.default.svc"]
        return {"status": {"token": "the account's token"}}


class Network:
    """Remembers which pods run."""

    def __init__(self) -> None:
        self.endpoints: dict[str, Endpoint] = {}

    def attach(self, name: str, endpoint: Endpoint) -> None:
        self.endpoints[name] = endpoint

    def detach(self, name: str) -> None:
        self.endpoints.pop(name, None)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "logs").mkdir()
    return Plan(
        environment="one",
        environments=tmp_path,
        directory=tmp_path,
        kept_for=1,
        binaries={"adapter": script(tmp_path / "bin" / "adapter", PROGRAM)},
        charts=(),
        scaling=True,
        account_port=1,
        proxy_port=2,
        task_metadata_port=3,
        pod_identity_port=10,
        token_webhook_port=4,
        api_server_port=5,
        etcd_port=6,
        etcd_peer_port=7,
        access_key="AKIA",
        admin_token="admin",
        driver_token="driver",
    )


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def pod(plan: Plan, api: Api, network: Network) -> Iterator[LocalPod]:
    made = LocalPod(
        plan,
        api,  # type: ignore[arg-type]
        network,  # type: ignore[arg-type]
        name="adapter",
        flags={"--port": "5001", "--leader-elect": None, "--bind-address": "127.0.0.1"},
        ports={6443: 5001},
        namespace_variable="OWN_NAMESPACE",
    )
    yield made
    made.stop()


def started(plan: Plan, times: int = 1) -> list[str]:
    """What the program printed when it was started for the last time, once it was so often."""
    deadline = time.monotonic() + 10
    while True:
        log = plan.log("adapter")
        runs = log.read_text().split("arguments: ")[1:] if log.exists() else []
        if len(runs) >= times and "WATCH_NAMESPACE" in runs[-1]:
            assert len(runs) == times
            return runs[-1].splitlines()
        assert time.monotonic() < deadline, runs
        time.sleep(0.02)


def changed(**template: Any) -> Any:
    """The Deployment with another template of its pod."""
    made = copy.deepcopy(DEPLOYMENT)
    made["spec"]["template"].update(template)
    return made


def tend_for_ever(pod: LocalPod) -> None:
    for _ in range(500):
        pod.tend(DEPLOYMENT)
        time.sleep(0.01)


def test_without_a_deployment_nothing_runs(pod: LocalPod, plan: Plan, network: Network) -> None:
    pod.tend(None)
    assert network.endpoints == {}
    assert not plan.log("adapter").exists()


def test_the_containers_arguments_are_kept_but_for_addresses_and_paths(pod: LocalPod, plan: Plan) -> None:
    pod.tend(DEPLOYMENT)
    certificates = plan.directory / "adapter" / "certificates"
    assert started(plan)[0] == (
        f"--v=0 --cert={certificates}/tls.crt --dir={certificates} --port=5001 --bind-address=127.0.0.1"
    )
    assert (certificates / "tls.crt").read_text() == "certificate"


def test_the_containers_variables_are_set_and_no_credentials_of_aws(pod: LocalPod, plan: Plan) -> None:
    pod.tend(DEPLOYMENT)
    assert started(plan)[1:] == [
        "AWS_ACCESS_KEY_ID=",
        f"KUBECONFIG={plan.directory}/adapter/kubeconfig",
        "OWN_NAMESPACE=keda",
        "POD_NAMESPACE=keda",
        "WATCH_NAMESPACE=airflow",
    ]


def test_the_program_is_its_service_account(pod: LocalPod, plan: Plan) -> None:
    pod.tend(DEPLOYMENT)
    (user,) = yaml.safe_load((plan.directory / "adapter" / "kubeconfig").read_text())["users"]
    assert Path(user["user"]["tokenFile"]).read_text() == "the account's token"
    assert "token" not in user["user"]


def test_services_reach_a_pod_that_runs(pod: LocalPod, network: Network) -> None:
    pod.tend(DEPLOYMENT)
    assert network.endpoints == {
        "adapter": Endpoint(namespace="keda", labels={"app": "adapter"}, ports={6443: 5001})
    }


def test_a_pod_waits_for_its_secret(pod: LocalPod, plan: Plan, api: Api, network: Network) -> None:
    secret, api.secret = api.secret, None
    pod.tend(DEPLOYMENT)
    assert network.endpoints == {}
    api.secret = secret
    pod.tend(DEPLOYMENT)
    assert started(plan)


def test_a_pod_does_not_wait_for_an_optional_secret(pod: LocalPod, plan: Plan, api: Api) -> None:
    api.secret = None
    deployment = copy.deepcopy(DEPLOYMENT)
    deployment["spec"]["template"]["spec"]["volumes"][0]["secret"]["optional"] = True
    pod.tend(deployment)
    assert started(plan)


def test_what_has_not_changed_is_left_alone(pod: LocalPod, plan: Plan) -> None:
    for _ in range(3):
        pod.tend(DEPLOYMENT)
    assert started(plan, times=1)


def test_another_template_is_another_process(pod: LocalPod, plan: Plan) -> None:
    pod.tend(DEPLOYMENT)
    started(plan, times=1)
    pod.tend(changed(metadata={"labels": {"app": "adapter"}, "annotations": {"restartedAt": "now"}}))
    started(plan, times=2)


@pytest.mark.parametrize("replicas", [None, 0], ids=["deleted", "scaled to zero"])
def test_a_pod_ends_with_its_deployment(
    pod: LocalPod, plan: Plan, network: Network, replicas: int | None
) -> None:
    pod.tend(DEPLOYMENT)
    started(plan)
    pod.tend(
        None if replicas is None else {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": replicas}}
    )
    assert network.endpoints == {}
    pod.tend(DEPLOYMENT)
    started(plan, times=2)


def test_a_program_that_ends_is_started_again_until_it_is_too_often(pod: LocalPod, plan: Plan) -> None:
    script(plan.binaries["adapter"], 'echo "run"; exit 3')
    with pytest.raises(RehearsalError, match=r"^adapter ended with status 3\. The last lines of .*:\nrun\n"):
        tend_for_ever(pod)
    assert plan.log("adapter").read_text() == "run\n" * 6


def test_a_variable_of_an_unknown_source_is_refused(pod: LocalPod) -> None:
    deployment = copy.deepcopy(DEPLOYMENT)
    source = {"configMapKeyRef": {"name": "a", "key": "b"}}
    deployment["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "X", "valueFrom": source}]
    message = f"not rehearsed: the variable X of adapter, from {source}"
    with pytest.raises(RehearsalError, match=f"^{re.escape(message)}$"):
        pod.tend(deployment)
