"""Says in one line what the Kubernetes API server has against a call."""

import json
import re
from typing import Final

from kubernetes.client import ApiException
from urllib3.exceptions import PoolError

CURE_OF_SILENCE: Final = "check that this machine reaches the endpoint (VPN, publicAccessCidrs, proxy)"
"""What to do where an API server does not answer."""

_MISSING_NAMESPACE: Final = re.compile(r'namespaces "([^"]+)" not found')

_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses of an API server that is overloaded, or is being replaced."""


def words_of(error: ApiException) -> str:
    """The message of the API server's answer, without headers; else the reason, or the error."""
    try:
        status = json.loads(error.body or "")
    except (TypeError, ValueError):
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return " ".join(str(message or error.reason or error).split())


def why_silent(error: Exception) -> str:
    """Which API server does not answer and why, in one line, without what the HTTP library says around it."""
    words = " ".join(str(getattr(error, "reason", None) or error).split())
    # urllib3 begins with its own object: HTTPSConnection(host='…', port=443): Failed to …
    words = re.sub(r"^(<[^>]+>|\w+\(host='[^']*', port=\d+\)): ", "", words)
    return f"{error.pool.host}:{error.pool.port}: {words}" if isinstance(error, PoolError) else words


def explain_silence(error: Exception) -> str:
    """One line: which API server does not answer, and what to do."""
    return (
        f"the Kubernetes API server does not answer: {why_silent(error)}: {CURE_OF_SILENCE}, and that the "
        "cluster is there"
    )


def explain(error: ApiException) -> str:
    """One line: what the API server refuses, and what to do."""
    said = words_of(error)
    if error.status == 401:
        return f"the cluster does not let the caller in ({said}): give it an access entry, or log in again"
    if error.status == 403:
        return f"the cluster refuses: {said}: {_cure_of_refusal(said)}"
    if missing := _MISSING_NAMESPACE.search(said):
        name = missing[1]
        return f"there is no namespace {name}: kubectl create namespace {name}, or name another with -n"
    if not error.status:
        return f"the Kubernetes API server does not answer as it should: {said}"
    answer = f"the Kubernetes API server answers {error.status}: {said}"
    return f"{answer}: try again in a minute" if error.status in _PASSING else answer


def _cure_of_refusal(said: str) -> str:
    """What lets a call through: not every 403 is for want of a right."""
    if "exceeded quota" in said:
        return "raise the namespace's ResourceQuota, or name another namespace"
    if "violates PodSecurity" in said or "admission" in said:
        return "name a namespace whose policy lets it in"
    return "give the caller this right"
