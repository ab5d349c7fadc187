"""Brings the file of an environment up to date with its cluster, and keeps everything else as it was written.

Only what the cluster decides is touched: version, issuer, VPC, subnets and node security groups. A subnet or
a security group that still exists is somebody's choice and stays, whatever discovery would have chosen.
"""

import difflib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import CommentMark, YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tokens import CommentToken

from operations.discovery.choices import security_group_sets
from operations.discovery.findings import DiscoveryError
from operations.discovery.proposal import Proposal
from settings.yaml_file import shown

_INDENTS = ((2, 4, 2), (2, 2, 0), (4, 4, 0), (4, 4, 2), (4, 6, 4), (2, 4, 0))
"""Ways to indent: mappings, sequences, and the dash within a sequence."""


def updated_text(
    text: str, path: Path, proposal: Proposal, security_groups: Iterable[str]
) -> tuple[str, list[str]]:
    """The text of an environment's file as it should be now, and a remark on each thing that was kept.

    Args:
        text: what the file holds.
        path: the file, for messages.
        proposal: what was discovered.
        security_groups: the security groups that exist in the VPC.

    Raises:
        DiscoveryError: the file is of another cluster, or holds no environment.
    """
    parser, unchanged = _parser(text, path)
    data = parser.load(text)
    fields = proposal.report.environment
    _refuse_other_cluster(data, fields, path)
    remarks: list[str] = []
    cluster = data["cluster"]
    _set(cluster, "version", DoubleQuotedScalarString(fields["cluster"]["version"]))
    _set(cluster, "oidc_issuer", fields["cluster"]["oidc_issuer"])
    _update_vpc(cluster, fields["cluster"]["vpc"])
    _update_subnets(cluster, proposal, remarks)
    _update_security_groups(cluster, proposal, frozenset(security_groups), remarks)
    return _with_changes(text, unchanged, _dumped(parser, data)), remarks


def difference(before: str, after: str, path: Path) -> str:
    """The change as a unified diff; empty where there is none."""
    name = shown(path)
    return "".join(
        difflib.unified_diff(
            before.splitlines(True), after.splitlines(True), f"{name} (now)", f"{name} (new)"
        )
    )


def _parser(text: str, path: Path) -> tuple[YAML, str]:
    """The parser that writes the text most nearly as it stands, and how it does."""
    best: tuple[float, YAML, str] | None = None
    for mapping, sequence, offset in _INDENTS:
        parser = YAML()
        parser.preserve_quotes = True
        parser.width = 2**16
        parser.indent(mapping=mapping, sequence=sequence, offset=offset)
        try:
            written = _dumped(parser, parser.load(text))
        except YAMLError as error:
            said = " ".join(str(error).split())
            raise DiscoveryError(
                f"{shown(path)} is not YAML: {said}: correct it, or write to another name"
            ) from None
        changed = sum(
            one != other for one, other in zip(text.splitlines(), written.splitlines(), strict=False)
        )
        if best is None or changed < best[0]:
            best = (changed, parser, written)
        if written == text:
            break
    assert best is not None  # noqa: S101  # there are ways to indent
    return best[1], best[2]


def _dumped(parser: YAML, data: Any) -> str:
    stream = io.StringIO()
    parser.dump(data, stream)
    return stream.getvalue()


def _with_changes(text: str, unchanged: str, changed: str) -> str:
    """The text with those lines replaced that differ between the two dumps: no other is reformatted."""
    lines, before = text.splitlines(True), unchanged.splitlines(True)
    if len(lines) != len(before):
        return changed
    result: list[str] = []
    after = changed.splitlines(True)
    for kind, start, end, new_start, new_end in difflib.SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            result += lines[start:end]
        else:
            near = start if start < end else start - 1
            shift = _indent(lines[near]) - _indent(before[near])
            result += [_shifted(line, shift) for line in after[new_start:new_end]]
    whole = "".join(result)
    # A file of mixed styles may not take the lines: then all of it gets one style.
    return whole if _same(whole, changed) else changed


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _shifted(line: str, shift: int) -> str:
    return " " * max(0, _indent(line) + shift) + line.lstrip(" ") if line.strip() else line


def _same(one: str, other: str) -> bool:
    try:
        return bool(yaml.safe_load(one) == yaml.safe_load(other))
    except yaml.YAMLError:
        return False


def _refuse_other_cluster(data: Any, fields: Any, path: Path) -> None:
    if not isinstance(data, CommentedMap) or not isinstance(data.get("cluster"), CommentedMap):
        raise DiscoveryError(f"{shown(path)} holds no environment: write to another name, or remove it")
    wanted = (fields["account"], fields["region"], fields["cluster"]["name"])
    there = (str(data.get("account")), str(data.get("region")), str(data["cluster"].get("name")))
    if there != wanted:
        raise DiscoveryError(
            f"{shown(path)} is of cluster {there[2]} in {there[1]}, account {there[0]}, not of {wanted[2]} "
            f"in {wanted[1]}, account {wanted[0]}: write to another name"
        )


