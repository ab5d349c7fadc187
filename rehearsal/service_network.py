"""A stand-in for kube-proxy: how the API server reaches a service whose pod runs here as a process.

The API server asks for the address of a service, which exists nowhere, by HTTP CONNECT on a socket in the
rehearsal's folder. The service's selector says which pod is meant, and its target port which of the ports.
"""

import contextlib
import socket
import socketserver
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from urllib.parse import urlsplit

from rehearsal.relay import relay


class Services(Protocol):
    """Who knows the cluster's objects; `KubernetesApi` does."""

    def get(self, path: str) -> Any | None:
        """The object at a path; None when there is none."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A pod that runs here."""

    namespace: str
    labels: Mapping[str, str]
    ports: Mapping[int | str, int]
    """A container's port, by number or name -> the port on loopback that serves it."""


class ServiceNetwork:
    """Serves on its socket until it is closed; pods come and go by `attach` and `detach`."""

    def __init__(self, path: Path, services: Services) -> None:
        """Listen on a socket at `path`, and look services up in `services`."""
        self._services = services
        self._endpoints: dict[str, Endpoint] = {}
        self._server = _Server(str(path), _Handler)
        self._server.network = self
        # `close` waits until the server looks whether it is to end: by itself every half second.
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def attach(self, name: str, endpoint: Endpoint) -> None:
        """A pod runs from now on."""
        self._endpoints = {**self._endpoints, name: endpoint}

    def detach(self, name: str) -> None:
        """A pod runs no longer. Safe to call twice."""
        self._endpoints = {key: one for key, one in self._endpoints.items() if key != name}

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()

    def port_of(self, address: str, port: int) -> int | None:
        """The port on loopback that serves a service's address and port; None when no pod of it runs here.

        Raises:
            OSError: the API server does not answer.
        """
        answer = self._services.get(f"/api/v1/services?fieldSelector=spec.clusterIP%3D{address}")
        for service in answer["items"] if answer else ():
            for served in service["spec"]["ports"]:
                if served["port"] == port:
                    return self._serves(service, served.get("targetPort", port))
        return None

    def _serves(self, service: Any, target: int | str) -> int | None:
        selector = service["spec"].get("selector") or {}
        for endpoint in self._endpoints.values():
            of_service = selector.items() <= endpoint.labels.items()
            if selector and of_service and endpoint.namespace == service["metadata"]["namespace"]:
                return endpoint.ports.get(target)
        return None


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    network: ServiceNetwork


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_CONNECT(self) -> None:
        self.close_connection = True
        target = urlsplit(f"//{self.path}")
        try:
            port = self.server.network.port_of(target.hostname or "", target.port or 0)
        except (OSError, HTTPException, ValueError) as error:
            self.send_error(502, f"no service can be looked up: {error}")
            return
        if port is None:
            self.send_error(502, f"no pod of a service at {self.path} runs")
            return
        try:
            upstream = socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError as error:
            self.send_error(502, f"the pod of the service at {self.path} does not answer: {error}")
            return
        upstream.settimeout(None)
        self.send_response(200, "Connection Established")
        self.end_headers()
        with upstream, contextlib.suppress(OSError):
            relay(self.connection, upstream, idle=None)

    def log_message(self, *_: object) -> None:
        """Say nothing: the API server logs what fails."""
