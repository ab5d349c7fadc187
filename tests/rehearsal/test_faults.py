"""What goes wrong on request is survived or reported, and nothing is lost.

The tests of this module run in their order, on one rehearsal whose environment changes. Whatever a fault
does, the claim that is Bound stays Bound to its access point, and the next deployment succeeds.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain, trace
from rehearsal.claims import await_bound, make_claim
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import await_event, restart_the_driver
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.lines import Lines

STACK = "EfsStorageStack-faulty"
CLASS = "efs-sc-1"
CLAIM = "efs-claim-1"
UNREACHABLE = ("cluster unreachable", "connection refused", "connection to the server")
"""What helm and kubectl say of an API server that is being started."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, "faulty", lambda _: None)
    return folder


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with Rehearsal(
        environment="faulty", environments=folder, reporter=Lines(), faults=["slow-creation:2s"]
    ) as rehearsal:
        yield rehearsal


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim before any fault could touch it."""
    await_bound(rehearsal.kubernetes(), name=CLAIM)
    return chain_of(rehearsal)


def test_helm_that_fails_half_way_is_reported_and_rolled_back(rehearsal: Rehearsal) -> None:
    with (
        rehearsal.fault("helm-half-way") as fault,
        pytest.raises(RehearsalError, match="refused by the fault helm-half-way"),
    ):
        rehearsal.deploy()
    assert fault.strikes == 1
    assert status(rehearsal) == "ROLLBACK_COMPLETE"
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert len(apps.list_namespaced_daemon_set("kube-system").items) == 1  # it was half-way indeed
    assert apps.list_namespaced_deployment("kube-system").items == []


def test_the_next_deployment_takes_over_what_helm_left(rehearsal: Rehearsal) -> None:
    rehearsal.deploy()
    assert status(rehearsal) == "CREATE_COMPLETE"
    await_bound(rehearsal.kubernetes(), name=CLAIM)


def test_a_deployment_waits_for_what_is_being_created(rehearsal: Rehearsal) -> None:
    took: dict[str, dict[str, Any]] = {}
    for event in stack_events(rehearsal):
        if event["ResourceType"] in ("AWS::EFS::FileSystem", "AWS::EFS::MountTarget"):
            took.setdefault(event["LogicalResourceId"], {})[event["ResourceStatus"]] = event["Timestamp"]
    times = [(one["CREATE_COMPLETE"] - one["CREATE_IN_PROGRESS"]).total_seconds() for one in took.values()]
    assert len(times) == 1 + len(rehearsal.settings.cluster.subnets)
    assert min(times) >= 2
    assert rehearsal.strikes() == {"slow-creation:2s": 0}


def test_throttled_calls_of_the_driver_are_repeated(rehearsal: Rehearsal, before: Chain) -> None:
    with rehearsal.fault("throttle:efs.CreateAccessPoint:5") as fault:
        make_claim(rehearsal.kubernetes(), name="throttled", storage_class=CLASS)
        await_bound(rehearsal.kubernetes(), name="throttled")
    assert fault.strikes == 5
    assert len(access_points(rehearsal)) == 2  # one of each claim
    assert untouched(rehearsal, before)


def test_the_driver_waits_for_an_sts_that_is_unavailable(rehearsal: Rehearsal, before: Chain) -> None:
    with rehearsal.fault("unavailable:sts:5s") as fault:
        restart_the_driver(rehearsal)  # it needs a new session
        make_claim(rehearsal.kubernetes(), name="without-sts", storage_class=CLASS)
        await_bound(rehearsal.kubernetes(), name="without-sts")
    assert fault.strikes >= 1
    assert untouched(rehearsal, before)


def test_a_full_quota_of_access_points_is_told_in_the_claims_events(
    rehearsal: Rehearsal, before: Chain
) -> None:
    quota = len(access_points(rehearsal))
    with rehearsal.fault(f"access-point-quota:{quota}"):
        make_claim(rehearsal.kubernetes(), name="too-many", storage_class=CLASS)
        await_event(
            rehearsal,
            "too-many",
            "AccessPointLimitExceeded: You have reached the maximum number of access points "
            f"({quota}) for your file system {before.handle.file_system_id}. "
            "Delete an access point and add a new one.",
        )
        assert len(access_points(rehearsal)) == quota
    await_bound(rehearsal.kubernetes(), name="too-many")
    assert untouched(rehearsal, before)


def test_a_class_of_an_unknown_file_system_is_told_in_the_claims_events(rehearsal: Rehearsal) -> None:
    parameters = {"provisioningMode": "efs-ap", "fileSystemId": "fs-00000000", "directoryPerms": "700"}
    kubernetes.StorageV1Api(rehearsal.kubernetes()).create_storage_class(
        kubernetes.V1StorageClass(
            metadata=kubernetes.V1ObjectMeta(name="nowhere"),
            provisioner="efs.csi.aws.com",
            parameters=parameters,
        )
    )
    make_claim(rehearsal.kubernetes(), name="lost", storage_class="nowhere")
    await_event(rehearsal, "lost", "File System does not exist")
    kubernetes.CoreV1Api(rehearsal.kubernetes()).delete_namespaced_persistent_volume_claim("lost", "default")
    kubernetes.StorageV1Api(rehearsal.kubernetes()).delete_storage_class("nowhere")


def test_an_api_server_that_restarts_during_a_deployment_loses_nothing(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "faulty", with_class("after-restart"))
    with rehearsal.fault("api-server-restart") as fault:
        run = deploy(rehearsal)
    assert fault.strikes == 1
    if status(rehearsal) == "UPDATE_ROLLBACK_FAILED":
        # The way back began before the API server was there again; it goes on when that is over.
        assert any(words in failed_updates(rehearsal) for words in UNREACHABLE), failed_updates(rehearsal)
        rollback = rehearsal.cdk("rollback", "EfsStorageStack")
        assert rollback.status == 0, rollback.output
    assert status(rehearsal) == ("UPDATE_COMPLETE" if run.status == 0 else "UPDATE_ROLLBACK_COMPLETE")
    assert untouched(rehearsal, before)
    assert deploy(rehearsal).status == 0
    assert class_names(rehearsal) == {CLASS, "after-restart"}


def test_a_function_whose_time_is_up_is_reported_and_rolled_back(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "faulty", with_class("after-restart", "after-timeout"))
    with rehearsal.fault("lambda-timeout") as fault:
        run = deploy(rehearsal)
    assert fault.strikes == 1
    assert run.status == 1
    assert "Task timed out after 0.50 seconds" in run.output
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    assert class_names(rehearsal) == {CLASS, "after-restart"}
    assert untouched(rehearsal, before)
    assert deploy(rehearsal).status == 0
    assert class_names(rehearsal) == {CLASS, "after-restart", "after-timeout"}


def test_a_chart_repository_that_does_not_answer_is_reported_and_rolled_back(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "faulty", with_another_role)
    with rehearsal.fault("chart-repository-silent:5s") as fault:
        run = deploy(rehearsal)
    assert fault.strikes >= 1
    assert run.status == 1
    assert "cannot be reached" in run.output
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    assert class_names(rehearsal) == {CLASS, "after-restart", "after-timeout"}
    assert untouched(rehearsal, before)
    make_claim(rehearsal.kubernetes(), name="as-before", storage_class=CLASS)
    await_bound(rehearsal.kubernetes(), name="as-before")  # the driver has its former role


@pytest.mark.parametrize(
    ("fault", "days"),
    [
        ("throttle:cloudformation:3", 7),
        ("unavailable:cloudformation.DescribeStackEvents:2", 14),
        ("unavailable:cloudformation.ExecuteChangeSet:1", 60),
        ("throttle:s3:2", 7),
        ("unavailable:s3:2", 14),
        ("throttle:ssm:2", 60),
        ("unavailable:sts:2", 7),
    ],
)
def test_a_service_that_refuses_the_cli_for_a_moment_is_asked_again(
    rehearsal: Rehearsal, folder: Path, before: Chain, fault: str, days: int
) -> None:
    write_environment(folder, "faulty", with_infrequent_access_after(days))
    with rehearsal.fault(fault) as struck:
        run = deploy(rehearsal)
    assert run.status == 0, run.output
    assert struck.strikes >= 1
    assert status(rehearsal) == "UPDATE_COMPLETE"
    assert untouched(rehearsal, before)


def test_a_cloudformation_that_stays_away_is_reported_and_nothing_is_changed(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    events = len(stack_events(rehearsal))
    write_environment(folder, "faulty", with_infrequent_access_after(60))
    with rehearsal.fault("unavailable:cloudformation.CreateChangeSet:100") as fault:
        run = deploy(rehearsal)
    assert run.status == 1
    assert fault.strikes >= 2
    assert "Service is unable to handle request" in run.output
    assert len(stack_events(rehearsal)) == events
    assert untouched(rehearsal, before)


def test_calls_of_lambda_that_are_refused_are_none_of_a_deployments(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    write_environment(folder, "faulty", with_infrequent_access_after(60))
    with rehearsal.fault("unavailable:lambda:100") as fault:
        run = deploy(rehearsal)
    assert run.status == 0, run.output
    assert fault.strikes == 0  # CloudFormation's own work makes none, nor does the CLI
    assert untouched(rehearsal, before)


def test_a_role_of_another_name_takes_the_place_of_the_former_which_is_cleaned_up(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    former = controller_role(rehearsal)
    write_environment(folder, "faulty", with_another_role)
    assert deploy(rehearsal).status == 0
    assert controller_role(rehearsal) == "efs-controller"
    names = {role["RoleName"] for role in rehearsal.client("iam").list_roles()["Roles"]}
    assert "efs-controller" in names
    assert former not in names
    assert untouched(rehearsal, before)
    restart_the_driver(rehearsal)  # a pod keeps the role that its account named when it was started
    make_claim(rehearsal.kubernetes(), name="by-another-role", storage_class=CLASS)
    await_bound(rehearsal.kubernetes(), name="by-another-role")


def test_a_second_mount_target_in_a_zone_is_refused_before_anything_changes(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    ec2, cluster = rehearsal.client("ec2"), rehearsal.settings.cluster
    ec2.associate_vpc_cidr_block(VpcId=cluster.vpc.id, CidrBlock="10.250.0.0/16")
    subnet = ec2.create_subnet(
        VpcId=cluster.vpc.id,
        CidrBlock="10.250.0.0/24",
        AvailabilityZone=cluster.subnets[0].availability_zone,
    )["Subnet"]["SubnetId"]

    def move(content: dict[str, Any]) -> None:
        with_another_role(content)
        content["cluster"]["subnets"][0]["id"] = subnet

    write_environment(folder, "faulty", move)
    run = deploy(rehearsal)
    assert run.status == 1
    assert "EFS has room for one mount target in" in run.output
    assert status(rehearsal) == "UPDATE_ROLLBACK_COMPLETE"
    assert len(mount_targets(rehearsal, before)) == len(cluster.subnets)
    assert untouched(rehearsal, before)


def test_nothing_is_left_of_all_that_but_what_is_retained(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    for claim in ("throttled", "without-sts", "too-many", "as-before", "by-another-role"):
        core.delete_namespaced_persistent_volume_claim(claim, "default")
    await_only_access_point(rehearsal, before)
    write_environment(folder, "faulty", with_another_role)
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    assert class_names(rehearsal) == set()
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert apps.list_deployment_for_all_namespaces().items == []
    assert apps.list_daemon_set_for_all_namespaces().items == []
    accounts = core.list_namespaced_service_account("kube-system").items
    assert [one.metadata.name for one in accounts if one.metadata and "efs" in str(one.metadata.name)] == []
    policies = kubernetes.AdmissionregistrationV1Api(rehearsal.kubernetes())
    assert policies.list_validating_admission_policy().items == []
    assert mount_targets(rehearsal, before) == []
    assert untouched(rehearsal, before)


def deploy(rehearsal: Rehearsal) -> Any:
    return rehearsal.cdk(
        "deploy", "EfsStorageStack", "--require-approval", "never", "--progress", "events", say=Lines().say
    )


def failed_updates(rehearsal: Rehearsal) -> str:
    """Why resources could not be changed, or changed back."""
    return "\n".join(
        event.get("ResourceStatusReason", "")
        for event in stack_events(rehearsal)
        if event["ResourceStatus"] == "UPDATE_FAILED"
    )


def stack_events(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return list(rehearsal.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"])


def with_class(*names: str) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["storage_classes"] += [{"name": name, "base_path": f"/{name}"} for name in names]

    return change


def with_infrequent_access_after(days: int) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        with_class("after-restart", "after-timeout")(content)
        content["file_system"]["lifecycle"] = {"infrequent_access_after_days": days}

    return change


def with_another_role(content: dict[str, Any]) -> None:
    """The chart's values name the role: helm is run when it changes."""
    with_class("after-restart", "after-timeout")(content)
    content["driver"] = {"controller": {"role_name": "efs-controller"}}


