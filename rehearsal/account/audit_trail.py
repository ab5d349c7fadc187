"""CloudTrail's LookupEvents, which the CDK CLI calls to explain a failure: no events are recorded here.

Without an answer the CLI repeats the call for more than a minute before it shows why a deployment failed.
"""

from moto.cloudtrail.responses import CloudTrailResponse


def install() -> None:
    """Answer LookupEvents with an empty list."""
    CloudTrailResponse.lookup_events = lambda _self: '{"Events": []}'  # type: ignore[attr-defined]
