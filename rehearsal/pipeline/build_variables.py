"""The variables that a build project declares, those from secrets with what the secrets hold."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError


def declared_variables(
    declared: Iterable[Mapping[str, str]], *, secrets_manager: Any, session: Session, roles: Roles
) -> tuple[dict[str, str], frozenset[str]]:
    """The values by their names, and those among them that no log may show.

    Args:
        declared: as the project or the action lists them.
        secrets_manager: a client that may do everything.
        session: the role of the build, with which CodeBuild reads secrets.
        roles: decides what it may.

    Raises:
        StepFailedError: the role may not read a secret, it is not there, or the type is not rehearsed.
    """
    values, hidden = {}, set()
    for one in declared:
        match one.get("type", "PLAINTEXT"):
            case "PLAINTEXT":
                values[one["name"]] = one["value"]
            case "SECRETS_MANAGER":
                values[one["name"]] = _secret(one["value"], secrets_manager, session, roles)
                hidden.add(values[one["name"]])
            case kind:
                raise StepFailedError(f"not rehearsed: the variable {one['name']} of type {kind}")
    return values, frozenset(hidden)


def _secret(reference: str, secrets_manager: Any, session: Session, roles: Roles) -> str:
    parts = reference.split(":")
    arn, key = ":".join(parts[:7]), ":".join(parts[7:])
    roles.require(session, "secretsmanager:GetSecretValue", arn)
    try:
        text = str(secrets_manager.get_secret_value(SecretId=arn)["SecretString"])
    except secrets_manager.exceptions.ResourceNotFoundException as error:
        raise StepFailedError(f"there is no secret {arn}") from error
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailedError(f"the secret {arn} is no JSON with the key {key}") from error
