"""A release: the pipeline run once, from the source to the last stage, as CodePipeline does."""

import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from rehearsal.pipeline.archive import pack, unpack
from rehearsal.pipeline.artifacts import Artifacts
from rehearsal.pipeline.build import Build
from rehearsal.pipeline.build_cache import BuildCache
from rehearsal.pipeline.build_network import enter_network
from rehearsal.pipeline.build_variables import declared_variables
from rehearsal.pipeline.buildspec import Buildspec
from rehearsal.pipeline.credentials_server import credentials_of
from rehearsal.pipeline.definition import Action, Definition, Stage
from rehearsal.pipeline.entry_conditions import is_entered
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.source_action import take_source
from rehearsal.pipeline.stack_action import run_stack_action
from rehearsal.pipeline.step_failed import StepFailedError
from rehearsal.pipeline.variables import Variables

_PIPELINE = "codepipeline.amazonaws.com"
_BUILD = "codebuild.amazonaws.com"


class Outcome(StrEnum):
    """How a stage ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    RESTARTED = "restarted"
    """The pipeline was changed in it, so that the release began again."""


@dataclass(frozen=True)
class Passed:
    """A stage that a release came to."""

    stage: str
    outcome: Outcome
    reason: str = ""
    """Why it failed: `ACTION: …`."""


@dataclass(frozen=True)
class Released:
    """What became of a release."""

    stages: tuple[Passed, ...]
    """In their order, those before a restart too."""
    outputs: dict[str, bytes]
    """The artefacts of the last run, zipped, by their names."""

    @property
    def succeeded(self) -> bool:
        """Whether it came to the end."""
        return self.stages[-1].outcome in (Outcome.SUCCEEDED, Outcome.SKIPPED)

    def outcome(self, stage: str) -> Outcome | None:
        """How a stage ended the last time; None: the release did not come to it."""
        return next((one.outcome for one in reversed(self.stages) if one.stage == stage), None)


class Releases:
    """Runs releases of the pipeline that a rehearsal has deployed.

    Args:
        client: makes a client of a service of the account in which the pipeline's stack is deployed; gets the
            service, and a region where it is not the pipeline's.
        region: the pipeline's.
        endpoint: where the account answers. Default: AWS's own addresses, for tests in one process.
        repository: a clone; its revisions are the sources.
        folder: for the folders of builds and for logs.
        say: hears each step.
        approve: asked where the pipeline waits for a person: gets the comment, and says yes or no.
    """

    def __init__(
        self,
        *,
        client: Callable[..., Any],
        region: str,
        endpoint: str | None,
        repository: Path,
        folder: Path,
        say: Callable[[str], None],
        approve: Callable[[str], bool],
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._repository = repository
        self._folder = folder
        self._say = say
        self._approve = approve
        self._region = region
        self._roles = Roles(client=client, region=region, endpoint=endpoint)

    def release(self, revision: str = "HEAD", *, pipeline: str | None = None) -> Released:
        """Run the pipeline for a revision, until its end or until something fails.

        Args:
            revision: of the repository.
            pipeline: its name. Default: the only one of the account and region.
        """
        client = self._client("codepipeline")
        if pipeline is None:
            (only,) = client.list_pipelines()["pipelines"]
            pipeline = only["name"]
        passed: list[Passed] = []
        while True:
            definition = Definition.read(client, pipeline)
            execution = _Execution(
                definition=definition,
                session=self._roles.begin(definition.role_arn, service=_PIPELINE),
                execution_id=str(uuid.uuid4()),
                revision=revision,
                releases=self,
            )
            for stage in definition.stages:
                one = execution.enter(stage)
                changed = Definition.read(client, pipeline).version != definition.version
                if changed and one.outcome is Outcome.SUCCEEDED:
                    one = Passed(stage.name, Outcome.RESTARTED)
                self._say(f"{one.stage}: {one.outcome} {one.reason}".rstrip())
                passed.append(one)
                if one.outcome in (Outcome.FAILED, Outcome.RESTARTED):
                    break
            if passed[-1].outcome is not Outcome.RESTARTED:
                return Released(tuple(passed), execution.outputs)


class _Execution:
    """One run of a definition."""

    def __init__(
        self,
        *,
        definition: Definition,
        session: Session,
        execution_id: str,
        revision: str,
        releases: Releases,
    ) -> None:
        self._of = releases
        self._definition = definition
        self._session = session
        self._revision = revision
        self._folder = releases._folder / execution_id
        self._folder.mkdir(parents=True)
        self._variables = Variables(execution_id)
        self._artifacts = Artifacts(
            definition,
            region=releases._region,
            execution_id=execution_id,
            s3=releases._client("s3"),
            roles=releases._roles,
        )
        self.outputs: dict[str, bytes] = {}

    def enter(self, stage: Stage) -> Passed:
        """Run a stage, if its conditions hold."""
        try:
            if not is_entered(stage.entry, self._variables):
                return Passed(stage.name, Outcome.SKIPPED)
        except StepFailedError as error:
            return Passed(stage.name, Outcome.FAILED, str(error))
        for group in stage.in_order():
            # One after the other, although they may run at the same time: this machine is small.
            for action in group:
                self._of._say(f"{stage.name}: {action.name}")
                try:
                    self._run(stage, action)
                except StepFailedError as error:
                    return Passed(stage.name, Outcome.FAILED, f"{action.name}: {error}")
        return Passed(stage.name, Outcome.SUCCEEDED)

    def _run(self, stage: Stage, action: Action) -> None:
        session = self._session.assume(action.role_arn) if action.role_arn else self._session
        if action.region not in (None, self._of._region):
            session = self._go_to(action, session, region=action.region)
        configuration = {name: self._variables.resolve(value) for name, value in action.configuration.items()}
        match action.category, action.provider:
            case "Source", provider:
                source = take_source(
                    provider,
                    configuration,
                    session=session,
                    roles=self._of._roles,
                    repository=self._of._repository,
                    revision=self._revision,
                )
                self._hand_on(action, source, session)
            case "Build", "CodeBuild":
                self._build(stage, action, configuration, session)
            case "Approval", "Manual":
                self._ask(configuration, session)
            case "Deploy", "CloudFormation":
                run_stack_action(
                    action,
                    session=session,
                    roles=self._of._roles,
                    artifacts=self._artifacts,
                    say=self._of._say,
                )
            case category, provider:
                raise StepFailedError(f"not rehearsed: an action {category} of {provider}")

    def _go_to(self, action: Action, session: Session, *, region: str) -> Session:
        """Bring what an action in another region takes to where it is."""
        if (action.category, action.provider) != ("Deploy", "CloudFormation"):
            raise StepFailedError(
                f"not rehearsed: an action {action.category} of {action.provider} in {region}, another region"
            )
        for name in action.inputs:
            self._artifacts.copy(name, self._session, region=region)
        return replace(session, region=region)

    def _build(self, stage: Stage, action: Action, configuration: dict[str, str], session: Session) -> None:
        project = self._project(configuration["ProjectName"])
        self._of._roles.require(session, "codebuild:StartBuild", project["arn"])
        role = self._of._roles.begin(project["serviceRole"], service=_BUILD)
        folder = self._folder / f"{stage.name}-{action.name}"
        source = folder / "src"
        source.mkdir(parents=True)
        (content,) = (self._artifacts.get(name, role) for name in action.inputs)
        unpack(content, source)
        roles = self._of._roles
        environment, hidden = declared_variables(
            [
                *project["environment"].get("environmentVariables", ()),
                *json.loads(configuration.get("EnvironmentVariables", "[]")),
            ],
            secrets_manager=self._of._client("secretsmanager"),
            session=role,
            roles=roles,
        )
        enter_network(project.get("vpcConfig") or {}, ec2=self._of._client("ec2"), session=role, roles=roles)
        buildspec = Buildspec.read(project["source"]["buildspec"], source)
        cache = BuildCache(project, buildspec.cached, session=role, s3=self._of._client("s3"), roles=roles)
        log = folder / "build.log"
        try:
            cache.restore(folder / "home")
            with credentials_of(role) as address:
                built = Build(
                    folder=folder,
                    buildspec=buildspec,
                    environment={**environment, **self._set_by_codebuild(project, address)},
                    hidden=hidden,
                    say=lambda line: self._of._say(f"  {line}"),
                    log=log,
                ).run()
            cache.keep(folder / "home")
            for name in action.outputs:
                if built.output is None:
                    raise StepFailedError(f"the build hands nothing on as {name}")
                self._hand_on(action, pack(built.output), role)
            if action.namespace:
                self._variables.add(action.namespace, built.exported)
        finally:
            # Hundreds of megabytes: the log is kept.
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)

    def _project(self, name: str) -> dict[str, Any]:
        found = self._of._client("codebuild").batch_get_projects(names=[name])["projects"]
        if not found:
            raise StepFailedError(f"there is no build project {name}")
        project: dict[str, Any] = found[0]
        return project

    def _set_by_codebuild(self, project: dict[str, Any], credentials: str) -> dict[str, str]:
        """https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html"""
        region, build_id = self._of._region, f"{project['name']}:{uuid.uuid4()}"
        return {
            # Not CodeBuild's, these two: how AWS is reached here.
            **({"AWS_ENDPOINT_URL": self._of._endpoint} if self._of._endpoint else {}),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": credentials,
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "CODEBUILD_BUILD_ID": build_id,
            "CODEBUILD_BUILD_ARN": f"{project['arn'].rpartition(':project/')[0]}:build/{build_id}",
            "CODEBUILD_BUILD_IMAGE": project["environment"]["image"],
            "CODEBUILD_CI": "true",
            "CODEBUILD_INITIATOR": f"codepipeline/{self._definition.name}",
            "CODEBUILD_RESOLVED_SOURCE_VERSION": self._revision,
        }

    def _ask(self, configuration: dict[str, str], session: Session) -> None:
        if topic := configuration.get("NotificationArn"):
            self._of._roles.require(session, "sns:Publish", topic)
        if not self._of._approve(configuration.get("CustomData", "")):
            raise StepFailedError("rejected")

    def _hand_on(self, action: Action, content: bytes, session: Session) -> None:
        (name,) = action.outputs
        self._artifacts.put(name, content, session)
        self.outputs[name] = content
