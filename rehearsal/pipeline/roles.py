"""The roles of a pipeline: begun as the services begin them, and asked whether they may do something.

What a build itself calls is decided in the emulated account; what CodePipeline and CodeBuild do for it, with
its role, is done by the runner, and asked for here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from rehearsal.account.policies import Request, is_allowed
from rehearsal.account.role_policies import as_document
from rehearsal.pipeline.step_failed import StepFailedError


@dataclass(frozen=True)
class Session:
    """A role that was begun, and its credentials."""

    role_arn: str
    access_key: str
    secret_key: str
    token: str
    region: str
    endpoint: str | None

    def client(self, service: str) -> Any:
        """A client of a service, with the rights of the role."""
        session = boto3.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.token,
            region_name=self.region,
        )
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def assume(self, role_arn: str) -> "Session":
        """Begin another role from this one; the emulated STS decides.

        Raises:
            StepFailedError: it refuses.
        """
        client = self.client("sts")
        try:
            answer = client.assume_role(RoleArn=role_arn, RoleSessionName="pipeline")
        except client.exceptions.ClientError as error:
            raise StepFailedError(
                f"{_name(self.role_arn)} cannot begin {_name(role_arn)}: {error}"
            ) from error
        return _session(role_arn, answer["Credentials"], self.region, self.endpoint)


class Roles:
    """The roles of an account.

    Args:
        iam: a client that may read roles.
        sts: a client that may begin any.
        region: the pipeline's.
        endpoint: the emulated account's; None: AWS's own addresses.
    """

    def __init__(self, *, iam: Any, sts: Any, region: str, endpoint: str | None) -> None:
        self._iam = iam
        self._sts = sts
        self._region = region
        self._endpoint = endpoint

    def begin(self, role_arn: str, *, service: str) -> Session:
        """Begin a role as a service of AWS does.

        Args:
            role_arn: the role.
            service: the service's principal, as `codebuild.amazonaws.com`.

        Raises:
            StepFailedError: there is no such role, or it does not trust the service.
        """
        try:
            role = self._iam.get_role(RoleName=_name(role_arn))["Role"]
        except self._iam.exceptions.NoSuchEntityException as error:
            raise StepFailedError(f"there is no role {role_arn}") from error
        request = Request(action="sts:AssumeRole", service=service)
        if not is_allowed(request, [as_document(role["AssumeRolePolicyDocument"])]):
            raise StepFailedError(f"the role {_name(role_arn)} does not trust {service}")
        answer = self._sts.assume_role(RoleArn=role_arn, RoleSessionName=service.split(".")[0])
        return _session(role_arn, answer["Credentials"], self._region, self._endpoint)

    def require(
        self, session: Session, action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> None:
        """Refuse what a role's own policies do not allow.

        Args:
            session: the role.
            action: as `s3:GetObject`.
            resource: an ARN.
            context: the condition keys of the request. Default: none.

        Raises:
            StepFailedError: names the role, the action and the resource.
        """
        name = _name(session.role_arn)
        documents = [
            as_document(self._iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        ]
        if not is_allowed(Request(action=action, resource=resource, context=context or {}), documents):
            raise StepFailedError(f"the role {name} is not authorized to perform {action} on {resource}")


def _session(role_arn: str, credentials: Mapping[str, str], region: str, endpoint: str | None) -> Session:
    return Session(
        role_arn=role_arn,
        access_key=credentials["AccessKeyId"],
        secret_key=credentials["SecretAccessKey"],
        token=credentials["SessionToken"],
        region=region,
        endpoint=endpoint,
    )


def _name(role_arn: str) -> str:
    return role_arn.rpartition("/")[2]
