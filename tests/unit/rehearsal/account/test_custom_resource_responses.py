"""How long a response to CloudFormation may be, and what it is made of."""

from typing import Any

import pytest

from rehearsal.account.cloudformation.custom_resource_responses import (
    CustomResourceError,
    UnusableResponseError,
    response_to_answer,
    response_to_failure,
)

CREATE: dict[str, Any] = {
    "RequestType": "Create",
    "RequestId": "0" * 36,
    "StackId": "arn:aws:cloudformation:ap-northeast-2:123456789012:stack/stack/" + "0" * 36,
    "LogicalResourceId": "Manifest",
}
UPDATE = {**CREATE, "RequestType": "Update", "PhysicalResourceId": "former"}

EMPTY = response_to_answer(CREATE, {"Data": {"Value": ""}})._size()
"""Bytes of a response without its one value."""


def test_a_response_may_have_4096_bytes() -> None:
    response_to_answer(CREATE, {"Data": {"Value": "x" * (4096 - EMPTY)}}).check()


@pytest.mark.parametrize("more", ["x", "\u00e9"])
def test_a_response_may_not_have_one_more(more: str) -> None:
    value = "x" * (4096 - EMPTY - len(more.encode()) + 1) + more
    with pytest.raises(UnusableResponseError, match=r"^Response object is too long\.$"):
        response_to_answer(CREATE, {"Data": {"Value": value}}).check()


def test_letters_of_other_scripts_count_as_utf_8() -> None:
    value = "\u00e9" * ((4096 - EMPTY) // 2)
    response_to_answer(CREATE, {"Data": {"Value": value}}).check()


@pytest.mark.parametrize(("event", "expected"), [(CREATE, "0" * 36), (UPDATE, "former")])
def test_the_physical_id_is_that_of_before_or_else_the_request(event: dict[str, Any], expected: str) -> None:
    assert response_to_answer(event, None).physical_id == expected


def test_a_failed_create_has_the_id_by_which_its_delete_is_passed_over() -> None:
    response = response_to_failure(CREATE, "why", "handler")
    assert response.physical_id == "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"


@pytest.mark.parametrize(("words", "shown"), [("why", "why"), ("", "error")])
def test_a_failure_says_where_the_logs_are(words: str, shown: str) -> None:
    with pytest.raises(CustomResourceError) as caught:
        response_to_failure(UPDATE, words, "handler").check()
    assert str(caught.value) == (
        "Received response status [FAILED] from custom resource. Message returned: "
        f"Error: {shown}\n\nLogs: /aws/lambda/handler (RequestId: {'0' * 36})"
    )
