"""Rules of security groups, as EC2 describes them: which port do they open, and to whom."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

Rule = Mapping[str, Any]


def covers(rule: Rule, port: int) -> bool:
    """Whether a rule is about a TCP port."""
    if rule["IpProtocol"] == "-1":
        return True
    low, high = rule.get("FromPort", -1), rule.get("ToPort", -1)
    return rule["IpProtocol"] in ("tcp", "6") and (low == -1 or low <= port <= high)


def peers(rule: Rule) -> list[str]:
    """The security groups and blocks that a rule names."""
    return [
        *(pair["GroupId"] for pair in rule.get("UserIdGroupPairs", []) if pair.get("GroupId")),
        *(block["CidrIp"] for block in rule.get("IpRanges", [])),
        *(block["CidrIpv6"] for block in rule.get("Ipv6Ranges", [])),
    ]


def opens_to_anybody(rules: Iterable[Rule], port: int) -> bool:
    """Whether some rule lets a TCP port through, whoever the other side is."""
    return any(covers(rule, port) and (peers(rule) or rule.get("PrefixListIds")) for rule in rules)


def admits(rules: Iterable[Rule], port: int, *, address: str, groups: frozenset[str]) -> bool:
    """Whether some rule lets a TCP port through for an address, or for somebody with these groups."""
    return any(
        covers(rule, port)
        and (
            any(pair.get("GroupId") in groups for pair in rule.get("UserIdGroupPairs", []))
            or is_in(address, [peer for peer in peers(rule) if "/" in peer])
        )
        for rule in rules
    )


def is_in(address: str, cidrs: Iterable[str]) -> bool:
    """Whether an address lies in one of some blocks; no address lies in none."""
    if not address:
        return False
    one = ipaddress.ip_address(address)
    return any(one in ipaddress.ip_network(cidr) for cidr in cidrs)
