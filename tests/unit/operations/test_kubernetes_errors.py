"""What the API server has against a call, in one line without its headers."""

import pytest
from kubernetes.client import ApiException
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from operations.kubernetes_errors import explain, why_silent, words_of


def refusal(status: int, body: str | None) -> ApiException:
    error = ApiException(status=status, reason="Reason")
    error.body = body
    error.headers = {"Audit-Id": "1"}
    return error


def test_the_message_of_the_answer_is_told() -> None:
    error = refusal(404, '{"kind": "Status", "message": "pods \\"one\\" not found"}')
    assert explain(error) == 'the Kubernetes API server answers 404: pods "one" not found'


def test_a_namespace_that_is_not_there_is_told_with_what_makes_it() -> None:
    error = refusal(404, '{"kind": "Status", "message": "namespaces \\"nons\\" not found"}')
    assert explain(error) == (
        "there is no namespace nons: kubectl create namespace nons, or name another with -n"
    )


@pytest.mark.parametrize("body", [None, "", "<html>", "[]", '{"message": null}'])
def test_without_a_message_the_reason_is_told(body: str | None) -> None:
    assert words_of(refusal(502, body)) == "Reason"


def test_an_answer_of_several_lines_is_one_line() -> None:
    assert words_of(refusal(422, '{"message": "a\\n  b"}')) == "a b"


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (
            "pods is forbidden: exceeded quota: small, requested: pods=1",
            "raise the namespace's ResourceQuota",
        ),
        ("pods is forbidden: violates PodSecurity restricted:latest", "a namespace whose policy lets it in"),
        ("admission webhook policy.example.com denied the request", "a namespace whose policy lets it in"),
    ],
)
def test_not_every_refusal_is_for_want_of_a_right(words: str, cure: str) -> None:
    said = explain(refusal(403, f'{{"message": "{words}"}}'))
    assert cure in said
    assert "give the caller" not in said


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_to_be_tried_again(status: int) -> None:
    assert explain(refusal(status, None)).endswith(": try again in a minute")


@pytest.mark.parametrize(("status", "cure"), [(401, "access entry"), (403, "give the caller this right")])
def test_a_refusal_names_its_cure(status: int, cure: str) -> None:
    assert cure in explain(refusal(status, '{"message": "no"}'))


def test_an_answer_that_is_none_is_said() -> None:
    error = ApiException(status=0, reason="SSLError")
    assert explain(error) == "the Kubernetes API server does not answer as it should: SSLError"


def test_of_silence_the_reason_is_told_without_what_is_around_it() -> None:
    pool = HTTPSConnectionPool("example.com", 443)
    reason = NewConnectionError(HTTPSConnection("example.com", 443), "Failed to\n connect")
    assert why_silent(MaxRetryError(pool, "/api", reason)) == "example.com:443: Failed to connect"


def test_silence_without_a_reason_is_told_as_it_is() -> None:
    assert why_silent(ConnectionRefusedError("refused")) == "refused"
