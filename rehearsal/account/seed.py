"""What exists in the account before a deployment: the VPC, subnets, security groups, cluster, file system.

Made from the environment with the very ids that it names, so that the template which is rehearsed is the one
that goes to the real account, byte for byte.
"""

import base64
import ipaddress
import json
from collections.abc import Sequence

import yaml
from moto.ec2.models import ec2_backends
from moto.eks.models import eks_backends
from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

from rehearsal.account.eks.addons import POD_IDENTITY_AGENT, Addons
from rehearsal.account.existing_storage import (
    handler_subnets,
    next_id,
    security_groups,
    seed_file_system,
    seed_prefix_lists,
)
from rehearsal.kubernetes_api import KubernetesApi
from rehearsal.plan import ADMINISTRATOR, Plan
from settings import Environment


def seed(environment: Environment, plan: Plan) -> None:
    """Fill the empty account with what the environment says exists."""
    _seed_network(environment)
    seed_prefix_lists(environment)
    seed_file_system(environment)
    _seed_cluster(environment, plan)
    if environment.cluster.access.role_arn:
        _seed_trusted_role(environment, environment.cluster.access.role_arn, KubernetesApi(plan))


def seed_others(others: Sequence[Environment], plan: Plan, *, home: Environment) -> None:
    """Fill further accounts and regions with what their environments say exists.

    Their clusters have the one local API server: a second name for it, with access entries of its own.

    Args:
        others: the environments; one in an account and region that are filled already adds nothing.
        plan: the rehearsal's.
        home: the environment that is rehearsed.
    """
    for account in sorted({other.account for other in others} - {home.account}):
        _seed_administrator(account, home=home)
    seeded = {(home.account, home.region)}
    for other in others:
        if (other.account, other.region) not in seeded:
            seeded.add((other.account, other.region))
            seed(other, plan)


def _seed_administrator(account: str, *, home: Environment) -> None:
    # What AWS Organizations makes in an account that it creates; so nobody needs a second key.
    iam = iam_backends[account][get_partition(home.region)]
    trust = {"Effect": "Allow", "Principal": {"AWS": home.account}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.create_role(
        role_name=ADMINISTRATOR,
        assume_role_policy_document=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        path="/",
        permissions_boundary=None,
        description="Exists before the deployment",
        tags=[],
        max_session_duration="3600",
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(ADMINISTRATOR, "AdministratorAccess", document)


def _seed_network(environment: Environment) -> None:
    ec2 = ec2_backends[environment.account][environment.region]
    vpc = environment.cluster.vpc
    with next_id("moto.ec2.models.vpcs.random_vpc_id", vpc.id):
        ec2.create_vpc(str(vpc.cidrs[0]))
    # EKS wants both: nodes cannot join without them. A VPC that the API makes has the second one off.
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_support", "true")
    ec2.modify_vpc_attribute(vpc.id, "enable_dns_hostnames", "true")
    for cidr in vpc.cidrs[1:]:
        ec2.associate_vpc_cidr_block(vpc.id, str(cidr), amazon_provided_ipv6_cidr_block=False)
    subnets = [*environment.cluster.subnets, *handler_subnets(environment)]
    blocks = _subnet_blocks(str(vpc.cidrs[0]), len(subnets))
    for subnet, block in zip(subnets, blocks, strict=True):
        with next_id("moto.ec2.models.subnets.random_subnet_id", subnet.id):
            ec2.create_subnet(vpc.id, block, availability_zone=subnet.availability_zone)
    for group, purpose in security_groups(environment).items():
        with next_id("moto.ec2.models.security_groups.random_security_group_id", group):
            ec2.create_security_group(f"exists-{group}", purpose, vpc_id=vpc.id)


def _seed_cluster(environment: Environment, plan: Plan) -> None:
    cluster = environment.cluster
    partition = get_partition(environment.region)
    iam = iam_backends[environment.account][partition]
    role = _create_role(environment, f"rehearsal-cluster-{environment.region}", trusted="eks.amazonaws.com")
    eks = eks_backends[environment.account][environment.region]
    created = eks.create_cluster(
        name=cluster.name,
        role_arn=role,
        resources_vpc_config={
            "subnetIds": [subnet.id for subnet in cluster.subnets],
            "vpcId": cluster.vpc.id,
            # As EKS describes a cluster that was made with its defaults.
            "clusterSecurityGroupId": cluster.node_security_groups[0],
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        version=cluster.version,
    )
    created.endpoint = plan.api_server_url
    authority = base64.b64encode(plan.api_server_authority.read_bytes()).decode()
    created.certificate_authority = {"data": authority}
    created.identity = {"oidc": {"issuer": cluster.oidc_issuer}}
    Addons.of(environment.account, environment.region).note(
        cluster.name, POD_IDENTITY_AGENT, version="v1.3.10-eksbuild.2"
    )
    iam.create_open_id_connect_provider(
        url=cluster.oidc_issuer, thumbprint_list=["0" * 40], client_id_list=["sts.amazonaws.com"], tags=[]
    )


def _seed_trusted_role(environment: Environment, role_arn: str, api: KubernetesApi) -> None:
    # A role of one's own is what a cluster needs that knows no access entries: it trusts by aws-auth only.
    path, _, name = role_arn.split(":role", 1)[1].rpartition("/")
    _create_role(environment, name, path=f"{path}/", trusted="lambda.amazonaws.com")
    cluster = eks_backends[environment.account][environment.region].clusters[environment.cluster.name]
    cluster.access_config = {"authenticationMode": "CONFIG_MAP"}  # type: ignore[attr-defined]
    row = {
        "rolearn": f"{role_arn.split(':role', 1)[0]}:role/{name}",  # aws-auth wants it without its path
        "username": name,
        "groups": ["system:masters"],
    }
    api.create(
        "/api/v1/namespaces/kube-system/configmaps",
        {"metadata": {"name": "aws-auth"}, "data": {"mapRoles": yaml.safe_dump([row])}},
    )


def _create_role(environment: Environment, name: str, *, trusted: str, path: str = "/") -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}],
    }
    role = iam_backends[environment.account][get_partition(environment.region)].create_role(
        role_name=name,
        assume_role_policy_document=json.dumps(trust),
        path=path,
        permissions_boundary=None,
        description="Exists before the deployment",
        tags=[],
        max_session_duration="3600",
    )
    return str(role.arn)


def _subnet_blocks(cidr: str, count: int) -> list[str]:
    network = ipaddress.ip_network(cidr)
    extra_bits = max(1, (count - 1).bit_length())
    return [str(block) for block in list(network.subnets(prefixlen_diff=extra_bits))[:count]]
