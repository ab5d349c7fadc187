"""Custom resources of a stack: the events that a handler gets, and what becomes of its answers."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.account.cloudformation.custom_resources import CustomResource
from rehearsal.account.functions.lambda_functions import LambdaRunner
from tests.unit.rehearsal.account.conftest import Functions
from tests.unit.rehearsal.account.stacks import Stacks, aws_client, parameter

RECORD = """
import json, pathlib
def handler(event, context):
    with pathlib.Path({record!r}).open("a") as stream:
        stream.write(json.dumps(event) + "\\n")
    properties = event["ResourceProperties"]
    if event["RequestType"] == properties.get("FailOn"):
        raise RuntimeError(f"cannot {{event['RequestType']}}")
    if event["RequestType"] == properties.get("SilentOn"):
        return None
    return json.loads(properties.get("Answer", "null"))
"""

Events = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.fixture
def events(record: Path) -> Events:
    """The events that the handler has got so far."""
    return lambda: [json.loads(line) for line in record.read_text().splitlines()]


@pytest.fixture
def provider(functions: "Functions", runner: LambdaRunner, record: Path) -> str:
    CustomResource.runner = runner
    return functions.make_provider(RECORD.format(record=str(record)))


def test_no_value_in_a_list_is_left_out_and_none_of_an_attribute_stays_none(
    stacks: Stacks, provider: str, events: Events
) -> None:
    none = {"Ref": "AWS::NoValue"}
    later = custom(provider, List=["a", none, {"Fn::GetAtt": ["First", "Nothing"]}], Gone=none)
    stacks.deploy({"First": custom(provider, answer={"Data": {"Nothing": None}}), "Later": later})
    properties = events()[-1]["ResourceProperties"]
    assert properties["List"] == ["a", None]
    assert "Gone" not in properties


def custom(provider: str, *, answer: Any = None, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "Custom::AWSCDK-EKS-KubernetesResource",
        "Properties": {"ServiceToken": provider, "Answer": json.dumps(answer), **properties},
    }


def test_each_request_has_the_fields_of_the_service(stacks: Stacks, provider: str, events: Events) -> None:
    stacks.deploy({"Manifest": custom(provider, Text="one")})
    stacks.deploy({"Manifest": custom(provider, Text="two")})
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_COMPLETE"
    create, update, delete = events()
    common = {
        "StackId": stack_id,
        "LogicalResourceId": "Manifest",
        "ResourceType": "Custom::AWSCDK-EKS-KubernetesResource",
        "ResponseURL": "...",
    }
    given = {"ServiceToken": provider, "Answer": "null"}
    physical_id = create["RequestId"]
    assert create == {
        **common,
        "RequestType": "Create",
        "RequestId": create["RequestId"],
        "ResourceProperties": {**given, "Text": "one"},
    }
    assert update == {
        **common,
        "RequestType": "Update",
        "RequestId": update["RequestId"],
        "PhysicalResourceId": physical_id,
        "ResourceProperties": {**given, "Text": "two"},
        "OldResourceProperties": {**given, "Text": "one"},
    }
    assert delete == {
        **common,
        "RequestType": "Delete",
        "RequestId": delete["RequestId"],
        "PhysicalResourceId": physical_id,
        "ResourceProperties": {**given, "Text": "two"},
    }
    assert len({create["RequestId"], update["RequestId"], delete["RequestId"]}) == 3


def test_the_handlers_own_physical_id_is_kept(stacks: Stacks, provider: str, events: Events) -> None:
    stacks.deploy({"Manifest": custom(provider, answer={"PhysicalResourceId": "own"})})
    assert stacks.events()[-1].physical_id == "own"
    stacks.deploy({"Manifest": custom(provider, Text="changed")})
    assert events()[-1]["PhysicalResourceId"] == "own"


@pytest.mark.parametrize("answer", [None, {}, {"PhysicalResourceId": None, "Data": None}])
def test_a_handler_that_names_nothing_gets_the_request_as_id(
    stacks: Stacks, provider: str, events: Events, answer: Any
) -> None:
    assert stacks.deploy({"Manifest": custom(provider, answer=answer)}) == "CREATE_COMPLETE"
    assert stacks.events()[-1].physical_id == events()[0]["RequestId"]


def test_every_scalar_reaches_the_handler_as_a_string(stacks: Stacks, provider: str, events: Events) -> None:
    values = {"Number": 5, "Float": 1.5, "Yes": True, "No": False, "List": [1, {"Deep": False}]}
    stacks.deploy({"Manifest": custom(provider, Values=values)})
    assert events()[0]["ResourceProperties"]["Values"] == {
        "Number": "5",
        "Float": "1.5",
        "Yes": "true",
        "No": "false",
        "List": ["1", {"Deep": "false"}],
    }


def test_data_of_the_answer_are_attributes(stacks: Stacks, provider: str) -> None:
    resources = {
        "Manifest": custom(provider, answer={"Data": {"Value": "from the handler"}}),
        "A": parameter({"Fn::GetAtt": ["Manifest", "Value"]}),
    }
    assert stacks.deploy(resources) == "CREATE_COMPLETE"
    found = aws_client("ssm").get_parameter(Name="stack-A")
    assert found["Parameter"]["Value"] == "from the handler"


def test_an_attribute_that_the_answer_lacks_is_an_error(
    stacks: Stacks, provider: str, events: Events
) -> None:
    resources = {
        "Manifest": custom(provider, answer={"Data": {"Other": "1"}}),
        "A": parameter({"Fn::GetAtt": ["Manifest", "Value"]}),
    }
    assert stacks.deploy(resources) == "ROLLBACK_COMPLETE"
    assert stacks.reason("A", "CREATE_FAILED") == (
        "CustomResource attribute error: Vendor response doesn't contain Value attribute in object "
        f"{stacks.describe()['StackId']}|Manifest|{events()[0]['RequestId']}"
    )


@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_an_exception_of_the_handler_fails_the_operation_with_its_words(
    stacks: Stacks, provider: str, events: Events, request_type: str
) -> None:
    stacks.deploy({"Manifest": custom(provider, FailOn=request_type)})
    stack_id = stacks.describe()["StackId"]
    if request_type == "Update":
        stacks.deploy({"Manifest": custom(provider, FailOn=request_type, Text="changed")})
    elif request_type == "Delete":
        stacks.delete()
    ends = {"Create": "ROLLBACK_COMPLETE", "Update": "UPDATE_ROLLBACK_FAILED", "Delete": "DELETE_FAILED"}
    assert stacks.describe(stack_id)["StackStatus"] == ends[request_type]
    status = f"{request_type.upper()}_FAILED"
    assert request_type in [event["RequestType"] for event in events()]
    assert re.fullmatch(
        r"Received response status \[FAILED\] from custom resource\. Message returned: "
        rf"Error: cannot {request_type}\n\nLogs: /aws/lambda/handler \(RequestId: [0-9a-f-]{{36}}\)",
        str(stacks.reason("Manifest", status, stack_id)),
    )


def test_after_a_failed_update_the_handler_still_hears_the_former_properties(
    stacks: Stacks, provider: str, events: Events
) -> None:
    stacks.deploy({"Manifest": custom(provider, Text="one")})
    failing = custom(provider, Text="two", FailOn="Update")
    assert stacks.deploy({"Manifest": failing}) == "UPDATE_ROLLBACK_COMPLETE"
    assert events()[-1]["OldResourceProperties"]["Text"] == "two"
    assert events()[-1]["ResourceProperties"]["Text"] == "one"
    assert stacks.deploy({"Manifest": custom(provider, Text="three")}) == "UPDATE_COMPLETE"
    assert events()[-1]["OldResourceProperties"]["Text"] == "one"


def test_a_handler_that_runs_too_long_fails_the_resource(
    stacks: Stacks, functions: "Functions", runner: LambdaRunner
) -> None:
    CustomResource.runner = runner
    slow = functions.make_provider("import time\ndef handler(event, context): time.sleep(60)", Timeout=1)
    assert stacks.deploy({"Manifest": custom(slow)}) == "ROLLBACK_COMPLETE"
    assert str(stacks.reason("Manifest", "CREATE_FAILED")).startswith(
        "Received response status [FAILED] from custom resource. Message returned: "
        "Error: Task timed out after 1.00 seconds\n\nLogs: /aws/lambda/handler (RequestId: "
    )


@pytest.fixture
def silent(functions: "Functions", runner: LambdaRunner, record: Path) -> str:
    """A handler that never answers a Create."""
    CustomResource.runner = runner
    source = RECORD.format(record=str(record)).replace(
        "    properties =",
        "    import time\n    while event['RequestType'] == 'Create': time.sleep(60)\n    properties =",
    )
    return functions.make_provider(source, Timeout=900)


def test_a_handler_that_never_answers_fails_after_the_service_timeout(
    stacks: Stacks, silent: str, events: Events
) -> None:
    assert stacks.deploy({"Manifest": custom(silent, ServiceTimeout=1)}) == "ROLLBACK_COMPLETE"
    create, delete = events()
    assert stacks.reason("Manifest", "CREATE_FAILED") == (
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
        f"requestId [{create['RequestId']}]. If you are using the Python cfn-response module, you may need "
        "to update your Lambda function code so that CloudFormation can attach the updated version."
    )
    # What it has made, perhaps, is deleted by an id that CloudFormation has made up.
    assert delete["RequestType"] == "Delete"
    assert re.fullmatch(r"stack-Manifest-[0-9A-F]{12}", delete["PhysicalResourceId"])
    assert stacks.with_status("DELETE_COMPLETE") == ["Manifest"]


def test_what_may_be_left_of_a_create_without_an_answer_goes_with_its_stack(
    stacks: Stacks, silent: str, events: Events
) -> None:
    resources = {"Manifest": custom(silent, ServiceTimeout=1)}
    assert stacks.deploy(resources, no_rollback=True) == "CREATE_FAILED"
    assert stacks.delete() == "DELETE_COMPLETE"
    assert [event["RequestType"] for event in events()] == ["Create", "Delete"]


@pytest.mark.parametrize("value", [0, 3601, "soon", 1.5, True])
def test_a_service_timeout_that_cannot_be_fails_the_resource(
    stacks: Stacks, provider: str, value: Any
) -> None:
    assert stacks.deploy({"Manifest": custom(provider, ServiceTimeout=value)}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == (
        f"ServiceTimeout is {value!r}; it must be a whole number of seconds from 1 to 3600"
    )


@pytest.mark.parametrize("value", [1, 3600, "60"])
def test_a_handler_that_answers_in_time_does_not_notice_the_service_timeout(
    stacks: Stacks, provider: str, events: Events, value: Any
) -> None:
    assert stacks.deploy({"Manifest": custom(provider, ServiceTimeout=value)}) == "CREATE_COMPLETE"
    assert events()[0]["ResourceProperties"]["ServiceTimeout"] == str(value)


@pytest.mark.parametrize("answer", ["done", ["done"], 1, True])
def test_an_answer_that_is_no_object_counts_as_nothing(stacks: Stacks, provider: str, answer: Any) -> None:
    assert stacks.deploy({"Manifest": custom(provider, answer=answer)}) == "CREATE_COMPLETE"


def test_another_physical_id_replaces_the_resource_and_the_former_one_is_deleted_last(
    stacks: Stacks, provider: str, events: Events
) -> None:
    def resources(name: str) -> dict[str, Any]:
        manifest = custom(provider, answer={"PhysicalResourceId": name})
        return {"Manifest": manifest, "Other": parameter(name, DependsOn="Manifest")}

    stacks.deploy(resources("one"))
    seen = len(stacks.events())
    assert stacks.deploy(resources("two")) == "UPDATE_COMPLETE"
    assert [(event.resource, event.status, event.physical_id) for event in stacks.events()[seen:]] == [
        ("Manifest", "UPDATE_IN_PROGRESS", "one"),
        ("Manifest", "UPDATE_COMPLETE", "two"),
        ("Other", "UPDATE_IN_PROGRESS", "stack-Other"),
        ("Other", "UPDATE_COMPLETE", "stack-Other"),
        ("Manifest", "DELETE_IN_PROGRESS", "one"),
        ("Manifest", "DELETE_COMPLETE", "one"),
    ]
    assert [(event["RequestType"], event.get("PhysicalResourceId")) for event in events()] == [
        ("Create", None),
        ("Update", "one"),
        ("Delete", "one"),
    ]
    assert json.loads(events()[-1]["ResourceProperties"]["Answer"]) == {"PhysicalResourceId": "one"}


def test_a_deletion_cannot_change_the_physical_id(
    stacks: Stacks, functions: "Functions", runner: LambdaRunner
) -> None:
    CustomResource.runner = runner
    restless = functions.make_provider(
        "def handler(event, context): return {'PhysicalResourceId': event['RequestType']}"
    )
    stacks.deploy({"Manifest": custom(restless)})
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_FAILED"
    words = 'Error: DELETE: cannot change the physical resource ID from "Create" to "Delete" during deletion'
    assert words in str(stacks.reason("Manifest", "DELETE_FAILED", stack_id))


def test_the_service_token_of_a_resource_cannot_change(
    stacks: Stacks, provider: str, functions: "Functions"
) -> None:
    stacks.deploy({"Manifest": custom(provider)})
    other = functions.make("other", "", Environment={"Variables": {"USER_ON_EVENT_FUNCTION_ARN": provider}})
    assert stacks.deploy({"Manifest": custom(other)}) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "UPDATE_FAILED") == "Modifying service token is not allowed."


def test_a_function_that_is_not_of_the_provider_framework_is_not_rehearsed(
    stacks: Stacks, functions: "Functions", runner: LambdaRunner
) -> None:
    CustomResource.runner = runner
    plain = functions.make("plain", "def handler(event, context): pass")
    assert stacks.deploy({"Manifest": custom(plain)}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == (
        f"not rehearsed: {plain} is not a function of CDK's provider framework"
    )


def test_a_function_that_does_not_exist_is_named(stacks: Stacks, runner: LambdaRunner) -> None:
    CustomResource.runner = runner
    arn = "arn:aws:lambda:ap-northeast-2:123456789012:function:nobody"
    assert stacks.deploy({"Manifest": custom(arn)}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == f"Function not found: {arn}"


def test_a_response_that_is_too_long_fails_the_resource_and_what_it_made_is_deleted(
    stacks: Stacks, provider: str, events: Events
) -> None:
    long = custom(provider, answer={"Data": {"Value": "x" * 4096}}, SilentOn="Delete")
    assert stacks.deploy({"Manifest": long}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == "Response object is too long."
    create, delete = events()
    assert (create["RequestType"], delete["RequestType"]) == ("Create", "Delete")
    assert re.fullmatch(r"stack-Manifest-[0-9A-F]{12}", delete["PhysicalResourceId"])


def test_the_words_of_a_failure_that_are_too_long_are_lost(
    stacks: Stacks, functions: "Functions", runner: LambdaRunner
) -> None:
    CustomResource.runner = runner
    source = (
        "def handler(event, context):\n  if event['RequestType'] == 'Create': raise RuntimeError('x' * 4096)"
    )
    talkative = functions.make_provider(source)
    assert stacks.deploy({"Manifest": custom(talkative)}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == "Response object is too long."


@pytest.mark.parametrize("name", ["x" * 1025, "\u00e9" * 513])
def test_a_physical_id_that_is_too_long_is_invalid(stacks: Stacks, provider: str, name: str) -> None:
    wrong = custom(provider, answer={"PhysicalResourceId": name}, SilentOn="Delete")
    assert stacks.deploy({"Manifest": wrong}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("Manifest", "CREATE_FAILED") == "Invalid PhysicalResourceId"


def test_data_that_are_not_to_be_shown_are_masked_in_outputs_only(stacks: Stacks, provider: str) -> None:
    secret = {"Fn::GetAtt": ["Manifest", "Value"]}
    resources = {
        "Manifest": custom(provider, answer={"NoEcho": True, "Data": {"Value": "secret"}}),
        "A": parameter(secret),
    }
    assert stacks.deploy(resources, Outputs={"Out": {"Value": secret}}) == "CREATE_COMPLETE"
    assert stacks.describe()["Outputs"][0]["OutputValue"] == "****"
    found = aws_client("ssm").get_parameter(Name="stack-A")
    assert found["Parameter"]["Value"] == "secret"


def test_independent_custom_resources_are_made_at_the_same_time(
    stacks: Stacks, functions: "Functions", runner: LambdaRunner, tmp_path: Path
) -> None:
    CustomResource.runner = runner
    meeting = functions.make_provider(
        "import pathlib, time\n"
        "def handler(event, context):\n"
        f"    folder = pathlib.Path({str(tmp_path / 'meeting')!r})\n"
        "    folder.mkdir(exist_ok=True)\n"
        "    (folder / event['LogicalResourceId']).touch()\n"
        "    while event['RequestType'] == 'Create' and len(list(folder.iterdir())) < 2: time.sleep(0.05)\n",
        Timeout=8,
    )
    resources = {"One": custom(meeting), "Two": custom(meeting)}
    assert stacks.deploy(resources) == "CREATE_COMPLETE"
