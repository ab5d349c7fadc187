"""AWS::SecretsManager::Secret: a secret that a stack makes, with a value that the service makes up.

moto has the service, but no such resource. What matters of it here is what CloudFormation promises: a value
is generated when the secret is made, and only again when its recipe changes; a name that exists is refused.
"""

import json
from typing import Any, Self

from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from rehearsal.account.cloudformation.replacement import changed_properties
from rehearsal.account.cloudformation.stack_model import StackModel
from rehearsal.account.recorded_only import NotRehearsedError

_CHANGED = frozenset({"Description", "Tags"})
"""Properties that are changed in place."""


class StackSecret(StackModel, CloudFormationModel):
    """A secret of a stack."""

    kind = "AWS::SecretsManager::Secret"
    naming = "Name"

    def __init__(self, arn: str) -> None:
        """Remember what was made."""
        self.arn = arn

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives: the ARN."""
        return self.arn

    @property
    def attributes(self) -> dict[str, str]:
        """The ARN."""
        return {"Id": self.arn}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:
        """Make the secret, and its value where the template does not give one."""
        backend = secretsmanager_backends[account][region]
        made = backend.create_secret(
            name=properties.get("Name", name),
            secret_string=_value(backend, properties),
            secret_binary=None,
            description=properties.get("Description"),
            tags=properties.get("Tags", []),
            kms_key_id=properties.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(str(json.loads(made)["ARN"]))

    def change(
        self, properties: dict[str, Any], former: dict[str, Any], *, account: str, region: str
    ) -> None:
        """Change description and tags; the value stays."""
        lost = [name for name in changed_properties(former, properties) if name not in _CHANGED]
        if lost:
            raise NotRehearsedError(f"not rehearsed: a change of {', '.join(lost)} of {self.kind}")
        secret = secretsmanager_backends[account][region].secrets[self.arn]
        assert isinstance(secret, FakeSecret)  # noqa: S101  # it was made here, and is no replica
        secret.description = properties.get("Description")
        secret.tags = properties.get("Tags", [])

    def delete(self, account_id: str, region_name: str) -> None:
        """Delete the secret at once, as CloudFormation does."""
        secretsmanager_backends[account_id][region_name].delete_secret(self.arn, None, True)


def _value(backend: SecretsManagerBackend, properties: dict[str, Any]) -> str | None:
    recipe = properties.get("GenerateSecretString")
    if recipe is None:
        value: str | None = properties.get("SecretString")
        return value
    made = backend.get_random_password(
        password_length=int(recipe.get("PasswordLength", 32)),
        exclude_characters=recipe.get("ExcludeCharacters", ""),
        exclude_numbers=_is_true(recipe.get("ExcludeNumbers")),
        exclude_punctuation=_is_true(recipe.get("ExcludePunctuation")),
        exclude_uppercase=_is_true(recipe.get("ExcludeUppercase")),
        exclude_lowercase=_is_true(recipe.get("ExcludeLowercase")),
        include_space=_is_true(recipe.get("IncludeSpace")),
        require_each_included_type=_is_true(recipe.get("RequireEachIncludedType", True)),
    )
    return str(json.loads(made)["RandomPassword"])


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
