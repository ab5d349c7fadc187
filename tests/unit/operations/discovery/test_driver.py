"""Which driver is there: the add-on by EKS's word, the others by their objects."""

from typing import Any

import pytest
from botocore.stub import Stubber

from operations.discovery.account import Account
from operations.discovery.choices import Decisions
from operations.discovery.cluster_view import ClusterView
from operations.discovery.driver import read_driver
from operations.discovery.findings import DriverFound
from operations.discovery.proposal import driver_fields


def workload(annotations: dict[str, str]) -> dict[str, Any]:
    image = "public.ecr.aws/efs-csi-driver/amazon/aws-efs-csi-driver:v2.1.0"
    pod = {"spec": {"containers": [{"name": "efs-plugin", "image": image}]}}
    return {"metadata": {"annotations": annotations}, "spec": {"template": pod}}


def found(view: ClusterView, monkeypatch: pytest.MonkeyPatch, *, addon: bool = False) -> DriverFound:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    account = Account("ap-northeast-2")
    with Stubber(account.eks) as eks:
        if addon:
            described = {
                "addonName": "aws-efs-csi-driver",
                "addonVersion": "v3.0.0-eksbuild.1",
                "status": "ACTIVE",
            }
            eks.add_response("describe_addon", {"addon": described})
        else:
            eks.add_client_error("describe_addon", "ResourceNotFoundException")
        eks.add_response("list_pod_identity_associations", {"associations": []})
        return read_driver(account, "k8s-cluster", view)


def test_the_add_on_is_known_by_eks(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = found(ClusterView(), monkeypatch, addon=True)
    assert (driver.install, driver.version, driver.detail) == ("addon", "v3.0.0-eksbuild.1", "status ACTIVE")


def test_helms_is_known_by_its_release(monkeypatch: pytest.MonkeyPatch) -> None:
    view = ClusterView(
        csi_driver={"kind": "CSIDriver"}, controller=workload({"meta.helm.sh/release-name": "efs"})
    )
    driver = found(view, monkeypatch)
    assert (driver.install, driver.version, driver.detail) == ("helm", "v2.1.0", "release efs in kube-system")


@pytest.mark.parametrize(
    ("controller", "account"),
    [(workload({}), "kube-system/efs-csi-controller-sa"), ({}, None)],
    ids=["there", "not there"],
)
def test_the_service_account_is_that_of_the_controller_where_there_is_one(
    controller: dict[str, Any], account: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = ClusterView(csi_driver={"kind": "CSIDriver"}, controller=controller, node_plugin=workload({}))
    assert found(view, monkeypatch).service_account == account


def proposed(account: str | None) -> tuple[dict[str, Any], list[str]]:
    """What is written of a driver whose controller runs as this, and what is said of it."""
    decisions = Decisions()
    fields = driver_fields(DriverFound(install="manual", service_account=account), None, decisions)
    return fields["driver"], [problem.what for problem in decisions.problems]


@pytest.mark.parametrize("account", [None, "kube-system/efs-csi-controller-sa"])
def test_roles_are_made_for_a_driver_that_can_take_them(account: str | None) -> None:
    assert proposed(account) == ({"install": "existing"}, [])


def test_no_roles_are_made_for_a_driver_that_could_not_take_them() -> None:
    fields, said = proposed("storage/efs")
    assert fields == {"install": "existing", "make_roles": False}
    assert said == [
        "the driver runs as storage/efs, and roles of the stack would trust "
        "kube-system/efs-csi-controller-sa alone, so it makes none"
    ]


def told_of(environment: str | None, own: str | None) -> list[tuple[str, str]]:
    """What is said of a driver that this environment's stack has made, for an environment of this name."""
    decisions = Decisions()
    driver_fields(DriverFound(install="helm", identity="irsa", environment=environment), own, decisions)
    return [(problem.severity, problem.what) for problem in decisions.problems]


def test_a_driver_of_another_environment_reaches_that_ones_file_system_alone() -> None:
    ((severity, what),) = told_of("logs", None)
    assert severity == "warning"
    assert what.startswith("the driver's role is of environment logs, and reaches its file system alone")


@pytest.mark.parametrize(("environment", "own"), [("logs", "logs"), (None, None), (None, "logs")])
def test_of_another_driver_nothing_is_said_of_file_systems(environment: str | None, own: str | None) -> None:
    assert told_of(environment, own) == []


def test_a_driver_without_a_release_was_made_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    view = ClusterView(csi_driver={}, controller={}, node_plugin=workload({}))
    assert found(view, monkeypatch).install == "manual"


def test_its_object_alone_is_a_leftover(monkeypatch: pytest.MonkeyPatch) -> None:
    view = ClusterView(csi_driver={"kind": "CSIDriver"}, controller={}, node_plugin={})
    assert found(view, monkeypatch).install == "leftover"


def test_a_cluster_that_was_not_seen_has_an_unknown_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(ClusterView(), monkeypatch).install == "unknown"
