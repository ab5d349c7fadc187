"""Where a chart comes from, and what is said when it cannot be had."""

import io
import os
import re
import socket
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rehearsal import charts
from rehearsal.charts import ChartSource, locate_chart
from rehearsal.errors import RehearsalError

NAME, VERSION = "airflow", "1.22.0"
DRIVER = "aws-efs-csi-driver"
INDEX = f"apiVersion: v1\nentries:\n  {NAME}:\n    - version: 1.21.0\n    - version: {VERSION}\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The rehearsal's folder."""
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that AIRFLOW_EFS_CHARTS names."""
    named = tmp_path / "charts"
    named.mkdir()
    monkeypatch.setenv("AIRFLOW_EFS_CHARTS", str(named))
    return named


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Serve a text as index.yaml of a repository on loopback; returns the repository's URL."""
    monkeypatch.delenv("AIRFLOW_EFS_CHARTS", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    texts: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = texts[0].encode()
            self.send_response(200 if self.path == "/charts/index.yaml" else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def serve(text: str) -> str:
        texts.append(text)
        return f"http://127.0.0.1:{server.server_address[1]}/charts"

    yield serve
    server.shutdown()
    server.server_close()
    thread.join()


def locate(
    work: Path, *, name: str = NAME, version: str = VERSION, repository: str = "https://nobody.invalid/charts"
) -> ChartSource:
    return locate_chart(name=name, version=version, repository=repository, directory=work, say=lambda _: None)


def refusal(work: Path, **named: str) -> str:
    with pytest.raises(RehearsalError) as caught:
        locate(work, **named)
    return str(caught.value)


def metadata(name: str = NAME, version: str = VERSION) -> str:
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n"


def write_chart(folder: Path, text: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(text)
    (folder / "templates" / "service.yaml").write_text("kind: Service\n")
    return folder


def write_archive(path: Path, text: str, *, top: str = NAME) -> Path:
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo(f"{top}/Chart.yaml")
        member.size = len(text)
        packed.addfile(member, io.BytesIO(text.encode()))
    return path


def test_an_archive_of_the_folder_is_taken_as_it_is(work: Path, folder: Path) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata())
    chart = locate(work)
    assert chart.archive == archive
    assert chart.describe() == f"airflow 1.22.0 from AIRFLOW_EFS_CHARTS ({folder})"


def test_an_archive_comes_before_an_unpacked_chart(work: Path, folder: Path) -> None:
    write_chart(folder / NAME, metadata(version="9.9.9"))
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata())
    assert locate(work).archive == archive


def test_an_unpacked_chart_of_the_folder_is_packed(work: Path, folder: Path) -> None:
    write_chart(folder / NAME, metadata())
    chart = locate(work)
    assert chart.archive is not None
    assert chart.archive.is_relative_to(work)
    with tarfile.open(chart.archive) as packed:
        assert [member.name for member in packed if member.isfile()] == [
            "airflow/Chart.yaml",
            "airflow/templates/service.yaml",
        ]


def test_an_unpacked_chart_of_another_version_says_what_it_stands_in_for(work: Path, folder: Path) -> None:
    write_chart(folder / NAME, metadata(version="1.23.0-dev"))
    chart = locate(work)
    assert (chart.version, chart.archive_version) == ("1.22.0", "1.23.0-dev")
    assert chart.describe() == f"airflow 1.23.0-dev from AIRFLOW_EFS_CHARTS ({folder}), in place of 1.22.0"


def test_a_chart_packed_twice_gives_the_same_bytes(work: Path, folder: Path) -> None:
    first = write_chart(folder / "one" / NAME, metadata())
    second = write_chart(folder / "two" / NAME, metadata())
    for path in [second, *second.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
        # An hour later, as a fresh clone has it.
        stamp = path.stat().st_mtime + 3600
        os.utime(path, (stamp, stamp))
    (second / "Chart.yaml").rename(second / "aside")  # another order on the disk
    (second / "aside").rename(second / "Chart.yaml")
    packed = []
    for number, chart in enumerate((first, second)):
        target = work / str(number)
        target.mkdir()
        packed.append(charts._pack(chart, target).read_bytes())
    assert packed[0] == packed[1]


def test_a_folder_that_does_not_exist_is_an_error(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_EFS_CHARTS", str(tmp_path / "none"))
    assert refusal(work) == (
        f"AIRFLOW_EFS_CHARTS names {tmp_path / 'none'}, which is not a folder: name one, or unset it."
    )


@pytest.mark.parametrize("keep", [0, 1, 40, -20])
def test_a_corrupt_archive_is_named(work: Path, folder: Path, keep: int) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata())
    content = archive.read_bytes()
    archive.write_bytes(content[:keep])
    assert refusal(work).startswith(f"{archive} is not the chart airflow: ")


def test_an_archive_whose_compressed_bytes_are_damaged_is_named(work: Path, folder: Path) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata())
    content = bytearray(archive.read_bytes())
    for place in range(20, 60):
        content[place] ^= 0xFF
    archive.write_bytes(bytes(content))
    assert refusal(work).startswith(f"{archive} is not the chart airflow: ")


def test_an_archive_of_something_else_is_named(work: Path, folder: Path) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata("keda"), top="keda")
    assert refusal(work) == (
        f"{archive} is not the chart airflow: \"filename 'airflow/Chart.yaml' not found\""
    )


