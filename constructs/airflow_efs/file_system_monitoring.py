"""Alarms and a dashboard of an EFS file system."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

STORAGE_CLASSES: Final = ("Standard", "IA", "Archive")
"""EFS's storage classes, as the metric StorageBytes names them."""

_GIB: Final = 1024**3
_PERIOD: Final = Duration.minutes(5)
_NAMESPACE: Final = "AWS/EFS"


class FileSystemMonitoring(Construct):
    """Alarms for what slows a file system down, and a dashboard of what it does.

    EFS publishes no metric of the number of access points, and the driver none to CloudWatch: an exhausted
    quota, and a provisioner that fails, show in the events of claims only.
    https://docs.aws.amazon.com/efs/latest/ug/efs-metrics.html

    Args:
        file_system_id: the file system.
        name: the name of the dashboard, and the beginning of the alarms' names.
        bursting: whether it earns burst credits, which can run out.
        topic_arn: an SNS topic that hears of alarms. Default: none.
        io_limit_percent: Default: 90.
        throughput_percent: Default: 80.
        burst_credits_gib: Default: 200.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        file_system_id: str,
        name: str,
        bursting: bool,
        topic_arn: str | None = None,
        io_limit_percent: int = 90,
        throughput_percent: int = 80,
        burst_credits_gib: int = 200,
    ) -> None:
        super().__init__(scope, construct_id)
        self._file_system_id = file_system_id
        self._topic = sns.Topic.from_topic_arn(self, "Topic", topic_arn) if topic_arn else None
        self._name = name

        self._alarm(
            "IoLimit",
            metric=self._metric("PercentIOLimit", "Maximum"),
            above=io_limit_percent,
            what="most of the operations that the file system can do are done: tasks wait for their logs",
        )
        self._alarm(
            "Throughput",
            metric=self._throughput_percent(),
            above=throughput_percent,
            what="most of the permitted throughput is used: reads and writes will be held back",
        )
        if bursting:
            self._alarm(
                "BurstCredits",
                metric=self._metric("BurstCreditBalance", "Minimum"),
                below=burst_credits_gib * _GIB,
                what="burst credits are running out: throughput will fall to what the stored data earns",
            )
        self._build_dashboard(bursting=bursting)

    def _metric(
        self, metric: str, statistic: str, *, label: str | None = None, **dimensions: str
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=_NAMESPACE,
            metric_name=metric,
            dimensions_map={"FileSystemId": self._file_system_id, **dimensions},
            statistic=statistic,
            period=_PERIOD,
            label=label,
        )

    def _throughput_percent(self) -> cloudwatch.MathExpression:
        return cloudwatch.MathExpression(
            expression="100 * metered / PERIOD(metered) / permitted",
            using_metrics={
                "metered": self._metric("MeteredIOBytes", "Sum"),
                "permitted": self._metric("PermittedThroughput", "Average"),
            },
            label="percent of the permitted throughput",
            period=_PERIOD,
        )

    def _alarm(
        self,
        construct_id: str,
        *,
        metric: cloudwatch.IMetric,
        what: str,
        above: int | None = None,
        below: int | None = None,
    ) -> None:
        threshold, operator = (
            (above, cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD)
            if above is not None
            else (below, cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD)
        )
        assert threshold is not None  # noqa: S101 - one of the two is given; narrows the type
        alarm = cloudwatch.Alarm(
            self,
            construct_id,
            alarm_name=f"{self._name}-{construct_id}",
            alarm_description=f"EFS: {what}.",
            metric=metric,
            threshold=threshold,
            comparison_operator=operator,
            evaluation_periods=3,
            # A file system that nobody uses has no data.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))

    def _build_dashboard(self, *, bursting: bool) -> None:
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=self._name)
        dashboard.add_widgets(
            _graph(
                "Bytes read, written and spent on metadata",
                [
                    self._metric(name, "Sum", label=label)
                    for name, label in (
                        ("DataReadIOBytes", "read"),
                        ("DataWriteIOBytes", "written"),
                        ("MetadataIOBytes", "metadata"),
                    )
                ],
            ),
            _graph(
                "Percent of limits",
                [
                    self._metric("PercentIOLimit", "Maximum", label="operations"),
                    self._throughput_percent(),
                ],
            ),
        )
        last = [
            _graph(
                "Bytes stored",
                [
                    self._metric("StorageBytes", "Average", label=name, StorageClass=name)
                    for name in STORAGE_CLASSES
                ],
            ),
            _graph("Client connections", [self._metric("ClientConnections", "Sum", label="connections")]),
        ]
        if bursting:
            last.append(_graph("Burst credits", [self._metric("BurstCreditBalance", "Minimum")]))
        dashboard.add_widgets(*last)


def _graph(title: str, left: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=left, width=12 if len(title) > 20 else 8)
