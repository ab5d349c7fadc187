"""The build actions: CodePipeline starts a build of a project, which runs with the project's role."""

import json
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.pipeline.archive import pack, unpack
from rehearsal.pipeline.artifacts import Artifacts
from rehearsal.pipeline.build import Build, Built
from rehearsal.pipeline.build_cache import BuildCache
from rehearsal.pipeline.build_log import open_log
from rehearsal.pipeline.build_network import enter_network
from rehearsal.pipeline.build_variables import declared_variables
from rehearsal.pipeline.buildspec import Buildspec
from rehearsal.pipeline.credentials_server import credentials_of
from rehearsal.pipeline.definition import Action
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.step_failed import StepFailedError

_SERVICE = "codebuild.amazonaws.com"


@dataclass(frozen=True)
class Done:
    """What a build leaves."""

    outputs: dict[str, bytes]
    """The artefacts that it handed on, zipped, by their names."""
    exported: Mapping[str, str]
    """Its variables that later actions may refer to."""


class BuildActions:
    """Runs the builds of one run of a pipeline.

    Args:
        client: makes a client of a service that may do everything in the pipeline's account.
        roles: begins the roles of builds, and decides what they may.
        region: the pipeline's.
        endpoint: where the account answers; None: AWS's own addresses.
        artifacts: what actions have handed on so far.
        pipeline: its name.
        revision: of the source.
        say: hears each command.
    """

    def __init__(
        self,
        *,
        client: Callable[..., Any],
        roles: Roles,
        region: str,
        endpoint: str | None,
        artifacts: Artifacts,
        pipeline: str,
        revision: str,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._roles = roles
        self._region = region
        self._endpoint = endpoint
        self._artifacts = artifacts
        self._pipeline = pipeline
        self._revision = revision
        self._say = say

    def run(
        self, action: Action, configuration: Mapping[str, str], *, session: Session, folder: Path
    ) -> Done:
        """Run one.

        Args:
            action: of the pipeline.
            configuration: the action's, its variables resolved.
            session: the action's role.
            folder: of this build alone; only the log stays in it.

        Raises:
            StepFailedError: a command failed, a permission lacks, or something is not there or not rehearsed.
        """
        project = self._project(configuration["ProjectName"])
        for call in ("StartBuild", "BatchGetBuilds"):
            self._roles.require(session, f"codebuild:{call}", project["arn"])
        role = self._roles.begin(project["serviceRole"], service=_SERVICE)
        open_log(project, session=role, roles=self._roles)
        source = folder / "src"
        source.mkdir(parents=True)
        (content,) = (self._artifacts.get(name, role) for name in action.inputs)
        unpack(content, source)
        try:
            built = self._build(project, configuration, role, folder)
            outputs = {name: self._hand_on(name, built, role) for name in action.outputs}
        finally:
            # Hundreds of megabytes: the log is kept.
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
        return Done(outputs, built.exported)

    def _build(
        self, project: dict[str, Any], configuration: Mapping[str, str], role: Session, folder: Path
    ) -> Built:
        environment, hidden = declared_variables(
            [
                *project["environment"].get("environmentVariables", ()),
                *json.loads(configuration.get("EnvironmentVariables", "[]")),
            ],
            secrets_manager=self._client("secretsmanager"),
            session=role,
            roles=self._roles,
        )
        network = project.get("vpcConfig") or {}
        enter_network(network, ec2=self._client("ec2"), session=role, roles=self._roles)
        buildspec = Buildspec.read(project["source"]["buildspec"], folder / "src")
        cache = BuildCache(project, buildspec.cached, session=role, s3=self._client("s3"), roles=self._roles)
        cache.restore(folder / "home")
        with credentials_of(role) as address:
            built = Build(
                folder=folder,
                buildspec=buildspec,
                environment={**environment, **self._set_by_codebuild(project, address)},
                hidden=hidden,
                say=lambda line: self._say(f"  {line}"),
                log=folder / "build.log",
            ).run()
        cache.keep(folder / "home")
        return built

    def _hand_on(self, name: str, built: Built, role: Session) -> bytes:
        if built.output is None:
            raise StepFailedError(f"the build hands nothing on as {name}")
        content = pack(built.output)
        self._artifacts.put(name, content, role)
        return content

    def _project(self, name: str) -> dict[str, Any]:
        found = self._client("codebuild").batch_get_projects(names=[name])["projects"]
        if not found:
            raise StepFailedError(f"there is no build project {name}")
        project: dict[str, Any] = found[0]
        return project

    def _set_by_codebuild(self, project: dict[str, Any], credentials: str) -> dict[str, str]:
        """https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html"""
        build_id = f"{project['name']}:{uuid.uuid4()}"
        return {
            # Not CodeBuild's, these two: how AWS is reached here.
            **({"AWS_ENDPOINT_URL": self._endpoint} if self._endpoint else {}),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_REGION": self._region,
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_ARN": f"{project['arn'].rpartition(':project/')[0]}:build/{build_id}",
            "CODEBUILD_BUILD_IMAGE": project["environment"]["image"],
            "CODEBUILD_CI": "true",
            "CODEBUILD_INITIATOR": f"codepipeline/{self._pipeline}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": self._revision,
        }
