"""What a rehearsal may set about the emulated EFS: how slow it is, and how much it lets an account have."""

from collections.abc import Callable

ACCESS_POINT_QUOTA = 10_000
"""How many access points a file system may have, unless AWS was asked for more."""


class EfsConditions:
    """Where the emulated EFS looks whenever it needs one of these; set once, when the account starts."""

    access_point_quota: Callable[[], int] = staticmethod(lambda: ACCESS_POINT_QUOTA)
    """How many access points a file system may have now."""
    creating_seconds: Callable[[], float] = staticmethod(lambda: 0.0)
    """How long a file system or a mount target that is made now stays in the state `creating`."""
