"""The HTTPS proxy over real TLS: who answers for which host."""

import http.client
import json
import socket
import ssl
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from rehearsal.account.oci_registry import registry_files
from rehearsal.account.proxy import Proxy
from rehearsal.charts import ChartSource
from rehearsal.fault_box import FaultBox
from rehearsal.faults import parse_fault
from rehearsal.tls import CertificateAuthority, context_trusting
from tests.unit.rehearsal.account.stacks import REGION, aws_client

EFS = f"elasticfilesystem.{REGION}.amazonaws.com"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=rehearsal/20261122/ap-northeast-2/elasticfilesystem/"
    "aws4_request, SignedHeaders=host, Signature=0",
    "Content-Type": "application/json",
}

Connect = Callable[..., http.client.HTTPSConnection]


@pytest.fixture
def proxy(account: None, tmp_path: Path) -> Iterator[Proxy]:  # noqa: ARG001  # moto is on
    archive = tmp_path / "some.tgz"
    archive.write_bytes(b"archive")
    charts = [
        chart("aws-efs-csi-driver", "4.4.1", "https://charts.example/efs/", archive),
        chart("keda", "2.20.2", "https://charts.example/efs/", archive),
        chart("airflow", "1.22.0", "https://mirror.example:8443/", archive),
        chart("remote", "1.0.0", "https://remote.example/", None),
    ]
    server = Proxy(
        0,
        account_port=1,
        authority=CertificateAuthority(tmp_path),
        charts=charts,
        faults=FaultBox(tmp_path),
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def connect(proxy: Proxy, tmp_path: Path) -> Iterator[Connect]:
    """A connection to a host through the proxy, which is trusted and nobody else."""
    opened = []

    def connect(host: str, port: int = 443) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(
            "127.0.0.1",
            proxy.server_address[1],
            timeout=5,
            context=context_trusting(tmp_path / "proxy-ca.pem"),
        )
        connection.set_tunnel(host, port)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def chart(name: str, version: str, repository: str, archive: Path | None) -> ChartSource:
    return ChartSource(
        name=name,
        version=version,
        repository=repository,
        archive=archive,
        archive_version=version,
        origin="a test",
    )


def test_a_host_of_aws_is_answered_by_the_account(connect: Connect) -> None:
    connection = connect(EFS)
    connection.request(
        "POST", "/2015-02-01/file-systems", json.dumps({"CreationToken": "by-proxy"}), headers=SIGNED
    )
    answer = connection.getresponse()
    assert answer.status == 201
    created = json.load(answer)["FileSystemId"]
    listed = aws_client("efs").describe_file_systems()["FileSystems"]
    assert [one["FileSystemId"] for one in listed] == [created]


def test_an_error_of_the_account_is_the_services_own(connect: Connect) -> None:
    connection = connect(EFS)
    connection.request("GET", "/2015-02-01/file-systems?FileSystemId=fs-1", headers=SIGNED)
    answer = connection.getresponse()
    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"] == "FileSystemNotFound"
    assert json.load(answer)["Message"] == "File system 'fs-1' does not exist."


def test_a_service_that_moto_does_not_know_is_not_found(connect: Connect) -> None:
    connection = connect(f"nothing-at-all.{REGION}.api.aws")
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b"AWS Service not recognized or supported")


def test_a_connection_serves_several_requests(connect: Connect) -> None:
    connection = connect("charts.example")
    for method in ("GET", "HEAD", "GET"):
        connection.request(method, "/efs/index.yaml")
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200
        assert int(answer.headers["Content-Length"]) > 100
        assert (text == b"") == (method == "HEAD")


def test_a_chunked_body_with_a_trailer_is_read_to_its_end(connect: Connect) -> None:
    connection = connect(EFS)
    body = json.dumps({"CreationToken": "in-chunks"}).encode()
    connection.putrequest("POST", "/2015-02-01/file-systems")
    for name, value in {**SIGNED, "Transfer-Encoding": "chunked"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"5;extension=1\r\n" + body[:5] + b"\r\n")
    connection.send(f"{len(body) - 5:x}\r\n".encode() + body[5:] + b"\r\n")
    connection.send(b"0\r\nChecksum: none\r\n\r\n")
    answer = connection.getresponse()
    assert json.load(answer)["CreationToken"] == "in-chunks"
    connection.request("GET", "/2015-02-01/file-systems", headers=SIGNED)
    assert connection.getresponse().status == 200


def test_the_index_of_a_repository_names_its_local_charts(connect: Connect) -> None:
    connection = connect("charts.example")
    connection.request("GET", "/efs/index.yaml?version=1")
    index = yaml.safe_load(connection.getresponse().read())
    assert {
        name: [(one["version"], one["urls"]) for one in entries] for name, entries in index["entries"].items()
    } == {
        "aws-efs-csi-driver": [("4.4.1", ["aws-efs-csi-driver-4.4.1.tgz"])],
        "keda": [("2.20.2", ["keda-2.20.2.tgz"])],
    }


def test_the_archive_of_a_local_chart_is_served(connect: Connect) -> None:
    connection = connect("charts.example")
    connection.request("GET", "/efs/aws-efs-csi-driver-4.4.1.tgz")
    assert connection.getresponse().read() == b"archive"


def test_a_repository_on_a_port_of_its_own_is_served(connect: Connect) -> None:
    connection = connect("mirror.example", 8443)
    connection.request("GET", "/airflow-1.22.0.tgz")
    assert connection.getresponse().read() == b"archive"


