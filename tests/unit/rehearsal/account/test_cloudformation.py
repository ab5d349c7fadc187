"""The course of a stack's operations, by the API that the CLI calls."""

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ssm.models import Parameter

from tests.unit.rehearsal.account.stacks import Stacks, after, aws_client, parameter

FILE_SYSTEM: dict[str, Any] = {"Type": "AWS::EFS::FileSystem", "Properties": {"Encrypted": True}}
BROKEN = {
    "Type": "AWS::EFS::MountTarget",
    "Properties": {"FileSystemId": "fs-1", "SubnetId": "subnet-1", "SecurityGroups": []},
}


def test_resources_are_created_after_what_they_depend_on_and_deleted_before_it(stacks: Stacks) -> None:
    assert stacks.deploy({"A": after("B"), "B": after("C"), "C": parameter()}) == "CREATE_COMPLETE"
    assert stacks.with_status("CREATE_COMPLETE") == ["C", "B", "A"]
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_COMPLETE"
    assert stacks.with_status("DELETE_COMPLETE", stack_id) == ["A", "B", "C"]


def test_each_resource_has_an_event_before_and_after(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    assert [(event.resource, event.status) for event in stacks.events()] == [
        ("A", "CREATE_IN_PROGRESS"),
        ("A", "CREATE_COMPLETE"),
    ]


def test_the_times_of_events_increase_strictly(stacks: Stacks) -> None:
    stacks.deploy({f"R{number}": parameter() for number in range(20)})
    times = [event["Timestamp"] for event in stacks.raw_events()]
    assert len(times) == 43  # review, start, two for each resource, end
    assert len(set(times)) == len(times)


def test_the_stack_event_comes_last_and_has_the_status_of_the_stack(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    last = stacks.raw_events()[-1]
    assert (last["LogicalResourceId"], last["ResourceStatus"]) == ("stack", "CREATE_COMPLETE")


def test_without_rollback_a_failure_ends_the_operation_with_the_reason(stacks: Stacks) -> None:
    resources = {"A": parameter(), "B": {**BROKEN, "DependsOn": "A"}, "C": after("B")}
    assert stacks.deploy(resources, no_rollback=True) == "CREATE_FAILED"
    reason = "The subnet ID 'subnet-1' does not exist"
    assert stacks.reason("B", "CREATE_FAILED") == reason
    assert stacks.raw_events()[-1]["ResourceStatusReason"] == (
        "The following resource(s) failed to create: [B]. "
    )
    assert stacks.with_status("CREATE_IN_PROGRESS") == ["A", "B"]
    assert stacks.with_status("DELETE_IN_PROGRESS") == []
    assert len(aws_client("ssm").describe_parameters()["Parameters"]) == 1


def test_what_a_failure_left_undone_is_done_by_the_next_change_set(stacks: Stacks) -> None:
    failing = {"A": parameter(), "B": {**BROKEN, "DependsOn": "A"}, "C": after("B")}
    stacks.deploy(failing, no_rollback=True)
    assert stacks.deploy({**failing, "B": after("A")}) == "UPDATE_COMPLETE"
    assert stacks.with_status("CREATE_COMPLETE") == ["A", "B", "C"]
    assert len(aws_client("ssm").describe_parameters()["Parameters"]) == 3


def test_a_failed_stack_is_deleted_with_what_was_made(stacks: Stacks) -> None:
    resources = {"A": parameter(), "B": {**BROKEN, "DependsOn": "A"}, "C": after("B")}
    stacks.deploy(resources, no_rollback=True)
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_COMPLETE"
    assert stacks.with_status("DELETE_COMPLETE", stack_id) == ["A"]
    assert aws_client("ssm").describe_parameters()["Parameters"] == []


def test_listing_the_resources_of_a_failed_stack_makes_none(stacks: Stacks) -> None:
    resources = {"A": parameter(), "B": {**BROKEN, "DependsOn": "A"}, "C": after("B")}
    stacks.deploy(resources, no_rollback=True)
    listed = stacks.client.list_stack_resources(StackName="stack")["StackResourceSummaries"]
    assert [one["LogicalResourceId"] for one in listed] == ["A"]
    assert len(aws_client("ssm").describe_parameters()["Parameters"]) == 1


def test_a_circle_is_refused_in_the_words_of_the_service_and_leaves_no_stack(stacks: Stacks) -> None:
    with pytest.raises(ClientError) as caught:
        stacks.prepare({"A": after("B"), "B": after("A")})
    message = caught.value.response["Error"]["Message"]
    assert message == "Circular dependency between resources: [A, B]"
    assert stacks.client.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("body", [after("A"), parameter({"Ref": "A"}), parameter({"Fn::Sub": "${A.Value}"})])
def test_a_resource_that_refers_to_itself_is_refused_before_anything_is_made(
    stacks: Stacks, body: dict[str, Any]
) -> None:
    message = stacks.refused({"A": body, "F": FILE_SYSTEM})
    assert message == "Circular dependency between resources: [A]"
    assert aws_client("efs").describe_file_systems()["FileSystems"] == []


def test_a_retained_resource_is_skipped_and_still_there(stacks: Stacks) -> None:
    stacks.deploy({"F": {**FILE_SYSTEM, "DeletionPolicy": "Retain"}})
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_COMPLETE"
    assert [event.status for event in stacks.events(stack_id)][-1] == "DELETE_SKIPPED"
    assert len(aws_client("efs").describe_file_systems()["FileSystems"]) == 1


def test_a_resource_without_a_policy_is_deleted(stacks: Stacks) -> None:
    stacks.deploy({"F": FILE_SYSTEM})
    stacks.delete()
    assert aws_client("efs").describe_file_systems()["FileSystems"] == []


def test_an_update_adds_before_it_removes(stacks: Stacks) -> None:
    stacks.deploy({"Old": parameter(), "Kept": parameter()})
    seen = len(stacks.events())
    assert stacks.deploy({"New": parameter(), "Kept": parameter("2")}) == "UPDATE_COMPLETE"
    done = [event for event in stacks.events()[seen:] if event.status.endswith("COMPLETE")]
    assert sorted((event.resource, event.status) for event in done[:2]) == [
        ("Kept", "UPDATE_COMPLETE"),
        ("New", "CREATE_COMPLETE"),
    ]
    assert [(event.resource, event.status) for event in done[2:]] == [("Old", "DELETE_COMPLETE")]


def test_an_update_leaves_alone_what_did_not_change(stacks: Stacks) -> None:
    bucket = {"Type": "AWS::S3::Bucket"}  # without properties: moto adds them to its copy
    stacks.deploy({"Bucket": bucket, "A": parameter()})
    seen = len(stacks.events())
    stacks.deploy({"Bucket": bucket, "A": parameter("2")})
    assert {event.resource for event in stacks.events()[seen:]} == {"A"}


def test_a_changed_parameter_updates_what_refers_to_it(stacks: Stacks) -> None:
    resources = {"A": parameter({"Ref": "Value"}), "B": parameter()}
    section = {"Value": {"Type": "String"}}
    stacks.deploy(resources, Parameters=section, values={"Value": "one"})
    assert stacks.deploy(resources, Parameters=section, values={"Value": "two"}) == "UPDATE_COMPLETE"
    assert stacks.with_status("UPDATE_COMPLETE") == ["A"]
    assert stacks.describe()["Parameters"] == [{"ParameterKey": "Value", "ParameterValue": "two"}]


def test_the_same_parameters_again_are_no_change(stacks: Stacks) -> None:
    resources = {"A": parameter({"Ref": "Value"})}
    section = {"Value": {"Type": "String"}}
    for value in ("one", "two"):
        stacks.deploy(resources, Parameters=section, values={"Value": value})
    change_set = stacks.prepare(resources, Parameters=section, values={"Value": "two"})
    described = stacks.client.describe_change_set(ChangeSetName=change_set)
    assert described["Status"] == "FAILED"
    assert described["StatusReason"].startswith("The submitted information didn't contain changes.")


def test_a_resource_whose_condition_does_not_hold_is_not_made_and_has_no_event(stacks: Stacks) -> None:
    resources = {"A": parameter(Condition="Wanted"), "B": parameter()}
    sections: dict[str, Any] = {
        "Parameters": {"Wanted": {"Type": "String"}},
        "Conditions": {"Wanted": {"Fn::Equals": [{"Ref": "Wanted"}, "yes"]}},
    }
    stacks.deploy(resources, **sections, values={"Wanted": "no"})
    assert {event.resource for event in stacks.events()} == {"B"}
    stacks.deploy(resources, **sections, values={"Wanted": "yes"})
    assert stacks.with_status("CREATE_COMPLETE") == ["B", "A"]
    stacks.deploy(resources, **sections, values={"Wanted": "no"})
    assert stacks.with_status("DELETE_COMPLETE") == ["A"]


def test_a_failed_deletion_says_so_and_can_be_repeated(stacks: Stacks) -> None:
    stacks.deploy({"A": FILE_SYSTEM, "B": {**FILE_SYSTEM, "DependsOn": "A"}})
    stack_id = stacks.describe()["StackId"]
    efs = aws_client("efs")
    made = {event.resource: event.physical_id for event in stacks.events() if event.physical_id}
    subnet = aws_client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    target = efs.create_mount_target(FileSystemId=made["A"], SubnetId=subnet)
    assert stacks.delete() == "DELETE_FAILED"
    reason = "Must delete all mount targets before deleting file system."
    assert stacks.reason("A", "DELETE_FAILED", stack_id) == reason
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    assert stacks.delete() == "DELETE_COMPLETE"
    assert stacks.with_status("DELETE_COMPLETE", stack_id) == ["B", "A"]


def test_the_exports_of_a_stack_come_and_go_with_it(stacks: Stacks) -> None:
    def outputs(*names: str) -> dict[str, Any]:
        return {name: {"Value": "v", "Export": {"Name": f"export-{name}"}} for name in names}

    def exports() -> list[str]:
        return [one["Name"] for one in stacks.client.list_exports()["Exports"]]

    stacks.deploy({"A": parameter()}, Outputs=outputs("One", "Two"))
    assert exports() == ["export-One", "export-Two"]
    stacks.deploy({"A": parameter("2")}, Outputs=outputs("Two"))
    assert exports() == ["export-Two"]
    stacks.delete()
    assert exports() == []


def test_an_export_of_another_stack_is_not_taken(stacks: Stacks) -> None:
    outputs = {"O": {"Value": {"Ref": "A"}, "Export": {"Name": "shared"}}}
    assert stacks.deploy({"A": parameter()}, stack="one", Outputs=outputs) == "CREATE_COMPLETE"
    assert stacks.deploy({"A": parameter()}, stack="two", Outputs=outputs) == "ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.raw_events("two")]
    assert "Export with name shared is already exported by stack oneRollback requested by user." in reasons
    (export,) = stacks.client.list_exports()["Exports"]
    assert export["ExportingStackId"] == stacks.describe("one")["StackId"]


def test_another_stack_can_import_what_one_exports(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()}, Outputs={"One": {"Value": "v1", "Export": {"Name": "one"}}})
    importing = {"B": parameter({"Fn::ImportValue": "one"})}
    assert stacks.deploy(importing, stack="other") == "CREATE_COMPLETE"
    (made,) = [event.physical_id for event in stacks.events("other") if event.physical_id]
    found = aws_client("ssm").get_parameter(Name=made)
    assert found["Parameter"]["Value"] == "v1"


def test_a_change_set_is_executed_once(stacks: Stacks) -> None:
    change_set = stacks.prepare({"A": parameter()})
    stacks.client.execute_change_set(ChangeSetName=change_set)
    stacks.wait("stack")
    with pytest.raises(ClientError) as caught:
        stacks.client.execute_change_set(ChangeSetName=change_set)
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "InvalidChangeSetStatus",
        "Message": f"ChangeSet [{change_set}] cannot be executed in its current execution status of "
        "[EXECUTE_COMPLETE]",
    }
    assert stacks.with_status("CREATE_IN_PROGRESS") == ["A"]


