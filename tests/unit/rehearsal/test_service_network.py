"""How the API server reaches a pod that runs here, by the address of its service."""

import socket
import socketserver
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rehearsal.service_network import Endpoint, ServiceNetwork

SERVICE = {
    "metadata": {"namespace": "keda"},
    "spec": {
        "selector": {"app": "adapter"},
        "ports": [{"port": 443, "targetPort": 6443}, {"port": 80, "targetPort": "http"}, {"port": 9}],
    },
}


class Services:
    """A stand-in of the API server that knows one service at one address."""

    def __init__(self, service: Any, *, address: str = "10.96.0.7") -> None:
        self._path = f"/api/v1/services?fieldSelector=spec.clusterIP%3D{address}"
        self._service = service

    def get(self, path: str) -> Any:
        if self._service is None:
            raise ConnectionRefusedError("down")
        return {"items": [self._service] if path == self._path else []}


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(100):
            self.request.sendall(data.upper())


@pytest.fixture
def echo() -> Iterator[int]:
    """A pod's port, which answers in capitals."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def endpoint(port: int, **named: Any) -> Endpoint:
    given = {"namespace": "keda", "labels": {"app": "adapter", "more": "x"}, "ports": {6443: port, "http": 1}}
    return Endpoint(**{**given, **named})


@pytest.fixture
def network(tmp_path: Path) -> Iterator[ServiceNetwork]:
    served = ServiceNetwork(tmp_path / "services.sock", Services(SERVICE))
    yield served
    served.close()


def connect(folder: Path, target: str) -> tuple[socket.socket, str]:
    """Ask for a connection as the API server does."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(folder / "services.sock"))
    client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer and (data := client.recv(4096)):
        answer += data
    return client, answer.decode().splitlines()[0]


def test_a_connection_to_a_service_reaches_its_pod(
    network: ServiceNetwork, tmp_path: Path, echo: int
) -> None:
    network.attach("adapter", endpoint(echo))
    client, answer = connect(tmp_path, "10.96.0.7:443")
    with client:
        assert answer.split()[1] == "200"
        client.sendall(b"hello")
        assert client.recv(100) == b"HELLO"


def test_a_port_is_found_by_its_number_or_name(network: ServiceNetwork) -> None:
    network.attach("adapter", endpoint(5000, ports={6443: 5000, "http": 5001, 9: 5002}))
    assert network.port_of("10.96.0.7", 443) == 5000
    assert network.port_of("10.96.0.7", 80) == 5001
    assert network.port_of("10.96.0.7", 9) == 5002


@pytest.mark.parametrize(
    "other", [{"namespace": "other"}, {"labels": {"app": "other"}}, {"labels": {}}, {"ports": {}}]
)
def test_another_pod_does_not_serve(network: ServiceNetwork, other: dict[str, Any]) -> None:
    network.attach("adapter", endpoint(5000, **other))
    assert network.port_of("10.96.0.7", 443) is None


def test_a_service_without_a_selector_has_no_pod(tmp_path: Path) -> None:
    service = {**SERVICE, "spec": {"ports": [{"port": 443}]}}
    network = ServiceNetwork(tmp_path / "services.sock", Services(service))
    network.attach("adapter", endpoint(5000, ports={443: 5000}))
    assert network.port_of("10.96.0.7", 443) is None
    network.close()


def test_a_pod_that_has_ended_is_not_reached(network: ServiceNetwork, tmp_path: Path, echo: int) -> None:
    network.attach("adapter", endpoint(echo))
    network.detach("adapter")
    network.detach("adapter")
    client, answer = connect(tmp_path, "10.96.0.7:443")
    client.close()
    assert answer == "HTTP/1.0 502 no pod of a service at 10.96.0.7:443 runs"


@pytest.mark.parametrize("target", ["10.96.0.8:443", "10.96.0.7:444", "nonsense"])
def test_an_address_of_no_service_is_refused(network: ServiceNetwork, tmp_path: Path, target: str) -> None:
    network.attach("adapter", endpoint(5000))
    client, answer = connect(tmp_path, target)
    client.close()
    assert answer == f"HTTP/1.0 502 no pod of a service at {target} runs"


def test_a_pod_that_does_not_listen_yet_is_said_so(network: ServiceNetwork, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        network.attach("adapter", endpoint(unused.getsockname()[1]))
        client, answer = connect(tmp_path, "10.96.0.7:443")
    client.close()
    assert answer.startswith("HTTP/1.0 502 the pod of the service at 10.96.0.7:443 does not answer")


def test_an_api_server_that_is_down_is_said_so(tmp_path: Path) -> None:
    network = ServiceNetwork(tmp_path / "services.sock", Services(None))
    client, answer = connect(tmp_path, "10.96.0.7:443")
    client.close()
    assert answer == "HTTP/1.0 502 no service can be looked up: down"
    network.close()
