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


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "10.20.0.7/32", "fd00::/32"])
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
        (
            "[node]",
            "[0]",
            '"node" is neither nodes nor a security group id: write nodes, or sg- and 17 hexadecimal digits',
        ),
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

    ours = {f"AFTER_{days}_DAY{'S' if days > 1 else ''}" for days in get_args(get_args(Days)[0])}
    assert ours == {policy.name for policy in aws_efs.LifecyclePolicy}


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("removal: keep", 'removal: "keep" is not one of the choices: write retain or destroy'),
        (
            "throughput: fast",
            'throughput: "fast" is not one of the choices: write elastic, bursting or provisioned',
        ),
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
            "group: use letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*, do not begin with sg-, and "
            "choose another one than default",
        ),
        (
            "encryption_key: alias/efs",
            'encryption_key: "alias/efs" is not the ARN of a KMS key: '
            "write aws-managed, new, or arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
    ],
)
def test_other_fields_have_their_rules(complaints: Complaints, field: str, fault: str) -> None:
    assert complaints(*with_field(field)) == [f"{FILE}:16: file_system.{fault}"]


def test_a_file_system_has_a_name(complaints: Complaints) -> None:
    assert complaints(NAME, '  name: ""') == [f'{FILE}:15: file_system.name: "" is empty: write a name']


KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


CHINESE_KEY = KEY.replace("arn:aws:", "arn:aws-cn:")


def test_a_key_is_of_the_regions_partition(complaints: Complaints) -> None:
    assert complaints(*with_field(f"encryption_key: {CHINESE_KEY}")) == [
        f'{FILE}:16: file_system.encryption_key: "{CHINESE_KEY}" is not of partition aws: '
        "begin it with arn:aws:"
    ]


def test_a_key_of_this_region_encrypts(load: Load) -> None:
    assert load(*with_field(f"encryption_key: {KEY}")).file_system.encryption_key == KEY


def test_a_key_of_another_region_does_not(complaints: Complaints) -> None:
    key = KEY.replace("ap-northeast-2", "us-east-1")
    assert complaints(*with_field(f"encryption_key: {key}")) == [
        f'{FILE}:16: file_system.encryption_key: "{key}" is a key of us-east-1, '
        "but the environment is in ap-northeast-2: name a key of ap-northeast-2"
    ]


def test_a_new_file_system_needs_a_name(complaints: Complaints) -> None:
    assert complaints(NAME, "  backups: true") == [
        f'{FILE}:14: file_system.name: is missing: write it, such as "efs_fs", '
        "or existing: {id: fs-…, security_group: sg-…}"
    ]


EXISTING = "  existing: {id: fs-0a1b2c3d4e5f60718, security_group: sg-0a1b2c3d4e5f60719}"


def test_an_existing_file_system_is_named_by_its_id_and_its_security_group(load: Load) -> None:
    existing = load(NAME, EXISTING).file_system.existing
    assert existing is not None
    assert (existing.id, existing.security_group) == ("fs-0a1b2c3d4e5f60718", "sg-0a1b2c3d4e5f60719")
    assert existing.add_client_rules is False


@pytest.mark.parametrize(
    "field",
    [
        "name: shared",
        "security_group_name: efs-sg",
        "performance_mode: generalPurpose",
        "throughput: bursting",
        "provisioned_throughput: 64",
        "availability_zone: ap-northeast-2a",
        "encryption_key: new",
        "lifecycle: {}",
        "backups: false",
        "backup_plan: {name: logs, vault: Default}",
        "replication: {region: ap-northeast-1}",
        "policy: {root_access: denied}",
        "removal: retain",
        "removal_confirmation: shared",
        "tags: {team: data}",
    ],
)
def test_what_describes_a_new_file_system_is_refused_beside_an_existing_one(
    complaints: Complaints, field: str
) -> None:
    assert complaints(NAME, f"{EXISTING}\n  {field}") == [
        f"{FILE}:16: file_system.{field.partition(':')[0]}: describes a new file system, "
        "but existing names fs-0a1b2c3d4e5f60718: remove one of the two"
    ]


def test_clients_of_an_existing_file_system_are_refused_where_no_rule_is_added(
    complaints: Complaints,
) -> None:
    assert complaints(NAME, f"{EXISTING}\n  nfs_clients: {{cidrs: [10.20.0.0/16]}}") == [
        f"{FILE}:16: file_system.nfs_clients: has no effect: the rules of sg-0a1b2c3d4e5f60719 are not "
        "changed: remove it, or write existing.add_client_rules: true"
    ]


