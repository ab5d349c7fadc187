from tests.unit.rehearsal.account.stacks import ACCOUNT, REGION, Stacks, aws_client, parameter


def test_the_arn_of_a_log_group_stands_for_its_streams_too(stacks: Stacks) -> None:
    stacks.deploy(
        {
            "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "builds"}},
            "Arn": parameter({"Fn::GetAtt": ["Log", "Arn"]}),
        }
    )
    (arn,) = (found["Value"] for found in _parameters())
    assert arn == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:builds:*"


def _parameters() -> list[dict[str, str]]:
    ssm = aws_client("ssm")
    names = [found["Name"] for found in ssm.describe_parameters()["Parameters"]]
    found: list[dict[str, str]] = ssm.get_parameters(Names=names)["Parameters"]
    return found
