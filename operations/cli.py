"""The `airflow-efs` command line: one verb a module, errors as one line, no stack traces."""

import sys
from pathlib import Path
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiException
from rich.console import Console
from urllib3.exceptions import HTTPError

from operations.rehearse import build_programs
from operations.rehearse import rehearse as run_rehearsal
from operations.trace import TraceError, as_table
from operations.trace import trace as follow
from rehearsal.cdk import PROJECT
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import stop_kept
from settings import SettingsError

app = typer.Typer(
    name="airflow-efs",
    help="Shared Amazon EFS volumes for Apache Airflow on EKS: rehearse a deployment, trace a claim.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    # A callback keeps the verbs, were there only one.
    pass


@app.command()
def rehearse(
    environment: Annotated[
        str,
        typer.Argument(help="The environment to rehearse: a file of --environments, without .yaml."),
    ] = "dynamic-provisioning",
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    keep: Annotated[
        bool, typer.Option("--keep", help="Let it run on afterwards, and print how to reach it.")
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only build the programs that a rehearsal needs.")
    ] = False,
    scaling: Annotated[
        bool,
        typer.Option(
            "--scaling", help="With nodes in its zones, a scheduler, and KEDA where it is installed."
        ),
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="End every rehearsal that was kept, and do nothing else.")
    ] = False,
) -> None:
    """Deploy an environment on this machine: real CDK, Kubernetes and EFS CSI driver, emulated AWS.

    The first run builds the Kubernetes and storage programs from Go modules, which takes minutes; they are
    kept in the cache (AIRFLOW_EFS_CACHE, else the XDG cache folder). AIRFLOW_EFS_BINARIES names a folder with
    programs of your own, AIRFLOW_EFS_CHARTS one with charts.

    Examples: `airflow-efs rehearse airflow-seoul --keep`, `airflow-efs rehearse --stop`.
    """
    console = Console()
    if prepare:
        build_programs(scaling=scaling, console=console)
        return
    if stop:
        stopped = stop_kept()
        console.print("\n".join(f"Stopped {name}" for name in stopped) or "No rehearsal was kept.")
        return
    run_rehearsal(
        environment=environment, environments=environments, scaling=scaling, keep=keep, console=console
    )


@app.command()
def trace(
    claim: Annotated[str, typer.Argument(help="The claim.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Its namespace.")] = "default",
) -> None:
    """Show how a claim reaches its data: volume, access point, file system, mount targets.

    Uses the current kubeconfig and the AWS credentials and region of the shell.

    Example: `airflow-efs trace airflow-logs -n airflow`.
    """
    api = kubernetes_config.new_client_from_config()
    chain = follow(api, boto3.client("efs"), name=claim, namespace=namespace)
    Console().print(as_table(chain))


def main() -> None:
    """Run the command line; an error that a person can mend is one line on standard error and status 1."""
    try:
        app()
    except (
        SettingsError,
        RehearsalError,
        TraceError,
        BotoCoreError,
        kubernetes_config.ConfigException,
    ) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except (ApiException, HTTPError) as error:
        sys.stderr.write(f"error: the Kubernetes API server does not answer as it should: {error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: everything was stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
