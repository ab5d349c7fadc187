from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Match, Template

from settings import Environment, load_environment
from stacks.efs_storage_stack import EfsStorageStack
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.templates import (
    Resources,
    chart_values,
    manifest,
    manifests,
    of_type,
    only,
    resources,
    waits_for,
)

MANIFEST = "Custom::AWSCDK-EKS-KubernetesResource"
CHART = "Custom::AWSCDK-EKS-HelmChart"
EXAMPLES = ["airflow_seoul", "dynamic_provisioning"]


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest) -> Template:
    template: Template = request.getfixturevalue(request.param)
    return template


@pytest.fixture
def environment() -> Environment:
    return load_environment("airflow-seoul", ENVIRONMENTS)


def altered(environment: Environment, part: str, **fields: Any) -> Environment:
    changed = getattr(environment, part).model_copy(update=fields)
    return environment.model_copy(update={part: changed})


def of_kind(template: Template, kind: str) -> Resources:
    """The manifests whose first object is of a kind."""
    return {
        key: value
        for key, value in of_type(template, MANIFEST).items()
        if manifests(value)[0]["kind"] == kind
    }


def release_of(template: Template, beginning: str) -> str:
    """The logical id of the one chart whose release begins so."""
    (found,) = (
        key
        for key, chart in of_type(template, CHART).items()
        if str(chart["Properties"]["Release"]).startswith(beginning)
    )
    return found


def class_of(template: Template) -> Mapping[str, Any]:
    found: Mapping[str, Any] = chart_values(resources(template)[release_of(template, "efs-class-")])[
        "storageClass"
    ]
    return found


def types_waited_for(template: Template, logical_id: str) -> set[str]:
    everything = resources(template)
    return {everything[found]["Type"] for found in waits_for(everything, logical_id)}


def test_the_physical_name_carries_the_environment(app: App, environment: Environment) -> None:
    stack = EfsStorageStack(app, "EfsStorageStack", environment=environment)
    assert (stack.node.id, stack.stack_name) == ("EfsStorageStack", "EfsStorageStack-airflow-seoul")
    assert (stack.account, stack.region) == ("123456789012", "ap-northeast-2")


def test_there_is_no_nested_stack_and_no_third_function(example: Template) -> None:
    example.resource_count_is("AWS::CloudFormation::Stack", 0)
    assert len(of_type(example, "AWS::Lambda::Function")) <= 2


def test_the_template_says_what_it_made(example: Template) -> None:
    assert set(example.to_json()["Outputs"]) == {
        "FileSystemId",
        "FileSystemArn",
        "SecurityGroupId",
        "ControllerRoleArn",
        "NodeRoleArn",
        "StorageClassNames",
    }


def test_a_class_comes_after_driver_policy_and_every_mount_target(example: Template) -> None:
    storage_class = release_of(example, "efs-class-")
    before = waits_for(resources(example), storage_class)
    assert release_of(example, "aws-efs-csi-driver") in before
    assert set(of_type(example, "AWS::EFS::MountTarget")) <= before
    assert any(found.startswith("DriverControllerPolicy") for found in before)


def test_a_class_comes_after_the_driver_also_where_nothing_guards_deletions(
    synthesized: Callable[[Environment], Template], environment: Environment
) -> None:
    example = synthesized(altered(environment, "cluster", version="1.29"))
    before = waits_for(resources(example), release_of(example, "efs-class-"))
    assert release_of(example, "aws-efs-csi-driver") in before


def test_the_driver_tags_access_points_with_whose_they_are(dynamic_provisioning: Template) -> None:
    chart = resources(dynamic_provisioning)[release_of(dynamic_provisioning, "aws-efs-csi-driver")]
    assert chart_values(chart)["controller"]["tags"] == {
        "airflow-efs/environment": "dynamic-provisioning",
        "airflow-efs/cluster": "k8s-cluster",
    }


def test_a_class_does_not_wait_for_the_policy_of_the_nodes(example: Template) -> None:
    storage_class = release_of(example, "efs-class-")
    before = waits_for(resources(example), storage_class)
    assert not any(found.startswith("DriverNodePolicy") for found in before)


def test_a_claim_comes_after_its_class(dynamic_provisioning: Template) -> None:
    storage_class = release_of(dynamic_provisioning, "efs-class-")
    (claim,) = of_kind(dynamic_provisioning, "PersistentVolumeClaim")
    assert storage_class in waits_for(resources(dynamic_provisioning), claim)


