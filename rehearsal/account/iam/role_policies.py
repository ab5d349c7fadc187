"""The policy documents that decide what a role may do."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from moto.iam.models import Role, iam_backends


def role_of(arn: str) -> Role | None:
    """The role of an ARN, in the account that the ARN names; None: there is no such role."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    roles = iam_backends[account][partition].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def documents_of(role: Role) -> Iterator[dict[str, Any]]:
    """The documents of the managed policies that are attached to a role, and of its inline policies."""
    for policy in role.managed_policies.values():
        default = next(
            version for version in policy.versions if version.version_id == policy.default_version_id
        )
        yield json.loads(default.document)
    for document in role.policies.values():
        yield as_document(document)


def as_document(document: Any) -> dict[str, Any]:
    """A policy as moto keeps it: a text, perhaps as part of a URL, or the document itself."""
    parsed: dict[str, Any] = json.loads(unquote(document)) if isinstance(document, str) else document
    return parsed
