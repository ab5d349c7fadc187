from ipaddress import IPv4Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settings.network import client_faults, overlap_faults, vpc_faults
from settings.nfs_clients import PRIVATE, NfsClients


@st.composite
def blocks(draw: st.DrawFn) -> str:
    prefix = draw(st.integers(4, 12))
    return str(IPv4Network((draw(st.integers(0, 2**prefix - 1)) << (32 - prefix), prefix)))


@given(st.lists(blocks(), max_size=5))
def test_blocks_overlap_exactly_when_an_address_is_in_two(cidrs: list[str]) -> None:
    networks = [ip_network(cidr) for cidr in cidrs]
    # Two blocks share an address exactly when one of them holds the first address of the other.
    shared = sum(
        one.network_address in other or other.network_address in one
        for index, one in enumerate(networks)
        for other in networks[:index]
    )
    assert len([*overlap_faults(cidrs)]) == shared


@given(st.integers(0, 32))
def test_clients_are_too_wide_exactly_below_a_prefix_of_8(prefix: int) -> None:
    assert bool([*client_faults([str(ip_network(f"10.0.0.0/{prefix}", strict=False))])]) == (prefix < 8)


@given(st.integers(0, 128))
def test_clients_with_ipv6_are_too_wide_exactly_below_a_prefix_of_32(prefix: int) -> None:
    assert bool([*client_faults([str(ip_network(f"2600::/{prefix}", strict=False))])]) == (prefix < 32)


AROUND = ["10.0.0.0/8", "10.20.0.0/16", "172.16.0.0/12", "172.0.0.0/11", "192.168.0.0/15", "100.64.0.0/10"]


@given(st.one_of(blocks(), st.sampled_from(AROUND)), st.lists(blocks(), min_size=1, max_size=3))
def test_a_block_is_public_exactly_when_it_sticks_out_of_all_private_ones(cidr: str, vpc: list[str]) -> None:
    known = [*PRIVATE, *map(ip_network, vpc)]
    # No two of them are neighbours that make up a wider block, so one must hold it whole.
    first, last = ip_network(cidr)[0], ip_network(cidr)[-1]
    private = any(first in other and last in other for other in known)
    among_private = NfsClients.model_construct(cidrs=(cidr,), public_cidrs=())
    among_public = NfsClients.model_construct(cidrs=(), public_cidrs=(cidr,))
    assert ([*among_private.address_faults(vpc, ())] == []) == private
    assert ([*among_public.address_faults(vpc, ())] == []) == (not private)


@pytest.mark.parametrize("block", ["0.0.0.0/0", "8.0.0.0/8", "10.0.0.0/29", "2600::/32"])
def test_a_block_that_no_vpc_has_is_a_fault(block: str) -> None:
    (fault,) = vpc_faults([block], ("cidrs",))
    assert fault.problem == "is no block that a VPC can have"
    assert fault.at == ("cidrs", 0)


NO_HOSTS = "has addresses that no host of a network has"


@pytest.mark.parametrize("block", ["224.0.0.0/16", "127.0.0.0/16", "169.254.0.0/16", "240.0.0.0/16"])
def test_a_block_without_hosts_is_none_of_a_vpc(block: str) -> None:
    assert [fault.problem for fault in vpc_faults([block])] == [NO_HOSTS]


@pytest.mark.parametrize("block", ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/8", "::1/128", "::ffff:0:0/96"])
def test_a_block_without_hosts_has_no_clients(block: str) -> None:
    assert [fault.problem for fault in client_faults([block])] == [NO_HOSTS]


@pytest.mark.parametrize("block", ["10.20.0.0/16", "10.0.0.0/28", "2600:1f16::/56"])
def test_a_block_that_a_vpc_may_have_is_none(block: str) -> None:
    assert [*vpc_faults([block])] == []
