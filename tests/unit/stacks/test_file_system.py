from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk.assertions import Match, Template

from settings import Environment
from settings.backup_plan import BackupPlan
from settings.cluster import Cluster, HandlerNetwork
from settings.file_system import BELONGS_TO_ANY, ExistingFileSystem, FileSystem, Lifecycle
from settings.file_system_policy import FileSystemPolicy, PolicyStatement
from settings.nfs_clients import NfsClients
from settings.replication import Replication
from settings.section import Section
from tests.unit.stacks.file_system_environments import (
    EXISTING,
    HANDLER_NETWORK,
    NEW,
    ONE_ZONE,
    REPLICA_KEY,
    ROLE,
    every_setting,
    existing,
    one_zone,
)
from tests.unit.templates import chart_values, of_type, only, resources, storage_classes, waits_for

Synthesize = Callable[[Environment], Template]


@pytest.fixture(scope="module")
def everything(synthesized: Synthesize) -> Template:
    return synthesized(every_setting())


@pytest.fixture(scope="module")
def referred(synthesized: Synthesize) -> Template:
    return synthesized(existing())


def properties(template: Template, kind: str) -> dict[str, Any]:
    return dict(only(of_type(template, kind))["Properties"])


@pytest.mark.parametrize(
    ("model", "written"),
    [
        (FileSystem, [NEW, ONE_ZONE, EXISTING]),
        (ExistingFileSystem, [EXISTING["existing"]]),
        (NfsClients, [NEW["nfs_clients"]]),
        (Lifecycle, [NEW["lifecycle"]]),
        (BackupPlan, [NEW["backup_plan"], {"vault": "Default"}]),
        (Replication, [NEW["replication"]]),
        (FileSystemPolicy, [NEW["policy"]]),
        (PolicyStatement, NEW["policy"]["statements"]),
    ],
)
def test_no_setting_of_the_file_system_is_left_at_its_default(
    model: type[Section], written: list[dict[str, Any]]
) -> None:
    assert {key for item in written for key in item} == set(model.model_fields)
    for name, field in model.model_fields.items():
        values = [item[name] for item in written if name in item]
        assert any(value != field.get_default(call_default_factory=True) for value in values), name


def test_the_network_of_the_functions_is_set() -> None:
    assert set(HANDLER_NETWORK) == set(HandlerNetwork.model_fields)
    assert {"handler_network", "node_zones"} <= set(Cluster.model_fields)


def test_every_setting_reaches_the_file_system(everything: Template) -> None:
    found = properties(everything, "AWS::EFS::FileSystem")
    (key,) = of_type(everything, "AWS::KMS::Key")
    tags = {tag["Key"]: tag["Value"] for tag in found.pop("FileSystemTags")}
    policy = {statement["Sid"]: statement for statement in found.pop("FileSystemPolicy")["Statement"]}
    assert found == {
        "Encrypted": True,
        "KmsKeyId": {"Fn::GetAtt": [key, "Arn"]},
        "PerformanceMode": "maxIO",
        "ThroughputMode": "provisioned",
        "ProvisionedThroughputInMibps": 64,
        "LifecyclePolicies": [{"TransitionToIA": "AFTER_7_DAYS"}],
        "BackupPolicy": {"Status": "DISABLED"},  # it has a plan of its own
        "ReplicationConfiguration": {
            "Destinations": [
                {
                    "Region": "ap-northeast-1",
                    "KmsKeyId": REPLICA_KEY,
                    "AvailabilityZoneName": "ap-northeast-1c",
                }
            ]
        },
    }
    assert (tags["Name"], tags["tier"]) == ("logs", "logs")
    assert [*policy] == [
        "DenyWithoutTls",
        "DenyAroundMountTargets",
        "RootAccess",
        "DenyRootAccess",
        "OnlyFromThisVpc",
    ]
    assert policy["RootAccess"]["Principal"] == {"AWS": ROLE}
    assert policy["OnlyFromThisVpc"]["Condition"] == {
        "StringNotEquals": {"aws:SourceVpc": "vpc-0f6e5d4c3b2a19087"}
    }


def test_every_client_reaches_the_security_group(everything: Template) -> None:
    group = properties(everything, "AWS::EC2::SecurityGroup")
    assert group["GroupName"] == "logs-nfs"
    sources = [
        {key: rule[key] for key in rule if key.startswith(("Cidr", "Source"))}
        for rule in group["SecurityGroupIngress"]
    ]
    assert sources == [
        {"SourceSecurityGroupId": "sg-03d9c8b5a7f1e6240"},
        {"SourceSecurityGroupId": "sg-0f1b2c3d4e5f60718"},
        {"CidrIp": "10.0.0.0/8"},
        {"CidrIp": "52.95.0.0/16"},
    ]
    rule = properties(everything, "AWS::EC2::SecurityGroupIngress")
    assert rule["SourcePrefixListId"] == "pl-0a1b2c3d4e5f60718"


def test_the_new_key_is_among_the_outputs(everything: Template) -> None:
    (key,) = of_type(everything, "AWS::KMS::Key")
    everything.has_output("EncryptionKeyArn", {"Value": {"Fn::GetAtt": [key, "Arn"]}})


