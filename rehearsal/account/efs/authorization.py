"""EFS asks IAM: what a service account's session may do is decided by the policies of its role.

Only sessions of service accounts (IRSA, EKS Pod Identity) are asked for; the administrator of the rehearsal
and the roles of the CDK CLI may do everything. Which resource and which condition keys an action has:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticfilesystem.html
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moto.efs.models import EFSBackend, efs_backends
from moto.efs.responses import EFSResponse
from moto.sts.models import AssumedRole
from moto.utilities.utils import get_partition

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.role_policies import documents_of, role_of
from rehearsal.account.iam.web_identity import principal_tags, session_of
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.account.tags import tags_of

_log = logging.getLogger(__name__)


def install() -> None:
    """Put the decision before every call of EFS."""
    call = EFSResponse.call_action

    def checked(self: EFSResponse) -> Any:
        account, region = self.current_account, self.region
        session = session_of(self.get_access_key(), account=account, region=region)
        refusal = _refusal(self, session) if session else None
        if refusal is None:
            return call(self)
        code, message = refusal
        _log.warning("%s: %s", code, message)
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code, "status": "403"}
        return 403, headers, json.dumps({"ErrorCode": code, "Message": message})

    EFSResponse.call_action = checked  # type: ignore[assignment,method-assign]


def _refusal(call: EFSResponse, session: AssumedRole) -> tuple[str, str] | None:
    if session.expiration.replace(tzinfo=UTC) <= datetime.now(UTC):
        return "ExpiredTokenException", "The security token included in the request is expired"
    documents = list(_documents(session))
    action = call._get_action()
    parameters = {
        name: call._get_param(name) for name in ("FileSystemId", "AccessPointId", "ResourceId", "Tags")
    }
    for request in requests(
        action,
        parameters,
        backend=efs_backends[call.current_account][call.region],
        account=call.current_account,
        region=call.region,
    ):
        context = {**request.context, **principal_tags(session.access_key_id)}
        try:
            allowed = is_allowed(replace(request, context=context), documents)
        except NotRehearsedError as error:
            return "AccessDeniedException", str(error)
        if not allowed:
            return (
                "AccessDeniedException",
                f"User: {session.arn} is not authorized to perform: {request.action} "
                "on the specified resource",
            )
    return None


def requests(
    action: str, parameters: dict[str, Any], *, backend: EFSBackend, account: str, region: str
) -> Iterator[Request]:
    """What IAM is asked for one call of EFS: the action, and TagResource when something is created with tags.

    Args:
        action: the name of the call.
        parameters: its FileSystemId, AccessPointId, ResourceId and Tags, as far as it has them.
        backend: knows the tags of what exists.
        account: the account of the resources.
        region: their region.
    """
    prefix = f"arn:{get_partition(region)}:elasticfilesystem:{region}:{account}:"
    resource_id = str(
        parameters.get("AccessPointId")
        or parameters.get("FileSystemId")
        or parameters.get("ResourceId")
        or ""
    ).rpartition("/")[2]
    kind = "access-point" if resource_id.startswith("fsap-") or "AccessPoints" in action else "file-system"
    tags = tags_of(parameters)
    on_request: dict[str, str | list[str]] = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        on_request["aws:TagKeys"] = list(tags)
    if action == "DescribeAccessPoints" and resource_id.startswith("fs-"):
        kind = "file-system"
    yield Request(
        action=f"elasticfilesystem:{action}",
        resource=f"{prefix}{kind}/{resource_id or '*'}",
        context={**on_request, **_resource_tags(backend, resource_id)},
    )
    if action.startswith("Create") and tags:
        # There is no resource yet that could have an id: IAM is asked for any of its kind.
        kind = "access-point" if action == "CreateAccessPoint" else "file-system"
        yield Request(
            action="elasticfilesystem:TagResource",
            resource=f"{prefix}{kind}/*",
            context={**on_request, "elasticfilesystem:CreateAction": action},
        )


def _resource_tags(backend: EFSBackend, resource_id: str) -> dict[str, str]:
    tags = backend.list_tags_for_resource(resource_id) if resource_id else []
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags}


def _documents(session: AssumedRole) -> Iterator[dict[str, Any]]:
    role = role_of(session.role_arn)
    return documents_of(role) if role else iter(())
