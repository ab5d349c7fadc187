"""What the file system's policy says beyond TLS and mount targets only."""

import difflib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from botocore.loaders import Loader
from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from settings.aws import RoleArn, partition_faults
from settings.faults import Fault, FaultsError, Path
from settings.section import Form, NotEmpty, Section, repeats

OWN_SIDS: Final = frozenset(
    {"AllowThroughMountTargets", "DenyAroundMountTargets", "DenyRootAccess", "DenyWithoutTls", "RootAccess"}
)
"""The statements that the policy has anyway."""

EVERYBODY: Final = "*"

_SERVICE: Final = "elasticfilesystem"

_WITHOUT_A_CALL: Final = frozenset(
    {
        "Backup",
        "ClientMount",
        "ClientRootAccess",
        "ClientWrite",
        "ReplicationRead",
        "ReplicationWrite",
        "Restore",
    }
)
"""Actions that IAM knows and that are no call of the API."""

_OPERATOR: Final = re.compile(
    r"(?:(?:ForAllValues|ForAnyValue):)?"
    r"(?:(?:String(?:Not)?(?:Equals(?:IgnoreCase)?|Like)"
    r"|Arn(?:Not)?(?:Equals|Like)"
    r"|(?:Numeric|Date)(?:(?:Not)?Equals|(?:Less|Greater)Than(?:Equals)?)"
    r"|Bool|BinaryEquals|(?:Not)?IpAddress)(?:IfExists)?|Null)"
)


@cache
def _actions() -> tuple[str, ...]:
    """Every action of EFS, by botocore's data, offline."""
    operations = Loader().load_service_model("efs", "service-2")["operations"]
    return tuple(sorted({*operations, *_WITHOUT_A_CALL}))


def _check_action(action: str) -> str:
    service, colon, name = action.partition(":")
    if not colon or service != _SERVICE:
        raise FaultsError([Fault("is not an action of EFS", f"write {_SERVICE}:ACTION")])
    if not any(_matches(name, known) for known in _actions()):
        near = difflib.get_close_matches(name, _actions(), n=1)
        cure = f"did you mean {_SERVICE}:{near[0]}?" if near else f"write {_SERVICE}:ClientMount, for one"
        raise FaultsError([Fault("is not an action of EFS", cure)])
    return action


def _matches(pattern: str, action: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


Action = Annotated[str, AfterValidator(_check_action)]
Principal = Annotated[
    str,
    Form(
        r"\*|[0-9]{12}|arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|(?:role|user)/[A-Za-z0-9_+=,.@/-]+)"
        r"|sts::[0-9]{12}:assumed-role/[A-Za-z0-9_+=,.@/-]+)",
        "is not a principal",
        'write "*", an account id, or the ARN of a role or user',
    ),
]


def _text_or_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "text"


Expected = Annotated[
    Annotated[str, Tag("text")]
    | Annotated[tuple[str, ...], Field(strict=False), NotEmpty("write at least one value"), Tag("list")],
    Discriminator(_text_or_list),
]
Conditions = Mapping[str, Mapping[str, Expected]]


class PolicyStatement(Section):
    """One more statement of the file system's policy; its resource is the file system."""

    sid: Annotated[
        str, Form(r"[A-Za-z0-9]+", "is not a Sid that IAM accepts", "use letters and digits", max_length=100)
    ] = Field(description="Name of the statement, its Sid.", examples=["AuditorsRead"])
    effect: Literal["Allow", "Deny"] = Field(description="What it does.", examples=["Allow"])
    principals: Annotated[
        tuple[Principal, ...], Field(strict=False), NotEmpty("write the ARN of a role, for one")
    ] = Field(
        description='Whom it is about: ARNs of roles and users, account ids, or "*".',
        examples=[["arn:aws:iam::123456789012:role/auditor"]],
    )
    actions: Annotated[
        tuple[Action, ...], Field(strict=False), NotEmpty("write elasticfilesystem:ClientMount, for one")
    ] = Field(description="Actions of EFS.", examples=[["elasticfilesystem:ClientMount"]])
    conditions: Conditions = Field(
        default={}, description="Conditions as IAM has them: operator, key, and one value or a list."
    )

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.sid in OWN_SIDS:
            yield Fault("is a statement that the policy has anyway", "choose another name", ("sid",))
        for field in ("principals", "actions"):
            for index, earlier in repeats(getattr(self, field), str):
                yield Fault(
                    f"is listed twice, first as {field}[{earlier}]", "remove one of the two", (field, index)
                )
        for operator, tests in self.conditions.items():
            if _OPERATOR.fullmatch(operator) is None:
                yield Fault(
                    "is not a condition operator of IAM",
                    "write Bool, StringEquals, ArnLike, IpAddress or another of IAM's",
                    ("conditions", operator),
                    f'key "{operator}"',
                )
            elif not tests:
                yield Fault("tests nothing", "write KEY: VALUE", ("conditions", operator), subject="")
        if EVERYBODY in self.principals and not self.conditions:
            yield from self._faults_without_condition()

    def _faults_without_condition(self) -> Iterator[Fault]:
        if self.effect == "Allow":
            yield Fault(
                "allows it to everybody who reaches the file system, without a condition",
                "name roles in principals, or write conditions",
                subject="",
            )
        elif any(
            _matches(action.partition(":")[2], call)
            for action in self.actions
            for call in ("PutFileSystemPolicy", "DeleteFileSystemPolicy")
        ):
            yield Fault(
                "would leave nobody who can change the policy, which EFS refuses",
                "name the actions that are meant, or write conditions",
                ("actions",),
                subject="",
            )


class FileSystemPolicy(Section):
    """What the file system's policy says beyond TLS and mount targets only."""

    root_access: Literal["squashed", "denied", "allowed"] = Field(
        default="squashed",
        description="Whether root of a client is root in the file system.",
    )
    root_access_roles: Annotated[tuple[RoleArn, ...], Field(strict=False)] = Field(
        default=(), description="Roles that may read, write and be root, mounting with IAM."
    )
    statements: Annotated[tuple[PolicyStatement, ...], Field(strict=False)] = Field(
        default=(), description="Further statements."
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if self.root_access == "allowed" and self.root_access_roles:
            yield Fault(
                "has no use where root_access is allowed to everybody",
                "remove it, or write root_access: squashed",
                ("root_access_roles",),
                subject="",
            )
        for index, earlier in repeats(self.root_access_roles, str):
            yield Fault(
                f"is listed twice, first as root_access_roles[{earlier}]",
                "remove one of the two",
                ("root_access_roles", index),
            )
        for index, earlier in repeats(self.statements, lambda statement: statement.sid):
            yield Fault(
                f"is the name of two statements, first of statements[{earlier}]",
                "give each its own name",
                ("statements", index, "sid"),
            )

    def partition_faults(self, region: str, at: Path) -> Iterator[Fault]:
        """A fault for everybody of another partition, whom EFS refuses as a principal.

        Args:
            region: the environment's.
            at: path of this section.
        """
        for index, role in enumerate(self.root_access_roles):
            yield from partition_faults(role, region, (*at, "root_access_roles", index))
        for number, statement in enumerate(self.statements):
            for index, principal in enumerate(statement.principals):
                if principal.startswith("arn:"):
                    here = (*at, "statements", number, "principals", index)
                    yield from partition_faults(principal, region, here)
