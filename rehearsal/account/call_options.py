"""Options of CloudFormation's calls that the emulated account does not do.

To pass over one would delete what somebody wants to keep, or keep what somebody wants deleted. An option
that says the usual way in so many words is let pass: the CDK CLI gives all of them. So is
`ImportExistingResources`, which the CLI sets for its bootstrap stack: what exists fails its creation here.
"""

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse

_NOT_REHEARSED = {
    "ContinueUpdateRollback": ("ForceRollback", "ResourcesToSkip"),
    "CreateChangeSet": (
        "DeploymentConfig",
        "DeploymentMode",
        "OnStackFailure",
        "ResourcesToImport",
    ),
    "DeleteStack": ("DeletionMode", "DeploymentConfig", "RetainResources"),
    "RollbackStack": ("DeploymentConfig",),
}
"""Call -> the options that change what it does, and are not emulated."""

_USUAL = {
    "DeletionMode": ("STANDARD",),
    "DeploymentConfig": ("STANDARD",),
    "OnStackFailure": ("DO_NOTHING", "ROLLBACK"),
}
"""Option -> the values that are emulated."""


def refuse_options(call: CloudFormationResponse) -> None:
    """Refuse a call that wants what is not emulated; before it changes anything.

    Raises:
        ValidationError: "not rehearsed: …", with the options and the call.
    """
    action = call._get_action()
    if given := [name for name in _NOT_REHEARSED[action] if _is_unusual(call, name)]:
        raise ValidationError(message=f"not rehearsed: {', '.join(given)} of {action}")


def _is_unusual(call: CloudFormationResponse, name: str) -> bool:
    value = call._get_param(f"{name}.Mode" if name == "DeploymentConfig" else name)
    return bool(value) and value not in _USUAL.get(name, ())