def test_clients_of_an_existing_file_system_are_let_in_where_that_is_asked_for(load: Load) -> None:
    new = f"{EXISTING[:-1]}, add_client_rules: true}}\n  nfs_clients: {{cidrs: [10.20.0.0/16]}}"
    assert load(NAME, new).file_system.nfs_clients.cidrs == ("10.20.0.0/16",)


def test_public_blocks_are_said_apart(complaints: Complaints) -> None:
    assert complaints(*with_field("nfs_clients: {cidrs: [52.95.0.0/16]}")) == [
        f'{FILE}:16: file_system.nfs_clients.cidrs[0]: "52.95.0.0/16" is neither private nor in a block of '
        "the VPC: write the VPC's block, or list this one under public_cidrs"
    ]


def test_private_blocks_are_not_said_to_be_public(complaints: Complaints) -> None:
    assert complaints(*with_field("nfs_clients: {public_cidrs: [192.168.1.0/24]}")) == [
        f'{FILE}:16: file_system.nfs_clients.public_cidrs[0]: "192.168.1.0/24" is private, or in a block of '
        "the VPC: list it under cidrs"
    ]


def test_a_public_block_may_connect_where_it_is_said(load: Load) -> None:
    clients = load(*with_field("nfs_clients: {public_cidrs: [52.95.0.0/16]}")).file_system.nfs_clients
    assert clients.public_cidrs == ("52.95.0.0/16",)


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "8.0.0.0/7"])
def test_even_a_public_block_has_bounds(complaints: Complaints, cidr: str) -> None:
    (fault,) = complaints(*with_field(f"nfs_clients: {{security_groups: [], public_cidrs: [{cidr}]}}"))
    assert fault.startswith(f'{FILE}:16: file_system.nfs_clients.public_cidrs[0]: "{cidr}" ')


def test_a_block_of_the_vpc_is_private_although_it_is_a_public_one(load: Load) -> None:
    loaded = load(
        *with_field("nfs_clients: {cidrs: ['2600:1f14::/60', 52.95.1.0/24]}"),
        "[10.20.0.0/16]",
        "[10.20.0.0/16, '2600:1f14::/56', 52.95.0.0/16]",
    )
    assert loaded.file_system.nfs_clients.cidrs == ("2600:1f14::/60", "52.95.1.0/24")


def test_a_block_around_one_of_the_vpc_is_public(complaints: Complaints) -> None:
    (fault,) = complaints(
        *with_field("nfs_clients: {cidrs: [52.95.0.0/15]}".replace("52.95", "52.94")),
        "[10.20.0.0/16]",
        "[10.20.0.0/16, 52.95.0.0/16]",
    )
    assert '"52.94.0.0/15" is neither private nor in a block of the VPC' in fault


def test_nodes_and_other_groups_are_let_in_together_each_once(load: Load) -> None:
    groups = "[nodes, sg-0f1b2c3d4e5f60718, sg-0a1b2c3d4e5f60718]"
    environment = load(*with_field(f"nfs_clients: {{security_groups: {groups}}}"))
    ids = environment.file_system.nfs_clients.security_group_ids(environment.cluster.node_security_groups)
    assert ids == ("sg-0a1b2c3d4e5f60718", "sg-0f1b2c3d4e5f60718")


@pytest.mark.parametrize(
    ("lists", "place", "fault"),
    [
        ("[pl-1]", "[0]", '"pl-1" is not a prefix list id: write pl- and 8 or 17 hexadecimal digits'),
        (
            "[pl-0a1b2c3d, pl-0a1b2c3d]",
            "[1]",
            '"pl-0a1b2c3d" is listed twice, first as prefix_lists[0]: remove one of the two',
        ),
    ],
)
def test_prefix_lists_have_their_rules(complaints: Complaints, lists: str, place: str, fault: str) -> None:
    assert complaints(*with_field(f"nfs_clients: {{prefix_lists: {lists}}}")) == [
        f"{FILE}:16: file_system.nfs_clients.prefix_lists{place}: {fault}"
    ]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (
            "performance_mode: maxIO",
            'performance_mode: "maxIO" does not go with elastic throughput, the default: '
            "write generalPurpose, or throughput: bursting or provisioned",
        ),
        (
            "performance_mode: maxIO\n  throughput: elastic",
            'performance_mode: "maxIO" does not go with elastic throughput: '
            "write generalPurpose, or throughput: bursting or provisioned",
        ),
        ("throughput: provisioned", "provisioned_throughput: is missing: write it, in MiB/s"),
        (
            "provisioned_throughput: 64",
            "provisioned_throughput: 64 has no effect where throughput is elastic: "
            "remove it, or write throughput: provisioned",
        ),
        (
            "throughput: provisioned\n  provisioned_throughput: 3415",
            "provisioned_throughput: 3415 is out of range: write a whole number from 1 to 3414",
        ),
        (
            "throughput: provisioned\n  provisioned_throughput: 64\n  lifecycle: {archive_after_days: 90}",
            "lifecycle.archive_after_days: 90 needs elastic throughput, but throughput is provisioned: "
            "write null, or throughput: elastic",
        ),
        (
            "backups: true\n  backup_plan: {name: logs, vault: Default}",
            "backups: true backs up a second time, beside backup_plan: remove one of the two",
        ),
    ],
)
def test_modes_have_their_rules(complaints: Complaints, fields: str, fault: str) -> None:
    (found,) = complaints(*with_field(fields))
    assert found.partition(": file_system.")[2] == fault


