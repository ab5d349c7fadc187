"""The task metadata that the driver asks for, and CloudTrail's one answer."""

from collections.abc import Iterator
from threading import Thread

import pytest
import requests

from rehearsal.account.task_metadata import task_metadata_server
from tests.unit.rehearsal.account.stacks import REGION, aws_client


@pytest.fixture
def task_metadata() -> Iterator[str]:
    server = task_metadata_server(0, account="123456789012", region=REGION, zone=f"{REGION}a")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_task_metadata_name_region_account_and_zone(task_metadata: str) -> None:
    assert requests.get(f"{task_metadata}/task", timeout=5).json() == {
        "TaskARN": "arn:aws:ecs:ap-northeast-2:123456789012:task/rehearsal/0",
        "AvailabilityZone": "ap-northeast-2a",
    }


@pytest.mark.usefixtures("account")
def test_the_audit_trail_is_up_to_date() -> None:
    (event,) = aws_client("cloudtrail").lookup_events()["Events"]
    assert event["EventName"] == "LookupEvents"
    assert event["EventSource"] == "cloudtrail.amazonaws.com"
