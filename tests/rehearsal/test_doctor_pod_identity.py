"""The doctor on an installation by EKS Pod Identity: silent when it is well, and each seeded fault found.

One rehearsal for the whole module; a fault is undone after its test.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as kubernetes

from rehearsal.claims import await_bound
from rehearsal.rehearsal import Rehearsal
from tests.rehearsal.drivers import CLUSTER, CONTROLLER, NODE
from tests.rehearsal.environment_files import write_environment
from tests.rehearsal.faults import (
    Fault,
    World,
    as_json,
    examined_as_the_shell,
    found,
    lines_of,
    seeded,
    writing_policy,
)
from tests.rehearsal.lines import Lines
from tests.rehearsal.nodes import Nodes

NAME = "doctor-pods"
AGENT = "eks-pod-identity-agent"
WITHOUT_NODES = "no-nodes"
"""No node runs here, which the doctor says; what it says of nodes, another module shows."""


def by_pod_identity(content: dict[str, Any]) -> None:
    content["driver"] = {"identity": "pod-identity"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("environments")
    write_environment(folder, NAME, by_pod_identity)
    with (
        Rehearsal(environment=NAME, environments=folder, reporter=Lines()) as rehearsal,
        examined_as_the_shell(rehearsal),
    ):
        rehearsal.deploy()
        await_bound(rehearsal.kubernetes(), name="efs-claim-1")
        yield World(rehearsal, folder, Nodes(rehearsal))


def findings(world: World) -> set[str]:
    return {one.check for one in world.examine().findings} - {WITHOUT_NODES}


def test_a_healthy_installation_has_no_findings_of_its_identity(world: World) -> None:
    assert findings(world) == set()


def association(world: World, account: str) -> dict[str, Any]:
    eks = world.client("eks")
    (listed,) = eks.list_pod_identity_associations(clusterName=CLUSTER, serviceAccount=account)[
        "associations"
    ]
    described: dict[str, Any] = eks.describe_pod_identity_association(
        clusterName=CLUSTER, associationId=listed["associationId"]
    )["association"]
    return described


@seeded
def no_agent(world: World) -> Iterator[None]:
    eks = world.client("eks")
    version = eks.describe_addon(clusterName=CLUSTER, addonName=AGENT)["addon"]["addonVersion"]
    eks.delete_addon(clusterName=CLUSTER, addonName=AGENT)
    yield
    eks.create_addon(clusterName=CLUSTER, addonName=AGENT, addonVersion=version)


@seeded
def no_association(world: World) -> Iterator[None]:
    eks, former = world.client("eks"), association(world, CONTROLLER)
    eks.delete_pod_identity_association(clusterName=CLUSTER, associationId=former["associationId"])
    yield
    eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace="kube-system", serviceAccount=CONTROLLER, roleArn=former["roleArn"]
    )


@seeded
def the_controllers_role_for_the_nodes(world: World) -> Iterator[None]:
    eks, former = world.client("eks"), association(world, NODE)
    eks.update_pod_identity_association(
        clusterName=CLUSTER,
        associationId=former["associationId"],
        roleArn=world.outputs["ControllerRoleArn"],
    )
    yield
    eks.update_pod_identity_association(
        clusterName=CLUSTER, associationId=former["associationId"], roleArn=former["roleArn"]
    )


@seeded
def an_annotation_of_irsa(world: World) -> Iterator[None]:
    annotate(world, "arn:aws:iam::123456789012:role/by-hand")
    yield
    annotate(world, None)


def annotate(world: World, role: str | None) -> None:
    metadata = {"annotations": {"eks.amazonaws.com/role-arn": role}}
    world.core.patch_namespaced_service_account(CONTROLLER, "kube-system", {"metadata": metadata})


def change_trust(world: World, former: str, new: str) -> Iterator[None]:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    trust = as_json(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
    assert former in trust
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust.replace(former, new))
    yield
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)


@seeded
def a_trust_of_another_service(world: World) -> Iterator[None]:
    yield from change_trust(world, "pods.eks.amazonaws.com", "ec2.amazonaws.com")


@seeded
def a_trust_of_another_account(world: World) -> Iterator[None]:
    yield from change_trust(world, CONTROLLER, "somebody-else")


@seeded
def a_trust_without_session_tags(world: World) -> Iterator[None]:
    yield from change_trust(world, "sts:TagSession", "sts:SetSourceIdentity")


@seeded
def a_role_without_its_policy(world: World) -> Iterator[None]:
    iam, role = world.client("iam"), world.outputs["ControllerRoleArn"].rpartition("/")[2]
    policy = writing_policy(iam, role)
    iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    yield
    iam.attach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])


FAULTS = [
    Fault("pod-identity-agent-missing", no_agent, "no agent of EKS Pod Identity", "create-addon"),
    Fault("driver-role-association", no_association, "associated with no role", "create-pod-identity"),
    Fault(
        "driver-role-association",
        the_controllers_role_for_the_nodes,
        "efs-csi-node-sa is",
        "update-pod-identity",
    ),
    Fault("driver-role-association", an_annotation_of_irsa, "role/by-hand", "role-arn-"),
    Fault("driver-role-trust", a_trust_of_another_service, CONTROLLER, "principal pods.eks.amazonaws.com"),
    Fault("driver-role-trust", a_trust_of_another_account, CONTROLLER, f"service account {CONTROLLER}"),
    Fault("driver-role-trust", a_trust_without_session_tags, CONTROLLER, "sts:TagSession"),
    Fault("driver-role-rights", a_role_without_its_policy, "CreateAccessPoint", "attach the stack's policy"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_of_the_identity_is_found_with_its_cure_and_nothing_else_is(
    world: World, fault: Fault
) -> None:
    with fault.seed(world):
        report = world.examine()
    finding = found(report, fault.check)
    assert fault.what in finding.what
    assert fault.cure in finding.cure
    assert {one.check for one in report.findings} == {fault.check, WITHOUT_NODES}, lines_of(report)


def test_an_agent_that_eks_does_not_manage_is_enough(world: World) -> None:
    with no_agent(world):
        labels = {"app": AGENT}
        world.apps.create_namespaced_daemon_set(
            "kube-system",
            kubernetes.V1DaemonSet(
                metadata=kubernetes.V1ObjectMeta(name=AGENT),
                spec=kubernetes.V1DaemonSetSpec(
                    selector=kubernetes.V1LabelSelector(match_labels=labels),
                    template=kubernetes.V1PodTemplateSpec(
                        metadata=kubernetes.V1ObjectMeta(labels=labels),
                        spec=kubernetes.V1PodSpec(
                            containers=[kubernetes.V1Container(name="agent", image="agent")]
                        ),
                    ),
                ),
            ),
        )
        assert findings(world) == set()
        world.apps.delete_namespaced_daemon_set(AGENT, "kube-system")


def test_a_cluster_without_an_oidc_provider_is_well(world: World) -> None:
    iam = world.client("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert findings(world) == set()
