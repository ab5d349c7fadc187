"""The doctor on a deployed environment: silent when it is well, and each seeded fault found with its cure.

One rehearsal for the whole module; a fault is undone after its test.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes
from typer.testing import CliRunner

from operations.cli import app
from operations.doctor.installation import Quotas
from operations.doctor.needs import AirflowNeeds, Disk, KedaRelease, SecretKey, Url
from operations.findings import Report, Severity
from rehearsal.claims import await_bound, make_claim
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import (
    Fault,
    Seed,
    World,
    as_json,
    cluster_config,
    eventually,
    examined_as_the_shell,
    found,
    lines_of,
    seeded,
    set_field,
    strangers_credentials,
    writing_policy,
)
from tests.rehearsal.lines import Lines
from tests.rehearsal.nodes import Nodes

NAME = "doctor"
ZONES = [f"ap-northeast-2{letter}" for letter in "abcd"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, lambda _: None)
    with (
        Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal,
        examined_as_the_shell(rehearsal),
    ):
        rehearsal.deploy()
        nodes = Nodes(rehearsal)
        with nodes.running():
            for zone in ZONES:
                nodes.add(zone)
            world = World(rehearsal, folder, nodes)
            await_bound(rehearsal.kubernetes(), name="efs-claim-1")
            await_driver(world)
            yield world
            assert nodes.failures == []


def await_driver(world: World) -> None:
    eventually(
        lambda: (
            world.apps.read_namespaced_daemon_set("efs-csi-node", "kube-system").status.number_ready
            == len(ZONES)
            and world.apps.read_namespaced_deployment(
                "efs-csi-controller", "kube-system"
            ).status.ready_replicas
        )
    )


def test_a_healthy_installation_is_met_with_silence(world: World) -> None:
    report = world.examine()
    assert lines_of(report) == []
    assert report.stage == "after"
    assert report.checks > 50
    assert report.skipped == ()
    assert report.status == 0


# What is seeded in the account.


@seeded
def no_bootstrap_version(world: World) -> Iterator[None]:
    ssm, name = world.client("ssm"), "/cdk-bootstrap/hnb659fds/version"
    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.delete_parameter(Name=name)
    yield
    ssm.put_parameter(Name=name, Value=value, Type="String")


@seeded
def an_old_bootstrap(world: World) -> Iterator[None]:
    ssm, name = world.client("ssm"), "/cdk-bootstrap/hnb659fds/version"
    value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    ssm.put_parameter(Name=name, Value="5", Type="String", Overwrite=True)
    yield
    ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)


@seeded
def no_bucket(world: World) -> Iterator[None]:
    s3 = world.client("s3")
    (bucket,) = [one["Name"] for one in s3.list_buckets()["Buckets"]]
    objects = {
        one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    }
    for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_bucket(Bucket=bucket)
    yield
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": world.environment.region}
    )
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


@seeded
def no_publishing_role(world: World) -> Iterator[None]:
    iam = world.client("iam")
    name = "cdk-hnb659fds-file-publishing-role-123456789012-ap-northeast-2"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    inline = {
        one: iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"]
        for one in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    for one in inline:
        iam.delete_role_policy(RoleName=name, PolicyName=one)
    iam.delete_role(RoleName=name)
    yield
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=as_json(trust))
    for one, document in inline.items():
        iam.put_role_policy(RoleName=name, PolicyName=one, PolicyDocument=as_json(document))


@seeded
def no_provider(world: World) -> Iterator[None]:
    iam = world.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    yield
    iam.create_open_id_connect_provider(
        Url=world.environment.cluster.oidc_issuer,
        ClientIDList=["sts.amazonaws.com"],
        ThumbprintList=["0" * 40],
    )


@seeded
def a_provider_for_others(world: World) -> Iterator[None]:
    replace_provider(world, audience="somebody.example.com")
    yield
    replace_provider(world, audience="sts.amazonaws.com")


def replace_provider(world: World, *, audience: str) -> None:
    iam = world.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    iam.create_open_id_connect_provider(
        Url=world.environment.cluster.oidc_issuer, ClientIDList=[audience], ThumbprintList=["0" * 40]
    )


@seeded
def a_private_endpoint(world: World) -> Iterator[None]:
    with cluster_config(world, endpointPublicAccess=False, endpointPrivateAccess=True):
        yield


@seeded
def an_endpoint_for_the_office(world: World) -> Iterator[None]:
    with cluster_config(world, endpointPublicAccess=True, publicAccessCidrs=["203.0.113.0/24"]):
        yield


# What is seeded in the network.


@seeded
def a_handler_that_is_kept_out(world: World) -> Iterator[None]:
    ec2, cluster = world.client("ec2"), world.rehearsal.settings.cluster
    other = ec2.create_security_group(GroupName="handler", Description="handler", VpcId=world.vpc)["GroupId"]
    network = {"subnets": [cluster.subnets[0].id], "security_group": other}
    with (
        cluster_config(world, endpointPublicAccess=False, endpointPrivateAccess=True),
        set_field("cluster", "handler_network", to=network)(world),
    ):
        yield
    ec2.delete_security_group(GroupId=other)


@seeded
def no_dns_hostnames(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    ec2.modify_vpc_attribute(VpcId=world.vpc, EnableDnsHostnames={"Value": False})
    yield
    ec2.modify_vpc_attribute(VpcId=world.vpc, EnableDnsHostnames={"Value": True})


@seeded
def one_more_block(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    answer = ec2.associate_vpc_cidr_block(VpcId=world.vpc, CidrBlock="10.99.0.0/16")
    yield
    ec2.disassociate_vpc_cidr_block(AssociationId=answer["CidrBlockAssociation"]["AssociationId"])


@seeded
def a_node_in_another_zone(world: World) -> Iterator[None]:
    world.nodes.register("node-elsewhere", "ap-northeast-2e")
    eventually(lambda: driver_runs_on(world, "node-elsewhere"))
    yield
    world.nodes.remove("node-elsewhere")


def driver_runs_on(world: World, node: str) -> bool:
    pods = world.core.list_namespaced_pod("kube-system", label_selector="app=efs-csi-node").items
    return any(pod.spec.node_name == node and pod.status.conditions for pod in pods)


@seeded
def a_node_of_another_group(world: World) -> Iterator[None]:
    ec2, instance = world.client("ec2"), world.nodes.instances[ZONES[1]]
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=world.vpc)["GroupId"]
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[other])
    yield
    ec2.modify_instance_attribute(InstanceId=instance, Groups=[world.node_group])
    ec2.delete_security_group(GroupId=other)


@seeded
def no_egress(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.revoke_security_group_egress(GroupId=world.node_group, IpPermissions=everything)
    yield
    ec2.authorize_security_group_egress(GroupId=world.node_group, IpPermissions=everything)


@seeded
def an_acl_against_nfs(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    subnet = world.environment.cluster.subnets[0].id
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
        "NetworkAcls"
    ]
    entry = {"NetworkAclId": acl["NetworkAclId"], "RuleNumber": 50, "Egress": False}
    ec2.create_network_acl_entry(
        **entry,
        Protocol="6",
        RuleAction="deny",
        CidrBlock="10.0.0.0/8",
        PortRange={"From": 2049, "To": 2049},
    )
    yield
    ec2.delete_network_acl_entry(**entry)


NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}


@seeded
def no_rule_for_nodes(world: World) -> Iterator[None]:
    ec2, group = world.client("ec2"), world.outputs["SecurityGroupId"]
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    # As it is there, with its description: EC2 revokes what is named exactly.
    rule = [
        {**NFS, "UserIdGroupPairs": [pair]}
        for permission in found["IpPermissions"]
        for pair in permission["UserIdGroupPairs"]
        if pair["GroupId"] == world.node_group
    ]
    assert len(rule) == 1
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
    yield
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)


@seeded
def open_to_everybody(world: World) -> Iterator[None]:
    ec2, group = world.client("ec2"), world.outputs["SecurityGroupId"]
    rule = [{**NFS, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
    yield
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)


@seeded
def no_mount_target(world: World) -> Iterator[None]:
    efs, target = world.client("efs"), world.mount_target(ZONES[2])
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    yield
    efs.create_mount_target(
        FileSystemId=world.file_system,
        SubnetId=target["SubnetId"],
        SecurityGroups=[world.outputs["SecurityGroupId"]],
    )


@seeded
def another_group_on_a_target(world: World) -> Iterator[None]:
    efs, target = world.client("efs"), world.mount_target(ZONES[0])
    efs.modify_mount_target_security_groups(
        MountTargetId=target["MountTargetId"], SecurityGroups=[world.node_group]
    )
    yield
    efs.modify_mount_target_security_groups(
        MountTargetId=target["MountTargetId"], SecurityGroups=[world.outputs["SecurityGroupId"]]
    )


@seeded
def another_subnet_in_the_zone(world: World) -> Iterator[None]:
    ec2 = world.client("ec2")
    ec2.associate_vpc_cidr_block(VpcId=world.vpc, CidrBlock="10.98.0.0/16")
    subnet = ec2.create_subnet(VpcId=world.vpc, CidrBlock="10.98.0.0/20", AvailabilityZone=ZONES[0])["Subnet"]
    association = next(
        block["AssociationId"]
        for block in ec2.describe_vpcs(VpcIds=[world.vpc])["Vpcs"][0]["CidrBlockAssociationSet"]
        if block["CidrBlock"] == "10.98.0.0/16"
    )

    def name_it(content: dict[str, Any]) -> None:
        content["cluster"]["subnets"][0]["id"] = subnet["SubnetId"]
        content["cluster"]["vpc"]["cidrs"].append("10.98.0.0/16")

    with world.settings(name_it):
        yield
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.disassociate_vpc_cidr_block(AssociationId=association)


# What is seeded in the file system.


@seeded
def no_policy(world: World) -> Iterator[None]:
    efs, system = world.client("efs"), world.file_system
    former = efs.describe_file_system_policy(FileSystemId=system)["Policy"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:ClientMount"}
    open_policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    efs.put_file_system_policy(FileSystemId=system, Policy=open_policy)
    yield
    efs.put_file_system_policy(FileSystemId=system, Policy=former)


@seeded
def another_lifecycle(world: World) -> Iterator[None]:
    efs, system = world.client("efs"), world.file_system
    former = efs.describe_lifecycle_configuration(FileSystemId=system)["LifecyclePolicies"]
    efs.put_lifecycle_configuration(
        FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_7_DAYS"}]
    )
    yield
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=former)


@seeded
def an_access_point_of_nobody(world: World) -> Iterator[None]:
    efs = world.client("efs")
    point = efs.create_access_point(
        ClientToken="nobody",
        FileSystemId=world.file_system,
        Tags=[{"Key": "efs.csi.aws.com/cluster", "Value": "true"}],
        RootDirectory={"Path": "/nobody"},
    )["AccessPointId"]
    yield
    efs.delete_access_point(AccessPointId=point)


@seeded
def few_access_points(world: World) -> Iterator[None]:
    world.quotas = Quotas(access_points=1)
    yield
    world.quotas = Quotas()


# What is seeded in the cluster.


def a_volume(world: World, name: str, handle: str, *, claim: str | None = None) -> None:
    reference = claim and kubernetes.V1ObjectReference(
        kind="PersistentVolumeClaim", namespace="default", name=claim, uid=f"uid-of-{claim}"
    )
    world.core.create_persistent_volume(
        kubernetes.V1PersistentVolume(
            metadata=kubernetes.V1ObjectMeta(name=name),
            spec=kubernetes.V1PersistentVolumeSpec(
                access_modes=["ReadWriteMany"],
                capacity={"storage": "1Gi"},
                csi=kubernetes.V1CSIPersistentVolumeSource(driver="efs.csi.aws.com", volume_handle=handle),
                persistent_volume_reclaim_policy="Retain",
                storage_class_name="efs-sc-1",
                claim_ref=reference or None,
            ),
        )
    )


def delete_volume(world: World, name: str) -> None:
    world.core.delete_persistent_volume(name)
    eventually(lambda: name not in [one.metadata.name for one in world.core.list_persistent_volume().items])


@seeded
def a_volume_without_access_point(world: World) -> Iterator[None]:
    a_volume(world, "static", f"{world.file_system}::fsap-0000000000000000f")
    yield
    delete_volume(world, "static")


@seeded
def a_volume_of_another_system(world: World) -> Iterator[None]:
    a_volume(world, "static", "fs-0000000000000000f")
    yield
    delete_volume(world, "static")


@seeded
def a_volume_of_an_earlier_system(world: World) -> Iterator[None]:
    efs = world.client("efs")
    earlier = efs.create_file_system(CreationToken="earlier")["FileSystemId"]
    a_volume(world, "static", earlier)
    yield
    delete_volume(world, "static")
    efs.delete_file_system(FileSystemId=earlier)


@seeded
def a_released_volume(world: World) -> Iterator[None]:
    a_volume(world, "static", f"{world.file_system}:/left", claim="long-gone")
    eventually(lambda: world.core.read_persistent_volume("static").status.phase == "Released")
    yield
    delete_volume(world, "static")


@seeded
def a_claim_that_waits(world: World) -> Iterator[None]:
    claim = kubernetes.V1PersistentVolumeClaim(
        metadata=kubernetes.V1ObjectMeta(name="waits"),
        spec=kubernetes.V1PersistentVolumeClaimSpec(
            access_modes=["ReadWriteMany"],
            storage_class_name="efs-sc-1",
            volume_name="never-made",
            resources=kubernetes.V1VolumeResourceRequirements(requests={"storage": "1Gi"}),
        ),
    )
    world.core.create_namespaced_persistent_volume_claim("default", claim)
    yield
    world.core.delete_namespaced_persistent_volume_claim("waits", "default")
    # Its protection goes a moment later, and the next fault makes one of the same name.
    eventually(lambda: "waits" not in claim_names(world))


@seeded
def a_claim_that_does_not_go(world: World) -> Iterator[None]:
    before = volume_names(world)
    make_claim(world.api, name="stuck", storage_class="efs-sc-1")
    await_bound(world.api, name="stuck")
    patch, name = world.core.patch_namespaced_persistent_volume_claim, "stuck"
    patch(name, "default", {"metadata": {"finalizers": ["example.com/mine"]}})
    world.core.delete_namespaced_persistent_volume_claim(name, "default")
    yield
    patch(name, "default", {"metadata": {"finalizers": None}})
    eventually(lambda: volume_names(world) == before)


@seeded
def a_volume_that_the_driver_may_not_delete(world: World) -> Iterator[None]:
    before = volume_names(world)
    make_claim(world.api, name="refused", storage_class="efs-sc-1")
    await_bound(world.api, name="refused")
    with a_role_without_its_policy(world):
        world.core.delete_namespaced_persistent_volume_claim("refused", "default")
        eventually(lambda: "VolumeFailedDelete" in event_reasons(world))
        yield
    eventually(lambda: volume_names(world) == before)


def volume_names(world: World) -> set[str]:
    return {str(volume.metadata.name) for volume in world.core.list_persistent_volume().items}


def event_reasons(world: World) -> set[str]:
    return {str(event.reason) for event in world.core.list_namespaced_event("default").items}


def claim_names(world: World) -> set[str]:
    claims = world.core.list_namespaced_persistent_volume_claim("default").items
    return {str(claim.metadata.name) for claim in claims if claim.metadata}


@contextmanager
def another_class(world: World, **fields: Any) -> Iterator[None]:
    former = world.storage.read_storage_class("efs-sc-1")
    world.storage.delete_storage_class("efs-sc-1")
    if fields:
        changed = {**world.api.sanitize_for_serialization(former), **fields}
        changed["metadata"] = {"name": "efs-sc-1"}
        world.storage.create_storage_class(changed)
    yield
    if fields:
        world.storage.delete_storage_class("efs-sc-1")
    assert former.metadata is not None
    former.metadata.resource_version = None
    world.storage.create_storage_class(former)


@seeded
def a_class_made_by_hand(world: World) -> Iterator[None]:
    with another_class(world, mountOptions=["tls", "iam"]):
        yield


@seeded
def a_class_deleted(world: World) -> Iterator[None]:
    with another_class(world):
        yield


@seeded
def a_foreign_class(world: World) -> Iterator[None]:
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="foreign"), provisioner="ebs.csi.aws.com"
        )
    )

    def use_its_name(content: dict[str, Any]) -> None:
        content["storage_classes"].append({"name": "foreign"})

    with world.settings(use_its_name):
        yield
    world.storage.delete_storage_class("foreign")


@seeded
def a_second_default_class(world: World) -> Iterator[None]:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="gp3", annotations=annotations),
            provisioner="ebs.csi.aws.com",
        )
    )
    with set_field("storage_classes", 0, "default", to=True)(world):
        yield
    world.storage.delete_storage_class("gp3")


@seeded
def no_daemon_set(world: World) -> Iterator[None]:
    former = world.apps.read_namespaced_daemon_set("efs-csi-node", "kube-system")
    world.apps.delete_namespaced_daemon_set("efs-csi-node", "kube-system")
    yield
    assert former.metadata is not None
    former.metadata.resource_version, former.metadata.uid = None, None
    world.apps.create_namespaced_daemon_set("kube-system", former)
    await_driver(world)


@seeded
def a_controller_scaled_to_zero(world: World) -> Iterator[None]:
    scale(world, 0)
    yield
    scale(world, 2)
    await_driver(world)


def scale(world: World, replicas: int) -> None:
    world.apps.patch_namespaced_deployment(
        "efs-csi-controller", "kube-system", {"spec": {"replicas": replicas}}
    )


@seeded
def a_node_without_the_driver(world: World) -> Iterator[None]:
    world.storage.delete_csi_node(f"node-{ZONES[3]}")
    yield
    world.nodes.register_driver(f"node-{ZONES[3]}")


@seeded
def another_role_on_the_account(world: World) -> Iterator[None]:
    annotate(world, "arn:aws:iam::123456789012:role/by-hand")
    yield
    annotate(world, world.outputs["ControllerRoleArn"])


def annotate(world: World, role: str) -> None:
    annotations = {"eks.amazonaws.com/role-arn": role}
    world.core.patch_namespaced_service_account(
        "efs-csi-controller-sa", "kube-system", {"metadata": {"annotations": annotations}}
    )


@seeded
def a_role_for_somebody_else(world: World) -> Iterator[None]:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    trust = as_json(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    changed = trust.replace("efs-csi-controller-sa", "somebody-else")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=changed)
    yield
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)


@seeded
def a_role_without_its_policy(world: World) -> Iterator[None]:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    policy = writing_policy(iam, role)
    iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    yield
    iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])


@seeded
def no_driver_registration(world: World) -> Iterator[None]:
    former = world.storage.read_csi_driver("efs.csi.aws.com")
    world.storage.delete_csi_driver("efs.csi.aws.com")
    yield
    assert former.metadata is not None
    former.metadata.resource_version = None
    world.storage.create_csi_driver(former)


@seeded
def no_namespace_for_a_claim(world: World) -> Iterator[None]:
    def name_one(content: dict[str, Any]) -> None:
        content["claims"].append(
            {"name": "more", "namespace": "nowhere", "storage_class": "efs-sc-1", "size": "1Gi"}
        )

    with world.settings(name_one):
        yield


@contextmanager
def a_claim_in_the_way(world: World, change: Seed) -> Iterator[None]:
    with a_claim_that_waits(world), change(world):
        yield


@seeded
def permissions_change_under_a_claim(world: World) -> Iterator[None]:
    with a_claim_in_the_way(world, set_field("storage_classes", 0, "directory_permissions", to="750")):
        yield


@seeded
def options_change_under_a_claim(world: World) -> Iterator[None]:
    with a_claim_in_the_way(world, set_field("storage_classes", 0, "mount_options", to=["tls", "iam"])):
        yield


IN_THE_WAY = "wait until they are Bound"

FAULTS = [
    Fault(
        "account-mismatch", set_field("account", to="210987654321"), "of account 123456789012", "log in to"
    ),
    Fault(
        "bootstrap-missing", no_bootstrap_version, "not bootstrapped", "npx cdk bootstrap aws://123456789012"
    ),
    Fault("bootstrap-outdated", an_old_bootstrap, "version 5", "npx cdk bootstrap"),
    Fault("bootstrap-bucket-missing", no_bucket, "bucket for assets is gone", "CDKToolkit"),
    Fault("bootstrap-role-missing", no_publishing_role, "file-publishing-role is gone", "--force"),
    Fault("cluster-missing", set_field("cluster", "name", to="other"), "no cluster other", "list-clusters"),
    Fault("kubectl-skew", set_field("cluster", "version", to="1.27"), "kubectl 1.27", 'version: "1.33"'),
    Fault(
        "cluster-version-differs", set_field("cluster", "version", to="1.34"), "says 1.34", 'version: "1.33"'
    ),
    Fault(
        "oidc-issuer-mismatch",
        set_field(
            "cluster",
            "oidc_issuer",
            to="https://oidc.eks.ap-northeast-2.amazonaws.com/id/00000000000000000000000000000000",
        ),
        "would not be let into AWS",
        "D3A17E90C5B84F266A0E9D51F8B7C243",
        also=frozenset({"oidc-provider-missing", "driver-role-trust"}),
    ),
    Fault("oidc-provider-missing", no_provider, "no OIDC provider", "associate-iam-oidc-provider"),
    Fault("oidc-provider-audience", a_provider_for_others, "sts.amazonaws.com", "add-client-id"),
    Fault("endpoint-private", a_private_endpoint, "endpoint is private", "public endpoint"),
    Fault("handler-cannot-reach", a_handler_that_is_kept_out, "no rule of the cluster's group", "tcp 443"),
    Fault("endpoint-restricted", an_endpoint_for_the_office, "203.0.113.0/24 only", "0.0.0.0/0"),
    Fault(
        "vpc-missing",
        set_field("cluster", "vpc", "id", to="vpc-00000000000000000"),
        "no VPC",
        "describe-cluster",
        also=frozenset({"vpc-mismatch", "subnet-vpc-differs", "security-group-missing"}),
    ),
    Fault("vpc-dns", no_dns_hostnames, "enableDnsHostnames is off", "--enable-dns-hostnames"),
    Fault("vpc-cidrs-differ", one_more_block, "10.99.0.0/16", "10.30.0.0/16, 10.99.0.0/16"),
    Fault(
        "subnet-missing",
        set_field("cluster", "subnets", 0, "id", to="subnet-00000000000000000"),
        "no subnet subnet-00000000000000000",
        "ap-northeast-2a",
        also=frozenset({"subnet-change"}),
    ),
    Fault(
        "subnet-zone-differs",
        set_field("cluster", "subnets", 0, "availability_zone", to="ap-northeast-2f"),
        "is in ap-northeast-2a",
        "write ap-northeast-2a",
        also=frozenset({"zone-without-subnet", "mount-target-missing"}),
    ),
    Fault(
        "security-group-missing",
        set_field("cluster", "node_security_groups", 0, to="sg-00000000000000000"),
        "no security group sg-00000000000000000",
        "network interfaces",
        also=frozenset({"node-not-a-client", "nfs-open-wider"}),
    ),
    Fault("zone-without-subnet", a_node_in_another_zone, "1 node runs in ap-northeast-2e", "add a subnet"),
    Fault(
        "node-not-a-client",
        a_node_of_another_group,
        "node-ap-northeast-2b",
        "security groups",
        also=frozenset({"node-cannot-reach"}),
    ),
    Fault("node-egress", no_egress, "lets NFS out", "outgoing tcp 2049"),
    Fault("network-acl", an_acl_against_nfs, "keeps NFS from 10.30.0.0/16 out", "incoming tcp 2049"),
    Fault("node-cannot-reach", no_rule_for_nodes, "node-ap-northeast-2a", "allow tcp 2049"),
    Fault("nfs-open-wider", open_to_everybody, "lets 0.0.0.0/0 reach", "revoke"),
    Fault(
        "mount-target-missing", no_mount_target, "no mount target in ap-northeast-2c", "create-mount-target"
    ),
    Fault(
        "mount-target-group",
        another_group_on_a_target,
        "the mount target in ap-northeast-2a has",
        "modify-mount-target-security-groups",
        also=frozenset({"node-cannot-reach"}),
    ),
    Fault("subnet-change", another_subnet_in_the_zone, "would be refused", "nodes of every subnet"),
    Fault("tls-not-enforced", no_policy, "no TLS", "DenyWithoutTls"),
    Fault("lifecycle-differs", another_lifecycle, "TransitionToIA is AFTER_7_DAYS", "set it back"),
    Fault("backup-differs", set_field("file_system", "backups", to=False), "backups are on", "deploy"),
    Fault(
        "throughput-differs",
        set_field("file_system", "throughput", to="bursting"),
        "throughput is elastic",
        "deploy",
        also=frozenset({"lifecycle-differs"}),
    ),
    Fault(
        "encryption-key-change",
        set_field(
            "file_system",
            "encryption_key",
            to="arn:aws:kms:ap-northeast-2:123456789012:key/11111111-2222-3333-4444-555555555555",
        ),
        "new, empty file system",
        "leave the key as it is",
    ),
    Fault(
        "security-group-change",
        set_field("file_system", "security_group_name", to="efs-sg"),
        "would be replaced",
        "leave the name",
    ),
    Fault(
        "class-change-refused",
        permissions_change_under_a_claim,
        "directoryPerms from 700 to 750) while claims are Pending on it: default/waits",
        IN_THE_WAY,
        also=frozenset({"claim-not-bound"}),
    ),
    Fault(
        "class-change-refused",
        options_change_under_a_claim,
        "mountOptions from tls to tls, iam) while claims are Pending on it: default/waits",
        IN_THE_WAY,
        also=frozenset({"claim-not-bound"}),
    ),
    Fault("class-drift", a_class_made_by_hand, "mountOptions from tls to tls, iam", "deploy again"),
    Fault("class-drift", a_class_deleted, "efs-sc-1 is gone", "put it back"),
    Fault("class-exists", a_foreign_class, "StorageClass foreign already", "another name"),
    Fault("two-default-classes", a_second_default_class, "gp3", "kubectl annotate storageclass gp3"),
    Fault("claim-change-refused", set_field("claims", 0, "size", to="1Gi"), "cannot become 1Gi", "write 5Gi"),
    Fault(
        "claim-change-refused",
        set_field("claims", 0, "access_mode", to="ReadWriteOnce"),
        "cannot become ReadWriteOnce",
        "another name",
    ),
    Fault("namespace-missing", no_namespace_for_a_claim, "no namespace nowhere", "kubectl create namespace"),
    Fault("claim-not-bound", a_claim_that_waits, "claim default/waits is Pending", "airflow-efs trace waits"),
    Fault(
        "claim-being-deleted", a_claim_that_does_not_go, "the finalizer example.com/mine", "kubectl edit pvc"
    ),
    Fault("volume-stranded", a_released_volume, "Released", "kubectl delete pv static"),
    Fault(
        "volume-stranded",
        a_volume_that_the_driver_may_not_delete,
        "VolumeFailedDelete",
        "elasticfilesystem:DeleteAccessPoint",
        also=frozenset({"driver-role-rights"}),
    ),
    Fault(
        "volume-without-access-point",
        a_volume_without_access_point,
        "fsap-0000000000000000f",
        "same path and owner",
    ),
    Fault("volume-wrong-file-system", a_volume_of_another_system, "does not exist", "AWS Backup"),
    Fault(
        "volume-wrong-file-system", a_volume_of_an_earlier_system, "an earlier file system", "copy its data"
    ),
    Fault("access-point-without-volume", an_access_point_of_nobody, "/nobody", "delete-access-point"),
    Fault("quota-access-points", few_access_points, "1 access points of 1", "higher quota"),
    Fault("driver-missing", no_daemon_set, "DaemonSet is gone", "CloudFormation does not notice"),
    Fault("driver-missing", no_driver_registration, "CSIDriver is gone", "CloudFormation does not notice"),
    Fault("controller-not-ready", a_controller_scaled_to_zero, "scaled to zero", "--replicas=2"),
    Fault(
        "driver-not-ready-in-zone",
        a_node_without_the_driver,
        "1 node of ap-northeast-2d",
        "kubectl -n kube-system",
    ),
    Fault("driver-role-annotation", another_role_on_the_account, "role/by-hand", "annotate --overwrite"),
    Fault("driver-role-trust", a_role_for_somebody_else, "efs-csi-controller-sa", "aud sts.amazonaws.com"),
    Fault("driver-role-rights", a_role_without_its_policy, "CreateAccessPoint", "attach the stack's policy"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_seeded_fault_is_found_with_its_cure_and_nothing_else_is(world: World, fault: Fault) -> None:
    with fault.seed(world):
        report = world.examine()
    finding = found(report, fault.check)
    assert fault.what in finding.what
    assert fault.cure in finding.cure
    assert finding.docs == f"docs/doctor.md#{fault.check}"
    assert {one.check for one in report.findings} == {fault.check, *fault.also}, lines_of(report)


@pytest.mark.parametrize(
    ("field", "to"), [("directory_permissions", "750"), ("mount_options", ["tls", "iam"])]
)
def test_a_class_on_which_no_claim_waits_may_change(world: World, field: str, to: object) -> None:
    with set_field("storage_classes", 0, field, to=to)(world):
        assert lines_of(world.examine()) == []


def test_a_handler_in_the_vpc_that_is_let_in_reaches_a_private_endpoint(world: World) -> None:
    subnet, group = world.rehearsal.settings.cluster.subnets[0].id, world.node_group
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}
    world.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    private = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
    network = {"subnets": [subnet], "security_group": group}
    with cluster_config(world, **private), set_field("cluster", "handler_network", to=network)(world):
        assert lines_of(world.examine()) == []
    world.client("ec2").revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])


def test_after_all_faults_are_undone_there_is_silence_again(world: World) -> None:
    assert lines_of(world.examine()) == []


# Rights.


def test_a_stranger_to_the_account_learns_which_checks_were_not_made(world: World) -> None:
    with contextmanager(strangers_credentials)(world):
        report = world.examine()
    finding = found(report, "not-checked")
    assert finding.severity is Severity.UNKNOWN
    assert finding.what == "AWS does not accept the credentials: InvalidClientTokenId"
    assert "account-mismatch" in finding.where
    assert report.status == 4


def test_a_caller_without_rights_in_the_cluster_learns_what_was_not_checked(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = kubernetes.V1ServiceAccount(metadata=kubernetes.V1ObjectMeta(name="nobody"))
    world.core.create_namespaced_service_account("default", account)
    request = kubernetes.AuthenticationV1TokenRequest(
        spec=kubernetes.V1TokenRequestSpec(audiences=["https://kubernetes.default.svc"])
    )
    token = world.core.create_namespaced_service_account_token("nobody", "default", request)
    assert token.status is not None
    text = world.rehearsal.plan.kubeconfig.read_text()
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(text.replace(world.rehearsal.plan.admin_token, token.status.token))
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    report = world.examine()
    world.core.delete_namespaced_service_account("nobody", "default")
    assert {one.check for one in report.findings} == {"not-checked"}
    nodes = next(one for one in report.findings if "nodes" in one.what)
    assert "the cluster answers 403: nodes is forbidden" in nodes.what
    assert "AmazonEKSAdminViewPolicy" in nodes.cure
    assert "zone-without-subnet" in nodes.where
    assert report.status == 4


def test_an_api_server_that_does_not_answer_is_a_finding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")  # a token of the shell's credentials, whom nobody knows
    report = world.examine()
    assert {one.check for one in report.findings} == {"not-checked"}
    assert "the cluster answers 401: Unauthorized" in report.findings[0].what


# Airflow's needs.

URLS = {
    "metadata": "postgresql://airflow@db/airflow",
    "results": "db+postgresql://airflow@db/airflow",
    "broker": "redis://cache:6379/0",
}
"""What is right, by the name of the secret."""


def needs(**changes: Any) -> AirflowNeeds:
    secrets = (
        SecretKey(name="metadata", key="connection", url=Url.DATABASE),
        SecretKey(name="results", key="connection", url=Url.RESULTS),
        SecretKey(name="broker", key="connection", url=Url.BROKER),
        SecretKey(name="fernet", key="fernet-key"),
    )
    return AirflowNeeds(**{"namespace": "airflow", "secrets": secrets, "block_volumes": True, **changes})


@pytest.fixture(scope="module")
def airflow(world: World) -> Iterator[World]:
    """A cluster that has what Airflow needs."""
    metadata = kubernetes.V1ObjectMeta(name="airflow")
    world.core.create_namespace(kubernetes.V1Namespace(metadata=metadata))
    for name, url in URLS.items():
        write_secret(world, name, {"connection": url})
    write_secret(world, "fernet", {"fernet-key": "x"})
    for kind, plural in (
        ("ScaledObject", "scaledobjects"),
        ("TriggerAuthentication", "triggerauthentications"),
    ):
        define(world, kind, plural)
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(metadata=kubernetes.V1ObjectMeta(name="gp3"), provisioner="ebs.csi.aws.com")
    )
    world.airflow = needs()
    yield world
    world.airflow = None
    world.storage.delete_storage_class("gp3")


def define(world: World, kind: str, plural: str, *, version: str = "v1alpha1") -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.keda.sh"},
        "spec": {
            "group": "keda.sh",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    api = kubernetes.ApiextensionsV1Api(world.api)
    api.create_custom_resource_definition(definition)  # type: ignore[arg-type]  # a plain object does
    eventually(lambda: is_established(api, f"{plural}.keda.sh"))


def is_established(api: kubernetes.ApiextensionsV1Api, name: str) -> bool:
    status = api.read_custom_resource_definition(name).status
    conditions = (status and status.conditions) or []
    return any(one.type == "Established" and one.status == "True" for one in conditions)


def delete_definition(world: World, name: str) -> None:
    api: Any = kubernetes.ApiextensionsV1Api(world.api)
    api.delete_custom_resource_definition(name)
    eventually(
        lambda: (
            name
            not in [one.metadata.name for one in api.list_custom_resource_definition().items if one.metadata]
        )
    )


def write_secret(world: World, name: str, values: dict[str, str]) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    body = kubernetes.V1Secret(metadata=kubernetes.V1ObjectMeta(name=name), data=data)
    if name in [one.metadata.name for one in world.core.list_namespaced_secret("airflow").items]:
        world.core.replace_namespaced_secret(name, "airflow", body)
    else:
        world.core.create_namespaced_secret("airflow", body)


def url(name: str, text: str) -> Seed:
    """Another URL in a secret of Airflow's."""

    @seeded
    def seed(world: World) -> Iterator[None]:
        write_secret(world, name, {"connection": text})
        yield
        write_secret(world, name, {"connection": URLS[name]})

    return seed


