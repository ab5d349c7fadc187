"""Who may open an NFS connection to a file system."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from settings.aws import PrefixListId
from settings.faults import Fault, FaultsError, Path
from settings.network import Cidr, client_faults, overlap_faults
from settings.section import Between, Form, Section, repeats

NODES: Final = "nodes"
"""Stands for the cluster's node_security_groups."""

PRIVATE: Final = tuple(
    ip_network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""The private ranges (RFC 1918, RFC 4193) and the shared one (RFC 6598) that VPCs and EKS's pods use, too."""


def _word_or_list(value: Any) -> str:
    return "word" if isinstance(value, str) and not value.startswith("sg-") else "list"


def _check_word(value: Any) -> Any:
    if value != NODES:
        raise FaultsError([Fault("is neither nodes nor a list", "write nodes, or [sg-…]")])
    return value


NodesOrGroup = Annotated[
    str,
    Form(
        r"nodes|sg-(?:[0-9a-f]{8}|[0-9a-f]{17})",
        "is neither nodes nor a security group id",
        "write nodes, or sg- and 17 hexadecimal digits",
    ),
]

ClientSecurityGroups = Annotated[
    Annotated[Literal["nodes"], BeforeValidator(_check_word), Tag("word")]
    | Annotated[tuple[NodesOrGroup, ...], Field(strict=False), Tag("list")],
    Discriminator(_word_or_list),
]


class NfsClients(Section):
    """Who may open an NFS connection to the mount targets."""

    security_groups: ClientSecurityGroups = Field(
        default="nodes",
        description='"nodes" for the cluster\'s node_security_groups, or a list of them and of group ids.',
    )
    cidrs: Annotated[tuple[Cidr, ...], Field(strict=False)] = Field(
        default=(), description="Private CIDR blocks, or blocks of the VPC."
    )
    public_cidrs: Annotated[tuple[Cidr, ...], Field(strict=False)] = Field(
        default=(), description="Public CIDR blocks, said apart from the private ones on purpose."
    )
    prefix_lists: Annotated[tuple[PrefixListId, ...], Field(strict=False)] = Field(
        default=(), description="Prefix lists of EC2, your own or AWS's."
    )

    rules_quota: Annotated[int, Between(1, 1000)] = Field(
        default=60, description="Inbound rules that the account allows for a security group."
    )

    @model_validator(mode="after")
    def _are_some_but_not_all(self) -> Self:
        FaultsError.raise_if_any(self._faults())
        return self

    def _faults(self) -> Iterator[Fault]:
        if not (self.security_groups or self.cidrs or self.public_cidrs or self.prefix_lists):
            yield Fault("lets nobody in", "write security_groups: nodes, or a CIDR block", subject="")
        lists = {"prefix_lists": self.prefix_lists}
        if not isinstance(self.security_groups, str):
            lists["security_groups"] = self.security_groups
        for field, items in lists.items():
            for index, earlier in repeats(items, str):
                yield Fault(
                    f"is listed twice, first as {field}[{earlier}]", "remove one of the two", (field, index)
                )
        for field, cidrs in (("cidrs", self.cidrs), ("public_cidrs", self.public_cidrs)):
            yield from client_faults(cidrs, (field,))
            yield from overlap_faults(cidrs, (field,))

    def security_group_ids(self, nodes: Sequence[str]) -> tuple[str, ...]:
        """The security groups, each once, with `nodes` written out.

        Args:
            nodes: the security groups of the cluster's nodes.
        """
        listed = (self.security_groups,) if isinstance(self.security_groups, str) else self.security_groups
        ids = [group for item in listed for group in (nodes if item == NODES else (item,))]
        return tuple(dict.fromkeys(ids))

    def quota_faults(self, nodes: Sequence[str], at: Path) -> Iterator[Fault]:
        """A fault where the security group would have more rules than EC2 takes.

        IPv4 and IPv6 are counted apart; a rule of a group or a prefix list counts with both. A prefix list
        counts with its greatest number of entries, which nothing here says, but with one at least.
        https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups

        Args:
            nodes: the security groups of the cluster's nodes.
            at: path of this section.
        """
        of_both = len(self.security_group_ids(nodes)) + len(self.prefix_lists)
        blocks = [*self.cidrs, *self.public_cidrs]
        of_ipv6 = sum(":" in block for block in blocks)
        rules = of_both + max(of_ipv6, len(blocks) - of_ipv6)
        if rules > self.rules_quota:
            yield Fault(
                f"makes {rules} inbound rules of one security group; the quota "
                f'"Inbound or outbound rules per security group" allows {self.rules_quota}',
                "write wider blocks; or have the quota raised in Service Quotas, and write rules_quota",
                at,
                subject="",
            )

    def address_faults(self, vpc_cidrs: Sequence[str], at: Path) -> Iterator[Fault]:
        """A fault for every public block among the private ones, and the other way round.

        Args:
            vpc_cidrs: the blocks of the cluster's VPC, which count as private.
            at: path of this section.
        """
        known = (*PRIVATE, *(ip_network(cidr) for cidr in vpc_cidrs))
        for index, cidr in enumerate(self.cidrs):
            # What is too wide for anybody has been said already.
            if not _lies_in(ip_network(cidr), known):
                yield Fault(
                    "is neither private nor in a block of the VPC",
                    "write the VPC's block, or list this one under public_cidrs",
                    (*at, "cidrs", index),
                )
        for index, cidr in enumerate(self.public_cidrs):
            if _lies_in(ip_network(cidr), known):
                yield Fault(
                    "is private, or in a block of the VPC",
                    "list it under cidrs",
                    (*at, "public_cidrs", index),
                )


def _lies_in(block: IPv4Network | IPv6Network, ranges: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(
        block.version == other.version
        and other.prefixlen <= block.prefixlen
        and block.network_address in other
        for other in ranges
    )