def controller_role(rehearsal: Rehearsal) -> str:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    account = core.read_namespaced_service_account("efs-csi-controller-sa", "kube-system")
    assert account.metadata is not None
    assert account.metadata.annotations is not None
    return str(account.metadata.annotations["eks.amazonaws.com/role-arn"]).rpartition("/")[2]


def untouched(rehearsal: Rehearsal, before: Chain) -> bool:
    """Whether the claim is Bound to the volume and the access point that it had."""
    now = chain_of(rehearsal)
    return (
        now.claim["status"]["phase"] == "Bound"
        and now.volume["metadata"]["uid"] == before.volume["metadata"]["uid"]
        and now.access_point == before.access_point
    )


def chain_of(rehearsal: Rehearsal) -> Chain:
    return trace(rehearsal.kubernetes(), rehearsal.client("efs"), name=CLAIM, namespace="default")


def access_points(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    return list(rehearsal.client("efs").describe_access_points()["AccessPoints"])


def mount_targets(rehearsal: Rehearsal, before: Chain) -> list[dict[str, Any]]:
    efs = rehearsal.client("efs")
    return list(efs.describe_mount_targets(FileSystemId=before.handle.file_system_id)["MountTargets"])


def await_only_access_point(rehearsal: Rehearsal, before: Chain) -> None:
    deadline = time.monotonic() + 60
    while [one["AccessPointId"] for one in access_points(rehearsal)] != [before.handle.access_point_id]:
        assert time.monotonic() < deadline, access_points(rehearsal)
        time.sleep(0.2)


def class_names(rehearsal: Rehearsal) -> set[str]:
    classes = kubernetes.StorageV1Api(rehearsal.kubernetes()).list_storage_class().items
    return {str(one.metadata.name) for one in classes if one.metadata}


def status(rehearsal: Rehearsal) -> str:
    (stack,) = rehearsal.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return str(stack["StackStatus"])
