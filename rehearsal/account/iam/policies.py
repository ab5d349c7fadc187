"""IAM policy documents evaluated: statements, wildcards and conditions, as IAM's user guide describes.

moto's evaluator takes a condition that does not hold for an explicit denial, and knows no conditions on
tags. What is not known here (an operator, a policy variable) is refused with `not rehearsed: …`, never
guessed. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.account.recorded_only import NotRehearsedError

Context = Mapping[str, str | Sequence[str]]
"""Condition key -> its value, or its values where the key has many (`aws:TagKeys`)."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody wants to do."""

    action: str
    """As `elasticfilesystem:CreateAccessPoint`."""
    resource: str = ""
    """An ARN; empty for a trust policy, whose resource is the role itself."""
    context: Context = field(default_factory=dict)
    federated: str = ""
    """The ARN of the identity provider that vouches for the caller, for a trust policy."""
    service: str = ""
    """The service of AWS that is the caller, for a trust policy."""
    role: str = ""
    """The ARN of the role that is the caller, for a trust policy or that of a bucket or key."""
    by_account: bool = True
    """Whether a policy that names the account of `role` names the role, too."""


def is_allowed(request: Request, documents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a statement of some document allows the request and no statement denies it.

    Raises:
        NotRehearsedError: a statement that could decide says something that is not evaluated here.
    """
    return effects(request, documents) == {"Allow"}


def effects(request: Request, documents: Iterable[Mapping[str, Any]]) -> set[str]:
    """What the statements that concern a request say: `Allow`, `Deny`, both or nothing.

    Raises:
        NotRehearsedError: a statement that could decide says something that is not evaluated here.
    """
    return {
        statement["Effect"]
        for document in documents
        for statement in _listed(document["Statement"])
        if _concerns(statement, request)
    }


def _concerns(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        _element(statement, "Action", request.action, ignore_case=True)
        and _is_principal(statement, request)
        and (not request.resource or _element(statement, "Resource", request.resource))
        and all(
            _holds(operator, key, _listed(expected), request.context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, expected in tests.items()
        )
    )


def _element(statement: Mapping[str, Any], name: str, value: str, *, ignore_case: bool = False) -> bool:
    negated = f"Not{name}" in statement
    patterns = _listed(statement[f"Not{name}" if negated else name])
    return negated != any(_like(pattern, value, ignore_case=ignore_case) for pattern in patterns)


def _is_principal(statement: Mapping[str, Any], request: Request) -> bool:
    if not (request.federated or request.service or request.role):
        return True  # an identity policy: the principal is the one that it is attached to
    if "NotPrincipal" in statement:
        raise NotRehearsedError("not rehearsed: NotPrincipal in a trust policy")
    principal = statement.get("Principal", {})
    if principal == "*":
        return True
    named = principal if isinstance(principal, dict) else {}
    if request.role:
        partition, account = request.role.split(":")[1], request.role.split(":")[4]
        callers = {request.role, "*"}
        if request.by_account:
            callers |= {account, f"arn:{partition}:iam::{account}:root"}
        return not callers.isdisjoint(_listed(named.get("AWS", [])))
    kind, caller = ("Federated", request.federated) if request.federated else ("Service", request.service)
    return caller in _listed(named.get(kind, []))


def _holds(operator: str, key: str, expected: Sequence[str], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    values = {known.lower(): value for known, value in context.items()}.get(key.lower())
    if name == "Null":
        return (values is None) == (str(expected[0]).lower() == "true")
    test = _TESTS.get(name.replace("Not", ""))
    if test is None or quantifier not in ("", "ForAllValues", "ForAnyValue"):
        raise NotRehearsedError(f"not rehearsed: the operator {operator} in a condition of a policy")
    if any("${" in str(item) for item in expected):
        raise NotRehearsedError(f"not rehearsed: a policy variable in a condition on {key}")
    negated = "Not" in name
    if values is None:
        return if_exists or negated or quantifier == "ForAllValues"
    matches = [
        negated != any(test(_text(item), value) for item in expected)
        for value in ([values] if isinstance(values, str) else values)
    ]
    return any(matches) if quantifier == "ForAnyValue" else all(matches)


def _like(pattern: str, value: str, *, ignore_case: bool = False) -> bool:
    if "${" in pattern:
        raise NotRehearsedError(f"not rehearsed: the policy variable in {pattern}")
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.IGNORECASE if ignore_case else 0) is not None


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda expected, value: expected == value,
    "StringEqualsIgnoreCase": lambda expected, value: expected.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda expected, value: expected.lower() == value.lower(),
}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