@pytest.mark.parametrize(
    "text", ["", "- a list\n", "name: airflow\n", "name: other\nversion: 1.22.0\n", "version: 1.22.0\n"]
)
def test_an_archive_without_the_charts_name_and_version_is_named(work: Path, folder: Path, text: str) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", text)
    assert refusal(work) == (
        f"{archive} is not the chart airflow: its Chart.yaml has another name or no version"
    )


def test_an_archive_of_another_version_than_its_name_is_an_error(work: Path, folder: Path) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata(version="1.21.0"))
    assert refusal(work) == (
        f"{archive} holds airflow 1.21.0, not 1.22.0: "
        "name it airflow-1.21.0.tgz, or put the right archive there."
    )


def test_an_unpacked_chart_that_cannot_be_read_is_named_by_its_folder(work: Path, folder: Path) -> None:
    chart = write_chart(folder / NAME, "name: [airflow\n")
    assert refusal(work).startswith(f"{chart} is not the chart airflow: ")


def test_a_repository_that_has_the_chart_serves_it_itself(work: Path, serve: Callable[[str], str]) -> None:
    repository = serve(INDEX)
    chart = locate(work, repository=repository)
    assert chart.archive is None
    assert chart.describe() == f"airflow 1.22.0 from {repository}/"


def test_a_chart_that_the_folder_lacks_comes_from_the_repository(
    work: Path, serve: Callable[[str], str], folder: Path
) -> None:
    assert locate(work, repository=serve(INDEX)).archive is None
    assert list(folder.iterdir()) == []


ADVICE = "Put airflow-1.22.0.tgz into a folder and name it in AIRFLOW_EFS_CHARTS."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("entries: {airflow: [{version: 1.21.0}]}", "{repository}/ has no airflow 1.22.0"),
        ("entries: {keda: [{version: 1.22.0}]}", "{repository}/ has no airflow 1.22.0"),
        ("entries: {airflow: }", "{repository}/ has no airflow 1.22.0"),
        ("entries: {}", "{repository}/ has no airflow 1.22.0"),
        ("", "{repository}/index.yaml is not the index of a chart repository"),
        ("entries:", "{repository}/index.yaml is not the index of a chart repository"),
        ("apiVersion: v1", "{repository}/index.yaml is not the index of a chart repository"),
        ("- a list", "{repository}/index.yaml is not the index of a chart repository"),
        ("entries: {airflow: 5}", "{repository}/index.yaml is not the index of a chart repository"),
        ("entries: {airflow: [5]}", "{repository}/index.yaml is not the index of a chart repository"),
        (
            "<!DOCTYPE html>\n<html><body>Sign in</body></html>",
            "{repository}/index.yaml is not the index of a chart repository",
        ),
    ],
)
def test_a_repository_that_does_not_serve_the_chart_is_an_error_with_the_cure(
    work: Path, serve: Callable[[str], str], text: str, reason: str
) -> None:
    repository = serve(text)
    assert refusal(work, repository=repository) == (
        f"the chart airflow 1.22.0 cannot be had: {reason.format(repository=repository)}. {ADVICE}"
    )


def test_a_page_that_is_not_yaml_is_not_an_index(work: Path, serve: Callable[[str], str]) -> None:
    repository = serve("<html>\n\t<a: b: c>")
    assert refusal(work, repository=repository) == (
        f"the chart airflow 1.22.0 cannot be had: {repository}/index.yaml is not the index of a chart "
        f"repository. {ADVICE}"
    )


