"""AssumeRole that decides, for the roles of a pipeline and for whatever role begins another one.

moto gives any role to anybody. Here a caller that is itself a session of a role must be allowed by its own
policies, and be let in by the trust policy of the role that it wants. Everybody else (the user's key, with
which the CDK CLI begins the roles of its bootstrap) may begin any role.
"""

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, iam_backends
from moto.sts.models import AssumedRole
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from rehearsal.account.policies import Request, is_allowed
from rehearsal.account.role_policies import as_document, documents_of


class AccessDeniedError(ServiceException):
    """A policy of the caller or the trust policy of the role does not allow it."""

    code = "AccessDenied"


def install() -> None:
    """Put the decision before the call."""
    assume = TokenResponse.assume_role

    def checked(self: TokenResponse) -> ActionResult:
        session = self.backend.get_assumed_role_from_access_key(self.get_access_key())
        if session:
            iam = iam_backends[self.current_account][get_partition(self.region)]
            refuse(session, role_arn=self._get_param("RoleArn"), iam=iam)
        return assume(self)

    TokenResponse.assume_role = checked  # type: ignore[method-assign]


def refuse(session: AssumedRole, *, role_arn: str, iam: IAMBackend) -> None:
    """Refuse a role to a session that may not begin it.

    Args:
        session: who asks.
        role_arn: the role that it wants.
        iam: where both roles are.

    Raises:
        AccessDeniedError: in the words of STS.
    """
    by_arn = {role.arn: role for role in iam.roles.values()}
    caller, role = by_arn.get(session.role_arn), by_arn.get(role_arn)
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