def test_provisioned_throughput_does_not_archive_by_default(load: Load) -> None:
    file_system = load(*with_field("throughput: provisioned\n  provisioned_throughput: 64")).file_system
    assert file_system.provisioned_throughput == 64
    assert file_system.lifecycle.archive_after_days is None


def test_deleting_the_data_needs_a_second_word(complaints: Complaints) -> None:
    assert complaints(*with_field("removal: destroy")) == [
        f'{FILE}:16: file_system.removal: "destroy" deletes the data together with the stack: '
        'write removal_confirmation: "shared" as well, or removal: retain'
    ]


def test_the_second_word_is_the_name(complaints: Complaints, load: Load) -> None:
    assert complaints(*with_field("removal: destroy\n  removal_confirmation: yes-please")) == [
        f'{FILE}:17: file_system.removal_confirmation: "yes-please" is not the name of the file system, '
        '"shared": repeat the name, or write removal: retain'
    ]
    assert (
        load(*with_field("removal: destroy\n  removal_confirmation: shared")).file_system.removal == "destroy"
    )


def test_a_second_word_without_the_first_is_refused(complaints: Complaints) -> None:
    assert complaints(*with_field("removal_confirmation: shared")) == [
        f'{FILE}:16: file_system.removal_confirmation: "shared" confirms nothing where removal is retain: '
        "remove it, or write removal: destroy"
    ]


def test_a_replicated_file_system_is_not_deleted(complaints: Complaints) -> None:
    fields = "removal: destroy\n  removal_confirmation: shared\n  replication: {region: ap-northeast-1}"
    assert complaints(*with_field(fields)) == [
        f'{FILE}:16: file_system.removal: "destroy" cannot be done while there is a replication: '
        "write removal: retain, or remove the replication in a deployment of its own first"
    ]


@pytest.mark.parametrize(
    ("replication", "fault"),
    [
        (
            "{region: ap-northeast-2}",
            'region: "ap-northeast-2" is the file system\'s own region: '
            "write another; EFS keeps a regional file system in several zones by itself",
        ),
        (
            "{region: cn-north-1}",
            'region: "cn-north-1" is in another partition than ap-northeast-2: write another region',
        ),
        (
            "{region: ap-northeast-1, availability_zone: ap-northeast-2a}",
            'availability_zone: "ap-northeast-2a" is not a zone of ap-northeast-1: '
            "write ap-northeast-1 and one letter",
        ),
        (
            f"{{region: ap-northeast-1, encryption_key: '{KEY}'}}",
            f'encryption_key: "{KEY}" is not a key of ap-northeast-1: name a key of ap-northeast-1',
        ),
        (
            f"{{region: ap-northeast-1, encryption_key: '{CHINESE_KEY.replace('-2', '-1')}'}}",
            f'encryption_key: "{CHINESE_KEY.replace("-2", "-1")}" is not of partition aws: '
            "begin it with arn:aws:",
        ),
    ],
)
def test_a_copy_has_its_rules(complaints: Complaints, replication: str, fault: str) -> None:
    assert complaints(*with_field(f"replication: {replication}")) == [
        f"{FILE}:16: file_system.replication.{fault}"
    ]


ONE_SUBNET = (
    "\n    - {id: subnet-0a1b2c3d4e5f6071b, availability_zone: ap-northeast-2b}",
    "",
)


def test_one_zone_has_the_only_subnet(load: Load) -> None:
    file_system = load(*with_field("availability_zone: ap-northeast-2a"), *ONE_SUBNET).file_system
    assert file_system.availability_zone == "ap-northeast-2a"


