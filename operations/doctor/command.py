"""The command `airflow-efs doctor`, and how its report is printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from operations.doctor.airflow_needs import CONNECTION_KEY, airflow_needs
from operations.doctor.examination import NOT_CHECKED, examine
from operations.doctor.installation import Installation
from operations.doctor.needs import AirflowNeeds, SecretKey, Url
from operations.doctor.registry import all_checks
from operations.findings import Finding, Report, Severity
from operations.names import namespace_name, object_name
from operations.output import Output, OutputOption
from rehearsal.cdk import PROJECT
from settings import load_environment

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.UNKNOWN: "magenta"}


def doctor(
    environment: Annotated[
        str, typer.Argument(help="The environment: a file of --environments, without .yaml.")
    ] = "dynamic-provisioning",
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    output: OutputOption = Output.TABLE,
    airflow: Annotated[
        str | None,
        typer.Option(
            metavar="NAMESPACE",
            help="Check what Airflow and KEDA need, Airflow being in this namespace, and not what the "
            "environment's own airflow section says.",
            show_default="as the environment says",
            callback=namespace_name,
        ),
    ] = None,
    connection: Annotated[
        list[str] | None,
        typer.Option(metavar="SECRET", help="With --airflow: the Secret that holds the database connection."),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(metavar="SECRET:KEY", help="With --airflow: another Secret, and the key it must have."),
    ] = None,
    keda: Annotated[bool, typer.Option(help="With --airflow: KEDA scales the workers.")] = True,
    block_volumes: Annotated[
        bool, typer.Option("--block-volumes", help="With --airflow: something of it needs a block volume.")
    ] = False,
    list_checks: Annotated[
        bool, typer.Option("--list", help="Print what is checked, and do nothing else.")
    ] = False,
) -> None:
    """Find what is, or would be, wrong with an environment in its account and cluster.

    Before a deployment it looks for what would make it fail; afterwards for what has gone, drifted or never
    worked. It only reads, as you: with the AWS credentials of the shell, and in the cluster by the kubeconfig
    context whose server is the cluster's, else by a token as aws eks get-token makes it.

    Exit status: 0 nothing found; 3 errors; 4 no error, but a check could not be made; 5 warnings only;
    1 the command itself failed. docs/doctor.md explains every finding.

    Examples: `airflow-efs doctor prod`, `airflow-efs doctor prod --output json`,
    `airflow-efs doctor prod --airflow airflow --connection metadata --secret fernet:fernet-key`.
    """
    console = Console()
    if list_checks:
        if output is Output.JSON:
            typer.echo(
                json.dumps({"checks": [dict(zip(_LISTED, one, strict=True)) for one in _listed()]}, indent=2)
            )
        else:
            console.print(_checks_table())
        return
    needs = _needs(airflow, connection or [], secret or [], keda=keda, block_volumes=block_volumes)
    settings = load_environment(environment, environments)
    report = examine(Installation(settings, airflow=needs or airflow_needs(settings)))
    if output is Output.JSON:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show(report, console)
    raise typer.Exit(report.status)


def show(report: Report, console: Console) -> None:
    """Print a report for a person: one block a finding, the worst first."""
    when = "after its deployment" if report.stage == "after" else "before its deployment"
    console.print(
        f"[bold]{escape(report.environment)}[/bold], cluster {escape(report.cluster)} in {report.region}, "
        f"{when}: {report.checks} checks made",
        highlight=False,
    )
    for finding in report.findings:
        console.print()
        console.print(_block(finding), soft_wrap=True)
    if report.skipped:
        causes = sorted({one.because for one in report.skipped})
        left = "1 check was" if len(report.skipped) == 1 else f"{len(report.skipped)} checks were"
        console.print(f"\n{left} left out because of {', '.join(causes)}.", highlight=False)
    if not report.findings:
        console.print("Nothing found.")


def _block(finding: Finding) -> Text:
    text = Text()
    text.append(f"{finding.severity.value} ", style=f"bold {_COLOURS[finding.severity]}")
    text.append(f"{finding.check}: {finding.what}\n")
    text.append(f"  where  {finding.where}\n  cure   {finding.cure}\n  more   {finding.docs}")
    return text


_LISTED = ("check", "when", "severity", "asks")
"""What `--list` says of each check."""


def _listed() -> Iterator[tuple[str, str, str, str]]:
    for check in all_checks():
        yield check.id, check.when.value, check.severity.value, check.asks
    yield NOT_CHECKED, "always", Severity.UNKNOWN.value, "Could every check be made?"


def _checks_table() -> Table:
    table = Table("check", "when", "finds", "asks", box=None, pad_edge=False)
    for row in _listed():
        table.add_row(*row)
    return table


def _needs(
    namespace: str | None, connections: list[str], secrets: list[str], *, keda: bool, block_volumes: bool
) -> AirflowNeeds | None:
    if namespace is None:
        said = {
            "--connection": connections,
            "--secret": secrets,
            "--no-keda": not keda,
            "--block-volumes": block_volumes,
        }
        if without := [option for option, given in said.items() if given]:
            raise typer.BadParameter("give --airflow NAMESPACE with it", param_hint=", ".join(without))
        return None
    return AirflowNeeds(
        namespace=namespace,
        secrets=(
            *(
                SecretKey(name=_secret(name, "--connection"), key=CONNECTION_KEY, url=Url.DATABASE)
                for name in connections
            ),
            *(_secret_key(text) for text in secrets),
        ),
        keda=keda,
        block_volumes=block_volumes,
    )


def _secret_key(text: str) -> SecretKey:
    name, separator, key = text.partition(":")
    if not (name and separator and key):
        raise typer.BadParameter(
            f"{text} is not SECRET:KEY, such as airflow-fernet:fernet-key", param_hint="--secret"
        )
    return SecretKey(name=_secret(name, "--secret"), key=key)


def _secret(name: str, option: str) -> str:
    try:
        object_name(name)
    except typer.BadParameter as error:
        raise typer.BadParameter(error.message, param_hint=option) from None
    return name
