"""The subnets in which a file system has its mount targets."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MountTargetSubnet:
    """A subnet that gets a mount target.

    Args:
        subnet_id: the subnet.
        availability_zone: the zone that the subnet lies in; a file system has at most one mount target in
            each.
    """

    subnet_id: str
    availability_zone: str


def check_subnets(subnets: Sequence[MountTargetSubnet]) -> None:
    """Check the subnets of a file system's mount targets.

    Raises:
        ValueError: when there is none, or a zone comes twice.
    """
    if not subnets:
        raise ValueError("subnets: is empty; name one subnet for each Availability Zone that has nodes")
    first_in_zone: dict[str, str] = {}
    for subnet in subnets:
        if (first := first_in_zone.get(subnet.availability_zone)) is not None:
            raise ValueError(
                f"subnets: {first} and {subnet.subnet_id} are both in {subnet.availability_zone}; "
                "EFS has one mount target in a zone: keep one of them"
            )
        first_in_zone[subnet.availability_zone] = subnet.subnet_id