@pytest.mark.parametrize(
    ("zone", "fault"),
    [
        (
            "ap-northeast-2a",
            "is not the only zone in cluster.subnets: nodes in ap-northeast-2b could not mount: "
            "keep the subnet of this zone only, or leave availability_zone out",
        ),
        ("ap-northeast-2c", "has no subnet in cluster.subnets: add one, or choose its zone"),
    ],
)
def test_one_zone_with_nodes_elsewhere_is_refused(complaints: Complaints, zone: str, fault: str) -> None:
    assert complaints(*with_field(f"availability_zone: {zone}")) == [
        f'{FILE}:16: file_system.availability_zone: "{zone}" {fault}'
    ]


def test_one_zone_is_one_of_the_region(complaints: Complaints) -> None:
    assert (
        f'{FILE}:16: file_system.availability_zone: "us-east-1a" is not a zone of ap-northeast-2: '
        "write ap-northeast-2 and one letter"
    ) in complaints(*with_field("availability_zone: us-east-1a"))


def test_one_zone_and_max_io_exclude_each_other(complaints: Complaints) -> None:
    fields = "availability_zone: ap-northeast-2a\n  performance_mode: maxIO\n  throughput: bursting"
    assert complaints(*with_field(fields), *ONE_SUBNET) == [
        f'{FILE}:16: file_system.performance_mode: "maxIO" does not go with availability_zone: '
        "EFS has no such One Zone file system: write generalPurpose"
    ]


def test_iam_authorization_needs_the_mount_option_in_every_class(complaints: Complaints, load: Load) -> None:
    assert complaints(*with_field("iam_authorization: true")) == [
        f"{FILE}:18: storage_classes[0].mount_options: lacks iam, without which "
        "file_system.iam_authorization lets nobody mount: add iam"
    ]
    loaded = load(*with_field("iam_authorization: true"), "base_path: /airflow",
                  "base_path: /airflow\n    mount_options: [tls, iam]")  # fmt: skip
    assert loaded.file_system.iam_authorization is True


def blocks(count: int, form: str = "10.0.{}.0/24") -> str:
    return ", ".join(f"'{form.format(number)}'" for number in range(10, 10 + count))


def test_as_many_rules_as_the_quota_of_a_security_group_are_accepted(load: Load) -> None:
    clients = load(*with_field(f"nfs_clients: {{cidrs: [{blocks(59)}]}}")).file_system.nfs_clients
    assert len(clients.cidrs) == 59  # and the group of the nodes


def test_more_rules_than_the_quota_of_a_security_group_are_refused(complaints: Complaints) -> None:
    assert complaints(*with_field(f"nfs_clients: {{cidrs: [{blocks(60)}]}}")) == [
        f"{FILE}:16: file_system.nfs_clients: makes 61 inbound rules of one security group; the quota "
        '"Inbound or outbound rules per security group" allows 60: write wider blocks; or have the quota '
        "raised in Service Quotas, and write rules_quota"
    ]


def test_a_quota_that_was_raised_is_heeded(load: Load, complaints: Complaints) -> None:
    load(*with_field(f"nfs_clients: {{cidrs: [{blocks(60)}], rules_quota: 61}}"))
    (complaint,) = complaints(*with_field(f"nfs_clients: {{cidrs: [{blocks(62)}], rules_quota: 61}}"))
    assert "makes 63 inbound rules" in complaint


def test_rules_of_ipv4_and_ipv6_are_counted_apart(load: Load) -> None:
    both = f"{blocks(59)}, {blocks(59, 'fd01:{}::/48')}"
    assert len(load(*with_field(f"nfs_clients: {{cidrs: [{both}]}}")).file_system.nfs_clients.cidrs) == 118


def test_a_prefix_list_counts_with_both(complaints: Complaints) -> None:
    both = f"{blocks(59)}, {blocks(59, 'fd01:{}::/48')}"
    lists = "prefix_lists: [pl-0a1b2c3d4e5f60718]"
    (complaint,) = complaints(*with_field(f"nfs_clients: {{cidrs: [{both}], {lists}}}"))
    assert "makes 61 inbound rules" in complaint


def test_a_security_group_is_not_called_default(complaints: Complaints) -> None:
    [line] = complaints("  name: shared", "  name: shared\n  security_group_name: default")
    assert '"default" is not a name that EC2 accepts' in line


@pytest.mark.parametrize("days", ["true", "30.0"])
def test_a_period_is_a_whole_number(complaints: Complaints, days: str) -> None:
    new = f"  name: shared\n  lifecycle: {{infrequent_access_after_days: {days}}}"
    assert complaints("  name: shared", new) == [
        f"{FILE}:16: file_system.lifecycle.infrequent_access_after_days: {days} is not a whole number: "
        "write a whole number, without quotes"
    ]
