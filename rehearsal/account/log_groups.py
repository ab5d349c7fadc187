"""AWS::Logs::LogGroup: its ARN, which moto's has not as on AWS."""

from moto.logs.models import LogGroup


def install() -> None:
    """Let the attribute Arn end with `:*`, which stands for the streams of the group.

    A policy that names the attribute allows nothing about streams without it.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-logs-loggroup.html
    """
    attribute = LogGroup.get_cfn_attribute

    def with_streams(self: LogGroup, attribute_name: str) -> str:
        value: str = attribute(self, attribute_name)
        return f"{value}:*" if attribute_name == "Arn" else value

    LogGroup.get_cfn_attribute = with_streams  # type: ignore[method-assign]
