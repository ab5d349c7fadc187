"""The command `airflow-efs cost`."""

import math
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from operations.costs.comparison import compare
from operations.costs.prices import BACKUP_PRICES, SHIPPED, load_prices
from operations.costs.table import show
from operations.costs.usage import Usage, derived_peak
from operations.output import Output, OutputOption
from rehearsal.cdk import PROJECT
from settings import load_environment

_GIB, _WRITE, _READ = 100, 30, 60


def _finite(value: float | None) -> float | None:
    if value is not None and math.isinf(value):
        raise typer.BadParameter(f'"{value}" is without end: write a number')
    return value


def cost(
    environment: Annotated[
        str, typer.Argument(help="The environment: a file of --environments, without .yaml.")
    ],
    environments: Annotated[
        Path, typer.Option(help="The folder that holds the environments.", show_default="environments")
    ] = PROJECT / "environments",
    gib: Annotated[
        float | None, typer.Option(min=0, callback=_finite, help=f"GiB stored on average. Default: {_GIB}.")
    ] = None,
    write_gib: Annotated[
        float | None,
        typer.Option(min=0, callback=_finite, help=f"GiB written in a month. Default: {_WRITE}."),
    ] = None,
    read_gib: Annotated[
        float | None, typer.Option(min=0, callback=_finite, help=f"GiB read in a month. Default: {_READ}.")
    ] = None,
    cold_read_gib: Annotated[
        float | None,
        typer.Option(min=0, callback=_finite, help="Of that, GiB that lies in cheaper storage. Default: 0."),
    ] = None,
    peak_mibps: Annotated[
        float | None,
        typer.Option(
            min=0,
            callback=_finite,
            help="MiB/s at the busiest time: writes and a third of reads. Default: ten times the average.",
        ),
    ] = None,
    claims: Annotated[
        int | None, typer.Option(min=0, help="Volumes. Default: the claims of the environment.")
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option(help="A list of prices of your own.", show_default="the list of this project"),
    ] = None,
    backup_price: Annotated[
        float | None,
        typer.Option(
            min=0,
            callback=_finite,
            help="Price of a GB-month of EFS's backups in warm storage, where the list has none for the "
            f"region; it stands in {BACKUP_PRICES}.",
            show_default="the list's",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Estimate what an environment costs in a month, and which throughput mode wins.

    Counts storage by class, throughput, files that move to cheaper storage and backups, from dated prices
    with their sources. Compares elastic, bursting and provisioned throughput, with and without cheaper
    storage; a way that does not carry the load does not win. Calls nobody.

    Exit status: 0 there is an estimate; 1 there is none (no prices for the region, say); 2 wrong usage.

    Examples:

    `airflow-efs cost airflow-seoul`

    `airflow-efs cost airflow-seoul --gib 2000 --write-gib 500 --read-gib 1500 --peak-mibps 40`

    `airflow-efs cost airflow-seoul --backup-price PRICE`

    `airflow-efs cost prod --prices prices.yaml --output json`
    """
    loaded = load_environment(environment, environments)
    assumed: list[str] = []

    def said(value: float | None, default: Decimal, what: str) -> Decimal:
        if value is None:
            assumed.append(f"{default:f} {what}")
            return default
        return Decimal(str(value))

    usage = Usage(
        gib=said(gib, Decimal(_GIB), "GiB stored"),
        write_gib=said(write_gib, Decimal(_WRITE), "GiB written"),
        read_gib=said(read_gib, Decimal(_READ), "GiB read"),
        cold_read_gib=said(cold_read_gib, Decimal(0), "GiB read from cheaper storage"),
        peak_mibps=Decimal(0),
        claims=len(loaded.claims) if claims is None else claims,
    )
    if usage.cold_read_gib > usage.read_gib:
        raise typer.BadParameter(
            f"{usage.cold_read_gib:f} GiB is more than all that is read, {usage.read_gib:f} GiB: "
            "give --read-gib, too",
            param_hint="--cold-read-gib",
        )
    peak = said(peak_mibps, derived_peak(usage.average_mibps()), "MiB/s at the peak")
    known = load_prices(prices or SHIPPED)
    if backup_price is not None:
        known = known.with_backup_price(
            loaded.region, said(backup_price, Decimal(0), f"{known.currency} for a GB-month of backups")
        )
    report = compare(
        loaded,
        usage.model_copy(update={"peak_mibps": peak}),
        known,
        shown=str(prices) if prices else "the list of this project",
        assumed=tuple(assumed),
    )
    if output is Output.JSON:
        typer.echo(report.model_dump_json(indent=2))
    else:
        show(report, Console(highlight=False))
