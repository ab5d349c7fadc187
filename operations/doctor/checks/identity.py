"""The driver's identity: has each of its halves a role, may it take that role, and what may the role do.

A driver that was there before keeps a role of its own unless the environment gives it another; then that
one is looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from kubernetes import client as kubernetes

from operations.doctor.installation import DRIVER_NAMESPACE, Installation, NotThereError, ServiceAccount
from operations.doctor.registry import When, check
from operations.findings import Problem, Severity
from rehearsal.account.iam.policies import Request, is_allowed

_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
_DRIVER_TAG = "efs.csi.aws.com/cluster"
_AGENT = "eks-pod-identity-agent"
"""The add-on, and the DaemonSet that it makes."""
_PODS_SERVICE = "pods.eks.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class _Half:
    """One of the driver's two halves, as it is in the cluster."""

    account: ServiceAccount
    output: str
    """The stack's output with its role."""


def _controller(installation: Installation) -> _Half:
    return _Half(account=installation.driver_accounts[0], output="ControllerRoleArn")


def _node(installation: Installation) -> _Half:
    return _Half(account=installation.driver_accounts[1], output="NodeRoleArn")


def _halves(installation: Installation) -> tuple[_Half, _Half]:
    return _controller(installation), _node(installation)


@check("pod-identity-agent-missing", Severity.ERROR, "Is the agent of EKS Pod Identity in the cluster?")
def agent(installation: Installation) -> Iterator[Problem]:
    """Without it pods get no credentials, and nothing says so but a claim's events."""
    if not _by_pod_identity(installation):
        return
    if installation.cluster.get("computeConfig", {}).get("enabled"):
        return  # EKS Auto Mode has the agent built in
    name = installation.environment.cluster.name
    addon = _addon(installation)
    if addon is not None and addon["status"] not in ("ACTIVE", "CREATING", "UPDATING"):
        yield Problem(
            what=f"the add-on {_AGENT} is {addon['status']}; the driver may get no credentials",
            where=f"cluster {name}, add-on {_AGENT}",
            cure=f"aws eks describe-addon --cluster-name {name} --addon-name {_AGENT} says why, under health",
        )
    if addon is not None:
        return
    # It can also be installed without EKS, by its chart.
    apps = kubernetes.AppsV1Api(installation.api)
    if installation.read(apps.read_namespaced_daemon_set, _AGENT, DRIVER_NAMESPACE) is None:
        yield Problem(
            what="the cluster has no agent of EKS Pod Identity; the driver would get no credentials",
            where=f"cluster {name}, add-on {_AGENT}",
            cure=f"aws eks create-addon --cluster-name {name} --addon-name {_AGENT}",
        )


@check("driver-role-annotation", Severity.ERROR, "Have the service accounts their roles?", when=When.AFTER)
def annotations(installation: Installation) -> Iterator[Problem]:
    """The annotation by which EKS gives a pod its credentials."""
    if _by_pod_identity(installation):
        return
    if _keeps_its_own_role(installation):
        # The nodes need a role only where they mount by IAM.
        by_iam = installation.environment.file_system.iam_authorization
        for half in _halves(installation)[: 2 if by_iam else 1]:
            if _annotated_role(installation, half) is None:
                yield _without_role(half)
        return
    for half in _halves(installation):
        wanted = installation.outputs.get(half.output)
        has = _annotated_role(installation, half)
        if wanted is not None and has != wanted:
            yield Problem(
                what=f"service account {half.account.name} has the role {has or 'none'}, not {wanted}",
                where=f"ServiceAccount {half.account}, {_ROLE_ANNOTATION}",
                cure=f"kubectl -n {half.account.namespace} annotate --overwrite serviceaccount "
                f"{half.account.name} {_ROLE_ANNOTATION}={wanted}, and restart the driver's pods",
            )


