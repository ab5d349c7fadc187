"""What a client reads when AWS refuses a call."""

import pytest
from botocore.exceptions import ClientError


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """Code and words."""
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]
