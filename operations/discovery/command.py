"""The command `airflow-efs discover`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from operations.discovery.environment_file import check, file_of, read_text, write_text
from operations.discovery.existing_file import difference, updated_text
from operations.discovery.findings import DiscoveryError
from operations.discovery.new_file import render
from operations.discovery.proposal import Proposal, discover_cluster
from operations.discovery.security_groups import security_groups_of
from operations.discovery.summary import tell
from operations.exit_status import DIFFERS, INCOMPLETE
from operations.names import cluster_name, environment_name, file_system_id, region_name, tag_filters
from rehearsal.cdk import PROJECT
from settings.yaml_file import shown


class Output(StrEnum):
    """What stands on standard output."""

    YAML = "yaml"
    JSON = "json"


def discover(
    cluster: Annotated[str, typer.Argument(help="The EKS cluster.", callback=cluster_name)],
    region: Annotated[
        str,
        typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="Its region.", callback=region_name),
    ],
    subnet_tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            callback=tag_filters,
            help="Choose only subnets with this tag; KEY alone: with any value. Repeated: any of them.",
        ),
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            callback=environment_name,
            help="Write NAME.yaml in --environments. Where it exists: show the difference, and ask.",
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Refer to the file system, driver, classes and claims that were made by hand, as they are.",
        ),
    ] = False,
    file_system: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="With --adopt: the file system. Default: the one that the classes name.",
            callback=file_system_id,
        ),
    ] = None,
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write a difference without asking.")] = False,
    output: Annotated[
        Output, typer.Option("--output", "-o", help="What stands on standard output.")
    ] = Output.YAML,
) -> None:
    """Read a cluster, and write the environment that fits it.

    Reads only: EKS, EC2, Auto Scaling, IAM and EFS with the AWS credentials of the shell, and the cluster's
    own API with a token that they sign. The environment goes to standard output, everything else to standard
    error. A file that exists keeps its comments and every setting that the cluster does not decide.

    Exit status: 0 the environment is complete, or the file is current; 1 it could not be made; 2 wrong
    usage; 3 the file differs and was not written; 4 it is complete, but a deployment would fail before what
    is called an error is mended.

    Examples:

    `airflow-efs discover k8s-cluster --region ap-northeast-2 > environments/prod.yaml`

    `airflow-efs discover k8s-cluster --region ap-northeast-2 --write prod`

    `airflow-efs discover k8s-cluster --region ap-northeast-2 --write prod --adopt`

    `airflow-efs discover k8s-cluster --region ap-northeast-2 --subnet-tag Tier=storage --output json`
    """
    if file_system is not None and not adopt:
        raise typer.BadParameter("give --adopt with it", param_hint="--file-system")
    messages = Console(stderr=True, highlight=False)
    path = file_of(write, environments) if write is not None else None
    before = read_text(path) if path is not None else None
    if adopt and path is not None and before is not None:
        raise DiscoveryError(
            f"--adopt: {shown(path)} exists, and what it says of the storage is never changed: write to "
            "another name, or leave --adopt out"
        )
    proposal = discover_cluster(
        cluster=cluster,
        region=region,
        subnet_tags=tuple(subnet_tag or ()),
        environment=write,
        adopting=adopt,
        file_system=file_system,
    )
    tell(proposal.report, messages)
    status = INCOMPLETE if any(one.severity == "error" for one in proposal.report.problems) else 0
    if path is None:
        text = render(proposal)
        check(text, environments / "discovered.yaml")
        typer.echo(text if output is Output.YAML else _json(proposal), nl=False)
        raise typer.Exit(status)
    remarks: list[str] = []
    if before is None:
        text = render(proposal)
    else:
        groups = security_groups_of(proposal.report.cluster)
        text, remarks = updated_text(before, path, proposal, groups)
    for remark in remarks:
        messages.print(remark, markup=False, soft_wrap=True)
    check(text, path)
    changes = difference(before or "", text, path)
    written = bool(changes) and (before is None or yes or _consent(path, changes, output))
    if written:
        write_text(text, path)
    if output is Output.JSON:
        typer.echo(_json(proposal, changes=changes, written=written), nl=False)
    elif before is not None and changes and yes:
        typer.echo(changes, nl=False)
    messages.print(_outcome(path, changes=changes, written=written), markup=False, soft_wrap=True)
    raise typer.Exit(DIFFERS if changes and not written else status)


def _consent(path: Path, changes: str, output: Output) -> bool:
    """Show the difference and ask, where there is somebody to ask."""
    if output is Output.JSON:
        return False
    typer.echo(changes, nl=False)
    return sys.stdin.isatty() and typer.confirm(f"Write {shown(path)}?", err=True)


def _outcome(path: Path, *, changes: str, written: bool) -> str:
    if written:
        return f"wrote {shown(path)}; see: npx cdk diff EfsStorageStack -c environment={path.stem}"
    if changes:
        return f"{shown(path)} was not written: add --yes to write the difference"
    return f"{shown(path)} is current"


def _json(proposal: Proposal, *, changes: str | None = None, written: bool | None = None) -> str:
    report = proposal.report.model_copy(update={"changes": changes, "written": written})
    return report.model_dump_json(indent=2) + "\n"