@check("driver-role-association", Severity.ERROR, "Are the service accounts associated?", when=When.AFTER)
def associations(installation: Installation) -> Iterator[Problem]:
    """The association by which EKS Pod Identity gives a pod its credentials."""
    if not _by_pod_identity(installation):
        return
    cluster = installation.environment.cluster.name
    for half in _halves(installation):
        wanted = installation.outputs.get(half.output)
        has = _associated_role(installation, half)
        if wanted is None:
            if has is None and half == _controller(installation):
                yield _without_role(half)
        elif has is None:
            yield Problem(
                what=f"service account {half.account.name} is associated with no role, so that its pods "
                "get no credentials",
                where=f"cluster {cluster}, {half.account}",
                cure=f"aws eks create-pod-identity-association --cluster-name {cluster} --namespace "
                f"{half.account.namespace} --service-account {half.account.name} --role-arn {wanted}, and "
                "restart the driver's pods; CloudFormation does not notice that the stack's own is gone",
            )
        elif has != wanted:
            yield Problem(
                what=f"service account {half.account.name} is associated with {has}, not with {wanted}",
                where=f"cluster {cluster}, {half.account}",
                cure=f"aws eks list-pod-identity-associations --cluster-name {cluster} gives the id; "
                "aws eks update-pod-identity-association with it and "
                f"--role-arn {wanted}, and restart the driver's pods",
            )
        elif annotated := _annotated_role(installation, half):
            yield Problem(
                what=f"service account {half.account.name} has the annotation of IRSA, too; its pods "
                f"then take {annotated}",
                where=f"ServiceAccount {half.account}, {_ROLE_ANNOTATION}",
                cure=f"kubectl -n {half.account.namespace} annotate serviceaccount {half.account.name} "
                f"{_ROLE_ANNOTATION}-, and restart the driver's pods",
            )


@check("driver-role-missing", Severity.ERROR, "Do the driver's roles exist?", when=When.AFTER)
def roles(installation: Installation) -> Iterator[Problem]:
    """The roles that the driver's service accounts should have."""
    own = _keeps_its_own_role(installation)
    for half in _halves(installation):
        arn = _role_arn(installation, half)
        if arn is not None and _role(installation, arn) is None:
            yield Problem(
                what=f"the role {arn} is gone",
                where=f"service account {half.account.name}"
                if own
                else f"stack {installation.stack_name}, {half.output}",
                cure="make it again, or write patch_existing: true for the driver and deploy"
                if own
                else "take a fixed role_name for it in the environment and deploy: that makes it anew",
            )


@check("driver-role-trust", Severity.ERROR, "May the service accounts take their roles?", when=When.AFTER)
def trust(installation: Installation) -> Iterator[Problem]:
    """The trust policy: of this issuer, or of EKS Pod Identity, for this service account of this cluster."""
    for half in _halves(installation):
        arn = _role_arn(installation, half)
        if arn is None:
            continue
        role = _role(installation, arn)
        if role is None:
            raise NotThereError("driver-role-missing")
        requests, expected = (_takes_by_pod_identity if _by_pod_identity(installation) else _takes_by_irsa)(
            installation, half
        )
        document = role["AssumeRolePolicyDocument"]
        if not all(is_allowed(request, [document]) for request in requests):
            yield Problem(
                what=f"the role of {half.account.name} does not trust that service account of this cluster",
                where=f"trust policy of {arn}",
                cure=f"set the trust policy back: {expected}",
            )


@check("driver-role-rights", Severity.ERROR, "May the driver make and delete access points?", when=When.AFTER)
def rights(installation: Installation) -> Iterator[Problem]:
    """The policies of the controller's role, evaluated for what it does."""
    arn = _role_arn(installation, _controller(installation))
    if arn is None:
        return
    if _role(installation, arn) is None:
        raise NotThereError("driver-role-missing")
    documents = list(_policies(installation, arn.rpartition("/")[2]))
    missing = [
        request.action
        for request in _what_the_controller_does(installation)
        if not is_allowed(request, documents)
    ]
    if missing:
        yield Problem(
            what=f"the role of the driver's controller may not call {', '.join(missing)}",
            where=arn,
            cure="give its policy these rights on the file system, or let the driver take the stack's role"
            if _keeps_its_own_role(installation)
            else "attach the stack's policy again, or set it back to the template's",
        )


def _by_pod_identity(installation: Installation) -> bool:
    return installation.environment.driver.identity == "pod-identity"


def _keeps_its_own_role(installation: Installation) -> bool:
    """Whether the driver was there before, with a role that the stack leaves to it."""
    driver = installation.environment.driver
    if driver.install != "existing" or driver.patch_existing:
        return False
    return driver.identity == "irsa" or not driver.make_roles


def _role_arn(installation: Installation, half: _Half) -> str | None:
    """The role that a half of the driver has to take; None where it needs none."""
    if not _keeps_its_own_role(installation):
        return installation.outputs.get(half.output)
    given = _associated_role if _by_pod_identity(installation) else _annotated_role
    return given(installation, half)


def _annotated_role(installation: Installation, half: _Half) -> str | None:
    core = kubernetes.CoreV1Api(installation.api)
    account = installation.read(
        core.read_namespaced_service_account, half.account.name, half.account.namespace
    )
    return ((account or {}).get("metadata", {}).get("annotations") or {}).get(_ROLE_ANNOTATION)