a_driver_in_the_string = url("metadata", "postgresql+psycopg2://airflow:hush@db/airflow")
a_line_break_after_the_string = url("metadata", "postgresql://airflow:hush@db/airflow\n")
no_string_at_all = url("metadata", "hush")
an_unknown_option = url("metadata", "postgresql://airflow:hush@db/airflow?sslmode=yes")
a_certificate_in_a_file = url("metadata", "postgresql://airflow:hush@db/airflow?sslrootcert=/hush.pem")
a_store_of_sqlalchemys = url("results", "postgresql://airflow:hush@db/airflow")
a_broker_on_the_web = url("broker", "https://airflow:hush@cache")


@seeded
def no_secret(world: World) -> Iterator[None]:
    world.core.delete_namespaced_secret("fernet", "airflow")
    yield
    write_secret(world, "fernet", {"fernet-key": "x"})


@seeded
def no_key(world: World) -> Iterator[None]:
    write_secret(world, "fernet", {"key": "x"})
    yield
    write_secret(world, "fernet", {"fernet-key": "x"})


@seeded
def no_keda(world: World) -> Iterator[None]:
    delete_definition(world, "scaledobjects.keda.sh")
    yield
    define(world, "ScaledObject", "scaledobjects")


@seeded
def another_keda(world: World) -> Iterator[None]:
    delete_definition(world, "scaledobjects.keda.sh")
    define(world, "ScaledObject", "scaledobjects", version="v2")
    yield
    delete_definition(world, "scaledobjects.keda.sh")
    define(world, "ScaledObject", "scaledobjects")


