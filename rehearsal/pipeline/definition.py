"""A pipeline as it is deployed: its stages and actions, as CodePipeline describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any


@dataclass(frozen=True)
class Action:
    """One action of a stage."""

    name: str
    category: str
    """Source, Build, Deploy, Approval."""
    provider: str
    """Who carries it out, as CodeBuild."""
    configuration: Mapping[str, str]
    run_order: int
    inputs: tuple[str, ...]
    """Names of artefacts."""
    outputs: tuple[str, ...]
    namespace: str | None
    """What its variables are referred to by."""
    role_arn: str | None
    region: str | None
    """None: the pipeline's."""

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "Action":
        """An action from its description."""
        kind = described["actionTypeId"]
        return cls(
            name=described["name"],
            category=kind["category"],
            provider=kind["provider"],
            configuration=described.get("configuration", {}),
            run_order=described.get("runOrder", 1),
            inputs=tuple(one["name"] for one in described.get("inputArtifacts", ())),
            outputs=tuple(one["name"] for one in described.get("outputArtifacts", ())),
            namespace=described.get("namespace"),
            role_arn=described.get("roleArn"),
            region=described.get("region"),
        )


@dataclass(frozen=True)
class Stage:
    """One stage."""

    name: str
    actions: tuple[Action, ...]
    entry: tuple[Mapping[str, Any], ...]
    """The conditions to enter it."""

    @classmethod
    def read(cls, described: Mapping[str, Any]) -> "Stage":
        """A stage from its description."""
        return cls(
            name=described["name"],
            actions=tuple(Action.read(action) for action in described["actions"]),
            entry=tuple(described.get("beforeEntry", {}).get("conditions", ())),
        )

    def in_order(self) -> list[list[Action]]:
        """The actions that may run at the same time, in the order of these groups."""
        ordered = sorted(self.actions, key=lambda action: action.run_order)
        return [list(group) for _, group in groupby(ordered, key=lambda action: action.run_order)]


@dataclass(frozen=True)
class Definition:
    """A pipeline."""

    name: str
    version: int
    """Counts its changes."""
    role_arn: str
    stages: tuple[Stage, ...]
    buckets: Mapping[str, str]
    """Region -> the bucket of its artefacts."""
    keys: Mapping[str, str]
    """Region -> the ARN of the KMS key of that bucket, where it has one."""

    @classmethod
    def read(cls, codepipeline: Any, name: str) -> "Definition":
        """The pipeline of that name.

        Args:
            codepipeline: a boto3 client.
            name: its name.
        """
        described = codepipeline.get_pipeline(name=name)["pipeline"]
        stores = described.get("artifactStores", {})
        return cls(
            name=name,
            version=described["version"],
            role_arn=described["roleArn"],
            stages=tuple(Stage.read(stage) for stage in described["stages"]),
            buckets={region: store["location"] for region, store in stores.items()},
            keys={
                region: store["encryptionKey"]["id"]
                for region, store in stores.items()
                if "encryptionKey" in store
            },
        )