def test_a_repository_that_answers_with_an_error_is_out_of_reach(
    work: Path, serve: Callable[[str], str]
) -> None:
    repository = serve(INDEX).replace("/charts", "/elsewhere")
    assert refusal(work, repository=repository) == (
        f"the chart airflow 1.22.0 cannot be had: {repository}/ is out of reach. {ADVICE}"
    )


def test_a_repository_that_nobody_serves_is_out_of_reach(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_EFS_CHARTS", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        repository = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        assert refusal(work, repository=repository) == (
            f"the chart airflow 1.22.0 cannot be had: {repository} is out of reach. {ADVICE}"
        )


def test_a_registry_is_not_asked(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_EFS_CHARTS", raising=False)
    assert refusal(work, repository="oci://registry.example/airflow") == (
        "the chart airflow 1.22.0 cannot be had: oci://registry.example/airflow/ is a registry, which is not "
        f"asked. {ADVICE}"
    )


def test_the_drivers_chart_comes_from_its_module_when_nothing_else_has_it(
    work: Path, serve: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "module"
    write_chart(module / "charts" / DRIVER, metadata(DRIVER, "2.5.6"))
    monkeypatch.setattr(charts, "module_directory", lambda *_, **__: module)
    repository = serve(INDEX)
    chart = locate(work, name=DRIVER, version="4.4.1", repository=repository)
    assert re.fullmatch(
        rf"aws-efs-csi-driver 2\.5\.6 from the driver's Go module v\d+\.\d+\.\d+ "
        rf"\({re.escape(repository)}/ has no aws-efs-csi-driver 4\.4\.1\), in place of 4\.4\.1",
        chart.describe(),
    )
    assert chart.archive == work / "aws-efs-csi-driver.tgz"


DIGEST = "sha256:" + "0" * 64


def test_an_archive_with_another_digest_is_refused(work: Path, folder: Path) -> None:
    archive = write_archive(folder / f"{NAME}-{VERSION}.tgz", metadata())
    found = sha256(archive.read_bytes()).hexdigest()
    with pytest.raises(RehearsalError) as caught:
        located(work, digest=DIGEST)
    assert str(caught.value) == (
        f"the archive of the chart airflow of AIRFLOW_EFS_CHARTS ({folder}) has the digest "
        f"sha256:{found}, and the environment wants {DIGEST}: "
        "find out which of the two is right before you install it."
    )
    assert located(work, digest=f"sha256:{found}").archive == archive


@pytest.mark.parametrize(("stated", "said"), [("1" * 64, "sha256:" + "1" * 64), ("", "not stated")])
def test_a_repository_that_states_another_digest_is_refused(
    work: Path, serve: Callable[[str], str], stated: str, said: str
) -> None:
    repository = serve(f"entries: {{airflow: [{{version: {VERSION}, digest: '{stated}'}}]}}")
    with pytest.raises(RehearsalError, match=f"has the digest {said}, and the environment wants {DIGEST}"):
        located(work, repository=repository, digest=DIGEST)


def test_a_repository_that_states_the_digest_serves_the_chart(
    work: Path, serve: Callable[[str], str]
) -> None:
    repository = serve(f"entries: {{airflow: [{{version: {VERSION}, digest: '{'0' * 64}'}}]}}")
    assert located(work, repository=repository, digest=DIGEST).archive is None


def test_a_stand_in_serves_where_nothing_else_has_the_chart(
    work: Path, tmp_path: Path, serve: Callable[[str], str]
) -> None:
    write_chart(tmp_path / "stand-ins" / NAME, metadata(version="1.22.0-standin"))
    repository = serve("entries: {}")
    chart = located(work, repository=repository, stand_ins=tmp_path / "stand-ins")
    assert chart.describe() == (
        f"airflow 1.22.0-standin from a stand-in ({repository}/ has no airflow 1.22.0), in place of 1.22.0"
    )


def test_a_stand_in_does_not_serve_where_the_repository_has_the_chart(
    work: Path, tmp_path: Path, serve: Callable[[str], str]
) -> None:
    write_chart(tmp_path / "stand-ins" / NAME, metadata())
    assert located(work, repository=serve(INDEX), stand_ins=tmp_path / "stand-ins").archive is None


def located(work: Path, **named: Any) -> ChartSource:
    defaults: dict[str, Any] = {
        "name": NAME,
        "version": VERSION,
        "repository": "https://nobody.invalid/charts",
        "directory": work,
    }
    return locate_chart(**(defaults | named), say=lambda _: None)
