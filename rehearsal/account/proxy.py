"""An HTTPS proxy for programs that cannot be told another endpoint.

It answers for AWS's own host names with the emulated account (the EFS CSI driver 1.x ignores
`AWS_ENDPOINT_URL`), for the repositories of charts that lie on this machine (helm), and passes every other
host through untouched.
"""

import contextlib
import socket
import ssl
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import yaml
from moto.moto_proxy.proxy3 import MotoRequestHandler
from werkzeug.exceptions import HTTPException

from rehearsal.account.admission import Admission
from rehearsal.account.api_faults import ApiFaults
from rehearsal.account.oci_registry import registry_files
from rehearsal.charts import ChartSource
from rehearsal.fault_box import FaultBox
from rehearsal.faults import CHART_REPOSITORY_SILENT
from rehearsal.relay import relay
from rehearsal.tls import CertificateAuthority

_LISTENING = 0.2
"""Seconds between two looks whether a repository is still to keep silent."""

_AWS_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class Proxy(ThreadingHTTPServer):
    """The proxy server; knows what it answers by itself."""

    daemon_threads = True

    def __init__(
        self,
        port: int,
        *,
        account_port: int,
        authority: CertificateAuthority,
        charts: Sequence[ChartSource],
        admission: Admission | None = None,
        faults: FaultBox | None = None,
    ) -> None:
        """Listen on loopback.

        Args:
            port: where to listen.
            account_port: the port of the emulated account, for moto's routing.
            authority: signs the certificates of the hosts that are answered for.
            charts: those with a local archive are served in the place of their repositories.
            admission: decides who may call AWS through the proxy. Default: everybody.
            faults: what is made to go wrong. Default: nothing.
        """
        super().__init__(("127.0.0.1", port), _Handler)
        self.authority = authority
        self.admission = admission
        self.faults = faults
        self.api_faults = ApiFaults(faults) if faults else None
        self.moto = MotoRequestHandler(account_port)
        self.files = _repository_files(charts)
        self.repositories = {_authority(chart.repository) for chart in charts if chart.archive}
        self.every_repository = {_authority(chart.repository) for chart in charts}


def _authority(url: str) -> str:
    """Host and port of an https URL, as a client asks a proxy for it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 443}"


def _place(url: str) -> str:
    return _authority(url) + urlsplit(url).path


def _repository_files(charts: Sequence[ChartSource]) -> dict[str, tuple[bytes, str]]:
    """Host, port and path -> content and its type, for all of every chart that is held locally."""
    files: dict[str, tuple[bytes, str]] = {}
    indexes: dict[str, dict[str, Any]] = {}
    for chart in charts:
        if chart.archive is None:
            continue
        if chart.repository.startswith("oci://"):
            served = registry_files(chart)
            files |= {_authority(chart.repository) + path: file for path, file in served.items()}
            continue
        archive = f"{chart.name}-{chart.version}.tgz"
        files[_place(chart.repository) + archive] = (chart.archive.read_bytes(), "application/gzip")
        index = indexes.setdefault(chart.repository, {"apiVersion": "v1", "entries": {}})
        index["entries"].setdefault(chart.name, []).append(
            {"apiVersion": "v2", "name": chart.name, "version": chart.version, "urls": [archive]}
        )
    for repository, index in indexes.items():
        files[_place(repository) + "index.yaml"] = (yaml.safe_dump(index).encode(), "application/yaml")
    return files


class _Handler(BaseHTTPRequestHandler):
    server: Proxy
    protocol_version = "HTTP/1.1"
    timeout = 60
    host = ""
    """The host that this connection is answered for, once there was a CONNECT."""
    authority = ""
    """The same with its port."""

    def do_CONNECT(self) -> None:
        target = urlsplit(f"//{self.path}")
        try:
            host, port = target.hostname or "", target.port or 443
        except ValueError:
            self.send_error(400, "CONNECT names no host and port")
            return
        if f"{host}:{port}" in self.server.every_repository and self._keeps_silent():
            return
        if not (f"{host}:{port}" in self.server.repositories or host.endswith(_AWS_SUFFIXES)):
            self._relay(host, port)
            return
        self.send_response(200, "Connection Established")
        self.end_headers()
        context = self.server.authority.server_context(host)
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except (ssl.SSLError, OSError):
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = self.connection.makefile("wb", 0)
        self.host, self.authority = host, f"{host}:{port}"
        self.close_connection = False

    def _keeps_silent(self) -> bool:
        # As long as the fault is asked for, or until the caller has lost its patience.
        box = self.server.faults
        if box is None or box.strike(CHART_REPOSITORY_SILENT) is None:
            return False
        self.send_response(200, "Connection Established")
        self.end_headers()
        self.connection.settimeout(_LISTENING)
        while box.standing(CHART_REPOSITORY_SILENT):
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(65536):
                    break
        self.close_connection = True
        return True

    def _answer(self) -> None:
        if not self.host:
            self.send_error(501, "only HTTPS is proxied")
            return
        body = self._body()
        if self.authority in self.server.repositories:
            found = self.server.files.get(self.authority + self.path.split("?")[0])
            status = 404 if found is None else 200
            content, kind = found or (b"no such file", "text/plain")
            headers = {"Content-Type": kind}
        else:
            status, headers, content = self._from_account(body)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _from_account(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = dict(self.headers.items())
        if self.server.admission:
            query = self.path.partition("?")[2]
            if refused := self.server.admission.refusal(headers=headers, query=query, body=body):
                return refused.status, refused.headers, refused.body
        if self.server.api_faults:
            refusal = self.server.api_faults.refusal(
                method=self.command,
                url=f"https://{self.host}{self.path}",
                headers=headers,
                body=lambda: body,
            )
            if refusal:
                return refusal.status, refusal.headers, refusal.body
        try:
            answer = self.server.moto.parse_request(
                method=self.command,
                host=f"https://{self.host}",
                path=self.path,
                headers=self.headers,
                body=body,
            )
        except HTTPException as error:
            answer = (error.code or 500, dict(error.get_headers()), error.get_body())
        except Exception as error:
            self.log_error("the emulated account failed: %r", error)
            answer = (500, {}, b"the emulated account failed")
        status, headers, content = answer if isinstance(answer, tuple) else (200, {}, answer)
        return status, headers, content.encode() if isinstance(content, str) else content

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # a trailer
        return body

    def _relay(self, host: str, port: int) -> None:
        try:
            upstream = socket.create_connection((host, port), timeout=10)
        except OSError as error:
            self.send_error(502, f"{host} is out of reach: {error}")
            return
        self.send_response(200, "Connection Established")
        self.end_headers()
        with upstream:
            relay(self.connection, upstream, idle=self.timeout)
        self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815  # their names are fixed
