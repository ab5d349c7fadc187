"""AWS::CodePipeline::Pipeline: what the pipeline is made of, as `get-pipeline` describes it.

moto has pipelines of the API and no resource type. Nothing runs here when one is made or changed: a release
is run by `rehearsal.pipeline`, outside the account, which reads it by the API.
"""

from typing import Any, Self

from moto.codepipeline.models import CodePipelineBackend, codepipeline_backends
from moto.core.common_models import CloudFormationModel

from rehearsal.account.api_words import as_the_api_says
from rehearsal.account.cloudformation.stack_model import StackModel
from rehearsal.account.tags import tags_of

RESTARTS = "restartExecutionOnUpdate"
"""Not in the API's description on AWS: whether CloudFormation starts a release after it has changed it."""

_KEYS_OF_A_PERSON = frozenset({"Configuration"})


class PipelineResource(StackModel, CloudFormationModel):
    """The type."""

    kind = "AWS::CodePipeline::Pipeline"
    naming = "Name"

    def __init__(self, name: str, backend: CodePipelineBackend) -> None:
        self.physical_resource_id = name
        self._backend = backend

    @property
    def attributes(self) -> dict[str, str]:
        """Its version, which counts the changes."""
        return {"Version": str(self._backend.get_pipeline(self.physical_resource_id)[0]["version"])}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:
        """Make it; moto looks whether CodePipeline may assume its role."""
        backend: CodePipelineBackend = codepipeline_backends[account][region]
        name = properties.get("Name", name)
        backend.create_pipeline(_definition(name, properties), as_the_api_says(properties.get("Tags", [])))
        return cls(name, backend)

    def change(
        self,
        properties: dict[str, Any],
        former: dict[str, Any],  # noqa: ARG002  # StackModel's signature
        *,
        account: str,  # noqa: ARG002  # StackModel's signature
        region: str,  # noqa: ARG002  # StackModel's signature
    ) -> None:
        """Give it another definition; its version goes up."""
        name = self.physical_resource_id
        self._backend.update_pipeline(_definition(name, properties))
        self._backend.pipelines[name].tags = tags_of(properties)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002  # moto's signature
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
