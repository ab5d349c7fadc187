"""CloudFormation asks IAM about a build: what the session of a role of CodeBuild may do with stacks.

The CDK CLI goes on with the credentials that it has where it cannot begin a role of the bootstrap. In a build
these must not be enough, or a release would pass here and fail on AWS. Other sessions and keys are not asked
for.
"""

from typing import Any

from moto.cloudformation.responses import CloudFormationResponse
from moto.utilities.utils import get_partition

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.role_policies import as_document, documents_of, role_of
from rehearsal.account.iam.sessions import session_of

_REFUSAL = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{}</Message></Error>"
    "</ErrorResponse>"
)


def install() -> None:
    """Put the decision before every call of CloudFormation."""
    call = CloudFormationResponse.call_action

    def checked(self: CloudFormationResponse) -> Any:
        refusal = _refusal(self)
        return (403, {"status": "403"}, _REFUSAL.format(refusal)) if refusal else call(self)

    CloudFormationResponse.call_action = checked  # type: ignore[assignment,method-assign]


def _refusal(call: CloudFormationResponse) -> str | None:
    account, partition = call.current_account, get_partition(call.region)
    session = session_of(call.get_access_key())
    role = session and role_of(session.role_arn)
    if not session or not role:
        return None
    trust = as_document(role.assume_role_policy_document)
    if not is_allowed(Request(action="sts:AssumeRole", service="codebuild.amazonaws.com"), [trust]):
        return None
    action = f"cloudformation:{call._get_action()}"
    name = call._get_param("StackName") or "*"
    stack = f"arn:{partition}:cloudformation:{call.region}:{account}:stack/{name}/*"
    resource = name if name.startswith("arn:") else stack
    if is_allowed(Request(action=action, resource=resource), documents_of(role)):
        return None
    return f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
