"""The command `airflow-efs prove`."""

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from operations.doctor.installation import Installation, NotThereError
from operations.doctor.registry import all_checks
from operations.names import image_name, namespace_name, object_name
from operations.output import Output, OutputOption
from operations.prove.proof import Proof, ProveError, Request
from operations.prove.report import show
from rehearsal.cdk import PROJECT
from settings import load_environment
from settings.versions import PROVE_IMAGE


def prove(
    environment: Annotated[
        str, typer.Argument(help="The environment: a file of --environments, without .yaml.")
    ],
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    namespace: Annotated[
        str,
        typer.Option(
            "--namespace", "-n", help="Where the pods run, and the claim lies.", callback=namespace_name
        ),
    ] = "default",
    claim: Annotated[
        str | None,
        typer.Option(
            help="A claim to prove. Default: one is made, and deleted at the end.", callback=object_name
        ),
    ] = None,
    storage_class: Annotated[
        str | None,
        typer.Option(
            "--class",
            help="Class of the claim that is made. Default: the first that deletes.",
            callback=object_name,
        ),
    ] = None,
    image: Annotated[
        str, typer.Option(help="An image with sh and busybox's tools.", callback=image_name)
    ] = PROVE_IMAGE,
    timeout: Annotated[
        int, typer.Option(min=5, max=840, help="Seconds that claim and pods may take together.")
    ] = 180,
    every_zone: Annotated[
        bool, typer.Option("--every-zone", help="Also zones without a node: an autoscaler may start one.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Prove in the cluster that what one zone writes, every other zone reads.

    A pod writes in one zone, one in each other zone reads: the content, the owner, what is appended while
    it watches, and from inside how the volume is mounted. The pods are unprivileged, small and end by
    themselves; everything is removed at the end, also after Ctrl-C, and what a killed run left, by the next.
    In a claim that you name, a directory .airflow-efs-prove-… exists while it runs.

    Exit status: 0 proven; 3 failed; 4 not proven, because a pod never ran; 1 the command itself failed.

    Examples: `airflow-efs prove prod`, `airflow-efs prove prod -n airflow --claim airflow-logs`,
    `airflow-efs prove prod --every-zone --timeout 600 -o json`.
    """
    if claim and storage_class:
        raise typer.BadParameter("a claim that exists has its class", param_hint="--class")
    installation = Installation(load_environment(environment, environments))
    signal.signal(signal.SIGTERM, _interrupt)
    progress = Console(stderr=True)
    try:
        proof = Proof(
            installation.api,
            installation.client("efs"),
            installation.environment,
            Request(
                namespace=namespace,
                image=image,
                seconds=timeout,
                claim=claim,
                storage_class=storage_class,
                every_zone=every_zone,
            ),
            say=lambda line: progress.print(line, markup=False, highlight=False, soft_wrap=True),
        )
    except NotThereError as error:
        raise ProveError(_why(installation, error.because)) from None
    report = proof.run()
    if output is Output.JSON:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show(report, Console())
    raise typer.Exit(report.status)


def _why(installation: Installation, because: str) -> str:
    """What the doctor says of what is not there."""
    found = next(iter(next(one for one in all_checks() if one.id == because).run(installation)))
    return f"{found.what} ({found.where}): {found.cure}"


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that it cleans up as after Ctrl-C
