"""The pipeline that deploys environments from a repository."""

from collections.abc import Iterator
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from settings.build_network import BuildNetwork
from settings.build_variables import BuildVariables, SecretVariables
from settings.environment_name import ENVIRONMENT_NAME, ENVIRONMENT_NAME_CURE
from settings.faults import Fault, FaultsError
from settings.pipeline_source import Source
from settings.section import Form, NotEmpty, Section, repeats

EnvironmentName = Annotated[
    str, Form(ENVIRONMENT_NAME, "is not a name for an environment", ENVIRONMENT_NAME_CURE)
]


MOST_STAGES: Final = 15
"""Environments of one pipeline: each has three stages, four come before, and CodePipeline allows 50.

https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html
"""
STAGES_BEFORE: Final = ("review", "approval")
"""An environment's name, `-` and one of these are the names of the two stages before its own."""
EmailAddress = Annotated[
    str,
    Form(
        r"[^@\s]+@[^@\s]+\.[^@\s.]+",
        "is not an e-mail address",
        "write an address such as platform@example.com",
        max_length=254,
    ),
]


class Pipeline(Section):
    """The pipeline that deploys environments, and itself, from a repository."""

    source: Source = Field(
        description="Where the pipeline takes this project from: a connection, CodeCommit or S3.",
        examples=[{"connection_arn": "arn:aws:codeconnections:…", "repository": "example/airflow-efs-cdk"}],
    )
    environments: Annotated[
        tuple[EnvironmentName, ...],
        Field(strict=False),
        NotEmpty("write the environments to deploy, in their order"),
    ] = Field(
        description="Environments that it deploys, in this order; each is a file beside this one.",
        examples=[["staging", "prod"]],
    )
    notify: Annotated[tuple[EmailAddress, ...], Field(strict=False)] = Field(
        default=(),
        description="Addresses that hear of a failure, and of a change that waits for approval.",
        examples=[["platform@example.com"]],
    )
    vpc: BuildNetwork | None = Field(
        default=None, description="Where in a VPC the builds run; null: outside of one."
    )
    variables: BuildVariables = Field(
        default={},
        description="Environment variables of every build, such as the mirrors of package registries.",
        examples=[{"PIP_INDEX_URL": "https://mirror.example.com/pypi/simple"}],
    )
    secret_variables: SecretVariables = Field(
        default={},
        description="Environment variables of every build, each from a secret in AWS Secrets Manager.",
        examples=[{"PIP_INDEX_URL": "arn:aws:secretsmanager:…:secret:pypi-mirror-AbCdEf:url"}],
    )

    @model_validator(mode="after")
    def _deploys_each_once(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        for field, items in (("environments", self.environments), ("notify", self.notify)):
            for index, earlier in repeats(items, str):
                yield Fault(
                    f"is listed twice, first as {field}[{earlier}]", "remove one of the two", (field, index)
                )
        for index, name in enumerate(self.environments):
            of, _, kind = name.rpartition("-")
            if kind in STAGES_BEFORE and of in self.environments:
                yield Fault(
                    f'is the name of the stage of {kind} before "{of}"',
                    "rename one of the two environments",
                    ("environments", index),
                )
        for name in self.secret_variables:
            if name in self.variables:
                yield Fault(
                    "is in variables, too", "keep one of the two", ("secret_variables", name), f'key "{name}"'
                )
        if len(self.environments) > MOST_STAGES:
            yield Fault(
                f"names {len(self.environments)} environments, {MOST_STAGES} are allowed",
                "divide them among two pipelines",
                ("environments",),
                subject="",
            )