def test_the_other_change_sets_of_a_stack_go_when_one_is_executed(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    first = stacks.prepare({"A": parameter("2")}, name="first")
    stacks.prepare({"A": parameter("3")}, name="second")
    stacks.client.execute_change_set(ChangeSetName=first, StackName="stack")
    assert stacks.wait("stack") == "UPDATE_COMPLETE"
    left = stacks.client.list_change_sets(StackName="stack")["Summaries"]
    assert [one["ChangeSetName"] for one in left] == ["first"]


def test_a_change_set_that_does_not_exist_is_an_error(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    with pytest.raises(ClientError, match=r"ChangeSet \[other\] does not exist"):
        stacks.client.execute_change_set(ChangeSetName="other", StackName="stack")


def test_the_change_set_of_the_stack_is_executed_when_others_have_the_same_name(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()}, stack="one")
    stacks.deploy({"A": parameter()}, stack="two")
    stacks.deploy({"A": parameter("2")}, stack="one")
    for stack in ("one", "two"):
        stacks.prepare({"A": parameter("3"), stack.title(): parameter()}, stack=stack, name="same")
    stacks.client.execute_change_set(StackName="two", ChangeSetName="same")
    assert stacks.wait("two") == "UPDATE_COMPLETE"
    assert stacks.with_status("CREATE_COMPLETE", "two") == ["A", "Two"]
    assert stacks.with_status("CREATE_COMPLETE", "one") == ["A"]


def test_a_stack_can_be_made_again_after_its_deletion(stacks: Stacks) -> None:
    for _ in range(2):
        stacks.prepare({"A": parameter()}, name="same")
        stacks.client.execute_change_set(StackName="stack", ChangeSetName="same")
        assert stacks.wait("stack") == "CREATE_COMPLETE"
        assert stacks.delete() == "DELETE_COMPLETE"


def test_deleting_an_unknown_stack_succeeds(stacks: Stacks) -> None:
    stacks.client.delete_stack(StackName="nobody")
    assert stacks.client.describe_stacks()["Stacks"] == []


def test_a_second_deletion_at_the_same_time_joins_the_first(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = held(monkeypatch, "delete_from_cloudformation_json")
    stacks.deploy({"A": parameter()})
    stack_id = stacks.describe()["StackId"]
    for _ in range(2):
        stacks.client.delete_stack(StackName="stack")
    hold.set()
    assert stacks.wait(stack_id) == "DELETE_COMPLETE"
    assert stacks.with_status("DELETE_IN_PROGRESS", stack_id) == ["A"]


def test_a_stack_that_is_being_changed_takes_no_other_change(
    stacks: Stacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks.deploy({"A": parameter()})
    stack_id = stacks.describe()["StackId"]
    first = stacks.prepare({"A": parameter("2")})
    second = stacks.prepare({"A": parameter("3")}, name="second")
    hold = held(monkeypatch, "update_from_cloudformation_json")
    stacks.client.execute_change_set(ChangeSetName=first)
    with pytest.raises(ClientError) as caught:
        stacks.client.execute_change_set(ChangeSetName=second)
    assert caught.value.response["Error"]["Message"] == (
        f"Stack:{stack_id} is in UPDATE_IN_PROGRESS state and can not be updated."
    )
    with pytest.raises(ClientError) as caught:
        stacks.client.delete_stack(StackName="stack")
    assert caught.value.response["Error"]["Message"] == (
        f"Stack [{stack_id}] cannot be deleted while in status UPDATE_IN_PROGRESS"
    )
    hold.set()
    assert stacks.wait("stack") == "UPDATE_COMPLETE"


def test_a_type_that_moto_does_not_know_is_recorded_and_its_event_says_so(stacks: Stacks) -> None:
    entry = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 1}}
    reason = "recorded only: the emulated account has no AWS::CloudWatch::Alarm"
    assert stacks.deploy({"Entry": entry, "A": parameter({"Ref": "Entry"})}) == "CREATE_COMPLETE"
    assert stacks.reason("Entry", "CREATE_COMPLETE") == reason
    assert stacks.reason("A", "CREATE_COMPLETE") is None
    changed = {**entry, "Properties": {"Threshold": 2}}
    assert stacks.deploy({"Entry": changed, "A": parameter({"Ref": "Entry"})}) == "UPDATE_COMPLETE"
    assert stacks.reason("Entry", "UPDATE_COMPLETE") == reason
    stack_id = stacks.describe()["StackId"]
    assert stacks.delete() == "DELETE_COMPLETE"
    assert stacks.with_status("DELETE_COMPLETE", stack_id) == ["A", "Entry"]


def test_the_attribute_of_what_was_only_recorded_fails_what_uses_it(stacks: Stacks) -> None:
    entry = {"Type": "AWS::CloudWatch::Alarm"}
    value = {"Fn::GetAtt": ["Entry", "Arn"]}
    assert stacks.deploy({"Entry": entry, "A": parameter(value)}) == "ROLLBACK_COMPLETE"
    assert stacks.reason("A", "CREATE_FAILED") == (
        "not rehearsed: the attribute Arn of AWS::CloudWatch::Alarm"
    )


def test_an_output_that_cannot_be_had_fails_the_operation(stacks: Stacks) -> None:
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Entry", "Arn"]}}}
    entry = {"Entry": {"Type": "AWS::CloudWatch::Alarm"}}
    assert stacks.deploy(entry, Outputs=outputs, no_rollback=True) == "CREATE_FAILED"
    assert stacks.raw_events()[-1]["ResourceStatusReason"] == (
        "not rehearsed: the attribute Arn of AWS::CloudWatch::Alarm"
    )


def test_a_change_that_moto_would_lose_fails_and_says_so(stacks: Stacks) -> None:
    def bucket(status: str) -> dict[str, Any]:
        properties = {"BucketName": "bucket", "VersioningConfiguration": {"Status": status}}
        return {"B": {"Type": "AWS::S3::Bucket", "Properties": properties}}

    stacks.deploy(bucket("Suspended"))
    assert stacks.deploy(bucket("Enabled")) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks.reason("B", "UPDATE_FAILED") == (
        "not rehearsed: a change of VersioningConfiguration of AWS::S3::Bucket"
    )


def test_a_resource_of_ec2_is_tagged_with_its_place_in_the_stack(stacks: Stacks) -> None:
    group = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "nfs"}}
    stacks.deploy({"Nfs": group}, tags={"team": "data"})
    found = aws_client("ec2").describe_security_groups(
        Filters=[{"Name": "tag:aws:cloudformation:logical-id", "Values": ["Nfs"]}]
    )["SecurityGroups"]
    assert len(found) == 1
    tags = {tag["Key"]: tag["Value"] for tag in found[0]["Tags"]}
    assert tags["aws:cloudformation:stack-name"] == "stack"
    assert tags["team"] == "data"


