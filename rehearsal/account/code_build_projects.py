"""AWS::CodeBuild::Project: what a build is, as `batch-get-projects` describes it.

moto has projects of the API and no resource type. No build is run here: `rehearsal.pipeline` runs it, outside
the account, and reads it by the API.
"""

from typing import Any, Self

from moto.codebuild.models import CodeBuild, CodeBuildBackend, codebuild_backends
from moto.core.common_models import CloudFormationModel

from rehearsal.account.api_words import as_the_api_says
from rehearsal.account.cloudformation.stack_model import StackModel


class ProjectResource(StackModel, CloudFormationModel):
    """The type."""

    kind = "AWS::CodeBuild::Project"
    naming = "Name"

    def __init__(self, name: str, backend: CodeBuildBackend) -> None:
        self.physical_resource_id = name
        self._backend = backend

    @property
    def attributes(self) -> dict[str, str]:
        """Its ARN."""
        return {"Arn": str(self._backend.codebuild_projects[self.physical_resource_id].arn)}

    @classmethod
    def make(cls, name: str, properties: dict[str, Any], *, account: str, region: str) -> Self:
        """Make it."""
        resource = cls(properties.get("Name", name), codebuild_backends[account][region])
        resource.change(properties, {}, account=account, region=region)
        return resource

    def change(
        self,
        properties: dict[str, Any],
        former: dict[str, Any],  # noqa: ARG002  # StackModel's signature
        *,
        account: str,
        region: str,
    ) -> None:
        """Let it be as described now."""
        name = self.physical_resource_id
        self._backend.codebuild_projects[name] = _project(name, properties, account, region)

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002  # moto's signature
        """Delete it."""
        self._backend.codebuild_projects.pop(self.physical_resource_id, None)


def _project(name: str, properties: dict[str, Any], account: str, region: str) -> CodeBuild:
    described = as_the_api_says(properties)
    source = described["source"]
    if "buildSpec" in source:
        source["buildspec"] = source.pop("buildSpec")  # the API's name
    project = CodeBuild(
        account,
        region,
        project_name=name,
        description=described.get("description"),
        project_source=source,
        artifacts=described["artifacts"],
        environment=described["environment"],
        serviceRole=described["serviceRole"],
        tags=described.get("tags"),
        cache=described.get("cache"),
        timeout=described.get("timeoutInMinutes", 60),
        queued_timeout=described.get("queuedTimeoutInMinutes", 480),
        logs_config=described.get("logsConfig"),
        vpc_config=described.get("vpcConfig"),
    )
    if "encryptionKey" in described:
        project.project_metadata["encryptionKey"] = described["encryptionKey"]
    return project
