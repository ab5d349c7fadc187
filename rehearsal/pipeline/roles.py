"""The roles of a pipeline: begun as the services begin them, and asked whether they may do something.

What a build itself calls is decided in the emulated account; what CodePipeline and CodeBuild do for it, with
its role, is done by the runner, and asked for here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.account.iam.policies import Request, is_allowed
from rehearsal.account.iam.resource_policies import may_use
from rehearsal.account.iam.role_policies import as_document
from rehearsal.aws_sdk import boto3_session
from rehearsal.pipeline.guarded_resources import GuardedResources
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

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]

    def client(self, service: str) -> Any:
        """A client of a service, with the rights of the role."""
        return boto3_session().client(  # type: ignore[call-overload]
            service,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            aws_session_token=self.token,
            region_name=self.region,
            endpoint_url=self.endpoint,
        )

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
    """The roles of a pipeline, of its own account and of others.

    Args:
        client: makes a client of a service, in a region or in the pipeline's, that may do everything in the
            pipeline's account.
        region: the pipeline's.
        endpoint: the emulated account's; None: AWS's own addresses.
    """

    def __init__(self, *, client: Callable[..., Any], region: str, endpoint: str | None) -> None:
        self._iam = client("iam")
        self._sts = client("sts")
        self._region = region
        self._endpoint = endpoint
        self.guarded = GuardedResources(client, account=self._sts.get_caller_identity()["Account"])

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
        """Refuse what a role may not do by its own policies and that of the resource.

        Args:
            session: the role.
            action: as `s3:GetObject`.
            resource: an ARN.
            context: the condition keys of the request. Default: none.

        Raises:
            StepFailedError: names the role, the action and the resource.
        """
        name = _name(session.role_arn)
        # By its own key, because that is one of its account: who may read policies is not asked here.
        documents = list(_documents(session.client("iam"), name))
        request = Request(action=action, resource=resource, context=context or {})
        guarded = self.guarded.find(resource)
        if guarded is None:
            allowed = is_allowed(request, documents)
        else:
            allowed = may_use(request, guarded, role_arn=session.role_arn, own=documents)
        if not allowed:
            raise StepFailedError(
                f"AccessDenied: the role {name} of {session.account} is not authorized to perform {action} "
                f"on {resource}"
            )


def _documents(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    """The inline policies of a role, and the managed ones: CDK makes those of what is too long."""
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield as_document(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
        yield as_document(found["Document"])


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
