"""Who may use what has a policy of its own: a bucket, a KMS key.

In the account of the resource, the policy of the role or that of the resource is enough; from another account
both must allow. A key asks its own policy in any case: the policies of roles count where that names their
account. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.account.iam.policies import Request, effects


@dataclass(frozen=True)
class Guarded:
    """A resource with its policy."""

    account: str
    """Whose it is."""
    policy: Mapping[str, Any] | None
    """None: it has none."""
    context: Mapping[str, str | Sequence[str]]
    """The condition keys that a request for it has."""
    is_key: bool = False
    """Whether nobody may use it whom its policy does not name, not even by account."""


def may_use(request: Request, guarded: Guarded, *, role_arn: str, own: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a role may do something with a resource.

    Args:
        request: the action, the resource and its context, without a caller.
        guarded: the resource.
        role_arn: who asks.
        own: the policies of the role.

    Raises:
        NotRehearsedError: a statement that could decide says something that is not evaluated here.
    """
    request = replace(request, context={**guarded.context, **request.context})
    asked = replace(request, role=role_arn)
    policies = [guarded.policy] if guarded.policy else []
    by_own, by_resource = effects(request, own), effects(asked, policies)
    if "Deny" in by_own | by_resource:
        return False
    if role_arn.split(":")[4] != guarded.account:
        return "Allow" in by_own and "Allow" in by_resource
    if "Allow" in effects(replace(asked, by_account=False), policies):
        return True
    return "Allow" in by_own and (not guarded.is_key or "Allow" in by_resource)
