"""Alarms and a dashboard of the file system."""

from typing import Annotated

from pydantic import Field

from settings.section import Between, Form, Section


class Monitoring(Section):
    """Alarms and a dashboard in CloudWatch."""

    topic_arn: (
        Annotated[
            str,
            Form(
                r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+",
                "is not the ARN of an SNS topic",
                "write arn:aws:sns:REGION:ACCOUNT:NAME",
            ),
        ]
        | None
    ) = Field(default=None, description="SNS topic that hears of alarms; null: nobody does.")
    io_limit_percent: Annotated[int, Between(1, 100)] = Field(
        default=90, description="Percent of the file system's limit of operations that is an alarm."
    )
    throughput_percent: Annotated[int, Between(1, 100)] = Field(
        default=80, description="Percent of the permitted throughput that is an alarm."
    )
    burst_credits_gib: Annotated[int, Between(1, 2048)] = Field(
        default=200, description="GiB of burst credits below which is an alarm; bursting throughput only."
    )
