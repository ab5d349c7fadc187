"""The `airflow-efs` command line: one verb a module, errors as one line, no stack traces."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from kubernetes import config as kubernetes_config
from kubernetes.client import ApiException
from rich.console import Console
from typer.exceptions import TyperException
from urllib3.exceptions import HTTPError

from operations import aws_errors, kubernetes_errors, usage_errors
from operations.costs.command import cost
from operations.costs.prices import PricesError
from operations.discovery.command import discover
from operations.discovery.findings import DiscoveryError
from operations.doctor.command import doctor
from operations.prove.command import prove
from operations.prove.proof import ProveError
from operations.rehearse import build_programs
from operations.rehearse import rehearse as run_rehearsal
from operations.trace import TraceError
from operations.trace_command import trace
from operations.values import values_text
from rehearsal.account.eks.cluster_tokens import TokenError
from rehearsal.cdk import PROJECT
from rehearsal.errors import RehearsalError
from rehearsal.faults import describe_faults, parse_fault
from rehearsal.kept import stop_kept
from settings import SettingsError

app = typer.Typer(
    name="airflow-efs",
    help="Shared Amazon EFS volumes for Apache Airflow on EKS: discover a cluster, rehearse, check "
    "and prove a deployment, trace a claim, estimate the cost, print the values of Airflow's chart.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


_ENVIRONMENT = "dynamic-provisioning"
"""What is rehearsed where nothing else is named."""

_FAULTS_HELP = "help"
"""What `--fault` takes in the place of a fault, to list them."""


def _fault_specs(specs: list[str] | None) -> list[str] | None:
    """Faults that there are; else it is wrong usage, said before anything starts."""
    for spec in specs or ():
        if spec == _FAULTS_HELP:
            continue
        try:
            parse_fault(spec)
        except RehearsalError as error:
            words = str(error).removeprefix("--fault ")
            raise typer.BadParameter(f"{words}: airflow-efs rehearse --fault help lists the faults") from None
    return specs


app.command()(discover)
app.command()(cost)


@app.callback()
def _root() -> None:
    # A callback keeps the verbs, were there only one.
    pass


@app.command()
def rehearse(
    environment: Annotated[
        str | None,
        typer.Argument(
            help="The environment to rehearse: a file of --environments, without .yaml.",
            show_default=_ENVIRONMENT,
        ),
    ] = None,
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    keep: Annotated[
        bool, typer.Option("--keep", help="Let it run on afterwards, and print how to reach it.")
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            "--fault",
            metavar="FAULT",
            callback=_fault_specs,
            help="Let something go wrong, such as throttle:efs.CreateAccessPoint:5 or unavailable:sts:10s; "
            "repeatable. --fault help lists them.",
        ),
    ] = None,
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
        bool,
        typer.Option(
            "--stop",
            help="End every rehearsal that was kept, or those of the environment, and do nothing else.",
        ),
    ] = False,
) -> None:
    """Deploy an environment on this machine: real CDK, Kubernetes and EFS CSI driver, emulated AWS.

    The first run builds the Kubernetes and storage programs from Go modules, which takes minutes; they are
    kept in the cache (AIRFLOW_EFS_CACHE, else the XDG cache folder). AIRFLOW_EFS_BINARIES names a folder with
    programs of your own, AIRFLOW_EFS_CHARTS one with charts.

    Exit status: 0 it was rehearsed; 1 it failed, in one line; 2 wrong usage; 130 interrupted.

    Examples: `airflow-efs rehearse airflow-seoul --keep`, `airflow-efs rehearse --fault api-server-restart`,
    `airflow-efs rehearse --stop`.
    """
    if stop and (keep or fault or prepare or scaling):
        raise typer.BadParameter("--stop does nothing else: leave out the other options")
    if prepare and (keep or fault):
        raise typer.BadParameter("--prepare does nothing else: leave out the other options")
    console = Console()
    if fault and _FAULTS_HELP in fault:
        typer.echo(describe_faults())
        return
    if prepare:
        build_programs(scaling=scaling, console=console)
        return
    if stop:
        try:
            stopped = stop_kept(environment, say=console.print)
        except KeyboardInterrupt:
            sys.stderr.write(
                "interrupted: what was told to stop goes on stopping; rehearse --stop waits for it\n"
            )
            sys.exit(_INTERRUPTED)
        of = "" if environment is None else f" of {environment}"
        said = "\n".join(f"Stopped {name}" for name in stopped) or f"No rehearsal{of} was kept."
        console.print(said, markup=False, highlight=False)
        return
    run_rehearsal(
        environment=_ENVIRONMENT if environment is None else environment,
        environments=environments,
        scaling=scaling,
        keep=keep,
        console=console,
        faults=fault or (),
    )


app.command()(trace)
app.command()(doctor)
app.command()(prove)


@app.command()
def values(
    environment: Annotated[
        str, typer.Argument(help="The environment: a file of --environments, without .yaml.")
    ],
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
) -> None:
    """Print the values with which Airflow's chart works on EFS, for whoever installs the chart.

    They are those that the stack installs: made from the settings, with `airflow.values` over them.

    Exit status: 0 they were printed; 1 the environment is wrong, or has no airflow; 2 wrong usage.

    Example: `airflow-efs values prod > values.yaml`, then `helm upgrade --install airflow
    apache-airflow/airflow --version 1.22.0 --namespace airflow --values values.yaml`.
    """
    typer.echo(values_text(environment, environments), nl=False)


_INTERRUPTED = 130
"""The status that Typer makes of Ctrl-C."""


def main() -> None:
    """Run the command line; an error that a person can mend is one line on standard error and a status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup lets it ignore SIGHUP
            signal.signal(number, _interrupt)
    try:
        status = app(standalone_mode=False) or 0
    except TyperException as error:
        if said := usage_errors.explain(error):
            sys.stderr.write(f"error: {said}\n")
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.stderr.write("error: nobody answered: nothing was changed\n")
        sys.exit(1)
    except (
        SettingsError,
        ProveError,
        RehearsalError,
        DiscoveryError,
        PricesError,
        TokenError,
        TraceError,
    ) as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"error: {aws_errors.explain(error)}\n")
        sys.exit(1)
    except kubernetes_config.ConfigException as error:
        cure = "aws eks update-kubeconfig --name CLUSTER writes one, and KUBECONFIG names another"
        sys.stderr.write(f"error: {str(error).rstrip('.')}: {cure}\n")
        sys.exit(1)
    except ApiException as error:
        sys.stderr.write(f"error: {kubernetes_errors.explain(error)}\n")
        sys.exit(1)
    except HTTPError as error:
        sys.stderr.write(f"error: {kubernetes_errors.explain_silence(error)}\n")
        sys.exit(1)
    except OSError as error:
        # Mostly a result that could not be written; Python would try again at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        where = f" {error.filename}" if error.filename else " the result"
        sys.stderr.write(f"error: cannot read or write{where}: {error.strerror or error}\n")
        sys.exit(1)
    if status == _INTERRUPTED:
        sys.stderr.write("interrupted: everything was stopped\n")
    sys.exit(status)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # what was started is stopped as at Ctrl-C


if __name__ == "__main__":
    main()
