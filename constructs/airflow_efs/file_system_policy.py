"""The resource policy of a file system: who may mount it, write to it, and be root in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aws_cdk import aws_iam as iam

MOUNT_AND_WRITE = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")
"""What a client needs to use a file system; without the second it can read only."""

BE_ROOT = "elasticfilesystem:ClientRootAccess"
"""What keeps EFS from treating a client's root as nobody."""

ONLY_THROUGH_MOUNT_TARGETS = {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}
"""The condition with which a statement for everybody is not public in EFS's eyes."""

RootAccess = Literal["squashed", "denied", "allowed"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement that somebody adds to a file system's policy.

    Args:
        sid: its name.
        effect: whether it allows or denies.
        principals: ARNs, account ids, or ``*``.
        actions: actions of EFS, ``elasticfilesystem:…``.
        conditions: IAM's conditions. Default: none.
    """

    sid: str
    effect: Literal["Allow", "Deny"]
    principals: Sequence[str]
    actions: Sequence[str]
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)


def file_system_policy(
    *,
    iam_authorization: bool = False,
    root_access: RootAccess = "squashed",
    root_access_roles: Sequence[str] = (),
    statements: Sequence[Statement] = (),
) -> iam.PolicyDocument:
    """TLS or nothing; and mount, read and write through a mount target only.

    The statements name no resource on purpose: in a file system policy it is the file system itself.
    https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html

    Args:
        iam_authorization: grant nothing to everybody. EFS then lets in whom an identity policy of the account
            allows it. Default: whoever reaches a mount target may mount, read and write.
        root_access: ``squashed`` grants root to nobody here, though an identity policy may. ``denied`` denies
            it whatever another policy says. ``allowed`` grants it to everybody whom this policy lets in.
        root_access_roles: roles that may mount, read, write and be root, and are excepted from the denial.
        statements: more statements, after those.
    """
    document = iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="DenyWithoutTls",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["*"],
                conditions={"Bool": {"aws:SecureTransport": "false"}},
            ),
        ]
    )
    if iam_authorization:
        document.add_statements(
            # An identity policy need not ask for it, so it is denied here. Only what a client does: the key
            # has a value in no other call.
            iam.PolicyStatement(
                sid="DenyAroundMountTargets",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=[*MOUNT_AND_WRITE, BE_ROOT],
                conditions={"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}},
            )
        )
    else:
        document.add_statements(
            iam.PolicyStatement(
                sid="AllowThroughMountTargets",
                principals=[iam.AnyPrincipal()],
                actions=[*MOUNT_AND_WRITE, *([BE_ROOT] if root_access == "allowed" else [])],
                conditions=ONLY_THROUGH_MOUNT_TARGETS,
            )
        )
    if root_access_roles:
        document.add_statements(
            iam.PolicyStatement(
                sid="RootAccess",
                principals=[iam.ArnPrincipal(arn) for arn in root_access_roles],
                actions=[*MOUNT_AND_WRITE, BE_ROOT],
                conditions=ONLY_THROUGH_MOUNT_TARGETS,
            )
        )
    if root_access == "denied":
        document.add_statements(
            iam.PolicyStatement(
                sid="DenyRootAccess",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=[BE_ROOT],
                # A negated operator also holds for a client without IAM, which has no ARN.
                conditions=(
                    {"ArnNotEquals": {"aws:PrincipalArn": list(root_access_roles)}}
                    if root_access_roles
                    else None
                ),
            )
        )
    document.add_statements(*(_statement(item) for item in statements))
    return document


def _statement(item: Statement) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=item.sid,
        effect=iam.Effect.ALLOW if item.effect == "Allow" else iam.Effect.DENY,
        principals=[_principal(text) for text in item.principals],
        actions=list(item.actions),
        conditions={
            operator: {key: value if isinstance(value, str) else list(value) for key, value in tests.items()}
            for operator, tests in item.conditions.items()
        },
    )


def _principal(text: str) -> iam.IPrincipal:
    if text == "*":
        return iam.AnyPrincipal()
    return iam.AccountPrincipal(text) if text.isdigit() else iam.ArnPrincipal(text)
