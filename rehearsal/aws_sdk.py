"""The SDK of a rehearsal, which heeds nothing that leads to the user's own account.

Whoever works with AWS has a profile, a region or an endpoint in the shell's variables and in `~/.aws`. A
rehearsal has one account, and its own credentials.
"""

import os
from functools import cache

import boto3
import botocore.session

_INSTEAD = {
    "config_file": os.devnull,
    "credentials_file": os.devnull,
    "ignore_configured_endpoint_urls": True,
}


@cache
def botocore_session() -> botocore.session.Session:
    """The one session of this process: what it knows of the services takes long to read."""
    return botocore.session.Session(
        {
            name: (None, None, _INSTEAD.get(name, default), convert)
            for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        }
    )


@cache
def boto3_session() -> boto3.session.Session:
    """Makes clients, each of which must be given its region, its endpoint and its credentials."""
    return boto3.session.Session(botocore_session=botocore_session())
