"""AWS::CodeBuild::Project: what a build is, as `batch-get-projects` describes it.

moto has projects of the API and no resource type. No build is run here: `rehearsal.pipeline` runs it, outside
the account, and reads it by the API.
"""

from typing import Any

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.codebuild.models import CodeBuild, CodeBuildBackend, codebuild_backends
from moto.core.common_models import CloudFormationModel

from rehearsal.account.api_words import as_the_api_says


class ProjectResource(CloudFormationModel):
    """The type."""

    def __init__(self, project: CodeBuild, backend: CodeBuildBackend) -> None:
        self._project = project
        self._backend = backend
        self.physical_resource_id = str(project.project_metadata["name"])

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @staticmethod
    def cloudformation_type() -> str:
        """The type."""
        return "AWS::CodeBuild::Project"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        """Whether it has an attribute."""
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Its ARN."""
        if attribute_name != "Arn":
            raise UnformattedGetAttTemplateException()
        return str(self._project.arn)

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,  # noqa: ARG003
    ) -> "ProjectResource":
        """Make it."""
        backend: CodeBuildBackend = codebuild_backends[account_id][region_name]
        name = cloudformation_json["Properties"].get("Name", resource_name)
        project = _project(name, cloudformation_json["Properties"], account_id, region_name)
        backend.codebuild_projects[name] = project
        return cls(project, backend)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,  # noqa: ARG003
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
    ) -> "ProjectResource":
        """Let it be as described now."""
        resource: ProjectResource = original_resource
        name = resource.physical_resource_id
        resource._project = _project(name, cloudformation_json["Properties"], account_id, region_name)
        resource._backend.codebuild_projects[name] = resource._project
        return resource

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002
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
