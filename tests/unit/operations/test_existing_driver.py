"""Where the doctor looks for a driver that somebody else has installed, and whom the roles trust."""

from collections.abc import Callable
from typing import Any

import pytest

from operations.doctor.checks import driver
from operations.doctor.installation import Installation, Thing
from operations.findings import Problem
from tests.unit.airflow_environments import environment

CONTROLLER, NODE = "efs-csi-controller-sa", "efs-csi-node-sa"


class Cluster(Installation):
    """An installation whose cluster has the driver in these namespaces, with these service accounts."""

    def __init__(self, *namespaces: str, accounts: tuple[str, str] = (CONTROLLER, NODE), **said: Any) -> None:
        super().__init__(environment({}, driver={"install": "existing", **said}))
        self.__dict__["_once_api"] = (None, None)
        self.namespaces, self.accounts = namespaces, accounts

    def all_of(self, call: Callable[..., Any], *arguments: str, **options: Any) -> list[Thing]:
        assert (call.__name__, arguments) == ("list_deployment_for_all_namespaces", ())
        assert options == {"field_selector": "metadata.name=efs-csi-controller"}
        return [{"metadata": {"namespace": namespace}} for namespace in self.namespaces]

    def read(self, call: Callable[..., Any], *arguments: str, **options: Any) -> Thing | None:
        name, namespace = arguments
        assert options == {}
        if namespace not in self.namespaces:
            return None
        account = self.accounts["daemon_set" in call.__name__]
        assert name == ("efs-csi-node" if "daemon_set" in call.__name__ else "efs-csi-controller")
        return {"spec": {"template": {"spec": {"serviceAccountName": account}}}}


def found(installation: Installation) -> list[Problem]:
    return list(driver.elsewhere(installation))


def test_a_driver_where_the_roles_expect_it_is_met_with_silence() -> None:
    assert found(Cluster("kube-system")) == []


def test_a_driver_in_another_namespace_cannot_take_the_roles() -> None:
    (problem,) = found(Cluster("storage"))
    assert problem.what == (
        "the driver runs as storage/efs-csi-controller-sa, not as kube-system/efs-csi-controller-sa and "
        "storage/efs-csi-node-sa, not as kube-system/efs-csi-node-sa: it cannot take the roles that the "
        "stack makes, and claims would stay Pending"
    )
    assert problem.where == "namespace storage"
    assert "make_roles: false" in problem.cure


def test_a_driver_with_another_service_account_cannot_take_its_role() -> None:
    (problem,) = found(Cluster("kube-system", accounts=("efs", NODE)))
    assert problem.what.startswith(
        "the driver runs as kube-system/efs, not as kube-system/efs-csi-controller-sa: "
    )


def test_a_driver_with_roles_of_its_own_may_be_anywhere() -> None:
    assert found(Cluster("storage", accounts=("one", "other"), make_roles=False)) == []


def test_a_driver_that_is_not_there_is_another_finding() -> None:
    assert found(Cluster()) == []


@pytest.mark.parametrize(
    ("namespaces", "where"),
    [
        ((), "kube-system"),
        (("kube-system",), "kube-system"),
        (("argo", "kube-system"), "kube-system"),
        (("storage",), "storage"),
    ],
)
def test_an_existing_driver_is_looked_at_where_it_is(namespaces: tuple[str, ...], where: str) -> None:
    installation = Cluster(*namespaces, make_roles=False)
    assert installation.driver_namespace == where
    assert {account.namespace for account in installation.driver_accounts} == {where}


def test_the_stacks_own_driver_is_looked_for_in_kube_system_only() -> None:
    installation = Installation(environment({}))
    assert installation.driver_namespace == "kube-system"
    assert [str(one) for one in installation.driver_accounts] == [
        f"kube-system/{CONTROLLER}",
        f"kube-system/{NODE}",
    ]
