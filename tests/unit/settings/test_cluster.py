from collections.abc import Callable

import pytest

from settings import Environment
from settings.versions import CLUSTER_VERSIONS

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"
ISSUER = "https://oidc.eks.ap-northeast-2.amazonaws.com/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"
CURE = "write https://oidc.eks.ap-northeast-2.amazonaws.com/id/ID, as aws eks describe-cluster shows it"


@pytest.mark.parametrize("version", CLUSTER_VERSIONS)
def test_every_version_with_a_layer_is_accepted(load: Load, version: str) -> None:
    assert load('"1.35"', f'"{version}"').cluster.version == version


@pytest.mark.parametrize("version", ["1.25", "1.38", "1.3", "2.35", "v1.35", "1.35.1"])
def test_a_version_without_a_layer_is_refused(complaints: Complaints, version: str) -> None:
    assert complaints('"1.35"', f'"{version}"') == [
        f'{FILE}:5: cluster.version: "{version}" has no kubectl layer within one minor version: '
        'write one of "1.26" to "1.37"'
    ]


def test_an_unquoted_version_is_shown_as_it_was_written(complaints: Complaints) -> None:
    assert complaints('"1.35"', "1.30") == [
        f'{FILE}:5: cluster.version: 1.30 is a number, not text: quote it: "1.30"'
    ]


@pytest.mark.parametrize("name", ["-cluster", "my cluster", "k8s.cluster"])
def test_a_cluster_has_a_name_that_eks_accepts(complaints: Complaints, name: str) -> None:
    assert complaints("name: k8s-cluster", f"name: {name}") == [
        f'{FILE}:4: cluster.name: "{name}" is not a name that EKS accepts: '
        "use letters, digits, - and _, and begin with a letter or a digit"
    ]


def test_the_name_of_a_cluster_has_at_most_100_characters(load: Load, complaints: Complaints) -> None:
    assert len(load("k8s-cluster", "c" * 100).cluster.name) == 100
    [line] = complaints("k8s-cluster", "c" * 101)
    assert (
        line
        == f'{FILE}:4: cluster.name: "{"c" * 101}" has 101 characters, 100 are allowed: write a shorter one'
    )


@pytest.mark.parametrize(
    "issuer",
    [ISSUER, "https://oidc-eks.ap-northeast-2.api.aws/id/0A1B2C3D4E5F60718293A4B5C6D7E8F9"],
)
def test_issuers_of_both_hosts_are_accepted(load: Load, issuer: str) -> None:
    assert load(ISSUER, issuer).cluster.oidc_issuer == issuer


@pytest.mark.parametrize("issuer", [ISSUER.replace("https", "http"), ISSUER.removeprefix("https://")])
def test_an_issuer_is_an_https_url(complaints: Complaints, issuer: str) -> None:
    assert complaints(ISSUER, issuer) == [
        f'{FILE}:6: cluster.oidc_issuer: "{issuer}" is not an https URL: {CURE}'
    ]


@pytest.mark.parametrize("host", ["oidc.eks.us-east-1.amazonaws.com", "oidc-eks.us-east-1.api.aws"])
def test_an_issuer_of_another_region_is_refused(complaints: Complaints, host: str) -> None:
    issuer = ISSUER.replace("oidc.eks.ap-northeast-2.amazonaws.com", host)
    assert complaints(ISSUER, issuer) == [
        f'{FILE}:6: cluster.oidc_issuer: "{issuer}" is of region us-east-1, '
        f"but the environment is in ap-northeast-2: {CURE}"
    ]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://accounts.google.com",
        ISSUER[:-1],
        ISSUER + "/",
        ISSUER.replace("/id/", "/"),
        ISSUER.replace("amazonaws.com", "amazonaws.com.cn"),
        ISSUER.replace("amazonaws.com", "amazonaws.com.evil.example"),
        ISSUER.replace("oidc.eks", "user@oidc.eks"),
    ],
)
def test_an_issuer_is_one_of_an_eks_cluster(complaints: Complaints, issuer: str) -> None:
    assert complaints(ISSUER, issuer) == [
        f'{FILE}:6: cluster.oidc_issuer: "{issuer}" is not the OIDC issuer of an EKS cluster: {CURE}'
    ]


def test_access_is_an_entry_by_default(load: Load) -> None:
    access = load().cluster.access
    assert (access.entry, access.role_arn) == (True, None)


def test_access_may_be_a_role_that_the_cluster_trusts(load: Load) -> None:
    arn = "arn:aws:iam::123456789012:role/admins/kubectl"
    access = load("  vpc:", f"  access: {{role_arn: {arn}}}\n  vpc:").cluster.access
    assert (access.entry, access.role_arn) == (False, arn)


def test_access_is_not_both(complaints: Complaints) -> None:
    new = "  access: {entry: true, role_arn: 'arn:aws:iam::123456789012:role/kubectl'}\n  vpc:"
    assert complaints("  vpc:", new) == [
        f"{FILE}:7: cluster.access: asks for an access entry and names a role: "
        "write either {entry: true} or {role_arn: arn:…}"
    ]