def test_the_backup_plan_is_for_this_file_system(everything: Template) -> None:
    (file_system,) = of_type(everything, "AWS::EFS::FileSystem")
    selection = properties(everything, "AWS::Backup::BackupSelection")["BackupSelection"]
    assert selection["Resources"] == [{"Fn::GetAtt": [file_system, "Arn"]}]
    (rule,) = properties(everything, "AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
    assert rule["ScheduleExpression"] == "cron(30 3 ? * SUN *)"
    assert rule["Lifecycle"] == {"DeleteAfterDays": 400, "MoveToColdStorageAfterDays": 60}
    assert properties(everything, "AWS::Backup::BackupVault")["BackupVaultName"] == "logs"


def test_what_must_outlive_the_stack_is_retained_unless_its_creation_fails(everything: Template) -> None:
    for kind in ("AWS::EFS::FileSystem", "AWS::KMS::Key", "AWS::Backup::BackupVault"):
        assert only(of_type(everything, kind))["DeletionPolicy"] == "RetainExceptOnCreate", kind


def test_the_nodes_may_mount_and_the_class_says_so(everything: Template) -> None:
    (file_system,) = of_type(everything, "AWS::EFS::FileSystem")
    everything.has_resource_properties(
        "AWS::IAM::ManagedPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Sid": "MountThroughMountTargets",
                                "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
                                "Resource": {"Fn::GetAtt": [file_system, "Arn"]},
                            }
                        )
                    ]
                )
            }
        },
    )
    classes = storage_classes(everything).values()
    options = [chart_values(one)["storageClass"]["mountOptions"] for one in classes]
    assert ["tls", "iam"] in options


def test_both_functions_are_in_the_vpc(everything: Template) -> None:
    for function in of_type(everything, "AWS::Lambda::Function").values():
        assert function["Properties"]["VpcConfig"] == {
            "SubnetIds": HANDLER_NETWORK["subnets"],
            "SecurityGroupIds": [HANDLER_NETWORK["security_group"]],
        }


def test_one_zone_has_one_mount_target_and_goes_with_the_stack(synthesized: Synthesize) -> None:
    template = synthesized(one_zone())
    file_system = only(of_type(template, "AWS::EFS::FileSystem"))
    assert file_system["Properties"]["AvailabilityZoneName"] == "ap-northeast-2b"
    assert file_system["Properties"]["BackupPolicy"] == {"Status": "DISABLED"}
    assert file_system["DeletionPolicy"] == "Delete"
    assert properties(template, "AWS::EFS::MountTarget")["SubnetId"] == "subnet-06b29f0c4d71e8a53"


def test_nothing_in_the_template_owns_an_existing_file_system(referred: Template) -> None:
    kinds = {resource["Type"] for resource in resources(referred).values()}
    assert not [kind for kind in kinds if kind.startswith(("AWS::KMS::", "AWS::Backup::"))]
    assert [kind for kind in kinds if kind.startswith("AWS::EFS::")] == ["AWS::EFS::MountTarget"]
    assert "AWS::EC2::SecurityGroup" not in kinds


def test_everything_else_is_for_the_existing_file_system(referred: Template) -> None:
    arn = (
        "arn:",
        {"Ref": "AWS::Partition"},
        ":elasticfilesystem:ap-northeast-2:123456789012:file-system/fs-0a1b2c3d4e5f60718",
    )
    statements = {
        statement["Sid"]: statement
        for policy in of_type(referred, "AWS::IAM::ManagedPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
    for sid in ("CreateAccessPoints", "MountThroughMountTargets"):
        assert statements[sid]["Resource"] == {"Fn::Join": ["", list(arn)]}
    classes = storage_classes(referred).values()
    ids = [chart_values(one)["storageClass"]["parameters"]["fileSystemId"] for one in classes]
    assert ids == ["fs-0a1b2c3d4e5f60718"]
    referred.has_output("FileSystemId", {"Value": "fs-0a1b2c3d4e5f60718"})
    referred.has_output("SecurityGroupId", {"Value": "sg-0e1b2c3d4e5f60718"})


def test_clients_are_let_in_to_the_existing_security_group_where_that_is_asked_for(
    referred: Template,
) -> None:
    rules = of_type(referred, "AWS::EC2::SecurityGroupIngress").values()
    assert {rule["Properties"]["GroupId"] for rule in rules} == {"sg-0e1b2c3d4e5f60718"}
    assert len(rules) == 4


def test_mount_targets_of_an_existing_file_system_are_made_where_that_is_asked_for(
    referred: Template,
) -> None:
    found = of_type(referred, "AWS::EFS::MountTarget")
    subnets = {target["Properties"].pop("SubnetId") for target in found.values()}
    assert subnets == {subnet.id for subnet in existing().cluster.subnets}
    for target in found.values():
        assert target["Properties"] == {
            "FileSystemId": "fs-0a1b2c3d4e5f60718",
            "SecurityGroups": ["sg-0e1b2c3d4e5f60718"],
        }
    (storage_class,) = storage_classes(referred)
    assert set(found) <= waits_for(resources(referred), storage_class)


def test_an_existing_file_system_and_its_security_group_are_left_alone_otherwise(
    synthesized: Synthesize,
) -> None:
    template = synthesized(existing(make_mount_targets=False, add_client_rules=False))
    template.resource_count_is("AWS::EC2::SecurityGroupIngress", 0)
    template.resource_count_is("AWS::EFS::MountTarget", 0)


def test_the_fields_that_an_existing_file_system_may_have_are_fields() -> None:
    assert set(FileSystem.model_fields) > BELONGS_TO_ANY
