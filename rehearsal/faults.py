"""Faults on request: how they are written, and what each means.

A fault is a kind, what it concerns, and how much of it: `throttle:efs.CreateAccessPoint:5`,
`unavailable:sts:10s`, `lambda-timeout`. A number is how often it strikes; seconds count from the first time
that it does, so that a fault which is asked for at the start is not over before anything could meet it.
"""

import difflib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rehearsal.aws_sdk import botocore_session
from rehearsal.errors import RehearsalError

SERVICES = (
    "backup",
    "cloudformation",
    "ec2",
    "efs",
    "eks",
    "iam",
    "kms",
    "lambda",
    "s3",
    "secretsmanager",
    "ssm",
    "sts",
)
"""The services of the emulated account that a fault can concern, by their names in the SDK."""

SIGNED_AS = {"elasticfilesystem": "efs"}
"""The services that sign their calls with another name than that of the SDK, by that name."""

THROTTLE = "throttle"
UNAVAILABLE = "unavailable"
API_SERVER_RESTART = "api-server-restart"
LAMBDA_TIMEOUT = "lambda-timeout"
HELM_HALF_WAY = "helm-half-way"
CHART_REPOSITORY_SILENT = "chart-repository-silent"
ACCESS_POINT_QUOTA = "access-point-quota"
SLOW_CREATION = "slow-creation"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault."""

    form: str
    """How it is written; what is in brackets may be left out."""
    meaning: str
    """What it does, for a person."""
    target: bool = False
    """Whether it concerns a service or one of its calls."""
    times: int | None = None
    """How often it strikes where that is not said."""
    units: str = "ns"
    """Whether it can be counted in times (n), in seconds (s), or in neither."""
    required: bool = False
    """Whether its extent must be said."""


KINDS = {
    THROTTLE: Kind(
        form="throttle:SERVICE[.CALL]:N|Ns",
        meaning="the calls are refused as too many, N times or for N seconds",
        target=True,
        required=True,
    ),
    UNAVAILABLE: Kind(
        form="unavailable:SERVICE[.CALL]:N|Ns",
        meaning="the calls are answered with 503, N times or for N seconds",
        target=True,
        required=True,
    ),
    API_SERVER_RESTART: Kind(
        form="api-server-restart[:N]",
        meaning="the API server is restarted while a function of the deployment runs, N times",
        times=1,
        units="n",
    ),
    LAMBDA_TIMEOUT: Kind(
        form="lambda-timeout[:N]",
        meaning="N invocations of a function get half a second until they time out",
        times=1,
        units="n",
    ),
    HELM_HALF_WAY: Kind(
        form="helm-half-way[:N]",
        meaning="N runs of helm fail at the chart's Deployments, when the rest is made",
        times=1,
        units="n",
    ),
    CHART_REPOSITORY_SILENT: Kind(
        form="chart-repository-silent[:Ns]",
        meaning="connections to chart repositories are taken and never answered, for N seconds or for good",
        units="s",
    ),
    ACCESS_POINT_QUOTA: Kind(
        form="access-point-quota:N",
        meaning="a file system may have N access points",
        units="n",
        required=True,
    ),
    SLOW_CREATION: Kind(
        form="slow-creation:Ns",
        meaning="file systems and mount targets stay in the state creating for N seconds",
        units="s",
        required=True,
    ),
}
"""Every kind that there is, by the word that it begins with."""

CONDITIONS = (ACCESS_POINT_QUOTA, SLOW_CREATION)
"""Kinds that hold as long as they are asked for, instead of striking."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault as somebody asked for it."""

    spec: str
    """As it was written."""
    kind: str
    service: str = ""
    """The service that it concerns, by its name in the SDK; empty for kinds that concern none."""
    call: str = ""
    """The one call that it concerns; empty for all calls of the service."""
    times: int | None = None
    """How often it strikes; None where seconds limit it, or nothing does."""
    seconds: float | None = None
    """For how long it strikes."""


def parse_fault(spec: str) -> Fault:
    """Read a fault as it is written on the command line.

    Raises:
        RehearsalError: it is not one; the text has the spec and what is wrong with it, in one line.
    """
    word, *parts = spec.split(":")
    kind = KINDS.get(word)
    if kind is None:
        known = f"there are {', '.join(KINDS)}"
        raise _wrong(spec, f"there is no fault {word!r}; {known}" if word else f"it names no fault; {known}")
    service, call = "", ""
    if kind.target:
        service, call = _target(spec, parts.pop(0) if parts else "")
    extent = parts.pop(0) if parts else ""
    if parts:
        raise _wrong(spec, f"{':'.join(parts)!r} is too much")
    times, seconds = _extent(spec, kind, extent)
    return Fault(spec=spec, kind=word, service=service, call=call, times=times, seconds=seconds)


def describe_faults() -> str:
    """Every known fault and what it means, a line each."""
    width = max(len(kind.form) for kind in KINDS.values())
    return "\n".join(f"  {kind.form:<{width}}  {kind.meaning}" for kind in KINDS.values())


@lru_cache
def service_model(service: str) -> Any:
    """What the SDK knows of a service: its calls, its protocol, the name that calls are signed with."""
    return botocore_session().get_service_model(service)


def _target(spec: str, target: str) -> tuple[str, str]:
    service, _, call = target.partition(".")
    if service not in SERVICES:
        raise _wrong(spec, f"there is no service {service!r}; there are {', '.join(SERVICES)}")
    if call and call not in (known := service_model(service).operation_names):
        near = difflib.get_close_matches(call, known, n=1)
        hint = f", but {near[0]}" if near else ""
        raise _wrong(spec, f"{service} has no call {call!r}{hint}")
    return service, call


def _extent(spec: str, kind: Kind, extent: str) -> tuple[int | None, float | None]:
    if not extent:
        if kind.required:
            raise _wrong(spec, f"it does not say how much; write {kind.form}")
        return kind.times, None
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]+)?)(s?)", extent)
    if found is None or (found[2] or "n") not in kind.units or ("." in found[1] and not found[2]):
        raise _wrong(spec, f"{extent!r} is not how much of it there can be; write {kind.form}")
    if float(found[1]) == 0 and kind is not KINDS[ACCESS_POINT_QUOTA]:
        raise _wrong(spec, f"{extent!r} is nothing; write a number above 0")
    return (None, float(found[1])) if found[2] else (int(found[1]), None)


def _wrong(spec: str, why: str) -> RehearsalError:
    return RehearsalError(f"--fault {spec}: {why}")
