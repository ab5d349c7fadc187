import json
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Match, Template

from airflow_efs.file_system_monitoring import FileSystemMonitoring
from tests.unit.templates import of_type, only


def build(stack: Stack, **props: Any) -> Template:
    defaults: dict[str, Any] = {"file_system_id": "fs-1", "name": "airflow-efs-prod", "bursting": False}
    FileSystemMonitoring(stack, "Monitoring", **(defaults | props))
    return Template.from_stack(stack)


def alarms(template: Template) -> set[str]:
    return {one["Properties"]["AlarmName"] for one in of_type(template, "AWS::CloudWatch::Alarm").values()}


def dashboard(template: Template) -> str:
    body = only(of_type(template, "AWS::CloudWatch::Dashboard"))["Properties"]["DashboardBody"]
    return "".join(part for part in body["Fn::Join"][1] if isinstance(part, str))


def test_burst_credits_are_looked_at_only_where_they_are_earned(stack: Stack) -> None:
    template = build(stack)
    assert alarms(template) == {"airflow-efs-prod-IoLimit", "airflow-efs-prod-Throughput"}
    assert "BurstCreditBalance" not in dashboard(template)


def test_burst_credits_that_run_out_are_an_alarm(stack: Stack) -> None:
    template = build(stack, bursting=True, burst_credits_gib=100)
    template.has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "MetricName": "BurstCreditBalance",
            "Statistic": "Minimum",
            "Threshold": 100 * 1024**3,
            "ComparisonOperator": "LessThanThreshold",
        },
    )
    assert "BurstCreditBalance" in dashboard(template)


def test_operations_near_their_limit_are_an_alarm_of_this_file_system(stack: Stack) -> None:
    build(stack, io_limit_percent=75).has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Namespace": "AWS/EFS",
            "MetricName": "PercentIOLimit",
            "Dimensions": [{"Name": "FileSystemId", "Value": "fs-1"}],
            "Threshold": 75,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        },
    )


def test_throughput_is_measured_by_what_is_permitted(stack: Stack) -> None:
    template = build(stack)
    (alarm,) = (
        one["Properties"]
        for one in of_type(template, "AWS::CloudWatch::Alarm").values()
        if "Metrics" in one["Properties"]
    )
    metrics = {one["Id"]: one for one in alarm["Metrics"]}
    assert metrics["metered"]["MetricStat"]["Metric"]["MetricName"] == "MeteredIOBytes"
    assert metrics["metered"]["MetricStat"]["Stat"] == "Sum"
    assert metrics["permitted"]["MetricStat"]["Metric"]["MetricName"] == "PermittedThroughput"


def test_the_topic_hears_of_every_alarm_and_of_its_end(stack: Stack) -> None:
    topic = "arn:aws:sns:ap-northeast-2:123456789012:alarms"
    template = build(stack, topic_arn=topic)
    template.all_resources_properties(
        "AWS::CloudWatch::Alarm", {"AlarmActions": [topic], "OKActions": Match.array_equals([topic])}
    )


def test_the_dashboard_shows_each_storage_class_and_the_clients(stack: Stack) -> None:
    text = dashboard(build(stack))
    assert json.dumps("ClientConnections") in text
    for storage_class in ("Standard", "IA", "Archive"):
        assert json.dumps(storage_class) in text