@seeded
def no_block_class(world: World) -> Iterator[None]:
    world.storage.delete_storage_class("gp3")
    yield
    world.storage.create_storage_class(
        kubernetes.V1StorageClass(metadata=kubernetes.V1ObjectMeta(name="gp3"), provisioner="ebs.csi.aws.com")
    )


@seeded
def another_namespace(world: World) -> Iterator[None]:
    world.airflow = needs(namespace="nowhere")
    yield
    world.airflow = needs()


@seeded
def a_stack_with_its_own_keda(world: World) -> Iterator[None]:
    world.airflow = needs(keda_release=KedaRelease(name="keda", namespace="keda"))
    yield
    world.airflow = needs()


@seeded
def keys_from_external_secrets(world: World) -> Iterator[None]:
    world.airflow = needs(external_secrets=True)
    yield
    world.airflow = needs()


@seeded
def a_claim_that_is_not_there(world: World) -> Iterator[None]:
    world.airflow = needs(claims=("dags",))
    yield
    world.airflow = needs()


@seeded
def a_claim_of_one_node(world: World) -> Iterator[None]:
    spec = kubernetes.V1PersistentVolumeClaimSpec(
        access_modes=["ReadWriteOnce"],
        storage_class_name="gp3",
        resources=kubernetes.V1VolumeResourceRequirements(requests={"storage": "1Gi"}),
    )
    body = kubernetes.V1PersistentVolumeClaim(metadata=kubernetes.V1ObjectMeta(name="dags"), spec=spec)
    world.core.create_namespaced_persistent_volume_claim("airflow", body)
    world.airflow = needs(claims=("dags",))
    yield
    world.airflow = needs()
    world.core.delete_namespaced_persistent_volume_claim("dags", "airflow")


