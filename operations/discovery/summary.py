"""Tells a person what discovery found, chose and could not see."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from operations.discovery.findings import Report
from operations.discovery.proposal import describe_driver


def tell(report: Report, console: Console) -> None:
    """Write the summary to a console."""
    for line in (*_facts(report), *_remarks(report)):
        console.print(line, soft_wrap=True)


def _facts(report: Report) -> Iterator[Text]:
    cluster = report.cluster
    public = "public" if cluster.endpoint_public else "private"
    proposed = {one["id"] for one in report.environment["cluster"]["subnets"]}
    rows = [
        (
            "cluster",
            f"{cluster.name}, version {cluster.version}, account {cluster.account}, {cluster.region}",
        ),
        ("API server", f"{cluster.endpoint} ({public}), authentication mode {cluster.authentication_mode}"),
        ("OIDC provider", cluster.oidc_provider_arn or "none seen in IAM"),
        ("VPC", f"{cluster.vpc_id}, {', '.join((*cluster.vpc_cidrs, *cluster.vpc_ipv6_cidrs))}"),
        (
            "nodes",
            f"{len(report.nodes)} running; "
            + (", ".join(f"{one.name} ({one.kind})" for one in report.node_groups) or "no node groups"),
        ),
        *(
            (f"zone {one.availability_zone}", f"{one.id}, {one.describe()}")
            for one in report.subnets
            if one.id in proposed
        ),
        ("driver", describe_driver(report.driver)),
        (
            "classes",
            "not seen"
            if report.storage_classes is None
            else ", ".join(one.name for one in report.storage_classes) or "none of EFS",
        ),
        (
            "file systems",
            "not seen"
            if report.file_systems is None
            else ", ".join(f"{one.id} ({one.why})" for one in report.file_systems) or "none of this cluster",
        ),
    ]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        yield Text.assemble((name.ljust(width), "dim"), f"  {value}")


def _remarks(report: Report) -> Iterator[Text]:
    for choice in report.choices:
        instead = f" (not {'; '.join(choice.instead_of)})" if choice.instead_of else ""
        yield Text(f"{choice.field}: chose {choice.chose}, because {choice.why}{instead}")
    for problem in report.problems:
        style = "bold red" if problem.severity == "error" else "yellow"
        yield Text.assemble((problem.severity, style), f": {problem.what}: {problem.cure}")
    for unseen in report.unseen:
        yield Text.assemble(("not seen", "yellow"), f": {unseen.what}: {unseen.why}: {unseen.cure}")
