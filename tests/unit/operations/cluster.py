"""A Kubernetes API of canned answers on loopback, so that the real client is used."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from kubernetes import client as kubernetes

CLAIMS = "/api/v1/namespaces/airflow/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
EVENTS = "/api/v1/namespaces/airflow/events"


@contextmanager
def cluster(answers: dict[str, Any]) -> Iterator[kubernetes.ApiClient]:
    """Serve path -> object; a list is one event list, an int a status, anything else is not found."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.split("?")[0], 404)
            status, body = (found, {"kind": "Status"}) if isinstance(found, int) else (200, found)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield client(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def client(port: int) -> kubernetes.ApiClient:
    configuration = kubernetes.Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    configuration.retries = False
    return kubernetes.ApiClient(configuration)


def bound_claim(*, volume: str = "pvc-1") -> dict[str, Any]:
    return {
        "metadata": {"name": "airflow-logs", "namespace": "airflow"},
        "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "efs-sc", "volumeName": volume},
        "status": {"phase": "Bound"},
    }


def volume(handle: str, *, driver: str = "efs.csi.aws.com") -> dict[str, Any]:
    return {
        "metadata": {"name": "pvc-1"},
        "spec": {
            "persistentVolumeReclaimPolicy": "Delete",
            "csi": {"driver": driver, "volumeHandle": handle},
        },
    }