@seeded
def a_disk_of_a_class_that_is_not_there(world: World) -> Iterator[None]:
    world.airflow = needs(block_classes=("gp2",))
    yield
    world.airflow = needs()


@seeded
def a_disk_on_efs(world: World) -> Iterator[None]:
    (name,) = {one.name for one in world.environment.storage_classes[:1]}
    world.airflow = needs(block_classes=(name,))
    yield
    world.airflow = needs()


@seeded
def a_larger_disk_of_redis(world: World) -> Iterator[None]:
    apps = kubernetes.AppsV1Api(world.api)
    requests = {"requests": {"storage": "1Gi"}}
    claim = {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3", "resources": requests}
    labels = {"component": "redis"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "redis", "image": "redis"}]}}
    body: Any = {
        "metadata": {"name": "airflow-redis"},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": pod,
            "volumeClaimTemplates": [{"metadata": {"name": "redis-db"}, "spec": claim}],
        },
    }
    apps.create_namespaced_stateful_set("airflow", body)
    disk = Disk(name="airflow-redis", storage_class="gp3", size="2Gi", field="airflow.broker.bundled")
    world.airflow = needs(disks=(disk,))
    yield
    world.airflow = needs()
    apps.delete_namespaced_stateful_set("airflow-redis", "airflow")


