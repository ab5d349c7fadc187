"""The security group of a file system's mount targets."""

from collections.abc import Sequence

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from airflow_efs.nfs_client_rules import NFS_PORT, NfsClientRules, check_clients


class NfsSecurityGroup(Construct):
    """Lets NFS in from named clients, and nothing else in or out.

    A mount target only answers, so there is no open egress. The name and the description of a security group
    cannot be changed in place: a change makes CloudFormation replace the group.

    Args:
        vpc: the VPC of the mount targets.
        client_security_group_ids: security groups whose members may mount, such as those of the cluster's
            nodes. Default: none.
        client_cidrs: IPv4 and IPv6 networks whose hosts may mount. Default: none.
        client_prefix_list_ids: prefix lists whose networks may mount. Each counts with its greatest number of
            entries against the group's quota of rules. Default: none.
        name: a fixed name of the group. Default: CloudFormation makes one up.

    Raises:
        ValueError: when nobody may mount, or a CIDR is the whole internet.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc,
        client_security_group_ids: Sequence[str] = (),
        client_cidrs: Sequence[str] = (),
        client_prefix_list_ids: Sequence[str] = (),
        name: str | None = None,
    ) -> None:
        check_clients(client_security_group_ids, client_cidrs, client_prefix_list_ids)
        super().__init__(scope, construct_id)

        self._security_group = ec2.SecurityGroup(
            self,
            "Resource",
            vpc=vpc,
            security_group_name=name,
            description="NFS from the clients of the shared EFS file system",
            allow_all_outbound=False,
        )
        for group_id in client_security_group_ids:
            # A peer and not an imported group: its rule stands inside the group. A rule of its own would have
            # the construct's whole path in its id, and a pipeline that takes over a stack deployed by hand
            # would make it a second time, which EC2 refuses.
            self._allow(ec2.Peer.security_group_id(group_id), group_id)
        for cidr in client_cidrs:
            self._allow(ec2.Peer.ipv6(cidr) if ":" in cidr else ec2.Peer.ipv4(cidr), cidr)
        if client_prefix_list_ids:
            # CDK makes a rule of its own for each, never one inside the group.
            NfsClientRules(
                self,
                "PrefixLists",
                security_group_id=self._security_group.security_group_id,
                client_prefix_list_ids=client_prefix_list_ids,
            )

    @property
    def security_group(self) -> ec2.ISecurityGroup:
        """The group itself, for the mount targets."""
        return self._security_group

    def _allow(self, client: ec2.IPeer, named: str) -> None:
        self._security_group.add_ingress_rule(client, ec2.Port.tcp(NFS_PORT), f"NFS from {named}")
