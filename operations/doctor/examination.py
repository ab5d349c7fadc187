"""Makes the checks and gathers what they find."""

import re
from collections import defaultdict
from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from kubernetes.client import ApiException
from kubernetes.config import ConfigException
from urllib3.exceptions import HTTPError

from operations.aws_errors import NO_LOGIN, REFUSALS, THROTTLES, code_of
from operations.doctor.installation import Installation, NotThereError
from operations.doctor.registry import Check, When, all_checks
from operations.findings import Finding, Problem, Report, Severity, Skipped
from operations.kubernetes_errors import CURE_OF_SILENCE, why_silent, words_of
from rehearsal.account.eks.cluster_tokens import TokenError
from rehearsal.account.recorded_only import NotRehearsedError

NOT_CHECKED = "not-checked"
"""The id of the finding that a check could not be made."""


def examine(installation: Installation, checks: Iterable[Check] | None = None) -> Report:
    """Make every check that applies.

    A check that cannot be made, for want of rights or of an answer, is a finding itself and no failure.

    Args:
        installation: the environment in its account and cluster.
        checks: Default: all.
    """
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    unmade: dict[Problem, list[str]] = defaultdict(list)
    made = 0
    for check in all_checks() if checks is None else checks:
        try:
            if not check.applies(installation):
                continue
            findings += [
                Finding.of(problem, check=check.id, severity=check.severity)
                for problem in check.run(installation)
            ]
            made += 1
        except NotThereError as error:
            skipped.append(Skipped(check=check.id, because=error.because))
        except (
            ApiException,
            BotoCoreError,
            ClientError,
            ConfigException,
            HTTPError,
            NotRehearsedError,
            TokenError,
            OSError,
        ) as error:
            unmade[_problem_of(error)].append(check.id)
    for problem, ids in unmade.items():
        where = f"{problem.where}, for {', '.join(ids)}"
        told = Problem(what=problem.what, where=where, cure=problem.cure)
        findings.append(Finding.of(told, check=NOT_CHECKED, severity=Severity.UNKNOWN))
    environment = installation.environment
    order = list(Severity)
    return Report(
        environment=environment.name,
        account=environment.account,
        region=environment.region,
        cluster=environment.cluster.name,
        stage="after" if _is_deployed(installation) else "before",
        checks=made,
        skipped=tuple(skipped),
        findings=tuple(sorted(findings, key=lambda finding: order.index(finding.severity))),
    )


def _is_deployed(installation: Installation) -> bool:
    try:
        return installation.deployed
    except (BotoCoreError, ClientError, NotThereError):
        return False


def _problem_of(error: Exception) -> Problem:
    """What a failed call means for a person: one line, and what to do."""
    if isinstance(error, ClientError):
        operation, code = error.operation_name, code_of(error)
        if code in NO_LOGIN:
            return Problem(
                what=f"AWS does not accept the credentials: {code}",
                where="AWS credentials",
                cure="log in again, for example with aws sso login",
            )
        if code in THROTTLES:
            return Problem(
                what=f"AWS throttles {operation}: {code}", where=operation, cure="try again in a minute"
            )
        if code in REFUSALS:
            return Problem(
                what=f"AWS refuses {operation}: {code}",
                where=operation,
                cure=f"allow the caller to call {operation}, or ask somebody who may",
            )
        return Problem(what=_line(error), where=operation, cure="try again; the service's words say more")
    if isinstance(error, (NoCredentialsError, TokenError)):
        return Problem(
            what=_line(error), where="AWS credentials", cure="log in, for example with aws sso login"
        )
    if isinstance(error, ApiException):
        return Problem(
            what=f"the cluster answers {error.status}: {_line(words_of(error))}",
            where="Kubernetes API",
            cure="give the caller an access entry with AmazonEKSAdminViewPolicy"
            if error.status in (401, 403)
            else "try again; the cluster's words say more",
        )
    if isinstance(error, ConfigException):
        return Problem(
            what=_line(error), where="kubeconfig", cure="mend the file, or point KUBECONFIG elsewhere"
        )
    if isinstance(error, NotRehearsedError):
        return Problem(
            what=f"a policy says what is not evaluated here: {_line(error).removeprefix('not rehearsed: ')}",
            where="IAM",
            cure="ask the IAM policy simulator",
        )
    if isinstance(error, BotoCoreError):
        return Problem(what=_line(error), where="AWS", cure="check the network and the credentials")
    return Problem(
        what=f"the cluster's API server does not answer: {_line(why_silent(error))}",
        where="Kubernetes API",
        cure=CURE_OF_SILENCE,
    )


def _line(error: object) -> str:
    """One line, without what differs between two calls, so that the same refusal is told once."""
    text = " ".join(str(error).split())
    text = re.sub(r"0x[0-9a-f]+", "0x…", text)
    return text if len(text) <= 300 else f"{text[:299]}…"


__all__ = ["NOT_CHECKED", "When", "examine"]
