from collections.abc import Callable

import pytest

from settings import Environment

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"
NAME = "  name: shared"


def with_field(field: str) -> tuple[str, str]:
    return NAME, f"{NAME}\n  {field}"


def test_a_file_system_is_safe_by_default(load: Load) -> None:
    file_system = load().file_system
    assert file_system.removal == "retain"
    assert file_system.backups is True
    assert file_system.throughput == "elastic"
    assert file_system.encryption_key == "aws-managed"
    assert (file_system.nfs_clients.security_groups, file_system.nfs_clients.cidrs) == ("nodes", ())
    lifecycle = file_system.lifecycle
    assert (lifecycle.infrequent_access_after_days, lifecycle.archive_after_days) == (30, 90)
    assert lifecycle.primary_on_first_access is True


@pytest.mark.parametrize(
    ("cidr", "fault"),
    [
        ("0.0.0.0/0", "opens the file system to every address: write the VPC's block"),
        ("::/0", "opens the file system to every address: write the VPC's block"),
        ("0.0.0.0/1", "is wider than /8: write the VPC's block"),
        ("8.0.0.0/7", "is wider than /8: write the VPC's block"),
        ("2600::/31", "is wider than /32: write the VPC's block"),
        ("10.20.0.1/16", "has bits set outside its prefix: write 10.20.0.0/16"),
        ("2600:0::/32", "is not written as AWS writes it: write 2600::/32"),
        ("2600::1/32", "has bits set outside its prefix: write 2600::/32"),
        ("10.20.0.0", "is an address without a prefix: write 10.20.0.0/32"),
        ("2600::1", "is an address without a prefix: write 2600::1/128"),
        ("10.20.0.0/33", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("10.20.0/16", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("10.20.0.0/255.255.0.0", "is not written as AWS writes it: write 10.20.0.0/16"),
        ("10.20.0.0/-1", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("010.20.0.0/16", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("fe80::%eth0/64", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("the office", "is not a CIDR block: write a block such as 10.20.0.0/16"),
        ("", "is not a CIDR block: write a block such as 10.20.0.0/16"),
    ],
)
def test_a_block_that_may_not_connect_is_refused(complaints: Complaints, cidr: str, fault: str) -> None:
    assert complaints(*with_field(f"nfs_clients: {{cidrs: ['{cidr}']}}")) == [
        f'{FILE}:16: file_system.nfs_clients.cidrs[0]: "{cidr}" {fault}'
    ]


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.20.0.7/32", "2600::/32"])
def test_the_widest_and_the_narrowest_blocks_may_connect(load: Load, cidr: str) -> None:
    assert load(*with_field(f"nfs_clients: {{cidrs: ['{cidr}']}}")).file_system.nfs_clients.cidrs == (cidr,)


def test_blocks_that_may_connect_do_not_overlap(complaints: Complaints) -> None:
    assert complaints(*with_field("nfs_clients: {cidrs: [10.20.1.0/24, 10.20.0.0/16]}")) == [
        f'{FILE}:16: file_system.nfs_clients.cidrs[1]: "10.20.0.0/16" overlaps with 10.20.1.0/24: '
        "keep the wider of the two"
    ]


def test_a_block_stands_once(complaints: Complaints) -> None:
    assert complaints(*with_field("nfs_clients: {cidrs: [10.20.1.0/24, 10.20.1.0/24]}")) == [
        f'{FILE}:16: file_system.nfs_clients.cidrs[1]: "10.20.1.0/24" overlaps with 10.20.1.0/24: '
        "keep the wider of the two"
    ]


def test_somebody_must_be_let_in(complaints: Complaints) -> None:
    assert complaints(*with_field("nfs_clients: {security_groups: []}")) == [
        f"{FILE}:16: file_system.nfs_clients: lets nobody in: write security_groups: nodes, or a CIDR block"
    ]


def test_clients_may_be_security_groups(load: Load) -> None:
    groups = "[sg-0a1b2c3d4e5f60718, sg-0f1b2c3d4e5f60718]"
    clients = load(*with_field(f"nfs_clients: {{security_groups: {groups}}}")).file_system.nfs_clients
    assert clients.security_groups == ("sg-0a1b2c3d4e5f60718", "sg-0f1b2c3d4e5f60718")


@pytest.mark.parametrize(
    ("groups", "place", "fault"),
    [
        ("node", "", '"node" is neither nodes nor a list: write nodes, or [sg-…]'),
        ("sg-0a1b2c3d4e5f60718", "", '"sg-0a1b2c3d4e5f60718" is not a list: write [sg-0a1b2c3d4e5f60718]'),
        ("{a: b}", "", "a mapping is not a list: write […]"),
        ("7", "", "7 is not a list: write [7]"),
        ("", "", "has no value: write one, or remove the key"),
        ("[nodes]", "[0]", '"nodes" is not a security group id: write sg- and 17 hexadecimal digits'),
        (
            "[sg-0a1b2c3d, sg-0a1b2c3d]",
            "[1]",
            '"sg-0a1b2c3d" is listed twice, first as security_groups[0]: remove one of the two',
        ),
    ],
)
def test_what_is_neither_nodes_nor_groups_is_refused(
    complaints: Complaints, groups: str, place: str, fault: str
) -> None:
    assert complaints(*with_field(f"nfs_clients: {{security_groups: {groups}}}")) == [
        f"{FILE}:16: file_system.nfs_clients.security_groups{place}: {fault}"
    ]


def test_bursting_does_not_archive_by_default(load: Load) -> None:
    lifecycle = load(*with_field("throughput: bursting")).file_system.lifecycle
    assert (lifecycle.infrequent_access_after_days, lifecycle.archive_after_days) == (30, None)


def test_bursting_cannot_archive(complaints: Complaints) -> None:
    assert complaints(*with_field("throughput: bursting\n  lifecycle: {archive_after_days: 90}")) == [
        f"{FILE}:17: file_system.lifecycle.archive_after_days: 90 needs elastic throughput, "
        "but throughput is bursting: write null, or throughput: elastic"
    ]


def test_archiving_comes_after_infrequent_access(complaints: Complaints) -> None:
    new = "lifecycle: {infrequent_access_after_days: 60, archive_after_days: 60}"
    assert complaints(*with_field(new)) == [
        f"{FILE}:16: file_system.lifecycle.archive_after_days: 60 is not more than "
        "infrequent_access_after_days, 60: write a longer period, or null"
    ]


def test_a_default_that_does_not_fit_is_called_a_default(complaints: Complaints) -> None:
    assert complaints(*with_field("lifecycle: {infrequent_access_after_days: 180}")) == [
        f"{FILE}:16: file_system.lifecycle.archive_after_days: 90 (the default) is not more than "
        "infrequent_access_after_days, 180: write a longer period, or null"
    ]


def test_files_may_stay_where_they_are(load: Load) -> None:
    new = "lifecycle: {infrequent_access_after_days: null, archive_after_days: null}"
    lifecycle = load(*with_field(new)).file_system.lifecycle
    assert (lifecycle.infrequent_access_after_days, lifecycle.archive_after_days) == (None, None)


def test_periods_are_those_that_efs_knows(complaints: Complaints) -> None:
    assert complaints(*with_field("lifecycle: {infrequent_access_after_days: 10}")) == [
        f"{FILE}:16: file_system.lifecycle.infrequent_access_after_days: 10 is not one of the choices: "
        "write 1, 7, 14, 30, 60, 90, 180, 270 or 365"
    ]


def test_the_periods_are_exactly_those_of_the_cdk() -> None:
    from typing import get_args

    from aws_cdk import aws_efs

    from settings.file_system import Days

    ours = {f"AFTER_{days}_DAY{'S' if days > 1 else ''}" for days in get_args(Days)}
    assert ours == {policy.name for policy in aws_efs.LifecyclePolicy}


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("removal: keep", 'removal: "keep" is not one of the choices: write retain or destroy'),
        ("throughput: fast", 'throughput: "fast" is not one of the choices: write elastic or bursting'),
        ('backups: "no"', 'backups: "no" is not true or false: write true or false, without quotes'),
        (
            "lifecycle: 30",
            "lifecycle: 30 is not a mapping: write KEY: VALUE, one on each line below the key, indented",
        ),
        (
            "tags: {Name: x}",
            'tags.Name: key "Name" is already the file system\'s name: write file_system.name instead',
        ),
        (
            "security_group_name: sg-efs",
            'security_group_name: "sg-efs" is not a name that EC2 accepts for a security '
            "group: use letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, and do not begin with sg-",
        ),
        (
            "encryption_key: alias/efs",
            'encryption_key: "alias/efs" is not the ARN of a KMS key: '
            "write aws-managed, or arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
    ],
)
def test_other_fields_have_their_rules(complaints: Complaints, field: str, fault: str) -> None:
    assert complaints(*with_field(field)) == [f"{FILE}:16: file_system.{fault}"]


def test_a_file_system_has_a_name(complaints: Complaints) -> None:
    assert complaints(NAME, '  name: ""') == [f'{FILE}:15: file_system.name: "" is empty: write a name']


KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


def test_a_key_of_this_region_encrypts(load: Load) -> None:
    assert load(*with_field(f"encryption_key: {KEY}")).file_system.encryption_key == KEY


def test_a_key_of_another_region_does_not(complaints: Complaints) -> None:
    key = KEY.replace("ap-northeast-2", "us-east-1")
    assert complaints(*with_field(f"encryption_key: {key}")) == [
        f'{FILE}:16: file_system.encryption_key: "{key}" is a key of us-east-1, '
        "but the environment is in ap-northeast-2: name a key of ap-northeast-2"
    ]
