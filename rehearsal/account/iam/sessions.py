"""The accounts of a rehearsal, told apart by the keys of callers.

moto keeps many accounts apart, and takes a key that it has not given out for one of an account of its own.
Here a key of a session belongs to the account of its role, as on AWS, and every other one to the account of
the environment that is rehearsed.
"""

from moto.core.responses import BaseResponse
from moto.sts.models import AssumedRole, sts_backends


def install(home: str) -> None:
    """Decide the account of every call.

    Args:
        home: the account of the user's key, and of calls without a key.
    """

    def account_of(self: BaseResponse) -> str:
        session = session_of(self.get_access_key())
        return session.account_id if session else home

    BaseResponse.get_current_account = account_of  # type: ignore[method-assign]


def session_of(access_key: str) -> AssumedRole | None:
    """The session of a role that an access key belongs to, in whatever account; None for any other key."""
    # Copies: requests come in threads, and the first call in an account adds to both.
    for partitions in list(sts_backends.values()):
        for backend in list(partitions.values()):
            if session := backend.get_assumed_role_from_access_key(access_key):
                return session
    return None
