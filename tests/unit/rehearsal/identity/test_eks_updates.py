"""Updates of a cluster: its authentication mode, and how one looks them up."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.eks.models import eks_backends

from rehearsal.account.eks.updates import Update, note
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION, create_cluster
from tests.unit.rehearsal.identity.refusals import refusal


@pytest.fixture
def eks(account: None) -> Any:  # noqa: ARG001
    client = aws_client("eks")
    role = aws_client("iam").create_role(RoleName="cluster", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    create_cluster(client, role)
    return client


def begin_with(mode: str) -> None:
    cluster = eks_backends[ACCOUNT][REGION].clusters["one"]
    cluster.access_config = {"authenticationMode": mode}  # type: ignore[attr-defined]


def mode_of(eks: Any) -> str:
    return str(eks.describe_cluster(name="one")["cluster"]["accessConfig"]["authenticationMode"])


def set_mode(eks: Any, mode: str) -> dict[str, Any]:
    answer = eks.update_cluster_config(name="one", accessConfig={"authenticationMode": mode})
    return dict(answer["update"])


@pytest.mark.parametrize(
    ("former", "wanted"), [("CONFIG_MAP", "API_AND_CONFIG_MAP"), ("API_AND_CONFIG_MAP", "API")]
)
def test_the_mode_goes_one_step_further(eks: Any, former: str, wanted: str) -> None:
    begin_with(former)
    set_mode(eks, wanted)
    assert mode_of(eks) == wanted


@pytest.mark.parametrize(
    ("former", "wanted"),
    [
        ("CONFIG_MAP", "API"),
        ("CONFIG_MAP", "CONFIG_MAP"),
        ("API_AND_CONFIG_MAP", "API_AND_CONFIG_MAP"),
        ("API_AND_CONFIG_MAP", "CONFIG_MAP"),
        ("API", "API_AND_CONFIG_MAP"),
    ],
)
def test_no_other_change_of_the_mode_is_possible(eks: Any, former: str, wanted: str) -> None:
    begin_with(former)
    with pytest.raises(ClientError) as error:
        set_mode(eks, wanted)
    assert refusal(error) == (
        "InvalidParameterException",
        f"Unsupported authentication mode update from {former} to {wanted}",
    )
    assert mode_of(eks) == former


def test_an_update_is_in_progress_and_then_successful(eks: Any) -> None:
    begin_with("CONFIG_MAP")
    made = set_mode(eks, "API_AND_CONFIG_MAP")
    assert (made["status"], made["type"]) == ("InProgress", "AccessConfigUpdate")
    found = eks.describe_update(name="one", updateId=made["id"])["update"]
    assert found == {**made, "status": "Successful"}
    assert found["params"] == [{"type": "AuthenticationMode", "value": "API_AND_CONFIG_MAP"}]


def test_a_clusters_updates_are_listed_without_those_of_add_ons(eks: Any) -> None:
    cluster = eks_backends[ACCOUNT][REGION].clusters["one"]
    addon = note(cluster, Update(kind="AddonUpdate", addon="aws-efs-csi-driver"))["id"]
    mode = set_mode(eks, "API")["id"]
    assert eks.list_updates(name="one")["updateIds"] == [mode]
    assert eks.list_updates(name="one", addonName="aws-efs-csi-driver")["updateIds"] == [addon]


def test_an_add_ons_update_is_found_with_the_add_ons_name(eks: Any) -> None:
    cluster = eks_backends[ACCOUNT][REGION].clusters["one"]
    failed = Update(kind="AddonUpdate", addon="aws-efs-csi-driver", error=("ConfigurationConflict", "why"))
    made = note(cluster, failed)
    found = eks.describe_update(name="one", updateId=made["id"], addonName="aws-efs-csi-driver")["update"]
    assert found["status"] == "Failed"
    assert found["errors"] == [{"errorCode": "ConfigurationConflict", "errorMessage": "why"}]


def test_an_update_that_is_not_there_is_not_found(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.describe_update(name="one", updateId="no-such")
    assert refusal(error) == ("ResourceNotFoundException", "No update found for ID: no-such")


def test_a_cluster_that_is_not_there_cannot_be_updated(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.update_cluster_config(name="two", accessConfig={"authenticationMode": "API"})
    assert refusal(error) == ("ResourceNotFoundException", "No cluster found for name: two.")


LOGGING = {"clusterLogging": [{"types": ["api"], "enabled": True}]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("logging", LOGGING),
        ("deletionProtection", False),
        ("upgradePolicy", {"supportType": "STANDARD"}),
    ],
)
def test_another_setting_is_refused_and_not_passed_over(eks: Any, name: str, value: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.update_cluster_config(name="one", **{name: value})
    assert refusal(error) == ("ValidationException", f"not rehearsed: {name} of UpdateClusterConfig")


def test_the_endpoint_changes_and_the_rest_of_the_network_stays(eks: Any) -> None:
    former = eks.describe_cluster(name="one")["cluster"]["resourcesVpcConfig"]
    access = {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
    update = eks.update_cluster_config(name="one", resourcesVpcConfig=access)["update"]
    assert update["type"] == "EndpointAccessUpdate"
    assert {"type": "PublicAccessCidrs", "value": '["203.0.113.0/24"]'} in update["params"]
    now = eks.describe_cluster(name="one")["cluster"]["resourcesVpcConfig"]
    assert now == {**former, **access}


def test_other_subnets_are_refused_and_not_passed_over(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.update_cluster_config(name="one", resourcesVpcConfig={"subnetIds": ["subnet-2"]})
    expected = "not rehearsed: subnetIds of resourcesVpcConfig of UpdateClusterConfig"
    assert refusal(error) == ("ValidationException", expected)


def test_two_settings_are_refused_at_once(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.update_cluster_config(name="one", accessConfig={"authenticationMode": "API"}, logging=LOGGING)
    assert refusal(error) == ("InvalidParameterException", "Only one type of update can be allowed.")
    assert mode_of(eks) == "API_AND_CONFIG_MAP"


def test_an_update_of_nothing_is_refused(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        eks.update_cluster_config(name="one")
    assert refusal(error) == (
        "InvalidParameterException",
        "The type for cluster update was not provided.",
    )
