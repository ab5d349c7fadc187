"""What a pod's status and its termination message mean for its zone."""

from collections.abc import Mapping
from typing import Any

from operations.prove.pods import Part
from operations.prove.report import Outcome, Tls, Zone

_LOOPBACK = ("127.0.0.1:", "localhost:", "[::1]:")


def verdict(
    part: Part,
    pod: Mapping[str, Any],
    *,
    owner: str | None,
    refuses_without_tls: bool | None,
    why_pending: str = "",
) -> Zone:
    """The line of a pod.

    Args:
        part: what the pod was for.
        pod: the pod as Kubernetes describes it.
        owner: uid:gid that files must have, from the access point; None when there is none.
        refuses_without_tls: whether the file system's policy refuses connections without TLS; None: unknown.
        why_pending: what its events say, for a pod that did not run.
    """
    node = pod["spec"].get("nodeName")
    base: dict[str, Any] = {"zone": part.zone, "role": part.role, "node": node}
    status = pod.get("status") or {}
    terminated = _terminated(status)
    if terminated is None:
        if status.get("phase") == "Failed":
            reason = f"{status.get('reason', 'Failed')}: {status.get('message', 'the pod failed')}"
            return Zone(**base, outcome=Outcome.FAILED, detail=reason)
        state = "it ran and was not done in time" if status.get("phase") == "Running" else "the pod never ran"
        outcome = Outcome.FAILED if status.get("phase") == "Running" else Outcome.NOT_PROVEN
        return Zone(**base, outcome=outcome, detail=f"{state}{': ' if why_pending else ''}{why_pending}")
    said = parse(str(terminated.get("message") or ""))
    options = tuple(said["options"].split(",")) if said.get("options") else ()
    tls = tls_of(said.get("source"), refuses_without_tls=refuses_without_tls)
    seconds = said.get("append_seconds", "")
    base |= {
        "content": said.get("content") == "same" if part.role == "reader" else None,
        "owner": said.get("owner"),
        "append_seconds": int(seconds) if seconds.isdecimal() else None,
        "source": said.get("source"),
        "options": options,
        "tls": tls,
    }
    faults = _faults(said, terminated=terminated, owner=owner, tls=tls, options=options)
    notes = (
        []
        if "noresvport" in options or not options
        else ["mounted without noresvport: a broken connection may not come back"]
    )
    return Zone(
        **base,
        outcome=Outcome.FAILED if faults else Outcome.PROVEN,
        detail="; ".join([*faults, *notes]),
    )


def parse(message: str) -> Mapping[str, str]:
    """The `key=value` lines of a termination message."""
    pairs = (line.split("=", 1) for line in message.splitlines() if "=" in line)
    return {pair[0]: pair[1] for pair in pairs}


def tls_of(source: str | None, *, refuses_without_tls: bool | None) -> Tls:
    """What the source of a mount says about TLS.

    A local proxy alone is no proof: efs-utils 2 has one for every mount. With a file system that lets nobody
    in without TLS it is, because the pod has read and written.
    """
    if source is None:
        return Tls.UNKNOWN
    if not source.startswith(_LOOPBACK):
        return Tls.NO
    return Tls.PROVEN if refuses_without_tls else Tls.LIKELY


def _faults(
    said: Mapping[str, str],
    *,
    terminated: Mapping[str, Any],
    owner: str | None,
    tls: Tls,
    options: tuple[str, ...],
) -> list[str]:
    faults = []
    if "error" in said:
        faults.append(said["error"])
    elif terminated.get("exitCode") != 0 or said.get("done") != "yes":
        faults.append(
            f"the script ended with status {terminated.get('exitCode')}, reason {terminated.get('reason')}"
        )
    if owner and said.get("owner") and said["owner"] != owner:
        faults.append(f"the file belongs to {said['owner']}, the access point says {owner}")
    if tls is Tls.NO:
        faults.append("the mount goes to the mount target directly, without TLS")
    if tls is Tls.UNKNOWN and not options and "error" not in said:
        faults.append("the mount table has no line for the volume")
    return faults


def _terminated(status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for container in status.get("containerStatuses") or []:
        found: Mapping[str, Any] | None = (container.get("state") or {}).get("terminated")
        if found:
            return found
    return None