def test_a_path_that_a_repository_does_not_have_is_not_found(connect: Connect) -> None:
    connection = connect("charts.example")
    connection.request("GET", "/efs/other-1.0.0.tgz")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (404, b"no such file")


def test_another_host_is_relayed_with_its_own_certificate(proxy: Proxy, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    own = CertificateAuthority(elsewhere)
    upstream = HTTPServer(("127.0.0.1", 0), Upstream)
    upstream.socket = own.server_context("localhost").wrap_socket(upstream.socket, server_side=True)
    thread = Thread(target=upstream.handle_request)
    thread.start()
    connection = http.client.HTTPSConnection(
        "127.0.0.1",
        proxy.server_address[1],
        timeout=5,
        context=context_trusting(elsewhere / "proxy-ca.pem"),
    )
    try:
        connection.set_tunnel("localhost", upstream.server_address[1])
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"x" * 200_000
    finally:
        connection.close()
        thread.join()
        upstream.server_close()


class Upstream(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "200000")
        self.end_headers()
        self.wfile.write(b"x" * 200_000)


def test_the_hosts_of_charts_that_are_not_local_are_not_answered_for(proxy: Proxy) -> None:
    assert proxy.repositories == {"charts.example:443", "mirror.example:8443"}


def test_a_host_that_nobody_listens_for_is_said_to_be_out_of_reach(proxy: Proxy) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        status, reason = ask(proxy, f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n")
    assert (status, reason.split(":")[0]) == (502, "127.0.0.1 is out of reach")


def test_a_connect_without_a_port_that_is_a_number_is_refused(proxy: Proxy) -> None:
    assert ask(proxy, "CONNECT charts.example:https HTTP/1.1\r\n\r\n") == (
        400,
        "CONNECT names no host and port",
    )


def test_plain_http_is_refused(proxy: Proxy) -> None:
    request = "GET http://charts.example/efs/index.yaml HTTP/1.1\r\nHost: charts.example\r\n\r\n"
    assert ask(proxy, request) == (501, "only HTTPS is proxied")


def test_a_client_that_does_not_trust_the_authority_is_left_alone(proxy: Proxy, connect: Connect) -> None:
    distrustful = http.client.HTTPSConnection(
        "127.0.0.1", proxy.server_address[1], timeout=5, context=ssl.create_default_context()
    )
    distrustful.set_tunnel("charts.example", 443)
    with pytest.raises(ssl.SSLCertVerificationError):
        distrustful.request("GET", "/efs/index.yaml")
    distrustful.close()
    connection = connect("charts.example")
    connection.request("GET", "/efs/index.yaml")
    assert connection.getresponse().status == 200


def ask(proxy: Proxy, request: str) -> tuple[int, str]:
    """Status and reason of the answer to a request in clear text."""
    with socket.create_connection(("127.0.0.1", proxy.server_address[1]), timeout=5) as client:
        client.sendall(request.encode())
        first = client.makefile("rb").readline().decode()
    _, status, reason = first.strip().split(" ", 2)
    return int(status), reason


@pytest.mark.parametrize("host", ["charts.example", "remote.example"])
def test_a_chart_repository_keeps_silent_on_request(connect: Connect, tmp_path: Path, host: str) -> None:
    box = FaultBox(tmp_path)
    key = box.put(parse_fault("chart-repository-silent:1s"))
    connection = connect(host)
    with pytest.raises((ssl.SSLError, OSError)):  # cut off after a second, without a word
        connection.request("GET", "/efs/index.yaml")
    assert box.strikes(key) == 1


def test_a_chart_repository_answers_again_afterwards(connect: Connect, tmp_path: Path) -> None:
    box = FaultBox(tmp_path)
    box.remove(box.put(parse_fault("chart-repository-silent")))
    connection = connect("charts.example")
    connection.request("GET", "/efs/index.yaml")
    assert connection.getresponse().status == 200


def test_a_call_through_the_proxy_meets_a_fault(connect: Connect, tmp_path: Path) -> None:
    box = FaultBox(tmp_path)
    key = box.put(parse_fault("throttle:efs.DescribeFileSystems:1"))
    for status in (429, 200):
        connection = connect(EFS)
        connection.request("GET", "/2015-02-01/file-systems", headers=SIGNED)
        answer = connection.getresponse()
        assert answer.status == status
        answer.read()
    assert box.strikes(key) == 1


def test_a_registry_serves_the_manifest_of_a_version_and_its_blobs(tmp_path: Path) -> None:
    (tmp_path / "Chart.yaml").write_text("name: some\nversion: 1.0.0+a\n")
    with tarfile.open(tmp_path / "some.tgz", "w:gz") as packed:
        packed.add(tmp_path / "Chart.yaml", arcname="some/Chart.yaml")
    files = registry_files(chart("some", "1.0.0+a", "oci://charts.example/team/some/", tmp_path / "some.tgz"))
    content, kind = files["/v2/team/some/manifests/1.0.0_a"]
    assert kind == "application/vnd.oci.image.manifest.v1+json"
    manifest = json.loads(content)
    config, _ = files[f"/v2/team/some/blobs/{manifest['config']['digest']}"]
    assert json.loads(config) == {"name": "some", "version": "1.0.0+a"}
    (layer,) = manifest["layers"]
    archive, _ = files[f"/v2/team/some/blobs/{layer['digest']}"]
    assert archive == (tmp_path / "some.tgz").read_bytes()
    assert layer["size"] == len(archive)
