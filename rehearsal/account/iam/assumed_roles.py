"""AssumeRole that decides, for the roles of a pipeline and for whatever role begins another one.

moto gives any role to anybody. Here a caller that is itself a session of a role must be allowed by its own
policies, and be let in by the trust policy of the role that it wants. Everybody else (the user's key, with
which the CDK CLI begins the roles of its bootstrap) may begin any role.
"""

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.role_policies import as_document, documents_of, role_of
from rehearsal.account.iam.sessions import session_of


class AccessDeniedError(ServiceException):
    """A policy of the caller or the trust policy of the role does not allow it."""

    code = "AccessDenied"


def install() -> None:
    """Put the decision before the call."""
    assume = TokenResponse.assume_role

    def checked(self: TokenResponse) -> ActionResult:
        if session := session_of(self.get_access_key()):
            refuse(session, role_arn=self._get_param("RoleArn"))
        return assume(self)

    TokenResponse.assume_role = checked  # type: ignore[method-assign]


def refuse(session: AssumedRole, *, role_arn: str) -> None:
    """Refuse a role to a session that may not begin it.

    Args:
        session: who asks.
        role_arn: the role that it wants, of the same account or of another one.

    Raises:
        AccessDeniedError: in the words of STS.
    """
    caller, role = role_of(session.role_arn), role_of(role_arn)
    if caller and role:
        tags = {f"iam:ResourceTag/{tag['Key']}": tag["Value"] for tag in role.tags or []}
        wanted = Request(action="sts:AssumeRole", resource=role_arn, context=tags)
        trusted = Request(action="sts:AssumeRole", role=caller.arn)
        if is_allowed(wanted, documents_of(caller)) and is_allowed(
            trusted, [as_document(role.assume_role_policy_document)]
        ):
            return
    raise AccessDeniedError(
        f"User: {session.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    )