def _set(mapping: CommentedMap, key: str, value: Any) -> None:
    if mapping.get(key) != value:
        mapping[key] = value


def _update_vpc(cluster: CommentedMap, found: Any) -> None:
    vpc = cluster.get("vpc")
    if not isinstance(vpc, CommentedMap):
        cluster["vpc"] = found
        return
    _set(vpc, "id", found["id"])
    there = vpc.get("cidrs")
    if not isinstance(there, CommentedSeq):
        vpc["cidrs"] = found["cidrs"]
        return
    _replace_items(
        there,
        # A block of IPv6 is somebody's own addition.
        keep=[cidr for cidr in there if cidr in found["cidrs"] or ":" in str(cidr)],
        add=[cidr for cidr in found["cidrs"] if cidr not in there],
    )


def _update_subnets(cluster: CommentedMap, proposal: Proposal, remarks: list[str]) -> None:
    proposed = {one.availability_zone: one for one in proposal.chosen_subnets}
    there = cluster.get("subnets")
    if not isinstance(there, CommentedSeq):
        cluster["subnets"] = proposal.report.environment["cluster"]["subnets"]
        return
    exist = {one.id: one.availability_zone for one in proposal.report.subnets}
    keep = []
    for item in there:
        zone = str(item.get("availability_zone"))
        better = proposed.pop(zone, None)
        if exist.get(str(item.get("id"))) == zone:
            keep.append(item)
            if better is None:
                remarks.append(
                    f"kept {item['id']}: no node runs in {zone} any more, remove it by hand if so meant"
                )
            elif better.id != item["id"]:
                remarks.append(
                    f"kept {item['id']} in {zone}, where {better.id} ({better.describe()}) is now chosen"
                )
        elif better is not None:
            item["id"] = better.id
            keep.append(item)
    limits = cluster.get("vpc", {}).get("availability_zones")
    add = []
    for zone, subnet in sorted(proposed.items()):
        if limits is not None and zone not in limits:
            remarks.append(f"did not add {subnet.id}: {zone} is not in cluster.vpc.availability_zones")
            continue
        item = CommentedMap(id=subnet.id, availability_zone=zone)
        if not there or there[-1].fa.flow_style():
            item.fa.set_flow_style()
        add.append(item)
    _replace_items(there, keep=keep, add=add)
    zones = cluster.get("node_zones")
    if isinstance(zones, CommentedSeq):
        found = [one.availability_zone for one in proposal.chosen_subnets]
        _replace_items(
            zones, keep=[zone for zone in zones if zone in found], add=[z for z in found if z not in zones]
        )


def _update_security_groups(
    cluster: CommentedMap, proposal: Proposal, exist: frozenset[str], remarks: list[str]
) -> None:
    wanted = proposal.report.environment["cluster"]["node_security_groups"]
    there = cluster.get("node_security_groups")
    if not isinstance(there, CommentedSeq):
        cluster["node_security_groups"] = wanted
        return
    keep = [group for group in there if group in exist]
    sets = security_group_sets(proposal.report.nodes, proposal.report.node_groups)
    covered = bool(keep) and all(groups & set(keep) for groups in sets)
    add = [] if covered else [group for group in wanted if group not in keep]
    if covered and set(keep) != set(wanted):
        remarks.append(f"kept node_security_groups {', '.join(keep)}: every node has one of them")
    _replace_items(there, keep=keep, add=add)


def _replace_items(there: CommentedSeq, *, keep: Sequence[Any], add: Sequence[Any]) -> None:
    """Leave the items that are kept, append the others, and leave comments where they belong."""
    following = _take_following(there)
    for index in reversed(range(len(there))):
        if not any(there[index] is item or (isinstance(item, str) and item == there[index]) for item in keep):
            del there[index]
    there.extend(add)
    _put_following(there, following)


def _take_following(there: CommentedSeq) -> str:
    """Cut off what follows the last item's own line: ruamel keeps the next key's comments with that item."""
    slots, place = _end_of(there)
    token = slots[place] if slots else None
    if token is None:
        return ""
    own, _, following = token.value.partition("\n")
    if own:
        token.value = f"{own}\n"
    else:
        slots[place] = None
    return str(following)


def _put_following(there: CommentedSeq, following: str) -> None:
    if not following or not there:
        return
    slots, place = _end_of(there, make=True)
    token = slots[place]
    if token is None:
        slots[place] = CommentToken(f"\n{following}", CommentMark(0), None)
    else:
        token.value = f"{token.value.rstrip()}\n{following}"


def _end_of(there: CommentedSeq, *, make: bool = False) -> tuple[list[Any], int]:
    """Where ruamel keeps the comment at the end of a sequence: a list of slots, and the place in it."""
    owner, key, place = there.ca, len(there) - 1, 0
    last = there[-1] if there else None
    if isinstance(last, CommentedMap) and not last.fa.flow_style():
        owner, key, place = last.ca, next(reversed(last)), 2
    slots = owner.items.get(key)
    if slots is None and make:
        slots = owner.items[key] = [None, None, None, None]
    return slots or [], place
