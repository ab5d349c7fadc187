"""CloudTrail's LookupEvents, which the CDK CLI calls to explain a failure.

Without an answer the CLI repeats the call, and then waits for the delivery of events, for more than half a
minute in all before it shows why a deployment failed. The answer here is the look-up itself, delivered at
once: the trail is up to date and has nothing to add.
"""

import json
import time
import uuid

from moto.cloudtrail.responses import CloudTrailResponse


def install() -> None:
    """Answer LookupEvents."""
    CloudTrailResponse.lookup_events = _lookup_events  # type: ignore[attr-defined]


def _lookup_events(_self: CloudTrailResponse) -> str:
    source = "cloudtrail.amazonaws.com"
    event = {
        "EventId": str(uuid.uuid4()),
        "EventName": "LookupEvents",
        "EventSource": source,
        "EventTime": time.time(),
        "ReadOnly": "true",
        "CloudTrailEvent": json.dumps(
            {"eventName": "LookupEvents", "eventSource": "cloudtrail.amazonaws.com"}
        ),
    }
    return json.dumps({"Events": [event]})
