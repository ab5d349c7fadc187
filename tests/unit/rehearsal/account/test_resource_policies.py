"""Who may use a bucket or key that has a policy of its own."""

from typing import Any

import pytest

from rehearsal.account.iam.policies import Request
from rehearsal.account.iam.resource_policies import Guarded, may_use

HOME, OTHER = "123456789012", "210987654321"
ROLE = f"arn:aws:iam::{HOME}:role/step"
FOREIGN = f"arn:aws:iam::{OTHER}:role/deploy"
REQUEST = Request(action="s3:GetObject", resource="arn:aws:s3:::artifacts/one")


def statement(effect: str = "Allow", principal: Any = None, **more: Any) -> dict[str, Any]:
    named = {"Principal": principal} if principal else {}
    return {"Effect": effect, "Action": "s3:*", "Resource": "*", **named, **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


OWN = [document(statement())]
NOTHING: list[dict[str, Any]] = []


def bucket(*statements: dict[str, Any], **context: str) -> Guarded:
    return Guarded(account=HOME, policy=document(*statements) if statements else None, context=context)


def key(*statements: dict[str, Any]) -> Guarded:
    return Guarded(account=HOME, policy=document(*statements), context={}, is_key=True)


def allowed(guarded: Guarded, *, role: str = ROLE, own: list[dict[str, Any]] = OWN) -> bool:
    return may_use(REQUEST, guarded, role_arn=role, own=own)


def test_the_roles_own_policy_is_enough_in_the_account_of_a_bucket() -> None:
    assert allowed(bucket())


def test_the_policy_of_a_bucket_is_enough_in_its_account_if_it_names_the_role() -> None:
    assert allowed(bucket(statement(principal={"AWS": ROLE})), own=NOTHING)


def test_the_policy_of_a_bucket_that_names_the_account_leaves_it_to_the_roles() -> None:
    by_account = bucket(statement(principal={"AWS": f"arn:aws:iam::{HOME}:root"}))
    assert not allowed(by_account, own=NOTHING)
    assert allowed(by_account)


def test_a_role_of_another_account_needs_both() -> None:
    named = bucket(statement(principal={"AWS": FOREIGN}))
    assert allowed(named, role=FOREIGN)
    assert not allowed(named, role=FOREIGN, own=NOTHING)
    assert not allowed(bucket(), role=FOREIGN)
    assert not allowed(bucket(statement(principal={"AWS": ROLE})), role=FOREIGN)


def test_another_account_can_be_let_in_as_a_whole() -> None:
    assert allowed(bucket(statement(principal={"AWS": OTHER})), role=FOREIGN)


def test_a_denial_of_the_resource_wins() -> None:
    denied = bucket(statement(principal={"AWS": ROLE}), statement("Deny", principal="*"))
    assert not allowed(denied)


def test_a_denial_of_the_role_wins() -> None:
    own = [document(statement(), statement("Deny"))]
    assert not allowed(bucket(statement(principal={"AWS": ROLE})), own=own)


@pytest.mark.parametrize(("secure", "expected"), [("true", True), ("false", False)])
def test_a_condition_is_asked_with_the_context_of_the_resource(secure: str, *, expected: bool) -> None:
    only = {"Bool": {"aws:SecureTransport": "false"}}
    wants_tls = statement("Deny", principal={"AWS": "*"}, Condition=only)
    assert allowed(bucket(wants_tls, **{"aws:SecureTransport": secure})) is expected


def test_a_key_whose_policy_names_the_account_leaves_it_to_the_roles() -> None:
    by_account = key(statement(principal={"AWS": HOME}))
    assert allowed(by_account)
    assert not allowed(by_account, own=NOTHING)


def test_a_key_whose_policy_names_somebody_else_is_for_nobody_of_its_account() -> None:
    assert not allowed(key(statement(principal={"AWS": FOREIGN})))


def test_a_key_whose_policy_names_the_role_is_enough() -> None:
    assert allowed(key(statement(principal={"AWS": ROLE})), own=NOTHING)
