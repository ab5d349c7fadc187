"""Findings of cdk-nag that stand: each on one resource, with the reason why it is acceptable there.

Nothing is acknowledged for a whole stack. A record whose finding is gone is dead weight; a test finds it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct

HANDLER = "Cluster/KubectlProvider/Handler"
FRAMEWORK = "Cluster/KubectlProvider/Provider/framework-onEvent"
CONTROLLER_POLICY = "Driver/Controller/Policy/Resource"
CONTROLLER_READING = "Driver/Controller/ReadingPolicy/Resource"
NODE_READING = "Driver/Node/ReadingPolicy/Resource"
BACKUP_ROLE = "Backup/Plan/Selection/Role"

MANAGED_POLICY = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy"
"""How cdk-nag's finding of a policy managed by AWS begins."""

WRITES_LOGS = (
    "CDK's kubectl provider attaches it. It allows nothing but writing logs to CloudWatch Logs; without "
    "its log a failed deployment could not be explained."
)
READS_CHARTS = (
    "CDK's kubectl provider attaches it, so that a chart can come from Amazon ECR. It is read-only, and the "
    "function runs only when CloudFormation works on this stack."
)


@dataclass(frozen=True, kw_only=True)
class AcknowledgedFinding:
    """One finding that stands.

    Args:
        rule: The finding as cdk-nag names it, ``AwsSolutions-…``, with what it found in brackets.
        where: The path of the one resource, below the stack.
        reason: Why it is acceptable there, for an auditor who knows the rule and not this project.
    """

    rule: str
    where: str
    reason: str


def acknowledge(stack: Stack, findings: Iterable[AcknowledgedFinding]) -> None:
    """Tell cdk-nag that these findings of a stack stand.

    Raises:
        LookupError: a path names no resource of the stack.
    """
    for finding in findings:
        Validations.of(_construct_at(stack, finding.where)).acknowledge(
            Acknowledgment(id=f"AwsSolutions::{finding.rule}", reason=finding.reason)
        )


def efs_storage_findings(stack: Stack) -> list[AcknowledgedFinding]:
    """The findings that stand in an ``EfsStorageStack``."""
    handler_id = logical_id(stack, f"{HANDLER}/Resource")
    findings = [
        AcknowledgedFinding(
            rule="AwsSolutions-L1",
            where=f"{HANDLER}/Resource",
            reason="The function is CDK's own handler. CDK gives it the newest Python that every region "
            "has and that the handler is tested with; it moves on with aws-cdk-lib.",
        ),
        AcknowledgedFinding(
            rule="AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
            where=f"{FRAMEWORK}/ServiceRole/Resource",
            reason=WRITES_LOGS,
        ),
        AcknowledgedFinding(
            rule=f"AwsSolutions-IAM5[Resource::<{handler_id}.Arn>:*]",
            where=f"{FRAMEWORK}/ServiceRole/DefaultPolicy/Resource",
            reason="Before the colon stands one function, the kubectl handler of this stack; the asterisk "
            "stands for versions and aliases of that same function.",
        ),
    ]
    # A driver that is there already may have roles of its own, and the stack makes none.
    if _exists(stack, CONTROLLER_POLICY):
        findings += _controller_findings(stack)
    # The add-on with IRSA has one role, and the controller's policies, for both halves of the driver.
    if _exists(stack, NODE_READING):
        findings.append(
            AcknowledgedFinding(
                rule="AwsSolutions-IAM5[Resource::*]",
                where=NODE_READING,
                reason="This policy holds nothing but ec2:DescribeAvailabilityZones, which has no resource "
                "to name and reads zone names.",
            )
        )
    # The role is the provider's own only when the cluster admits it by an access entry.
    if _exists(stack, f"{HANDLER}/ServiceRole"):
        findings += _handler_role_findings(stack)
    if _exists(stack, "Cluster/HandlerSecurityGroup"):
        findings += _handler_network_findings(stack)
    if _exists(stack, BACKUP_ROLE):
        findings.append(
            AcknowledgedFinding(
                rule=f"{MANAGED_POLICY}/service-role/AWSBackupServiceRolePolicyForBackup]",
                where=f"{BACKUP_ROLE}/Resource",
                reason="AWS Backup alone may assume the role, and this is the policy that AWS publishes "
                "for it and keeps up to date. The plan that uses the role selects this one file system by "
                "its ARN.",
            )
        )
    return findings


