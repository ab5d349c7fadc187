"""What the doctor says of the URLs in Airflow's secrets, without a cluster."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operations.doctor.checks import airflow_urls
from operations.doctor.installation import Installation, NotThereError, Thing
from operations.doctor.needs import AirflowNeeds, SecretKey, Url
from operations.findings import Problem
from tests.unit.airflow_environments import environment

CERTIFICATE = "postgresql://airflow:hush@db/airflow?sslmode=verify-full&sslrootcert=/certs/hush.pem"
PUBLIC = CERTIFICATE.replace("/certs/hush.pem", "/etc/ssl/certs/ca-certificates.crt")


class Secrets(Installation):
    """An installation with one secret for each kind of URL, and perhaps a KEDA with something mounted."""

    def __init__(self, urls: dict[Url, str], *, mounted: str | None = None, namespace: bool = True) -> None:
        super().__init__(environment({}))
        self.__dict__["_once_api"] = (None, None)
        self.airflow = AirflowNeeds(
            namespace="airflow",
            keda_namespace="scaling",
            secrets=tuple(SecretKey(name=url.value, key="connection", url=url) for url in Url),
        )
        self._urls = urls
        self._mounted = mounted
        self._namespace = namespace

    def read(self, call: Callable[..., Any], *arguments: str, **options: Any) -> Thing | None:
        assert options == {}
        if call.__name__ == "read_namespace":
            return {} if self._namespace else None
        if call.__name__ == "read_namespaced_deployment":
            assert arguments == ("keda-operator", "scaling")
            return None if self._mounted is None else operator(self._mounted)
        assert call.__name__ == "read_namespaced_secret"
        text = self._urls.get(Url(arguments[0]))
        return None if text is None else {"data": {"connection": base64.b64encode(text.encode()).decode()}}


def operator(mounted: str) -> Thing:
    container = {"name": "keda-operator", "volumeMounts": [{"name": "x", "mountPath": mounted}]}
    return {"spec": {"template": {"spec": {"containers": [{"name": "other"}, container]}}}}


Run = Callable[[Installation], Iterator[Problem]]

CHECKS: list[tuple[Run, Url, str]] = [
    (airflow_urls.connection, Url.DATABASE, "postgresql+psycopg2://airflow:hush@db/airflow"),
    (airflow_urls.results, Url.RESULTS, "postgresql://airflow:hush@db/airflow"),
    (airflow_urls.broker, Url.BROKER, "http://:hush@cache"),
]


@pytest.mark.parametrize(("run", "url", "text"), CHECKS)
def test_secret_key_and_cure_are_named_and_the_value_is_not(run: Run, url: Url, text: str) -> None:
    (problem,) = run(Secrets({url: text}))
    assert problem.where == f"Secret airflow/{url.value}, key connection"
    assert "write " in problem.cure
    assert "hush" not in problem.what + problem.cure


@pytest.mark.parametrize(("run", "url", "text"), CHECKS)
def test_each_check_looks_at_urls_of_its_own(run: Run, url: Url, text: str) -> None:
    assert [*run(Secrets({one: text for one in Url if one is not url}))] == []


@pytest.mark.parametrize("run", [run for run, _, _ in CHECKS])
def test_a_secret_that_is_missing_is_said_elsewhere(run: Run) -> None:
    assert [*run(Secrets({}))] == []


@pytest.mark.parametrize(("run", "url", "text"), CHECKS)
def test_without_the_namespace_nothing_is_said(run: Run, url: Url, text: str) -> None:
    with pytest.raises(NotThereError) as raised:
        list(run(Secrets({url: text}, namespace=False)))
    assert raised.value.because == "airflow-namespace-missing"


def test_what_keda_cannot_read_says_that_nothing_will_be_said() -> None:
    (problem,) = airflow_urls.connection(Secrets({Url.DATABASE: "postgresql://db/airflow\n"}))
    assert problem.what.endswith("which KEDA cannot read; workers would not scale, and nothing would say so")


def test_what_airflow_cannot_read_says_that_its_pods_fail() -> None:
    (problem,) = airflow_urls.connection(Secrets({Url.DATABASE: "postgresql://db/airflow?schema=x"}))
    assert problem.what.endswith("which Airflow cannot read; its pods would fail")


def test_bytes_that_are_no_text_are_no_url() -> None:
    installation = Secrets({Url.BROKER: ""})
    installation.read = lambda *_, **__: {"data": {"connection": "/w=="}}  # type: ignore[method-assign]
    (problem,) = airflow_urls.broker(installation)
    assert "begins with no scheme" in problem.what


@pytest.mark.parametrize("mounted", [None, "/other", "/cert", "/certs/hush"])
def test_a_file_that_keda_does_not_have_is_found_and_not_shown(mounted: str | None) -> None:
    (problem,) = airflow_urls.connection_files(Secrets({Url.DATABASE: CERTIFICATE}, mounted=mounted))
    assert "names a file in sslrootcert that KEDA's operator does not have" in problem.what
    assert problem.where == "Secret airflow/database, key connection"
    assert "volumes.keda.extraVolumes" in problem.cure
    assert "hush" not in problem.what + problem.cure


@pytest.mark.parametrize("mounted", ["/certs", "/certs/", "/certs/hush.pem"])
def test_a_file_that_keda_has_is_no_problem(mounted: str) -> None:
    assert [*airflow_urls.connection_files(Secrets({Url.DATABASE: CERTIFICATE}, mounted=mounted))] == []


def test_a_file_of_kedas_image_is_no_problem() -> None:
    assert [*airflow_urls.connection_files(Secrets({Url.DATABASE: PUBLIC}))] == []


def test_a_file_in_a_string_that_cannot_be_read_is_not_looked_for() -> None:
    broken = CERTIFICATE.replace("verify-full", "verified")
    assert [*airflow_urls.connection_files(Secrets({Url.DATABASE: broken}))] == []
