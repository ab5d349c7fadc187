"""Decides where there is more than one answer: subnets, security groups, the handler's way in.

Every decision comes with what was chosen, why, and instead of what.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from operations.discovery.findings import (
    Choice,
    ClusterFound,
    DiscoveryError,
    NodeFound,
    NodeGroupFound,
    Problem,
    SubnetFound,
)
from operations.discovery.subnets import matches


@dataclass(kw_only=True)
class Decisions:
    """Choices and problems, in the order in which they came up."""

    choices: list[Choice] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def choose_subnets(
    cluster: ClusterFound, subnets: Sequence[SubnetFound], tags: Sequence[str], decisions: Decisions
) -> tuple[SubnetFound, ...]:
    """One subnet for each zone in which nodes run, or may be started.

    Args:
        cluster: the cluster.
        subnets: the subnets of its VPC.
        tags: when there are any, only subnets with one of them are chosen; KEY=VALUE or KEY.
        decisions: receives what was decided.

    Raises:
        DiscoveryError: a zone has nodes, but no subnet with the tags; or no zone is left.
    """
    allowed = [one for one in subnets if not tags or any(matches(one, tag) for tag in tags)]
    if tags and not allowed:
        raise DiscoveryError(
            f"no subnet of {cluster.vpc_id} has the tag {_or(tags)}: {_known_tags(subnets, tags)}"
        )
    used = _in_use(cluster, subnets, allowed if tags else None, decisions)
    chosen = []
    for zone in sorted({one.availability_zone for one in used}):
        if re.fullmatch(re.escape(cluster.region) + "[a-z]", zone) is None:
            decisions.problems.append(
                Problem(
                    severity="warning",
                    field="cluster.subnets",
                    what=f"nodes in {zone} get no mount target: EFS has none in Local Zones and on Outposts",
                    cure="keep pods that use EFS out of that zone",
                )
            )
            continue
        options = sorted(
            (one for one in (allowed if tags else used) if one.availability_zone == zone), key=_preference
        )
        if not options:
            raise DiscoveryError(
                f"nodes run in {zone}, but no subnet there has the tag {_or(tags)}: tag one of "
                f"{', '.join(one.id for one in subnets if one.availability_zone == zone)}, "
                "or repeat --subnet-tag with another tag"
            )
        chosen.append(options[0])
        _explain_subnet(options, tags, decisions)
    if not chosen:
        raise DiscoveryError(f"no node runs in a zone of {cluster.region}: start nodes, or name --subnet-tag")
    return tuple(chosen)


def _in_use(
    cluster: ClusterFound,
    subnets: Sequence[SubnetFound],
    tagged: Sequence[SubnetFound] | None,
    decisions: Decisions,
) -> Sequence[SubnetFound]:
    used = [one for one in subnets if one.nodes or one.node_groups]
    if used:
        return used
    instead = tagged or [one for one in subnets if one.id in cluster.control_plane_subnets]
    source = "the subnets with the tag" if tagged else "the subnets of the control plane's interfaces"
    decisions.choices.append(
        Choice(
            field="cluster.subnets",
            chose=source,
            why="no node runs, and nothing that starts nodes was found: check that nodes will run there",
        )
    )
    return instead


def _preference(subnet: SubnetFound) -> tuple[bool, int, int, int, str]:
    kind = {False: 0, None: 1, True: 2}[subnet.public]
    return (subnet.available_addresses == 0, -subnet.nodes, kind, -subnet.available_addresses, subnet.id)


_REASONS = (
    "it has free addresses",
    "most nodes run in it",
    "it is not public",
    "it has most free addresses",
    "its id comes first; nothing else sets them apart",
)
"""Why a subnet comes before another, in the order of `_preference`."""


def _explain_subnet(options: Sequence[SubnetFound], tags: Sequence[str], decisions: Decisions) -> None:
    first, others = options[0], options[1:]
    if others:
        keys = zip(_preference(first), _preference(others[0]), _REASONS, strict=True)
        why = next(reason for one, other, reason in keys if one != other)
        decisions.choices.append(
            Choice(
                field="cluster.subnets",
                chose=f"{first.id} in {first.availability_zone} ({first.describe()})",
                why=f"{why}; one mount target serves the whole zone",
                instead_of=tuple(f"{one.id} ({one.describe()})" for one in others),
            )
        )
    elif tags and not (first.nodes or first.node_groups):
        decisions.choices.append(
            Choice(
                field="cluster.subnets",
                chose=f"{first.id} in {first.availability_zone} ({first.describe()})",
                why=f"it has the tag {_or(tags)}; nodes of other subnets of the zone reach it",
            )
        )
    if first.available_addresses == 0:
        decisions.problems.append(
            Problem(
                severity="error",
                field="cluster.subnets",
                what=f"{first.id} in {first.availability_zone} has no free address for a mount target",
                cure="free one, or name another subnet of the zone with --subnet-tag",
            )
        )


def _or(tags: Sequence[str]) -> str:
    return " or ".join(tags)


def _known_tags(subnets: Sequence[SubnetFound], tags: Sequence[str]) -> str:
    keys = {tag.partition("=")[0] for tag in tags}
    known = sorted({f"{key}={one.tags[key]}" for one in subnets for key in keys & one.tags.keys()})
    if known:
        return f"there are {', '.join(known)}"
    there = sorted({key for one in subnets for key in one.tags})
    return f"its subnets have the tags {', '.join(there)}" if there else "its subnets have no tags"


def choose_security_groups(
    cluster: ClusterFound,
    nodes: Sequence[NodeFound],
    groups: Sequence[NodeGroupFound],
    decisions: Decisions,
) -> tuple[str, ...]:
    """The fewest security groups of which every node has at least one.

    Raises:
        DiscoveryError: no node is known, nor a security group of the cluster.
    """
    sets = security_group_sets(nodes, groups)
    if not sets:
        if cluster.cluster_security_group is None:
            raise DiscoveryError(
                f"the security groups of {cluster.name}'s nodes are not known: run this while a node is up"
            )
        decisions.choices.append(
            Choice(
                field="cluster.node_security_groups",
                chose=cluster.cluster_security_group,
                why="no node is up; it is the cluster's own group, which managed nodes get",
            )
        )
        return (cluster.cluster_security_group,)
    chosen = _cover(sets, first=cluster.cluster_security_group)
    others = sorted(frozenset().union(*sets) - set(chosen))
    if others:
        own = cluster.cluster_security_group in chosen
        decisions.choices.append(
            Choice(
                field="cluster.node_security_groups",
                chose=", ".join(chosen),
                why=("every node has it" if len(chosen) == 1 else "every node has one of them")
                + ("; it is the cluster's own group" if own and len(chosen) == 1 else ""),
                instead_of=tuple(others),
            )
        )
    return chosen


def security_group_sets(nodes: Sequence[NodeFound], groups: Sequence[NodeGroupFound]) -> list[frozenset[str]]:
    """The security groups of each node, and of each thing that starts nodes, where they are known."""
    known = [one.security_groups for one in nodes] + [one.security_groups for one in groups]
    return [frozenset(one) for one in known if one]


def _cover(sets: Sequence[frozenset[str]], *, first: str | None) -> tuple[str, ...]:
    """Few groups that meet every set: the one that meets most of what is left, again and again."""
    left, chosen = list(sets), []
    while left:
        count = {group: sum(group in one for one in left) for one in left for group in one}
        best = min(count, key=lambda group: (-count[group], group != first, group))
        chosen.append(best)
        left = [one for one in left if best not in one]
    return tuple(sorted(chosen))