def _controller_findings(stack: Stack) -> list[AcknowledgedFinding]:
    access_points = f"arn:<AWS::Partition>:elasticfilesystem:{stack.region}:{stack.account}:access-point/*"
    return [
        AcknowledgedFinding(
            rule="AwsSolutions-IAM5[Resource::*]",
            where=CONTROLLER_READING,
            reason="This policy holds nothing but Describe calls: of access points, file systems, mount "
            "targets and zones. They read names and ids, no data, and IAM cannot narrow them by tag. "
            "What changes something stands in another policy.",
        ),
        AcknowledgedFinding(
            rule=f"AwsSolutions-IAM5[Resource::{access_points}]",
            where=CONTROLLER_POLICY,
            reason="Access points get their ids when a claim is made, long after this policy. Conditions "
            "narrow the asterisk: tagging is possible only while an access point is being created, "
            "and deleting only where the driver's tag efs.csi.aws.com/cluster is.",
        ),
    ]


def _asset_findings(stack: Stack) -> list[AcknowledgedFinding]:
    qualifier = stack.synthesizer.bootstrap_qualifier
    bucket = f"cdk-{qualifier}-assets-{stack.account}-{stack.region}"
    wildcards = [
        "Action::s3:GetBucket*",
        "Action::s3:GetObject*",
        "Action::s3:List*",
        f"Resource::arn:<AWS::Partition>:s3:::{bucket}/*",
    ]
    return [
        AcknowledgedFinding(
            rule=f"AwsSolutions-IAM5[{wildcard}]",
            where=f"{HANDLER}/ServiceRole/DefaultPolicy/Resource",
            reason="CDK lets the handler read the bucket of this account's CDK assets, where the charts of "
            "this project lie. It may write nothing there, and assets hold no secrets.",
        )
        for wildcard in wildcards
    ]


def _handler_role_findings(stack: Stack) -> list[AcknowledgedFinding]:
    role = f"{HANDLER}/ServiceRole/Resource"
    condition = logical_id(stack, f"{HANDLER}/HasEcrPublic")
    return [
        *_asset_findings(stack),
        AcknowledgedFinding(
            rule=f"{MANAGED_POLICY}/service-role/AWSLambdaBasicExecutionRole]", where=role, reason=WRITES_LOGS
        ),
        AcknowledgedFinding(
            rule=f"{MANAGED_POLICY}/AmazonEC2ContainerRegistryReadOnly]", where=role, reason=READS_CHARTS
        ),
        AcknowledgedFinding(
            # cdk-nag cannot read a policy that only one partition has, and names it by its whole expression.
            rule=f'AwsSolutions-IAM4[Policy::{{"Fn::If":["{condition}",{{"Fn::Join":["",["arn:",'
            '{"Ref":"AWS::Partition"},":iam::aws:policy/AmazonElasticContainerRegistryPublicReadOnly"]]},'
            '{"Ref":"AWS::NoValue"}]}]',
            where=role,
            reason=READS_CHARTS,
        ),
    ]


def _handler_network_findings(stack: Stack) -> list[AcknowledgedFinding]:
    roles = [f"{FRAMEWORK}/ServiceRole", f"{HANDLER}/ServiceRole"]
    return [
        AcknowledgedFinding(
            rule=f"{MANAGED_POLICY}/service-role/AWSLambdaVPCAccessExecutionRole]",
            where=f"{role}/Resource",
            reason="CDK attaches it to a function in a VPC. Lambda needs it to make and delete the "
            "function's network interfaces, which have no ARN beforehand; it allows nothing else but logs.",
        )
        for role in roles
        # The handler's role is the cluster's administrator where the cluster trusts one: not ours.
        if _exists(stack, role)
    ]


def _exists(stack: Stack, path: str) -> bool:
    try:
        _construct_at(stack, path)
    except LookupError:
        return False
    return True


# Each step down is a call to Node.js, and most paths begin alike.
@lru_cache(maxsize=256)
def _construct_at(stack: Stack, path: str) -> IConstruct:
    above, _, name = path.rpartition("/")
    parent = _construct_at(stack, above) if above else stack
    child = parent.node.try_find_child(name)
    if child is None:
        raise LookupError(f"{stack.node.path}/{path} is not there: {parent.node.path} has no child {name}")
    return child


def logical_id(stack: Stack, path: str) -> str:
    """Logical id of the element at a path below a stack, as cdk-nag writes it in what it finds.

    Raises:
        LookupError: the path names no construct of the stack.
    """
    element = _construct_at(stack, path)
    assert isinstance(element, CfnElement), f"{path} is no element of a template"  # noqa: S101
    found: str = stack.resolve(element.logical_id)
    return found