def test_the_driver_waits_for_the_preflight_and_roles_and_for_nothing_else(example: Template) -> None:
    chart = release_of(example, "aws-efs-csi-driver")
    assert types_waited_for(example, chart) == {
        CHART,
        "AWS::EKS::AccessEntry",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
    }


def test_everything_waits_for_the_preflight_but_what_it_needs_itself(example: Template) -> None:
    preflight = release_of(example, "airflow-efs-")
    everything = resources(example)
    needed = {preflight, *waits_for(everything, preflight)}
    assert [
        key for key in everything if key not in needed and preflight not in waits_for(everything, key)
    ] == []


def test_the_preflight_waits_for_access_and_for_nothing_that_it_could_refuse(example: Template) -> None:
    assert types_waited_for(example, release_of(example, "airflow-efs-")) == {
        "AWS::EKS::AccessEntry",
        "AWS::IAM::Role",
        "AWS::IAM::Policy",
        "AWS::Lambda::Function",
        "AWS::Lambda::LayerVersion",
    }


def test_mount_targets_do_not_wait_for_the_driver(example: Template) -> None:
    driver = release_of(example, "aws-efs-csi-driver")
    for mount_target in of_type(example, "AWS::EFS::MountTarget"):
        assert driver not in waits_for(resources(example), mount_target)


def test_the_record_is_written_last(example: Template) -> None:
    (record,) = (
        key
        for key, value in of_kind(example, "ConfigMap").items()
        if "airflow-efs/record" in manifests(value)[0]["metadata"].get("labels", {})
    )
    assert waits_for(resources(example), record) == set(resources(example)) - {record}


def test_everything_in_the_cluster_goes_before_the_access_entry_on_deletion(example: Template) -> None:
    (entry,) = of_type(example, "AWS::EKS::AccessEntry")
    applied = [*of_type(example, CHART), *of_type(example, MANIFEST)]
    assert [key for key in applied if entry not in waits_for(resources(example), key)] == []


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("AWS::EFS::FileSystem", "FileSystemTags"),
        ("AWS::EC2::SecurityGroup", "Tags"),
        ("AWS::IAM::Role", "Tags"),
        ("AWS::Lambda::Function", "Tags"),
        ("AWS::EKS::AccessEntry", "Tags"),
    ],
)
def test_everything_that_takes_tags_is_tagged(airflow_seoul: Template, kind: str, field: str) -> None:
    found = of_type(airflow_seoul, kind)
    assert found
    for resource in found.values():
        tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"][field]}
        assert tags["airflow-efs:environment"] == "airflow-seoul"
        assert tags["airflow-efs:cluster"] == "k8s-cluster"


def test_the_users_tags_are_on_everything_but_do_not_rename_the_file_system(
    synthesized: Callable[[Environment], Template], environment: Environment
) -> None:
    tagged = environment.model_copy(update={"tags": {"team": "data", "Name": "everything"}})
    template = synthesized(altered(tagged, "file_system", tags={"tier": "logs"}))
    tags = only(of_type(template, "AWS::EFS::FileSystem"))["Properties"]["FileSystemTags"]
    found = {tag["Key"]: tag["Value"] for tag in tags}
    assert (found["team"], found["tier"], found["Name"]) == ("data", "logs", "efs_fs")
    template.has_resource_properties(
        "AWS::EC2::SecurityGroup", {"Tags": Match.array_with([{"Key": "team", "Value": "data"}])}
    )


def test_nodes_are_the_clients_when_the_settings_say_so(dynamic_provisioning: Template) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    allowed = only(of_type(dynamic_provisioning, "AWS::EC2::SecurityGroup"))["Properties"][
        "SecurityGroupIngress"
    ]
    assert [rule["SourceSecurityGroupId"] for rule in allowed] == list(
        environment.cluster.node_security_groups
    )


def test_a_role_that_the_cluster_trusts_needs_no_access_entry(
    synthesized: Callable[[Environment], Template], environment: Environment
) -> None:
    role = "arn:aws:iam::123456789012:role/deployer"
    access = environment.cluster.access.model_copy(update={"entry": False, "role_arn": role})
    template = synthesized(altered(environment, "cluster", access=access))
    template.resource_count_is("AWS::EKS::AccessEntry", 0)
    template.has_resource_properties("AWS::Lambda::Function", {"Role": role})
    assert "Conditions" not in template.to_json()


