"""AWS::CodePipeline::Pipeline: what the pipeline is made of, as `get-pipeline` describes it.

moto has pipelines of the API and no resource type. Nothing runs here when one is made or changed: a release
is run by `rehearsal.pipeline`, outside the account, which reads it by the API.
"""

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.codepipeline.models import CodePipelineBackend, codepipeline_backends
from moto.core.common_models import CloudFormationModel

from rehearsal.account.api_words import as_the_api_says

RESTARTS = "restartExecutionOnUpdate"
"""Not in the API's description on AWS: whether CloudFormation starts a release after it has changed it."""

_KEYS_OF_A_PERSON = frozenset({"Configuration"})


class PipelineResource(CloudFormationModel):
    """The type."""

    def __init__(self, name: str, backend: CodePipelineBackend) -> None:
        self.physical_resource_id = name
        self._backend = backend

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        """The type."""
        return "AWS::CodePipeline::Pipeline"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether it has an attribute."""
        return attr == "Version"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Its version, which counts the changes."""
        if attribute_name != "Version":
            raise UnformattedGetAttTemplateException()
        return str(self._backend.get_pipeline(self.physical_resource_id)[0]["version"])

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ARG003
    ) -> "PipelineResource":
        """Make it; moto looks whether CodePipeline may assume its role."""
        backend: CodePipelineBackend = codepipeline_backends[account_id][region_name]
        properties = cloudformation_json["Properties"]
        name = properties.get("Name", resource_name)
        backend.create_pipeline(_definition(name, properties), as_the_api_says(properties.get("Tags", [])))
        return cls(name, backend)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,  # noqa: ARG003
        region_name: str,  # noqa: ARG003
    ) -> "PipelineResource":
        """Give it another definition; its version goes up."""
        resource: PipelineResource = original_resource
        properties = cloudformation_json["Properties"]
        name = resource.physical_resource_id
        resource._backend.update_pipeline(_definition(name, properties))
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        resource._backend.pipelines[name].tags = tags
        return resource

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002
        """Delete it."""
        self._backend.delete_pipeline(self.physical_resource_id)


def _definition(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    described = as_the_api_says(
        {key: value for key, value in properties.items() if key not in ("Name", "Tags", "ArtifactStores")},
        verbatim=_KEYS_OF_A_PERSON,
    )
    if stores := properties.get("ArtifactStores"):
        # A list in a template, a map in the API.
        described["artifactStores"] = {
            store["Region"]: as_the_api_says(store["ArtifactStore"]) for store in stores
        }
    for stage in described["stages"]:
        for action in stage["actions"]:
            for artifacts in ("inputArtifacts", "outputArtifacts"):
                action.setdefault(artifacts, [])
            if "configuration" in action:
                action["configuration"] = {
                    name: _as_text(value) for name, value in action["configuration"].items()
                }
    return {"name": name, **described}


def _as_text(value: Any) -> str:
    """A value of a configuration: a template may have true, the API has text only."""
    return str(value).lower() if isinstance(value, bool) else str(value)
