"""Writes a new environment as YAML, with a comment wherever there was a choice or something is wrong."""

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from operations.discovery.findings import Report
from operations.discovery.proposal import Proposal, describe_driver

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9:/._-]*(?<!:)")
_NOT_TEXT = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null)")


def render(proposal: Proposal) -> str:
    """The text of the environment's file."""
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    report = proposal.report
    fields, cluster = report.environment, report.environment["cluster"]
    yield "# yaml-language-server: $schema=schema.json"
    yield "#"
    yield from _comment(
        f"EKS cluster {report.cluster.name} in {report.cluster.region}, as airflow-efs discover found it. "
        "What was chosen, and why, stands above each field. Every field, its default and its rules: "
        "docs/settings.md."
    )
    yield from _problems(report, None)
    for unseen in report.unseen:
        yield from _comment(f"NOT SEEN: {unseen.what}: {unseen.why}: {unseen.cure}.")
    yield ""
    yield f"account: {json.dumps(fields['account'])}"
    yield f"region: {_scalar(fields['region'])}"
    yield ""
    yield "cluster:"
    yield f"  name: {_scalar(cluster['name'])}"
    yield f"  version: {json.dumps(cluster['version'])}"
    yield from _remarks(report, "cluster.oidc_issuer", 2)
    yield f"  oidc_issuer: {_scalar(cluster['oidc_issuer'])}"
    yield from _remarks(report, "cluster.access", 2)
    yield f"  access: {_flow(cluster['access'])}   # authentication mode {report.cluster.authentication_mode}"
    yield "  vpc:"
    yield f"    id: {_scalar(cluster['vpc']['id'])}"
    if report.cluster.vpc_ipv6_cidrs:
        yield from _comment(f"It also has {', '.join(report.cluster.vpc_ipv6_cidrs)}.", 4)
    yield f"    cidrs: {_flow(cluster['vpc']['cidrs'])}"
    yield from _comment(
        "One subnet for each zone in which nodes run: EFS allows one mount target in a zone.", 2
    )
    yield from _remarks(report, "cluster.subnets", 2)
    yield "  subnets:"
    for subnet, found in zip(cluster["subnets"], proposal.chosen_subnets, strict=True):
        name = f"{found.name}: " if found.name else ""
        yield f"    - {_flow(subnet)}   # {_one_line(name + found.describe())}"
    if "node_zones" in cluster:
        yield from _comment("Zones in which nodes run, or may be started.", 2)
        yield f"  node_zones: {_flow(cluster['node_zones'])}"
    yield from _remarks(report, "cluster.node_security_groups", 2)
    yield f"  node_security_groups: {_flow(cluster['node_security_groups'])}"
    if "handler_network" in cluster:
        yield from _remarks(report, "cluster.handler_network", 2)
        yield f"  handler_network: {_flow(cluster['handler_network'])}"
    yield ""
    yield from _remarks(report, "file_system", 0)
    yield "file_system:"
    yield from _mapping(fields["file_system"], 2)
    yield ""
    yield from _comment(f"The EFS CSI driver: {describe_driver(report.driver)}.")
    yield from _remarks(report, "driver", 0)
    if "driver" in fields:
        yield "driver:"
        yield from _mapping(fields["driver"], 2)
    yield ""
    yield from _remarks(report, "storage_classes", 0)
    yield from _existing_classes(report)
    if fields["storage_classes"]:
        yield "storage_classes:"
        for one in fields["storage_classes"]:
            yield from _item(one)
    else:
        yield "storage_classes: []"
    yield from _remarks(report, "claims", 0)
    if "claims" in fields:
        yield ""
        yield "claims:"
        for one in fields["claims"]:
            yield f"  - {_flow(one)}"


def _mapping(fields: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in fields.items():
        yield f"{' ' * indent}{key}: {_flow(value)}"


def _item(one: dict[str, Any]) -> Iterator[str]:
    """A class, a field a line."""
    new_class = not one.get("adopt")
    for index, (key, value) in enumerate(one.items()):
        remark = "   # the user of Airflow's images, for every volume" if new_class and key == "owner" else ""
        yield f"  {'  ' if index else '- '}{key}: {_flow(value)}{remark}"


def _remarks(report: Report, field: str, indent: int) -> Iterator[str]:
    for choice in report.choices:
        if choice.field == field:
            instead = f" Not: {'; '.join(choice.instead_of)}." if choice.instead_of else ""
            yield from _comment(f"Chosen: {choice.chose}, because {choice.why}.{instead}", indent)
    yield from _problems(report, field, indent)


def _problems(report: Report, field: str | None, indent: int = 0) -> Iterator[str]:
    for problem in report.problems:
        if problem.field == field:
            yield from _comment(f"{problem.severity.upper()}: {problem.what}: {problem.cure}.", indent)


def _existing_classes(report: Report) -> Iterator[str]:
    if report.storage_classes:
        names = ", ".join(
            f"{one.name} ({one.file_system_id or 'no file system'})" for one in report.storage_classes
        )
        yield from _comment(f"Classes of EFS that the cluster has already: {names}.")


def _comment(text: str, indent: int = 0) -> Iterator[str]:
    prefix = " " * indent + "# "
    for line in textwrap.wrap(
        _one_line(text), _WIDTH - len(prefix), break_long_words=False, break_on_hyphens=False
    ):
        yield prefix + line


def _one_line(text: str) -> str:
    # What AWS and Kubernetes say may hold line breaks, which would end the comment.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value)
        # A CIDR block begins with a digit and is text all the same.
        return (
            value
            if plain or re.fullmatch(r"[0-9.]+/[0-9]+", value)
            else json.dumps(value, ensure_ascii=False)
        )
    return str(value)
