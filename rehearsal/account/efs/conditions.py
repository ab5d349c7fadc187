"""What a rehearsal may set about the emulated EFS: how slow it is, and how much it lets an account have."""

from collections.abc import Callable

from rehearsal.fault_box import FaultBox
from rehearsal.faults import ACCESS_POINT_QUOTA, SLOW_CREATION
from settings.aws import MOST_ACCESS_POINTS

CREATING_SECONDS = 1.0
"""How long a rehearsal lets something be `creating`: long enough to be seen; AWS takes up to two minutes."""


class EfsConditions:
    """Where the emulated EFS looks whenever it needs one of these; set once, when the account starts."""

    access_point_quota: Callable[[], int] = staticmethod(lambda: MOST_ACCESS_POINTS)
    """How many access points a file system may have now."""
    creating_seconds: Callable[[], float] = staticmethod(lambda: 0.0)
    """How long a file system or a mount target that is made now stays in the state `creating`."""


def obey(box: FaultBox) -> None:
    """Let the faults of a rehearsal decide from now on."""

    def quota() -> int:
        fault = box.standing(ACCESS_POINT_QUOTA)
        return MOST_ACCESS_POINTS if fault is None or fault.times is None else fault.times

    def seconds() -> float:
        fault = box.standing(SLOW_CREATION)
        return CREATING_SECONDS if fault is None or fault.seconds is None else fault.seconds

    EfsConditions.access_point_quota = staticmethod(quota)
    EfsConditions.creating_seconds = staticmethod(seconds)
