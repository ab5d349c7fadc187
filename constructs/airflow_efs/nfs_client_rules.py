"""Rules for NFS clients in a security group that exists already."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_network

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

NFS_PORT = 2049
"""The one port of NFS 4, and so of EFS."""


class NfsClientRules(Construct):
    """Lets NFS in from named clients, by rules of its own; those that the group has stay as they are.

    EC2 refuses a rule that the group has already, whoever made it.

    Args:
        security_group_id: the group of the mount targets.
        client_security_group_ids: security groups whose members may mount. Default: none.
        client_cidrs: IPv4 and IPv6 networks whose hosts may mount. Default: none.
        client_prefix_list_ids: prefix lists whose networks may mount. Default: none.

    Raises:
        ValueError: when nobody may mount, or a CIDR is the whole internet.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        security_group_id: str,
        client_security_group_ids: Sequence[str] = (),
        client_cidrs: Sequence[str] = (),
        client_prefix_list_ids: Sequence[str] = (),
    ) -> None:
        check_clients(client_security_group_ids, client_cidrs, client_prefix_list_ids)
        super().__init__(scope, construct_id)

        self._group = security_group_id
        for group_id in client_security_group_ids:
            self._allow(group_id, {"source_security_group_id": group_id})
        for cidr in client_cidrs:
            self._allow(cidr, {"cidr_ipv6" if ":" in cidr else "cidr_ip": cidr})
        for prefix_list_id in client_prefix_list_ids:
            self._allow(prefix_list_id, {"source_prefix_list_id": prefix_list_id})

    def _allow(self, named: str, source: Mapping[str, str]) -> None:
        # One construct for each client and none that CDK makes for a group: those have the construct's whole
        # path in their ids, so that a pipeline that takes over a stack would make each rule a second time.
        ec2.CfnSecurityGroupIngress(
            self,
            # A slash is the one character that an id cannot have.
            named.replace("/", "-"),
            group_id=self._group,
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            description=f"NFS from {named}",
            **source,
        )


def check_clients(groups: Sequence[str], cidrs: Sequence[str], prefix_lists: Sequence[str]) -> None:
    """Check the clients of a security group.

    Raises:
        ValueError: when there is none, or a CIDR is the whole internet.
    """
    if not (groups or cidrs or prefix_lists):
        raise ValueError(
            "client_security_group_ids, client_cidrs and client_prefix_list_ids are all empty, so nobody "
            "could mount; name at least one security group, CIDR or prefix list"
        )
    for cidr in cidrs:
        if ip_network(cidr).prefixlen == 0:
            raise ValueError(
                f"client_cidrs: {cidr} is the whole internet; name the networks of the NFS clients"
            )
