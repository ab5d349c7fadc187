"""Says in one line what the Kubernetes API server has against a call."""

import json

from kubernetes.client import ApiException


def words_of(error: ApiException) -> str:
    """The message of the API server's answer, without headers; else the reason, or the error."""
    try:
        status = json.loads(error.body or "")
    except (TypeError, ValueError):
        status = None
    message = status.get("message") if isinstance(status, dict) else None
    return " ".join(str(message or error.reason or error).split())


def explain(error: ApiException) -> str:
    """One line: what the API server refuses, and what to do."""
    said = words_of(error)
    if error.status == 401:
        return f"the cluster does not let the caller in ({said}): give it an access entry, or log in again"
    if error.status == 403:
        return f"the cluster refuses: {said}: give the caller this right"
    if not error.status:
        return f"the Kubernetes API server does not answer as it should: {said}"
    return f"the Kubernetes API server answers {error.status}: {said}"
