"""The account: who asks, and whether CDK can deploy there."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from operations.doctor.installation import Installation, NotThereError
from operations.doctor.registry import check
from operations.findings import Problem, Severity

_QUALIFIER = "hnb659fds"
"""CDK's default qualifier of what `cdk bootstrap` makes; cdk.json sets no other."""

_OLDEST_BOOTSTRAP = 6
"""The oldest bootstrap version whose roles and bucket the default synthesizer uses."""

_ROLES = ("deploy-role", "cfn-exec-role", "file-publishing-role")


@check("account-mismatch", Severity.ERROR, "Are the credentials of the environment's account?")
def account(installation: Installation) -> Iterator[Problem]:
    """The caller's account and the environment's."""
    identity = installation.client("sts").get_caller_identity()
    wanted = installation.environment.account
    if identity["Account"] != wanted:
        yield Problem(
            what=f"the credentials are of account {identity['Account']}, the environment names {wanted}",
            where=f"{identity['Arn']}, field account",
            cure=f"log in to {wanted}, or mend account in the environment",
        )


@check("bootstrap-missing", Severity.ERROR, "Is the account bootstrapped for CDK in the region?")
def bootstrap(installation: Installation) -> Iterator[Problem]:
    """The parameter that `cdk bootstrap` leaves."""
    if _bootstrap_version(installation) is None:
        yield Problem(
            what="the account is not bootstrapped for CDK in this region",
            where=f"SSM parameter {_parameter()}",
            cure=_bootstrap_command(installation),
        )


@check("bootstrap-outdated", Severity.ERROR, "Is the bootstrap new enough?")
def bootstrap_version(installation: Installation) -> Iterator[Problem]:
    """The version that `cdk bootstrap` wrote down."""
    version = _bootstrap_version(installation)
    if version is None:
        raise NotThereError("bootstrap-missing")
    if not version.isdecimal() or int(version) < _OLDEST_BOOTSTRAP:
        yield Problem(
            what=f"the bootstrap is of version {version}, at least {_OLDEST_BOOTSTRAP} is needed",
            where=f"SSM parameter {_parameter()}",
            cure=f"{_bootstrap_command(installation)} again",
        )


@check("bootstrap-bucket-missing", Severity.ERROR, "Is the bootstrap's bucket there?")
def bootstrap_bucket(installation: Installation) -> Iterator[Problem]:
    """The bucket for assets, which is easily deleted when an account is tidied up."""
    if _bootstrap_version(installation) is None:
        raise NotThereError("bootstrap-missing")
    environment = installation.environment
    name = f"cdk-{_QUALIFIER}-assets-{environment.account}-{environment.region}"
    try:
        installation.client("s3").head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        yield Problem(
            what="the bootstrap's bucket for assets is gone",
            where=f"bucket {name}",
            cure=f"delete the stack CDKToolkit, then {_bootstrap_command(installation)}",
        )


@check("bootstrap-role-missing", Severity.ERROR, "Are the bootstrap's roles there?")
def bootstrap_roles(installation: Installation) -> Iterator[Problem]:
    """The roles that the CDK CLI assumes."""
    if _bootstrap_version(installation) is None:
        raise NotThereError("bootstrap-missing")
    environment = installation.environment
    iam = installation.client("iam")
    for kind in _ROLES:
        name = f"cdk-{_QUALIFIER}-{kind}-{environment.account}-{environment.region}"
        try:
            iam.get_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            yield Problem(
                what=f"the bootstrap's {kind} is gone",
                where=f"role {name}",
                cure=f"{_bootstrap_command(installation)} --force",
            )


@check("stack-stuck", Severity.ERROR, "Can the stack be changed?")
def stack_status(installation: Installation) -> Iterator[Problem]:
    """A status that CloudFormation does not deploy over."""
    stack = installation.stack
    if stack is None:
        return
    status, name = stack["StackStatus"], installation.stack_name
    if status.endswith("_IN_PROGRESS"):
        yield Problem(
            what=f"the stack is being changed: {status}", where=f"stack {name}", cure="wait for its end"
        )
    elif status.endswith("_FAILED"):
        cure = (
            "npx cdk rollback EfsStorageStack"
            if status.startswith("UPDATE")
            else f"aws cloudformation delete-stack --stack-name {name}; what is retained stays"
        )
        yield Problem(what=f"the last change failed: {status}", where=f"stack {name}", cure=cure)
    elif status == "ROLLBACK_COMPLETE":
        yield Problem(
            what="the first deployment failed, and nothing is left of it but what is retained",
            where=f"stack {name}",
            cure="read its events, mend what they say and deploy again: CDK deletes this stack first",
        )


def _bootstrap_version(installation: Installation) -> str | None:
    assert installation.caller  # noqa: S101  # in another account everything would seem to be missing
    ssm = installation.client("ssm")
    try:
        return str(ssm.get_parameter(Name=_parameter())["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        return None


def _parameter() -> str:
    return f"/cdk-bootstrap/{_QUALIFIER}/version"


def _bootstrap_command(installation: Installation) -> str:
    return f"npx cdk bootstrap aws://{installation.environment.account}/{installation.environment.region}"
