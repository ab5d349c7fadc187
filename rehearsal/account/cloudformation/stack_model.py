"""What the resource types have in common that moto has not, and the project adds.

A class of one inherits `StackModel` and, as its last base, moto's `CloudFormationModel`: moto finds the types
that it knows among the direct subclasses of that. It says its type, its attributes, and how it is made,
changed and deleted; the shape of moto's calls stands here once.
"""

from typing import Any, ClassVar, Self

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException


class StackModel:
    """A resource of a stack."""

    kind: ClassVar[str]
    """The type in a template."""
    naming: ClassVar[str] = ""
    """The property that names the resource, if one does: what has a name cannot be replaced under it."""

    @property
    def attributes(self) -> dict[str, str]:
        """What Fn::GetAtt gives, by name."""
        raise NotImplementedError

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:
        """Make the resource.

        Args:
            name: for a resource that its properties do not name.
            properties: as the template has them, with every reference replaced.
            account: in which account.
            region: in which region.
        """
        raise NotImplementedError

    def change(
        self, properties: dict[str, Any], former: dict[str, Any], *, account: str, region: str
    ) -> None:
        """Change the resource in place.

        Args:
            properties: what it is to have.
            former: what it has.
            account: in which account.
            region: in which region.
        """
        raise NotImplementedError

    @classmethod
    def cloudformation_name_type(cls) -> str:
        """For moto."""
        return cls.naming

    @classmethod
    def cloudformation_type(cls) -> str:
        """For moto."""
        return cls.kind

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:  # noqa: ARG003  # moto's signature
        """True: a type's attributes are checked by its schema, and the use of one that is lacking fails."""
        return True

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """For moto."""
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException()
        return self.attributes[attribute_name]

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ARG003
    ) -> Self:
        """For moto."""
        return cls.make(
            resource_name, cloudformation_json["Properties"], account=account_id, region=region_name
        )

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> Self:
        """For moto; `stack_resources` notes beforehand what the resource has."""
        changed: Self = original_resource
        changed.change(
            cloudformation_json["Properties"],
            original_resource.declared_properties,
            account=account_id,
            region=region_name,
        )
        return changed