def _associated_role(installation: Installation, half: _Half) -> str | None:
    eks, cluster = installation.client("eks"), installation.environment.cluster.name
    found = eks.list_pod_identity_associations(
        clusterName=cluster, namespace=half.account.namespace, serviceAccount=half.account.name
    )["associations"]
    if not found:
        return None
    described = eks.describe_pod_identity_association(
        clusterName=cluster, associationId=found[0]["associationId"]
    )
    return str(described["association"]["roleArn"])


def _addon(installation: Installation) -> Mapping[str, Any] | None:
    try:
        addon: Mapping[str, Any] = installation.client("eks").describe_addon(
            clusterName=str(installation.cluster["name"]), addonName=_AGENT
        )["addon"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None
    return addon


def _without_role(half: _Half) -> Problem:
    return Problem(
        what=f"service account {half.account.name} of the driver has no role",
        where=f"ServiceAccount {half.account}",
        cure="write patch_existing: true for the driver and deploy, or give it a role by hand",
    )


def _takes_by_irsa(installation: Installation, half: _Half) -> tuple[list[Request], str]:
    environment = installation.environment
    issuer = environment.cluster.oidc_issuer.removeprefix("https://")
    provider = f"arn:{environment.partition}:iam::{environment.account}:oidc-provider/{issuer}"
    subject = f"system:serviceaccount:{half.account.namespace}:{half.account.name}"
    request = Request(
        action="sts:AssumeRoleWithWebIdentity",
        federated=provider,
        context={f"{issuer}:sub": subject, f"{issuer}:aud": "sts.amazonaws.com"},
    )
    return [request], f"provider {provider}, sub {subject}, aud sts.amazonaws.com"


def _takes_by_pod_identity(installation: Installation, half: _Half) -> tuple[list[Request], str]:
    environment = installation.environment
    cluster = f"arn:{environment.partition}:eks:{environment.region}:{environment.account}:cluster/"
    cluster += environment.cluster.name
    tags = {
        "eks-cluster-arn": cluster,
        "eks-cluster-name": environment.cluster.name,
        "kubernetes-namespace": half.account.namespace,
        "kubernetes-service-account": half.account.name,
    }
    context: dict[str, str | list[str]] = {
        "aws:SourceAccount": environment.account,
        "aws:SourceArn": cluster,
        "aws:TagKeys": sorted(tags),
        **{f"aws:RequestTag/{key}": value for key, value in tags.items()},
    }
    # EKS sets tags on the session, which is an action of its own.
    requests = [
        Request(action=action, service=_PODS_SERVICE, context=context)
        for action in ("sts:AssumeRole", "sts:TagSession")
    ]
    return requests, (
        f"principal {_PODS_SERVICE} with sts:AssumeRole and sts:TagSession, cluster {cluster}, "
        f"namespace {half.account.namespace}, service account {half.account.name}"
    )


def _what_the_controller_does(installation: Installation) -> list[Request]:
    environment = installation.environment
    prefix = f"arn:{environment.partition}:elasticfilesystem:{environment.region}:{environment.account}"
    system = installation.outputs.get("FileSystemArn", f"{prefix}:file-system/*")
    tagged = {f"aws:RequestTag/{_DRIVER_TAG}": "true"}
    service = "elasticfilesystem"
    return [
        Request(action=f"{service}:DescribeFileSystems", resource=system),
        Request(action=f"{service}:DescribeAccessPoints", resource=system),
        Request(action=f"{service}:DescribeMountTargets", resource=system),
        Request(
            action=f"{service}:CreateAccessPoint",
            resource=system,
            context={**tagged, "aws:TagKeys": [_DRIVER_TAG]},
        ),
        Request(
            action=f"{service}:TagResource",
            resource=f"{prefix}:access-point/fsap-new",
            context={**tagged, "aws:TagKeys": [_DRIVER_TAG], f"{service}:CreateAction": "CreateAccessPoint"},
        ),
        Request(
            action=f"{service}:DeleteAccessPoint",
            resource=f"{prefix}:access-point/fsap-old",
            context={f"aws:ResourceTag/{_DRIVER_TAG}": "true"},
        ),
    ]


def _policies(installation: Installation, role: str) -> Iterator[Mapping[str, Any]]:
    iam = installation.client("iam")
    for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
        version = iam.get_policy_version(
            PolicyArn=attached["PolicyArn"], VersionId=policy["DefaultVersionId"]
        )
        yield version["PolicyVersion"]["Document"]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _role(installation: Installation, arn: str) -> Mapping[str, Any] | None:
    iam = installation.client("iam")
    try:
        role: Mapping[str, Any] = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return role