@seeded
def logs_of_another_class(world: World) -> Iterator[None]:
    spec: Any = {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "gp3",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    body: Any = {"metadata": {"name": "airflow-logs"}, "spec": spec}
    world.core.create_namespaced_persistent_volume_claim("airflow", body)
    logs = Disk(name="airflow-logs", storage_class="efs-sc", size="1Gi", field="airflow.logs")
    world.airflow = needs(logs=logs)
    yield
    world.airflow = needs()
    world.core.delete_namespaced_persistent_volume_claim("airflow-logs", "airflow")


AIRFLOW_FAULTS = [
    Fault("airflow-disk-change", a_larger_disk_of_redis, "would ask for 2Gi", "statefulset/airflow-redis"),
    Fault("airflow-logs-change", logs_of_another_class, "is of class gp3", "logs.existing_claim"),
    Fault("keda-of-another", a_stack_with_its_own_keda, "KEDA of no Helm release", "install: existing"),
    Fault("external-secrets-missing", keys_from_external_secrets, "external-secrets.io/v1", "operator"),
    Fault("airflow-claim-missing", a_claim_that_is_not_there, "no claim airflow/dags", "volumes"),
    Fault("airflow-claim-missing", a_claim_of_one_node, "is not ReadWriteMany", "cannot change"),
    Fault("block-class-missing", a_disk_of_a_class_that_is_not_there, "no StorageClass gp2", "make it"),
    Fault("block-class-missing", a_disk_on_efs, "is of EFS", "block storage"),
    Fault("airflow-connection-scheme", a_driver_in_the_string, "postgresql+psycopg2://", "postgresql://"),
    Fault("airflow-connection-scheme", a_line_break_after_the_string, "ends in a line break", "echo -n"),
    Fault("airflow-connection-scheme", no_string_at_all, "other than postgresql", "postgresql://"),
    Fault("airflow-connection-scheme", an_unknown_option, "an unknown sslmode", "verify-full"),
    Fault("airflow-connection-file", a_certificate_in_a_file, "a file in sslrootcert", "extraVolumes"),
    Fault("airflow-result-backend", a_store_of_sqlalchemys, "wants db+ before", "db+postgresql://"),
    Fault("airflow-broker-url", a_broker_on_the_web, "begins with https://", "rediss://"),
    Fault("airflow-secret-missing", no_secret, "no Secret airflow/fernet", "create secret generic fernet"),
    Fault("airflow-secret-missing", no_key, "no key fernet-key", "add the key"),
    Fault("airflow-namespace-missing", another_namespace, "no namespace nowhere", "create namespace nowhere"),
    Fault("keda-missing", no_keda, "does not know KEDA's scaledobjects", "helm install keda"),
    Fault("keda-missing", another_keda, "does not serve keda.sh/v1alpha1", "KEDA 2"),
    Fault("block-class-missing", no_block_class, "block volumes", "EBS CSI driver"),
    Fault(
        "helm-too-old",
        set_field("cluster", "version", to="1.30"),
        "Helm 3.17",
        "upgrade",
        also=frozenset({"kubectl-skew"}),
    ),
]


def test_a_cluster_with_what_airflow_needs_is_met_with_silence(airflow: World) -> None:
    assert lines_of(airflow.examine()) == []


@pytest.mark.parametrize("fault", AIRFLOW_FAULTS, ids=lambda fault: fault.id)
def test_what_airflow_would_miss_is_found_with_its_cure(airflow: World, fault: Fault) -> None:
    with fault.seed(airflow):
        report = airflow.examine()
    finding = found(report, fault.check)
    assert fault.what in finding.what
    assert fault.cure in finding.cure
    assert "hush" not in report.model_dump_json()
    assert {one.check for one in report.findings} == {fault.check, *fault.also}, lines_of(report)


# The command.


def run(world: World, *arguments: str) -> Any:
    return CliRunner().invoke(
        app, ["doctor", NAME, "--environments", str(world.folder), *arguments], catch_exceptions=False
    )


def test_the_command_is_silent_and_succeeds_on_a_healthy_installation(world: World) -> None:
    result = run(world)
    assert "Nothing found." in result.output
    assert result.exit_code == 0


def test_the_commands_json_has_the_documented_shape_and_its_status_the_worst_severity(world: World) -> None:
    with no_bootstrap_version(world):
        result = run(world, "--output", "json")
    report = Report.model_validate_json(result.output)
    (finding,) = report.findings
    assert finding.check == "bootstrap-missing"
    assert {one.check for one in report.skipped} == {
        "bootstrap-outdated",
        "bootstrap-bucket-missing",
        "bootstrap-role-missing",
    }
    assert result.exit_code == 3


def test_the_command_prints_what_where_and_the_cure(world: World) -> None:
    with open_to_everybody(world):
        result = run(world)
    assert "warning nfs-open-wider: " in result.output
    assert "docs/doctor.md#nfs-open-wider" in result.output
    assert result.exit_code == 5


def test_the_command_asks_what_airflow_needs(world: World) -> None:
    result = run(world, "--airflow", "nowhere", "--connection", "metadata", "--no-keda", "-o", "json")
    checks = {one.check for one in Report.model_validate_json(result.output).findings}
    assert checks == {"airflow-namespace-missing"}


# Last, because they cannot be undone.


def test_a_missing_claim_is_found(world: World) -> None:
    world.core.delete_namespaced_persistent_volume_claim("efs-claim-1", "default")
    eventually(lambda: not world.core.list_namespaced_persistent_volume_claim("default").items)
    report = world.examine()
    assert found(report, "claim-missing").what == "claim default/efs-claim-1 is gone"
    assert "put it back" in found(report, "claim-missing").cure


def test_a_missing_role_is_found_and_what_needs_it_left_out(world: World) -> None:
    iam, role = world.client("iam"), world.outputs["NodeRoleArn"].rpartition("/")[2]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)
    report = world.examine()
    assert role in found(report, "driver-role-missing").what
    assert "driver-role-trust" in {one.check for one in report.skipped}


