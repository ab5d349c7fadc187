"""Shows a cost report to a person."""

from decimal import Decimal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from operations.costs.comparison import CostReport
from operations.costs.plans import Line


def show(report: CostReport, console: Console) -> None:
    """Print the tables and the verdict."""
    console.print(_report(report), soft_wrap=True)


def _report(report: CostReport) -> RenderableType:
    title = f"{report.environment} ({report.region}), a month in {report.currency}"
    return Group(_bill(report, title), Text(), _comparison(report), Text(), *_verdict(report))


def _bill(report: CostReport, title: str) -> Table:
    table = _table(title, "item", "quantity", "unit", "price", "cost")
    for line in (*report.current.lines, *filter(None, [report.backups])):
        table.add_row(line.item, _number(line.quantity), line.unit, _price(line), _money(line.cost))
    known = report.total is not None or report.current.total is None
    name, total = ("Together", report.total) if known else ("Without backups", report.current.total)
    table.add_row(Text(name, "bold"), "", "", "", Text(_money(total), "bold"))
    return table


def _comparison(report: CostReport) -> Table:
    title = "Ways to run it, without backups"
    table = _table(title, "way", "cost", "carries load")
    for one in report.alternatives:
        mark = " (now)" if one.plan == report.current.plan else ""
        style = "green" if one.plan == report.winner else "" if one.carries_load else "dim"
        table.add_row(
            Text(one.plan.describe() + mark, style), _money(one.total), "yes" if one.carries_load else "no"
        )
    return table


def _verdict(report: CostReport) -> list[Text]:
    lines = []
    if report.winner:
        saves = f", saves {report.saves:.2f}" if report.saves else ""
        lines.append(Text(f"Cheapest: {report.winner.describe()}{saves}. Why: {report.why}.", "bold"))
    else:
        lines.append(Text(f"No winner: {report.why}.", "bold"))
    lines += [Text(f"Note: {remark}.", "yellow") for remark in report.remarks]
    if report.assumed:
        lines.append(Text(f"Assumed, because nobody said: {', '.join(report.assumed)}."))
    lines += [
        Text(f"Prices of {section}: {source.published}, {source.url}", "dim")
        for section, source in report.sources.items()
    ]
    return lines


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        numeric = column in ("quantity", "price", "cost")
        # What a way is called may need two lines; a number never.
        table.add_column(column, justify="right" if numeric else "left", no_wrap=column != "way")
    return table


def _number(value: Decimal) -> str:
    return f"{value:,.2f}"


def _price(line: Line) -> str:
    return "not in the list" if line.price is None else f"{line.price.normalize():f}"


def _money(value: Decimal | None) -> str:
    return "not known" if value is None else f"{value:,.2f}"