@pytest.mark.parametrize("access", ["{}", "{entry: false}"])
def test_access_is_not_neither(complaints: Complaints, access: str) -> None:
    assert complaints("  vpc:", f"  access: {access}\n  vpc:") == [
        f"{FILE}:7: cluster.access: lets nobody in: write either {{entry: true}} or {{role_arn: arn:…}}"
    ]


@pytest.mark.parametrize("arn", ["arn:aws:iam::999999999999:role/x", "arn:aws-cn:iam::123456789012:role/x"])
def test_the_role_is_of_the_environments_account_and_partition(complaints: Complaints, arn: str) -> None:
    assert complaints("  vpc:", f"  access: {{role_arn: {arn}}}\n  vpc:") == [
        f'{FILE}:7: cluster.access.role_arn: "{arn}" is not of account 123456789012 in partition aws: '
        "name a role of this account"
    ]


def test_a_role_is_named_by_its_arn(complaints: Complaints) -> None:
    assert complaints("  vpc:", "  access: {role_arn: kubectl}\n  vpc:") == [
        f'{FILE}:7: cluster.access.role_arn: "kubectl" is not the ARN of an IAM role: '
        "write arn:aws:iam::ACCOUNT:role/NAME"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "what"),
    [
        ("vpc-0a1b2c3d4e5f60718", "vpc-1", 8, "vpc.id", "VPC id: write vpc-"),
        ("subnet-0a1b2c3d4e5f6071b", "subnet-XYZ", 12, "subnets[1].id", "subnet id: write subnet-"),
        ("sg-0a1b2c3d4e5f60718", "default", 13, "node_security_groups[0]", "security group id: write sg-"),
    ],
)
def test_ids_look_like_ids(
    complaints: Complaints, old: str, new: str, line: int, field: str, what: str
) -> None:
    assert complaints(old, new) == [
        f'{FILE}:{line}: cluster.{field}: "{new}" is not a {what} and 17 hexadecimal digits'
    ]


def test_ids_of_the_old_length_are_accepted(load: Load) -> None:
    assert load("vpc-0a1b2c3d4e5f60718", "vpc-0a1b2c3d").cluster.vpc.id == "vpc-0a1b2c3d"


def test_two_subnets_in_one_zone_are_both_named(complaints: Complaints) -> None:
    assert complaints("ap-northeast-2b", "ap-northeast-2a") == [
        f'{FILE}:12: cluster.subnets[1].availability_zone: "ap-northeast-2a" has two subnets, '
        "subnet-0a1b2c3d4e5f6071a and subnet-0a1b2c3d4e5f6071b; EFS allows one mount target in a zone: "
        "keep one subnet of each zone"
    ]


def test_a_subnet_stands_once(complaints: Complaints) -> None:
    assert complaints("subnet-0a1b2c3d4e5f6071b", "subnet-0a1b2c3d4e5f6071a") == [
        f'{FILE}:12: cluster.subnets[1].id: "subnet-0a1b2c3d4e5f6071a" is listed twice, '
        "first as subnets[0]: remove one of the two"
    ]


def test_a_subnet_is_in_a_zone_of_the_region(complaints: Complaints) -> None:
    assert complaints("ap-northeast-2b", "ap-northeast-1b") == [
        f'{FILE}:12: cluster.subnets[1].availability_zone: "ap-northeast-1b" is not a zone of '
        f"ap-northeast-2: "
        "write ap-northeast-2 and one letter"
    ]


@pytest.mark.parametrize("zone", ["apne2-az1", "us-west-2-lax-1a", "ap-northeast-2", "b"])
def test_a_zone_is_written_as_region_and_letter(complaints: Complaints, zone: str) -> None:
    assert complaints("ap-northeast-2b", zone) == [
        f'{FILE}:12: cluster.subnets[1].availability_zone: "{zone}" is not an Availability Zone: '
        "write a region and one letter, such as ap-northeast-2a"
    ]


def test_a_subnet_is_in_the_vpcs_zones_where_they_are_listed(complaints: Complaints) -> None:
    zones = "id: vpc-0a1b2c3d4e5f60718\n    availability_zones: [ap-northeast-2a, ap-northeast-2c]"
    assert complaints("id: vpc-0a1b2c3d4e5f60718", zones) == [
        f'{FILE}:13: cluster.subnets[1].availability_zone: "ap-northeast-2b" is not in '
        f"vpc.availability_zones: "
        "write one of ap-northeast-2a, ap-northeast-2c, or add the zone there"
    ]


SUBNETS = """\
  subnets:
    - {id: subnet-0a1b2c3d4e5f6071a, availability_zone: ap-northeast-2a}
    - {id: subnet-0a1b2c3d4e5f6071b, availability_zone: ap-northeast-2b}
"""


def test_there_is_at_least_one_subnet(complaints: Complaints) -> None:
    assert complaints(SUBNETS, "  subnets: []\n") == [
        f"{FILE}:10: cluster.subnets: is an empty list: write at least one subnet in which nodes run"
    ]


def test_subnets_are_required(complaints: Complaints) -> None:
    assert complaints(SUBNETS, "") == [
        f"{FILE}:3: cluster.subnets: is missing: write it, with id, availability_zone"
    ]


