"""What else an environment says exists: a file system, NFS clients, and the network of the functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from moto.ec2.models import ec2_backends
from moto.efs.models import efs_backends

from settings import Environment
from settings.cluster import Subnet


def handler_subnets(environment: Environment) -> list[Subnet]:
    """The subnets of the functions that are not the nodes' own, spread over the nodes' zones."""
    network = environment.cluster.handler_network
    nodes = environment.cluster.subnets
    known = {subnet.id for subnet in nodes}
    others = [subnet_id for subnet_id in (network.subnets if network else ()) if subnet_id not in known]
    return [
        Subnet(id=subnet_id, availability_zone=nodes[index % len(nodes)].availability_zone)
        for index, subnet_id in enumerate(others)
    ]


def security_groups(environment: Environment) -> dict[str, str]:
    """Every security group that an environment names, with what it is for."""
    cluster, file_system = environment.cluster, environment.file_system
    groups = dict.fromkeys(cluster.node_security_groups, "The cluster's nodes")
    for group in file_system.nfs_clients.security_group_ids(()):
        groups.setdefault(group, "Clients of the file system")
    if cluster.handler_network:
        groups.setdefault(cluster.handler_network.security_group, "The functions of the deployment")
    if file_system.existing:
        groups.setdefault(file_system.existing.security_group, "The existing file system's mount targets")
    return groups


def seed_prefix_lists(environment: Environment) -> None:
    """Make the prefix lists that an environment names; what is in them is nobody's concern here."""
    ec2 = ec2_backends[environment.account][environment.region]
    for prefix_list in environment.file_system.nfs_clients.prefix_lists:
        with next_id("moto.ec2.models.managed_prefixes.random_managed_prefix_list_id", prefix_list):
            ec2.create_managed_prefix_list(
                address_family="IPv4",
                entry=[{"Cidr": "10.250.0.0/24"}],
                max_entries="1",
                prefix_list_name=f"clients-{prefix_list}",
                owner_id=environment.account,
            )


def seed_file_system(environment: Environment) -> None:
    """Make the file system that an environment refers to, with its mount targets if they exist, too."""
    existing = environment.file_system.existing
    if existing is None:
        return
    efs = efs_backends[environment.account][environment.region]
    with next_id("moto.efs.models.mock_random.get_random_hex", existing.id.removeprefix("fs-")):
        efs.create_file_system(
            creation_token=f"existing-{existing.id}",
            performance_mode="generalPurpose",
            encrypted=True,
            kms_key_id="",
            throughput_mode="bursting",
            provisioned_throughput_in_mibps=0,
            availability_zone_name="",
            backup=False,
            tags=[{"Key": "Name", "Value": "made before the deployment"}],
        )
    if existing.make_mount_targets:
        return
    for subnet in environment.cluster.subnets:
        efs.create_mount_target(existing.id, subnet.id, security_groups=[existing.security_group])


@contextmanager
def next_id(generator: str, value: str) -> Iterator[None]:
    """Let moto give the next thing an id of ours.

    Args:
        generator: moto's function that makes such ids up, by its whole name.
        value: what it is to answer.
    """
    with mock.patch(generator, return_value=value):
        yield
