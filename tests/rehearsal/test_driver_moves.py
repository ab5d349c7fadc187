"""From one way to install the driver, and to give it its identity, to the next, with a claim in use.

The tests of this module run in their order, on one rehearsal whose environment changes; the steps are those
of docs/driver.md.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client as kubernetes

from operations.trace import Chain
from rehearsal.claims import await_bound, make_claim
from rehearsal.errors import RehearsalError
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import (
    CLUSTER,
    CONTROLLER,
    annotation_of,
    await_event,
    await_restart,
    bind_another,
    bound_chain,
    deployment,
    driver_starts,
    has_no_differences,
    managers,
    outputs,
    rehearsed,
    restart_the_driver,
    say_of_driver,
)

TRUSTS_PODS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def rehearsal(folder: Path) -> Iterator[Rehearsal]:
    with rehearsed(folder, "moving", **NAMES) as rehearsal:
        rehearsal.deploy()
        yield rehearsal


NAMES = {
    "controller": {"role_name": "driver", "policy_name": "driver-policy"},
    "node": {"role_name": "driver-node", "policy_name": "driver-node-policy"},
}
"""Fixed names, with which CloudFormation can replace nothing."""


@pytest.fixture(scope="module")
def before(rehearsal: Rehearsal) -> Chain:
    """The chain of the claim as it was before any change."""
    return bound_chain(rehearsal)


def association_id(rehearsal: Rehearsal) -> str:
    (association,) = rehearsal.client("eks").list_pod_identity_associations(
        clusterName=CLUSTER, namespace="kube-system", serviceAccount=CONTROLLER
    )["associations"]
    return str(association["associationId"])


def test_from_irsa_to_pod_identity_the_claim_stays_bound(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    starts = driver_starts(rehearsal)
    say_of_driver(folder, "moving", identity="pod-identity", **NAMES)
    rehearsal.deploy()
    await_restart(rehearsal, starts)
    assert bound_chain(rehearsal).access_point == before.access_point


def test_with_pod_identity_the_driver_acts_by_its_association_alone(rehearsal: Rehearsal) -> None:
    bind_another(rehearsal, "by-pod-identity")
    assert annotation_of(rehearsal, CONTROLLER) is None
    role = outputs(rehearsal, "moving")["ControllerRoleArn"]
    assert f"Pod Identity: {role} for kube-system/{CONTROLLER}" in rehearsal.plan.log("account").read_text()


def test_after_the_move_to_pod_identity_nothing_differs(rehearsal: Rehearsal) -> None:
    assert has_no_differences(rehearsal)


def test_an_association_with_a_role_of_another_account_is_access_denied(rehearsal: Rehearsal) -> None:
    eks, identifier = rehearsal.client("eks"), association_id(rehearsal)
    found = outputs(rehearsal, "moving")
    eks.update_pod_identity_association(
        clusterName=CLUSTER, associationId=identifier, roleArn=found["NodeRoleArn"]
    )
    restart_the_driver(rehearsal)
    make_claim(rehearsal.kubernetes(), name="untrusted", storage_class="efs-sc-1")
    # All that the driver's SDK passes on; the agent's log has AWS's words.
    await_event(rehearsal, "untrusted", "NoCredentialProviders: no valid providers in chain")
    refusal = "Unauthorized Exception! EKS does not have permissions to assume the associated role."
    assert f"AccessDeniedException: {refusal}" in rehearsal.plan.log("account").read_text()
    eks.update_pod_identity_association(
        clusterName=CLUSTER, associationId=identifier, roleArn=found["ControllerRoleArn"]
    )
    await_bound(rehearsal.kubernetes(), name="untrusted")


def test_an_association_with_a_role_that_may_nothing_is_access_denied(rehearsal: Rehearsal) -> None:
    eks, identifier = rehearsal.client("eks"), association_id(rehearsal)
    role = rehearsal.client("iam").create_role(
        RoleName="powerless", AssumeRolePolicyDocument=json.dumps(TRUSTS_PODS)
    )["Role"]["Arn"]
    eks.update_pod_identity_association(clusterName=CLUSTER, associationId=identifier, roleArn=role)
    restart_the_driver(rehearsal)
    make_claim(rehearsal.kubernetes(), name="powerless", storage_class="efs-sc-1")
    await_event(rehearsal, "powerless", "Access Denied. Please ensure you have the right AWS permissions")
    eks.update_pod_identity_association(
        clusterName=CLUSTER,
        associationId=identifier,
        roleArn=outputs(rehearsal, "moving")["ControllerRoleArn"],
    )
    restart_the_driver(rehearsal)
    await_bound(rehearsal.kubernetes(), name="powerless")


@pytest.mark.parametrize("install", ["addon", "existing"])
def test_nothing_takes_the_place_of_a_release_that_would_be_uninstalled(
    rehearsal: Rehearsal, folder: Path, before: Chain, install: str
) -> None:
    take_over = {"resolve_conflicts": "overwrite", "removal": "retain"} if install == "addon" else {}
    say_of_driver(folder, "moving", install=install, identity="pod-identity", **take_over, **NAMES)
    there = deployment(rehearsal).metadata
    with pytest.raises(RehearsalError) as error:
        rehearsal.deploy()
    assert (
        f"driver.install: {install} takes the place of the release that this stack has installed, whose "
        "removal would delete the driver: write helm with removal: retain and deploy that first"
        in str(error.value)
    )
    assert deployment(rehearsal).metadata == there
    assert bound_chain(rehearsal).access_point == before.access_point


def test_the_first_step_from_the_chart_to_the_add_on_changes_nothing_in_the_cluster(
    rehearsal: Rehearsal, folder: Path
) -> None:
    starts = driver_starts(rehearsal)
    say_of_driver(folder, "moving", identity="pod-identity", removal="retain", **NAMES)
    rehearsal.deploy()
    assert has_no_differences(rehearsal)
    assert driver_starts(rehearsal) == starts
    labels = deployment(rehearsal).metadata.labels  # type: ignore[union-attr]
    assert labels is not None
    assert labels["airflow-efs/removal"] == "retain"


def test_with_the_second_step_the_add_on_takes_the_driver_over(
    rehearsal: Rehearsal, folder: Path, before: Chain
) -> None:
    starts = driver_starts(rehearsal)
    say_of_driver(
        folder,
        "moving",
        install="addon",
        identity="pod-identity",
        resolve_conflicts="overwrite",
        removal="retain",
        **NAMES,
    )
    rehearsal.deploy()
    await_restart(rehearsal, starts)
    addon = rehearsal.client("eks").describe_addon(clusterName=CLUSTER, addonName="aws-efs-csi-driver")[
        "addon"
    ]
    assert addon["status"] == "ACTIVE"
    assert "eks" in managers(rehearsal)
    assert bound_chain(rehearsal).access_point == before.access_point


def test_the_add_on_with_pod_identity_binds_a_claim_and_nothing_differs(rehearsal: Rehearsal) -> None:
    bind_another(rehearsal, "by-the-add-on")
    assert has_no_differences(rehearsal)


def test_helms_record_of_the_release_can_go(rehearsal: Rehearsal) -> None:
    core = kubernetes.CoreV1Api(rehearsal.kubernetes())
    core.delete_collection_namespaced_secret(
        "kube-system", label_selector="owner=helm,name=aws-efs-csi-driver"
    )
    bind_another(rehearsal, "without-the-record")


def test_after_the_move_the_safe_settings_are_back(rehearsal: Rehearsal, folder: Path, before: Chain) -> None:
    say_of_driver(folder, "moving", install="addon", identity="pod-identity", **NAMES)
    rehearsal.deploy()
    assert has_no_differences(rehearsal)
    assert bound_chain(rehearsal).access_point == before.access_point


def test_the_add_on_goes_with_the_stack(rehearsal: Rehearsal) -> None:
    run = rehearsal.cdk("destroy", "EfsStorageStack", "--force")
    assert run.status == 0, run.output
    eks = rehearsal.client("eks")
    assert eks.list_addons(clusterName=CLUSTER)["addons"] == ["eks-pod-identity-agent"]
    assert eks.list_pod_identity_associations(clusterName=CLUSTER)["associations"] == []
    apps = kubernetes.AppsV1Api(rehearsal.kubernetes())
    assert apps.list_namespaced_deployment("kube-system").items == []
    assert apps.list_namespaced_daemon_set("kube-system").items == []