def test_there_is_at_least_one_node_security_group(complaints: Complaints) -> None:
    assert complaints("[sg-0a1b2c3d4e5f60718]", "[]") == [
        f"{FILE}:13: cluster.node_security_groups: is an empty list: write the security groups of the nodes"
    ]


def test_a_node_security_group_stands_once(complaints: Complaints) -> None:
    assert complaints("[sg-0a1b2c3d4e5f60718]", "[sg-0a1b2c3d4e5f60718, sg-0a1b2c3d4e5f60718]") == [
        f'{FILE}:13: cluster.node_security_groups[1]: "sg-0a1b2c3d4e5f60718" is listed twice, '
        "first as node_security_groups[0]: remove one of the two"
    ]


def test_the_vpc_has_at_least_one_block(complaints: Complaints) -> None:
    assert complaints("[10.20.0.0/16]", "[]") == [
        f"{FILE}:9: cluster.vpc.cidrs: is an empty list: write the VPC's CIDR blocks"
    ]


def test_blocks_of_the_vpc_do_not_overlap(complaints: Complaints) -> None:
    assert complaints("[10.20.0.0/16]", "[10.20.0.0/16, 10.20.128.0/17]") == [
        f'{FILE}:9: cluster.vpc.cidrs[1]: "10.20.128.0/17" overlaps with 10.20.0.0/16: keep the '
        f"wider of the two"
    ]


def test_blocks_of_both_ip_versions_stand_side_by_side(load: Load) -> None:
    cidrs = load("[10.20.0.0/16]", "[10.20.0.0/16, '2600:1f14::/56']").cluster.vpc.cidrs
    assert cidrs == ("10.20.0.0/16", "2600:1f14::/56")


def test_zones_with_nodes_and_no_subnet_are_listed(complaints: Complaints) -> None:
    new = "  node_zones: [ap-northeast-2a, ap-northeast-2c, ap-northeast-2d]\n  node_security_groups:"
    assert complaints("  node_security_groups:", new) == [
        f"{FILE}:13: cluster.node_zones: has zones without a mount target, ap-northeast-2c, ap-northeast-2d: "
        "nodes there could not mount: add a subnet of each to subnets, or run no nodes there"
    ]


def test_zones_with_nodes_stand_once_and_are_of_the_region(complaints: Complaints) -> None:
    new = "  node_zones: [ap-northeast-2a, ap-northeast-2a]\n  node_security_groups:"
    assert complaints("  node_security_groups:", new) == [
        f'{FILE}:13: cluster.node_zones[1]: "ap-northeast-2a" is listed twice, first as node_zones[0]: '
        "remove one of the two"
    ]


def test_zones_of_the_vpc_are_of_the_region(complaints: Complaints) -> None:
    zones = "[ap-northeast-2a, ap-northeast-2b, us-east-1a]"
    new = f"id: vpc-0a1b2c3d4e5f60718\n    availability_zones: {zones}"
    assert complaints("id: vpc-0a1b2c3d4e5f60718", new) == [
        f'{FILE}:9: cluster.vpc.availability_zones[2]: "us-east-1a" is not a zone of ap-northeast-2: '
        "write ap-northeast-2 and one letter"
    ]


def test_zones_with_nodes_may_be_fewer_than_those_with_subnets(load: Load) -> None:
    new = "  node_zones: [ap-northeast-2b]\n  node_security_groups:"
    assert load("  node_security_groups:", new).cluster.node_zones == ("ap-northeast-2b",)


def with_handler_network(fields: str) -> tuple[str, str]:
    return "  node_security_groups:", f"  handler_network: {{{fields}}}\n  node_security_groups:"


def test_the_functions_are_outside_of_the_vpc_by_default(load: Load) -> None:
    assert load().cluster.handler_network is None


def test_the_functions_can_run_in_private_subnets(load: Load) -> None:
    fields = "subnets: [subnet-0a1b2c3d4e5f6071c], security_group: sg-0a1b2c3d4e5f60719"
    network = load(*with_handler_network(fields)).cluster.handler_network
    assert network is not None
    assert (network.subnets, network.security_group) == (
        ("subnet-0a1b2c3d4e5f6071c",),
        "sg-0a1b2c3d4e5f60719",
    )


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (
            "subnets: [], security_group: sg-0a1b2c3d4e5f60719",
            ".subnets: is an empty list: write at least one private subnet",
        ),
        (
            "subnets: [subnet-0a1b2c3d, subnet-0a1b2c3d], security_group: sg-0a1b2c3d4e5f60719",
            '.subnets[1]: "subnet-0a1b2c3d" is listed twice, first as subnets[0]: remove one of the two',
        ),
        (
            "subnets: [subnet-0a1b2c3d]",
            '.security_group: is missing: write it, such as "sg-0a1b2c3d4e5f60718"',
        ),
    ],
)
def test_the_functions_network_has_its_rules(complaints: Complaints, fields: str, fault: str) -> None:
    assert complaints(*with_handler_network(fields)) == [f"{FILE}:13: cluster.handler_network{fault}"]
