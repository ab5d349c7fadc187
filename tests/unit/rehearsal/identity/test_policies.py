"""IAM policy documents, evaluated."""

from typing import Any

import pytest

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.recorded_only import NotRehearsedError

FILE_SYSTEM = "arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-1"
CREATE = "elasticfilesystem:CreateAccessPoint"


def policy(**elements: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": CREATE, "Resource": FILE_SYSTEM, **elements}
    return {"Version": "2012-10-17", "Statement": statement}


def request(action: str = CREATE, resource: str = FILE_SYSTEM, **context: Any) -> Request:
    return Request(action=action, resource=resource, context=context.get("context", {}))


def test_what_no_statement_allows_is_denied() -> None:
    assert not is_allowed(request(), [])
    assert not is_allowed(request(action="elasticfilesystem:DeleteAccessPoint"), [policy()])


def test_a_statement_allows_its_action_on_its_resource() -> None:
    assert is_allowed(request(), [policy()])
    assert not is_allowed(request(resource=f"{FILE_SYSTEM}2"), [policy()])


def test_actions_are_compared_without_case_and_resources_with_it() -> None:
    assert is_allowed(request(), [policy(Action="ElasticFileSystem:createaccesspoint")])
    assert not is_allowed(request(), [policy(Resource=FILE_SYSTEM.upper())])


def test_a_wildcard_stands_for_any_text_and_a_dot_for_itself() -> None:
    assert is_allowed(request(), [policy(Action="elasticfilesystem:Create*", Resource="*")])
    assert not is_allowed(request(resource="axb"), [policy(Resource="a.b")])


def test_a_denial_outweighs_every_permission() -> None:
    assert not is_allowed(request(), [policy(), policy(Effect="Deny", Action="*", Resource="*")])


def test_a_denial_whose_condition_does_not_hold_denies_nothing() -> None:
    condition = {"StringEquals": {"aws:RequestTag/a": "1"}}
    assert is_allowed(request(), [policy(), policy(Effect="Deny", Condition=condition)])


def test_not_action_and_not_resource_mean_all_others() -> None:
    others = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{FILE_SYSTEM}2"}
    assert is_allowed(request(), [{"Statement": [others]}])
    assert not is_allowed(request(action="iam:GetRole"), [{"Statement": [others]}])


@pytest.mark.parametrize(
    ("operator", "expected", "value", "holds"),
    [
        ("StringEquals", "true", "true", True),
        ("StringEquals", "true", "True", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "true", None, False),
        ("StringEqualsIfExists", "true", None, True),
        ("StringEqualsIgnoreCase", "TRUE", "true", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", "a", None, True),
        ("StringLike", "system:*:efs-?", "system:x:efs-1", True),
        ("StringLike", "system:*", "xsystem:", False),
        ("Bool", "true", "true", True),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", "x", True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
    ],
)
def test_a_condition_holds_as_iam_says(operator: str, expected: Any, value: Any, holds: bool) -> None:
    document = policy(Condition={operator: {"aws:RequestTag/A": expected}})
    context = {} if value is None else {"aws:requesttag/a": value}
    assert is_allowed(request(context=context), [document]) is holds


def test_all_conditions_must_hold() -> None:
    condition = {"StringEquals": {"a": "1", "b": "2"}}
    assert is_allowed(request(context={"a": "1", "b": "2"}), [policy(Condition=condition)])
    assert not is_allowed(request(context={"a": "1", "b": "3"}), [policy(Condition=condition)])


def test_an_operator_that_is_not_known_is_refused_rather_than_guessed() -> None:
    document = policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    with pytest.raises(
        NotRehearsedError, match=r"^not rehearsed: the operator IpAddress in a condition of a policy$"
    ):
        is_allowed(request(context={"aws:SourceIp": "10.0.0.1"}), [document])


def test_a_policy_variable_is_refused_rather_than_guessed() -> None:
    document = policy(Condition={"StringEquals": {"a": "${aws:username}"}})
    with pytest.raises(NotRehearsedError, match=r"^not rehearsed: a policy variable in a condition on a$"):
        is_allowed(request(context={"a": "x"}), [document])


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"Federated": "arn:aws:iam::123456789012:oidc-provider/one"}, True),
        ({"Federated": "arn:aws:iam::123456789012:oidc-provider/two"}, False),
        ({"Service": "lambda.amazonaws.com"}, False),
    ],
)
def test_a_trust_policy_lets_only_its_principal_in(principal: dict[str, str], allowed: bool) -> None:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity"}
    wanted = Request(
        action="sts:AssumeRoleWithWebIdentity", federated="arn:aws:iam::123456789012:oidc-provider/one"
    )
    assert is_allowed(wanted, [{"Statement": [trust]}]) is allowed


def test_a_trust_policy_lets_a_service_in_that_it_names() -> None:
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["pods.eks.amazonaws.com"]},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ]
    }
    assert is_allowed(Request(action="sts:TagSession", service="pods.eks.amazonaws.com"), [trust])
    assert not is_allowed(Request(action="sts:TagSession", service="lambda.amazonaws.com"), [trust])
    assert not is_allowed(Request(action="sts:TagSession", federated="pods.eks.amazonaws.com"), [trust])
