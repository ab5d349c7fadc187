"""AWS::SecretsManager::Secret: a secret that a stack makes, with a value that the service makes up.

moto has the service, but no such resource. What matters of it here is what CloudFormation promises: a value
is generated when the secret is made, and only again when its recipe changes; a name that exists is refused.
"""

import json
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from rehearsal.account.recorded_only import NotRehearsedError

_CHANGED = frozenset({"Description", "Tags"})
"""Properties that are changed in place."""


class StackSecret(CloudFormationModel):
    """A secret of a stack."""

    def __init__(self, arn: str, properties: dict[str, Any]) -> None:
        """Remember what was made, and from which properties."""
        self.arn = arn
        self.properties = properties

    @property
    def physical_resource_id(self) -> str:
        """What Ref gives: the ARN."""
        return self.arn

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        """The type in a template."""
        return "AWS::SecretsManager::Secret"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether Fn::GetAtt knows it."""
        return attr == "Id"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """The ARN, its only attribute."""
        if attribute_name != "Id":
            raise NotRehearsedError(
                f"not rehearsed: the attribute {attribute_name} of {self.cloudformation_type()}"
            )
        return self.arn

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ARG003  # moto's signature
    ) -> "StackSecret":
        """Make the secret, and its value where the template does not give one."""
        properties = cloudformation_json["Properties"]
        backend = secretsmanager_backends[account_id][region_name]
        made = backend.create_secret(
            name=properties.get("Name", resource_name),
            secret_string=_value(backend, properties),
            secret_binary=None,
            description=properties.get("Description"),
            tags=properties.get("Tags", []),
            kms_key_id=properties.get("KmsKeyId"),
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return cls(str(json.loads(made)["ARN"]), properties)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "StackSecret",
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> "StackSecret":
        """Change description and tags; the value stays."""
        properties, former = cloudformation_json["Properties"], original_resource.properties
        names = properties.keys() | former.keys()
        lost = sorted(name for name in names - _CHANGED if properties.get(name) != former.get(name))
        if lost:
            raise NotRehearsedError(
                f"not rehearsed: a change of {', '.join(lost)} of {cls.cloudformation_type()}"
            )
        secret = secretsmanager_backends[account_id][region_name].secrets[original_resource.arn]
        assert isinstance(secret, FakeSecret)  # noqa: S101  # it was made here, and is no replica
        secret.description = properties.get("Description")
        secret.tags = properties.get("Tags", [])
        original_resource.properties = properties
        return original_resource

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
