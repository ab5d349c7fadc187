"""A release: the pipeline run once, from the source to the last stage, as CodePipeline does."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from rehearsal.pipeline.approval_action import ask_for_approval
from rehearsal.pipeline.artifacts import Artifacts
from rehearsal.pipeline.build_action import BuildActions
from rehearsal.pipeline.definition import Action, Definition, Stage
from rehearsal.pipeline.entry_conditions import is_entered
from rehearsal.pipeline.roles import Roles, Session
from rehearsal.pipeline.source_action import take_source
from rehearsal.pipeline.stack_action import run_stack_action
from rehearsal.pipeline.step_failed import StepFailedError
from rehearsal.pipeline.variables import Variables

_PIPELINE = "codepipeline.amazonaws.com"


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
        self._builds = BuildActions(
            client=releases._client,
            roles=releases._roles,
            region=releases._region,
            endpoint=releases._endpoint,
            artifacts=self._artifacts,
            pipeline=definition.name,
            revision=revision,
            say=releases._say,
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
                ask_for_approval(
                    configuration,
                    session=session,
                    roles=self._of._roles,
                    sns=self._of._client("sns"),
                    approve=self._of._approve,
                )
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
        done = self._builds.run(
            action, configuration, session=session, folder=self._folder / f"{stage.name}-{action.name}"
        )
        self.outputs |= done.outputs
        if action.namespace:
            self._variables.add(action.namespace, done.exported)

    def _hand_on(self, action: Action, content: bytes, session: Session) -> None:
        (name,) = action.outputs
        self._artifacts.put(name, content, session)
        self.outputs[name] = content