def test_what_the_settings_let_go_goes_with_the_stack(
    synthesized: Callable[[Environment], Template], environment: Environment
) -> None:
    template = synthesized(altered(environment, "file_system", removal="destroy"))
    assert only(of_type(template, "AWS::EFS::FileSystem"))["DeletionPolicy"] == "Delete"


def test_without_classes_there_is_still_a_file_system_and_a_driver(
    synthesized: Callable[[Environment], Template], environment: Environment
) -> None:
    template = synthesized(environment.model_copy(update={"storage_classes": (), "claims": ()}))
    assert of_kind(template, "PersistentVolumeClaim") == {}
    releases = {str(chart["Properties"]["Release"]) for chart in of_type(template, CHART).values()}
    assert releases == {"aws-efs-csi-driver", "airflow-efs-airflow-seoul"}
    assert "StorageClassNames" not in template.to_json()["Outputs"]


def test_claims_whose_joined_names_are_equal_are_two(
    synthesized: Callable[[Environment], Template],
) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    (claim,) = environment.claims
    twins = tuple(
        claim.model_copy(update={"namespace": namespace, "name": name})
        for namespace, name in [("a-b", "c"), ("a", "b-c")]
    )
    template = synthesized(environment.model_copy(update={"claims": twins}))
    assert len(of_kind(template, "PersistentVolumeClaim")) == 2


def test_the_layer_fits_the_clusters_version(airflow_seoul: Template, dynamic_provisioning: Template) -> None:
    def kubectl(template: Template) -> str:
        layers = of_type(template, "AWS::Lambda::LayerVersion").values()
        (found,) = (
            layer["Properties"]["Description"] for layer in layers if "kubectl" in str(layer["Properties"])
        )
        return str(found)

    assert kubectl(airflow_seoul).startswith("/opt/kubectl/kubectl 1.36.")
    assert kubectl(dynamic_provisioning).startswith("/opt/kubectl/kubectl 1.33.")


def test_worked_example_a_has_its_exact_values(airflow_seoul: Template) -> None:
    airflow_seoul.has_resource_properties("AWS::IAM::Role", {"RoleName": "AmazonEKS_EFS_CSI_DriverRole"})
    airflow_seoul.has_resource_properties(
        "AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "AmazonEKS_EFS_CSI_Driver_Policy"}
    )
    group = only(of_type(airflow_seoul, "AWS::EC2::SecurityGroup"))["Properties"]
    environment = load_environment("airflow-seoul", ENVIRONMENTS)
    assert group["GroupName"] == "efs-sg"
    assert [rule["CidrIp"] for rule in group["SecurityGroupIngress"]] == list(environment.cluster.vpc.cidrs)
    (file_system,) = of_type(airflow_seoul, "AWS::EFS::FileSystem")
    found = class_of(airflow_seoul)
    assert found["metadata"]["name"] == "efs-sc"
    assert found["parameters"] == {
        "provisioningMode": "efs-ap",
        "fileSystemId": file_system,
        "directoryPerms": "700",
        "gidRangeStart": "1000",
        "gidRangeEnd": "2000",
        "basePath": "/prod_airflow",
    }
    assert of_kind(airflow_seoul, "PersistentVolumeClaim") == {}


def test_worked_example_b_has_its_exact_values(dynamic_provisioning: Template) -> None:
    (file_system,) = of_type(dynamic_provisioning, "AWS::EFS::FileSystem")
    assert class_of(dynamic_provisioning) == {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "efs-sc-1"},
        "provisioner": "efs.csi.aws.com",
        "mountOptions": ["tls"],
        "volumeBindingMode": "Immediate",
        "reclaimPolicy": "Delete",
        "parameters": {
            "provisioningMode": "efs-ap",
            "fileSystemId": file_system,
            "directoryPerms": "700",
            "uid": "1000",
            "gid": "1000",
            "gidRangeStart": "1000",
            "gidRangeEnd": "2000",
            "basePath": "/dynamic_provisioning",
        },
    }
    (claim,) = of_kind(dynamic_provisioning, "PersistentVolumeClaim").values()
    assert manifest(claim)["metadata"] == {"name": "efs-claim-1", "namespace": "default"}
    assert manifest(claim)["spec"] == {
        "accessModes": ["ReadWriteMany"],
        "storageClassName": "efs-sc-1",
        "resources": {"requests": {"storage": "5Gi"}},
    }


