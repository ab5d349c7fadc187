"""What the emulated account does not do, and how it says so."""

from typing import Any

from moto.core.common_models import CloudFormationModel


class NotRehearsedError(Exception):
    """The emulated account does not know how to do this, and says so instead of pretending."""


_TYPES = frozenset(
    {
        "AWS::CDK::Metadata",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::S3::BucketPolicy",
    }
)
"""The types that a template may have although the emulated account does not know them."""


def recorded_only(resource_type: str) -> "type[RecordedOnly]":
    """The model of a type that moto does not know.

    Raises:
        NotRehearsedError: the type is not one of those that may be without effect.
    """
    if resource_type not in _TYPES:
        raise NotRehearsedError(f"not rehearsed: a resource of type {resource_type}")
    return RecordedOnly


class RecordedOnly(CloudFormationModel):
    """A resource of a type that moto does not know: it has a name in its stack, and nothing is made."""

    def __init__(self, *, name: str, resource_type: str) -> None:
        self.physical_resource_id = name
        self.reason = f"recorded only: the emulated account has no {resource_type}"
        self._type = resource_type

    @staticmethod
    def cloudformation_name_type() -> str:
        """No property of a template names it."""
        return ""

    @staticmethod
    def cloudformation_type() -> str:
        """A name of its own, which no template has."""
        return "Rehearsal::RecordedOnly"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003  # moto's signature
        """True, so that it is the use of the attribute that fails, with its reason."""
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Refuse: what was not made has no attributes."""
        raise NotRehearsedError(f"not rehearsed: the attribute {attribute_name} of {self._type}")

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],  # noqa: ARG003
        account_id: str,  # noqa: ARG003
        region_name: str,  # noqa: ARG003
        **kwargs: Any,
    ) -> "RecordedOnly":
        """Note its name."""
        return cls(name=resource_name, resource_type=kwargs["ResourceType"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: "RecordedOnly",
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],  # noqa: ARG003
        account_id: str,  # noqa: ARG003
        region_name: str,  # noqa: ARG003
    ) -> "RecordedOnly":
        """Keep its name."""
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:
        """Nothing was made."""