def held(monkeypatch: pytest.MonkeyPatch, method: str) -> threading.Event:
    """Hold an operation of moto's parameters until the event is set."""
    hold = threading.Event()
    original = getattr(Parameter, method).__func__

    def wait(cls: type[Parameter], *arguments: Any, **named: Any) -> Any:
        assert hold.wait(10)
        return original(cls, *arguments, **named)

    monkeypatch.setattr(Parameter, method, classmethod(wait))
    return hold


def test_a_stack_is_not_created_twice(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter()})
    before = stacks.describe()
    template = json.dumps({"Resources": {"B": FILE_SYSTEM}})
    with pytest.raises(ClientError, match=r"Stack \[stack\] already exists"):
        stacks.client.create_change_set(
            StackName="stack", ChangeSetName="again", ChangeSetType="CREATE", TemplateBody=template
        )
    assert stacks.client.describe_stacks()["Stacks"] == [before]


def test_resources_that_somebody_wants_to_keep_are_not_deleted(stacks: Stacks) -> None:
    stacks.deploy({"A": parameter(), "B": parameter()})
    with pytest.raises(ClientError, match="not rehearsed: RetainResources of DeleteStack"):
        stacks.client.delete_stack(StackName="stack", RetainResources=["A"])
    assert stacks.describe()["StackStatus"] == "CREATE_COMPLETE"