def with_parts(environment: Environment, **sections: object) -> Environment:
    """The environment with sections written as in a file."""
    fields = environment.model_dump(exclude={"pipeline"}, exclude_unset=True)
    return Environment.named(environment.name, {**fields, **sections})


@pytest.fixture
def everything(synthesized: Callable[[Environment], Template]) -> Template:
    """A claim that goes, a volume, and the writer."""
    return synthesized(
        with_parts(
            load_environment("dynamic-provisioning", ENVIRONMENTS),
            claims=[{"name": "gone", "storage_class": "efs-sc-1", "size": "1Gi", "removal": "destroy"}],
            volumes=[{"name": "dags", "path": "/dags", "owner": {"uid": 1, "gid": 1}}],
            sample_writer={"claim": "dags"},
        )
    )


def guard_of(template: Template, name: str) -> str:
    (found,) = (
        key
        for key, value in of_type(template, "Custom::AWSCDK-EKS-KubernetesPatch").items()
        if value["Properties"]["ResourceName"] == f"configmap/airflow-efs-dynamic-provisioning-{name}"
    )
    return found


def test_the_driver_outlives_its_guard_and_that_the_classes(everything: Template) -> None:
    guard, made = guard_of(everything, "volumes"), resources(everything)
    assert release_of(everything, "aws-efs-csi-driver") in waits_for(made, guard)
    assert any(key.startswith("DriverControllerPolicy") for key in waits_for(made, guard))
    assert guard in waits_for(made, release_of(everything, "efs-class-"))


def test_a_claim_that_goes_outlives_its_guard_and_that_the_writer(everything: Template) -> None:
    guard, made = guard_of(everything, "claims"), resources(everything)
    (writer,) = of_kind(everything, "Deployment")
    assert set(of_kind(everything, "PersistentVolumeClaim")) & waits_for(made, guard)
    assert guard in waits_for(made, writer)


def test_a_volume_comes_after_every_mount_target(everything: Template) -> None:
    (volume,) = of_kind(everything, "PersistentVolume")
    assert set(of_type(everything, "AWS::EFS::MountTarget")) <= waits_for(resources(everything), volume)


def test_a_volume_is_mounted_by_iam_where_the_file_system_lets_in_nobody_else(
    environment: Environment, synthesized: Callable[[Environment], Template]
) -> None:
    volume = {"name": "dags", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}
    by_iam = altered(with_parts(environment, volumes=[volume]), "file_system", iam_authorization=True)
    made = only(of_kind(synthesized(by_iam), "PersistentVolume"))
    assert manifest(made)["spec"]["mountOptions"] == ["tls", "iam"]


def test_without_a_claim_that_goes_only_the_driver_is_guarded(dynamic_provisioning: Template) -> None:
    dynamic_provisioning.resource_count_is("Custom::AWSCDK-EKS-KubernetesPatch", 1)


def test_a_driver_that_was_there_needs_no_guard(synthesized: Callable[[Environment], Template]) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    template = synthesized(with_parts(environment, driver={"install": "existing"}))
    template.resource_count_is("Custom::AWSCDK-EKS-KubernetesPatch", 0)


def test_an_old_cluster_has_no_guards(synthesized: Callable[[Environment], Template]) -> None:
    environment = load_environment("dynamic-provisioning", ENVIRONMENTS)
    template = synthesized(altered(environment, "cluster", version="1.29"))
    template.resource_count_is("Custom::AWSCDK-EKS-KubernetesPatch", 0)


@pytest.mark.parametrize(
    ("fields", "policy"),
    [
        ({}, "RetainExceptOnCreate"),
        ({"adopt": True}, "Retain"),
        ({"removal": "destroy"}, "Delete"),
        ({"removal": "destroy", "adopt": True}, "Delete"),
    ],
    ids=str,
)
def test_a_claim_stays_unless_a_failed_deployment_made_it(
    synthesized: Callable[[Environment], Template], fields: dict[str, object], policy: str
) -> None:
    claim = {"name": "one", "storage_class": "efs-sc-1", "size": "1Gi", **fields}
    template = synthesized(with_parts(load_environment("dynamic-provisioning", ENVIRONMENTS), claims=[claim]))
    assert only(of_kind(template, "PersistentVolumeClaim"))["DeletionPolicy"] == policy
