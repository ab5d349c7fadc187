"""Composition root: settings, then stacks, then the checks that must pass before anything is deployed."""

import sys
from pathlib import Path

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from settings import SettingsError, load_environment
from stacks.delivery_pipeline_stack import DeliveryPipelineStack
from stacks.environment_stage import add_environment_stacks
from stacks.validation_report import findings


def add_stacks(app: App) -> None:
    """Add the stacks of the environment that ``-c environment=NAME`` names.

    Raises:
        SettingsError: there is no such environment, or something in it is wrong.
    """
    name = app.node.try_get_context("environment")
    if name is None:
        raise SettingsError("no environment is chosen: run this by the CDK CLI, with -c environment=NAME")
    directory = Path(__file__).parent / (app.node.try_get_context("environments") or "environments")
    environment = load_environment(str(name), directory)
    add_environment_stacks(app, environment)
    if environment.pipeline is not None:
        DeliveryPipelineStack(
            app,
            "DeliveryPipelineStack",
            environment=environment,
            pipeline=environment.pipeline,
            stages=[load_environment(stage, directory) for stage in environment.pipeline.environments],
        )


def synthesize(app: App) -> list[str]:
    """Write the cloud assembly and return what cdk-nag and CDK's own template check find wrong in it."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return findings(Path(app.synth().directory))


def main() -> int:
    """Synthesise, and say what is wrong on standard error; return the exit status."""
    app = App(
        post_cli_context={
            # CDK would raise with a traceback, or only set Node's exit status, which Python does not hear of.
            "@aws-cdk/core:failSynthOnValidationErrors": False,
            # They name jsii's temporary folder, so that no two syntheses would be the same.
            "aws:cdk:disable-creation-stack-traces": True,
        }
    )
    try:
        add_stacks(app)
        faults = synthesize(app)
    except SettingsError as error:
        faults = list(error.faults)
    for fault in faults:
        print(f"error: {fault}", file=sys.stderr)  # noqa: T201 - this is the program's output
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
