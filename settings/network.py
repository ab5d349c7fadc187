"""CIDR blocks: what is one, and what of it may reach a file system."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import combinations
from typing import Annotated, Final

from pydantic import AfterValidator

from settings.faults import Fault, FaultsError, Path

WIDEST_CLIENT_PREFIX: Final = {4: 8, 6: 32}
"""Shortest prefix by IP version that NFS clients may have: 10.0.0.0/8 is the widest private range."""

VPC_PREFIXES: Final = {4: (16, 28), 6: (44, 60)}
"""Shortest and longest prefix by IP version that AWS gives a VPC's block.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""


_WITHOUT_HOSTS: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/3",
        "::/127",
        "::ffff:0:0/96",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Blocks for this host, loopback, link-local, multicast and reserved addresses (RFC 6890)."""

_NO_HOSTS: Final = "has addresses that no host of a network has"


def _check_cidr(text: str) -> str:
    fault = _cidr_fault(text)
    if fault is not None:
        raise FaultsError([fault])
    return text


def _cidr_fault(text: str) -> Fault | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return Fault("is not a CIDR block", "write a block such as 10.20.0.0/16")
    if "%" in text:
        return Fault("is not a CIDR block", "write a block such as 10.20.0.0/16")
    if "/" not in text:
        return Fault("is an address without a prefix", f"write {network}")
    if str(network.network_address) != str(ip_address(text.partition("/")[0])):
        return Fault("has bits set outside its prefix", f"write {network}")
    # One spelling for one block: EC2 answers with this one, and another would show as a difference for ever.
    if str(network) != text:
        return Fault("is not written as AWS writes it", f"write {network}")
    return None


Cidr = Annotated[str, AfterValidator(_check_cidr)]
"""A CIDR block of either IP version, without host bits."""


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def overlap_faults(cidrs: Sequence[str], at: Path = ()) -> Iterator[Fault]:
    """A fault for every pair of blocks that share an address, at the later of the two."""
    networks = [ip_network(cidr) for cidr in cidrs]
    for (_, one), (index, other) in combinations(enumerate(networks), 2):
        if _overlap(one, other):
            yield Fault(f"overlaps with {one}", "keep the wider of the two", (*at, index))


def _has_hosts(network: IPv4Network | IPv6Network) -> bool:
    return not any(_within(network, block) for block in _WITHOUT_HOSTS)


def _within(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return _overlap(one, other) and one.prefixlen >= other.prefixlen


def vpc_faults(cidrs: Sequence[str], at: Path = ()) -> Iterator[Fault]:
    """A fault for every block that no VPC can have: what is in a VPC's block may be an NFS client."""
    for index, cidr in enumerate(cidrs):
        network = ip_network(cidr)
        shortest, longest = VPC_PREFIXES[network.version]
        if not shortest <= network.prefixlen <= longest:
            yield Fault(
                "is no block that a VPC can have",
                f"write one from /{shortest} to /{longest}, as aws ec2 describe-vpcs shows it",
                (*at, index),
            )
        elif not _has_hosts(network):
            yield Fault(_NO_HOSTS, "write the block that aws ec2 describe-vpcs shows", (*at, index))


def client_faults(cidrs: Sequence[str], at: Path = ()) -> Iterator[Fault]:
    """A fault for every block too wide to be let in on the NFS port."""
    for index, cidr in enumerate(cidrs):
        network = ip_network(cidr)
        widest = WIDEST_CLIENT_PREFIX[network.version]
        if network.prefixlen == 0:
            yield Fault("opens the file system to every address", "write the VPC's block", (*at, index))
        elif network.prefixlen < widest:
            yield Fault(f"is wider than /{widest}", "write the VPC's block", (*at, index))
        elif not _has_hosts(network):
            yield Fault(_NO_HOSTS, "write the block of the clients", (*at, index))