def test_a_cluster_without_nodes_is_told_apart_from_a_broken_driver(world: World) -> None:
    for node in world.core.list_node().items:
        world.nodes.remove(node.metadata.name)
    report = world.examine()
    assert found(report, "no-nodes").severity is Severity.WARNING
    assert "controller-not-ready" in {one.check for one in report.skipped}


def test_a_missing_file_system_is_found_and_what_needs_it_left_out(world: World) -> None:
    efs, system = world.client("efs"), world.file_system
    for target in efs.describe_mount_targets(FileSystemId=system)["MountTargets"]:
        efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    efs.delete_file_system(FileSystemId=system)
    report = world.examine()
    assert system in found(report, "file-system-missing").what
    left_out = {one.check for one in report.skipped if one.because == "file-system-missing"}
    assert {"mount-target-missing", "backup-differs", "access-point-without-volume"} <= left_out


def test_every_check_but_a_few_is_tested_by_a_fault_of_its_own() -> None:
    from operations.doctor.registry import all_checks
    from tests.rehearsal import test_doctor_before, test_doctor_pod_identity

    here = {
        fault.check
        for fault in [*FAULTS, *AIRFLOW_FAULTS, *test_doctor_before.FAULTS, *test_doctor_pod_identity.FAULTS]
    }
    alone = {"claim-missing", "driver-role-missing", "no-nodes", "file-system-missing"}
    elsewhere = {"mount-target-not-available"}  # tests/unit/operations/test_doctor_checks.py
    assert {check.id for check in all_checks()} == here | alone | elsewhere
