"""The doctor before a deployment: what would make it fail. On a cluster that trusts a role by aws-auth.

One rehearsal for the whole module, bootstrapped and not deployed; a fault is undone after its test.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from operations.doctor.installation import Quotas
from rehearsal.claims import make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import (
    Fault,
    World,
    as_json,
    eventually,
    examined_as_the_shell,
    found,
    lines_of,
    seeded,
    set_field,
)
from tests.rehearsal.lines import Lines
from tests.rehearsal.nodes import Nodes

NAME = "before"
ROLE = "cluster-admin"
ROLE_ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
STACK = f"EfsStorageStack-{NAME}"


def a_role_and_fixed_names(content: dict[str, Any]) -> None:
    content["cluster"]["access"] = {"role_arn": ROLE_ARN}
    content["file_system"]["security_group_name"] = "efs-sg"
    content["driver"] = {"controller": {"role_name": "efs-driver", "policy_name": "efs-driver-policy"}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, a_role_and_fixed_names)
    with (
        Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal,
        examined_as_the_shell(rehearsal),
    ):
        assert rehearsal.cdk("bootstrap", "aws://123456789012/ap-northeast-2").status == 0
        yield World(rehearsal, folder, Nodes(rehearsal))


def test_an_account_and_cluster_that_are_ready_are_met_with_silence(world: World) -> None:
    report = world.examine()
    assert lines_of(report) == []
    assert report.stage == "before"
    assert report.checks > 30
    assert report.status == 0


@seeded
def no_role(world: World) -> Iterator[None]:
    iam = world.client("iam")
    trust = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    iam.delete_role(RoleName=ROLE)
    yield
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=as_json(trust))


@seeded
def a_role_that_lambda_may_not_assume(world: World) -> Iterator[None]:
    iam = world.client("iam")
    trust = as_json(iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"])
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust.replace("lambda.", "ec2."))
    yield
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=trust)


@seeded
def no_row_in_aws_auth(world: World) -> Iterator[None]:
    with aws_auth(world, []):
        yield


@seeded
def a_row_without_rights(world: World) -> Iterator[None]:
    with aws_auth(world, [{"rolearn": ROLE_ARN, "username": "admin", "groups": ["viewers"]}]):
        yield


@contextmanager
def aws_auth(world: World, rows: list[dict[str, Any]]) -> Iterator[None]:
    former = world.core.read_namespaced_config_map("aws-auth", "kube-system").data
    body = {"data": {"mapRoles": yaml.safe_dump(rows)}}
    world.core.patch_namespaced_config_map("aws-auth", "kube-system", body)
    yield
    world.core.patch_namespaced_config_map("aws-auth", "kube-system", {"data": former})


@seeded
def a_full_subnet(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    ec2.associate_vpc_cidr_block(VpcId=world.vpc, CidrBlock="10.97.0.0/16")
    subnet = ec2.create_subnet(VpcId=world.vpc, CidrBlock="10.97.0.0/28", AvailabilityZone="ap-northeast-2a")[
        "Subnet"
    ]["SubnetId"]
    interfaces = [
        ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        for _ in range(11)  # of 16 addresses AWS keeps five for itself
    ]

    def use_it(content: dict[str, Any]) -> None:
        content["cluster"]["vpc"]["cidrs"].append("10.97.0.0/16")
        content["cluster"]["subnets"][0]["id"] = subnet

    with world.settings(use_it):
        yield
    for interface in interfaces:
        ec2.delete_network_interface(NetworkInterfaceId=interface)
    ec2.delete_subnet(SubnetId=subnet)
    association = next(
        block["AssociationId"]
        for block in ec2.describe_vpcs(VpcIds=[world.vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
        if block["CidrBlock"] == "10.97.0.0/16"
    )
    ec2.disassociate_vpc_cidr_block(AssociationId=association)


@seeded
def no_room_for_a_file_system(world: World) -> Iterator[None]:
    system = world.client("efs").create_file_system(CreationToken="other")["FileSystemId"]
    world.quotas = Quotas(file_systems=1)
    yield
    world.quotas = Quotas()
    world.client("efs").delete_file_system(FileSystemId=system)


def a_daemon_set(**metadata: Any) -> kubernetes.V1DaemonSet:
    labels = {"app": "efs-csi-node"}
    container = kubernetes.V1Container(name="efs-plugin", image="efs")
    template = kubernetes.V1PodTemplateSpec(
        metadata=kubernetes.V1ObjectMeta(labels=labels),
        spec=kubernetes.V1PodSpec(containers=[container]),
    )
    return kubernetes.V1DaemonSet(
        metadata=kubernetes.V1ObjectMeta(name="efs-csi-node", **metadata),
        spec=kubernetes.V1DaemonSetSpec(
            selector=kubernetes.V1LabelSelector(match_labels=labels), template=template
        ),
    )


@contextmanager
def a_driver(world: World, *, manager: str | None = None, **metadata: Any) -> Iterator[None]:
    options = {"field_manager": manager} if manager else {}
    world.apps.create_namespaced_daemon_set("kube-system", a_daemon_set(**metadata), **options)
    yield
    world.apps.delete_namespaced_daemon_set("efs-csi-node", "kube-system")


@seeded
def a_driver_by_hand(world: World) -> Iterator[None]:
    with a_driver(world):
        yield


@seeded
def a_driver_by_helm(world: World) -> Iterator[None]:
    annotations = {"meta.helm.sh/release-name": "efs", "meta.helm.sh/release-namespace": "storage"}
    with a_driver(world, annotations=annotations):
        yield


@seeded
def a_driver_by_the_add_on(world: World) -> Iterator[None]:
    with a_driver(world, manager="eks"):
        yield


@seeded
def a_driver_elsewhere(world: World) -> Iterator[None]:
    labels = {"app": "efs-csi-controller"}
    pod = {
        "serviceAccountName": "efs",
        "containers": [
            {"name": "efs-plugin", "image": "public.ecr.aws/efs-csi-driver/amazon/aws-efs-csi-driver"}
        ],
    }
    controller = {
        "metadata": {"name": "efs-csi-controller"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    world.apps.create_namespaced_deployment("default", controller)
    with set_field("driver", to={"install": "existing"})(world):
        yield
    world.apps.delete_namespaced_deployment("efs-csi-controller", "default")


@seeded
def a_claim_by_hand(world: World) -> Iterator[None]:
    make_claim(world.api, name="efs-claim-1", storage_class="other")
    yield
    world.core.delete_namespaced_persistent_volume_claim("efs-claim-1", "default")


@seeded
def a_class_by_hand(world: World) -> Iterator[None]:
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="efs-sc-1"), provisioner="efs.csi.aws.com"
        )
    )
    yield
    world.storage.delete_storage_class("efs-sc-1")


@contextmanager
def a_file_system_by_hand(world: World, **existing: Any) -> Iterator[str]:
    """One that the environment refers to."""
    efs = world.client("efs")
    system = efs.create_file_system(CreationToken="by-hand")["FileSystemId"]
    refer = {"existing": {"id": system, "security_group": world.node_group, **existing}}
    with set_field("file_system", to=refer)(world):
        yield str(system)
    efs.delete_file_system(FileSystemId=system)


AS_DECLARED = {
    "directoryPerms": "700",
    "basePath": "/dynamic_provisioning",
    "uid": "1000",
    "gid": "1000",
    "gidRangeStart": "1000",
    "gidRangeEnd": "2000",
}
"""The parameters of the class of the environment, without its file system."""


@contextmanager
def a_class_of(world: World, **parameters: str) -> Iterator[None]:
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="efs-sc-1"),
            provisioner="efs.csi.aws.com",
            parameters={"provisioningMode": "efs-ap", **parameters},
            mount_options=["tls"],
        )
    )
    yield
    world.storage.delete_storage_class("efs-sc-1")


@seeded
def a_class_of_another_kind(world: World) -> Iterator[None]:
    with (
        a_file_system_by_hand(world, make_mount_targets=True, add_client_rules=True) as system,
        a_class_of(world, fileSystemId=system, **{**AS_DECLARED, "directoryPerms": "750"}),
        set_field("storage_classes", 0, "adopt", to=True)(world),
    ):
        yield


@seeded
def a_class_on_another_system(world: World) -> Iterator[None]:
    with (
        a_class_of(world, fileSystemId="fs-0000000000000000f", directoryPerms="700"),
        set_field("storage_classes", 0, "adopt", to=True)(world),
    ):
        yield


@seeded
def a_claim_of_another_class(world: World) -> Iterator[None]:
    with a_claim_by_hand(world), set_field("claims", 0, "adopt", to=True)(world):
        yield


@seeded
def a_system_without_mount_targets(world: World) -> Iterator[None]:
    with a_file_system_by_hand(world):
        yield


@seeded
def no_such_file_system(world: World) -> Iterator[None]:
    existing = {"id": "fs-0000000000000000f", "security_group": world.node_group}
    with set_field("file_system", to={"existing": existing})(world):
        yield


@seeded
def a_handler_nowhere(world: World) -> Iterator[None]:
    network = {"subnets": ["subnet-00000000000000000"], "security_group": world.node_group}
    with set_field("cluster", "handler_network", to=network)(world):
        yield


@seeded
def a_handler_without_egress(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    group = ec2.create_security_group(GroupName="silent", Description="silent", VpcId=world.vpc)["GroupId"]
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=everything)
    network = {"subnets": [world.environment.cluster.subnets[0].id], "security_group": group}
    with set_field("cluster", "handler_network", to=network)(world):
        yield
    ec2.delete_security_group(GroupId=group)


@seeded
def a_taken_role(world: World) -> Iterator[None]:
    iam = world.client("iam")
    iam.create_role(RoleName="efs-driver", AssumeRolePolicyDocument="{}")
    yield
    iam.delete_role(RoleName="efs-driver")


@seeded
def a_taken_policy(world: World) -> Iterator[None]:
    iam = world.client("iam")
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_policy(PolicyName="efs-driver-policy", PolicyDocument=document)["Policy"]["Arn"]
    yield
    iam.delete_policy(PolicyArn=arn)


@seeded
def a_taken_group(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    group = ec2.create_security_group(GroupName="efs-sg", Description="other", VpcId=world.vpc)["GroupId"]
    yield
    ec2.delete_security_group(GroupId=group)


@seeded
def another_vpc(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    with set_field("cluster", "vpc", "id", to=vpc)(world):
        yield
    ec2.delete_vpc(VpcId=vpc)


@seeded
def a_failed_creation(world: World) -> Iterator[None]:
    cloudformation = world.client("cloudformation")
    point = {"Type": "AWS::EKS::AccessEntry", "Properties": {"ClusterName": "no", "PrincipalArn": "no"}}
    change_set = cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="first",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps({"Resources": {"Entry": point}}),
    )
    cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
    eventually(lambda: status_of(world) == "ROLLBACK_COMPLETE")
    yield
    cloudformation.delete_stack(StackName=STACK)
    eventually(lambda: status_of(world) is None)


def status_of(world: World) -> str | None:
    stacks = world.client("cloudformation").describe_stacks()["Stacks"]
    return next((one["StackStatus"] for one in stacks if one["StackName"] == STACK), None)


OLD = "1.29"


@seeded
def an_old_cluster(world: World) -> Iterator[None]:
    from operations.doctor.needs import AirflowNeeds

    eks = world.client("eks")
    former = eks.describe_cluster(name="k8s-cluster")["cluster"]
    eks.create_cluster(
        name="old-cluster",
        version=OLD,
        roleArn=former["roleArn"],
        resourcesVpcConfig={"subnetIds": former["resourcesVpcConfig"]["subnetIds"]},
        accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"},
    )
    world.airflow = AirflowNeeds(namespace="airflow", keda=False)

    def use_it(content: dict[str, Any]) -> None:
        content["cluster"]["name"] = "old-cluster"
        content["cluster"]["version"] = OLD

    with world.settings(use_it):
        yield
    world.airflow = None
    eks.delete_cluster(name="old-cluster")


SILENT_BUT_FOR_THE_CLUSTER = frozenset({"oidc-issuer-mismatch", "helm-too-old", "not-checked"})

FAULTS = [
    Fault("handler-role-missing", no_role, "does not exist", "{entry: true}"),
    Fault("handler-role-trust", a_role_that_lambda_may_not_assume, "may not assume", "lambda.amazonaws.com"),
    Fault("handler-not-trusted", no_row_in_aws_auth, "neither by aws-auth", "system:masters"),
    Fault("handler-not-trusted", a_row_without_rights, "neither by aws-auth", "system:masters"),
    Fault(
        "access-mode",
        set_field("cluster", "access", to={"entry": True}),
        "CONFIG_MAP",
        "update-cluster-config",
    ),
    Fault("subnet-full", a_full_subnet, "no free address", "another subnet"),
    Fault("quota-file-systems", no_room_for_a_file_system, "1 file systems of 1", "higher quota"),
    Fault("driver-installed", a_driver_by_hand, "made by hand", "remove that installation"),
    Fault(
        "driver-installed", a_driver_by_helm, "by the Helm release storage/efs", "remove that installation"
    ),
    Fault("driver-installed", a_driver_by_the_add_on, "by the EKS add-on", "remove that installation"),
    Fault("claim-exists", a_claim_by_hand, "a claim default/efs-claim-1 already", "another name"),
    Fault("class-exists", a_class_by_hand, "StorageClass efs-sc-1 already", "another name"),
    Fault(
        "driver-not-installed",
        set_field("driver", to={"install": "existing"}),
        "no EFS CSI driver",
        "helm or addon",
    ),
    Fault(
        "driver-elsewhere", a_driver_elsewhere, "the driver runs as default/efs, not as", "make_roles: false"
    ),
    Fault(
        "adopted-class-differs", a_class_of_another_kind, "directoryPerms from 750 to 700", "what is there"
    ),
    Fault(
        "adopted-class-differs", a_class_on_another_system, "on fs-0000000000000000f", "file_system.existing"
    ),
    Fault(
        "adopted-claim-differs", a_claim_of_another_class, "has other, the environment says", "what is there"
    ),
    Fault(
        "mount-target-missing", a_system_without_mount_targets, "in ap-northeast-2a", "create-mount-target"
    ),
    Fault("file-system-missing", no_such_file_system, "fs-0000000000000000f", "describe-file-systems"),
    Fault("handler-network-missing", a_handler_nowhere, "no subnet subnet-0000", "name one of vpc-"),
    Fault("handler-cannot-reach", a_handler_without_egress, "no HTTPS connection", "outgoing tcp 443"),
    Fault("name-taken", a_taken_role, "role efs-driver already", "another name"),
    Fault("name-taken", a_taken_policy, "policy efs-driver-policy already", "another name"),
    Fault("name-taken", a_taken_group, "security group efs-sg already", "another name"),
    Fault(
        "vpc-mismatch",
        another_vpc,
        "the cluster is in vpc-0f6e5d4c3b2a19087",
        "write id: vpc-0f6e5d4c3b2a19087",
        also=frozenset({"subnet-vpc-differs", "security-group-missing"}),
    ),
    Fault(
        "subnet-vpc-differs",
        another_vpc,
        "is in vpc-0f6e5d4c3b2a19087",
        "name a subnet of vpc-",
        also=frozenset({"vpc-mismatch", "security-group-missing"}),
    ),
    Fault("stack-stuck", a_failed_creation, "the first deployment failed", "deploy again"),
    Fault("kubernetes-too-old", an_old_cluster, "version 1.29", "upgrade", also=SILENT_BUT_FOR_THE_CLUSTER),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_what_would_make_a_deployment_fail_is_found_with_its_cure_and_nothing_else_is(
    world: World, fault: Fault
) -> None:
    with fault.seed(world):
        report = world.examine()
    finding = found(report, fault.check)
    assert fault.what in finding.what
    assert fault.cure in finding.cure
    assert report.stage == "before"
    assert {one.check for one in report.findings} == {fault.check, *fault.also}, lines_of(report)


def test_what_is_to_be_taken_over_as_it_is_is_no_fault(world: World) -> None:
    targets = {"make_mount_targets": True, "add_client_rules": True}
    with (
        a_file_system_by_hand(world, **targets) as system,
        a_class_of(world, fileSystemId=system, **AS_DECLARED),
        set_field("storage_classes", 0, "adopt", to=True)(world),
        a_driver(world),
        set_field("driver", to={"install": "existing"})(world),
    ):
        report = world.examine()
    assert lines_of(report) == []


@pytest.mark.parametrize(
    "driver",
    [
        {"install": "helm", "removal": "retain"},
        {"install": "addon", "resolve_conflicts": "overwrite", "removal": "retain"},
    ],
    ids=lambda driver: driver["install"],
)
def test_a_driver_that_is_to_be_taken_over_is_not_in_the_way(world: World, driver: dict[str, str]) -> None:
    release = {
        "meta.helm.sh/release-name": "aws-efs-csi-driver",
        "meta.helm.sh/release-namespace": "kube-system",
    }
    with a_driver(world, annotations=release), set_field("driver", to=driver)(world):
        report = world.examine()
    assert lines_of(report) == []


def test_after_all_faults_are_undone_there_is_silence_again(world: World) -> None:
    assert lines_of(world.examine()) == []
