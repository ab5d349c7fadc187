"""EKS add-ons, by the calls of EKS and by a stack; what they put into the cluster is looked at here."""

import io
import json
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.account.eks import addon_objects
from rehearsal.account.eks.addon_objects import AddonObjects
from rehearsal.account.eks.addons import DRIVER, Addons, StackAddon
from rehearsal.account.eks.refusals import EksRefusalError
from rehearsal.account.recorded_only import NotRehearsedError
from rehearsal.charts import ChartSource
from tests.unit.rehearsal.account.stacks import aws_client
from tests.unit.rehearsal.identity.conftest import ACCOUNT, REGION, create_cluster
from tests.unit.rehearsal.identity.refusals import refusal

VERSION = "v3.4.1-eksbuild.1"
ACCOUNTS = "/api/v1/namespaces/kube-system/serviceaccounts/efs-csi-controller-sa"
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-system/deployments/efs-csi-controller"
DRIVER_PATH = "/apis/storage.k8s.io/v1/csidrivers/efs.csi.aws.com"


class Cluster:
    """A stand-in of the API server: what is there, and which fields somebody else has set."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.foreign: dict[str, list[str]] = {}
        self.invalid: str | None = None

    def apply(
        self, path: str, body: dict[str, Any], *, manager: str, force: bool = False, dry_run: bool = False
    ) -> None:
        if self.invalid:
            raise answer(422, {"message": self.invalid})
        if path in self.foreign and not force:
            causes = [{"field": field} for field in self.foreign[path]]
            raise answer(409, {"message": "conflict", "details": {"causes": causes}})
        if not dry_run:
            managed = {**body["metadata"], "managedFields": [{"manager": manager}]}
            self.objects[path] = {**body, "metadata": managed}

    def get(self, path: str) -> dict[str, Any] | None:
        return self.objects.get(path)

    def delete(self, path: str) -> None:
        del self.objects[path]


def answer(status: int, body: dict[str, Any]) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("", status, "", Message(), io.BytesIO(json.dumps(body).encode()))


def render(chart: ChartSource, values: dict[str, Any], **_: Any) -> list[dict[str, Any]]:
    """What a chart of two objects and a hook gives."""
    image = f"{values['image']['repository']}:{values['image']['tag']}"
    replicas = values.get("controller", {}).get("replicaCount", 2)
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "efs-csi-controller"},
            "spec": {"replicas": replicas, "image": image, "chart": chart.name},
        },
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "efs-csi-controller-sa"}},
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": "efs.csi.aws.com", "annotations": {"helm.sh/hook": "pre-install"}},
        },
    ]


@pytest.fixture
def cluster(account: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cluster:  # noqa: ARG001
    found = Cluster()
    monkeypatch.setattr(addon_objects, "render_chart", render)
    chart = ChartSource(
        name=DRIVER, version="4.4.1", repository="", archive=None, archive_version="4.4.1", origin=""
    )
    objects = AddonObjects(
        found,  # type: ignore[arg-type]
        chart=chart,
        helm=lambda: tmp_path,
        directory=tmp_path,
    )
    monkeypatch.setattr(Addons, "driver_objects", objects, raising=False)
    return found


@pytest.fixture
def role(cluster: Cluster) -> str:  # noqa: ARG001
    iam = aws_client("iam")
    return str(iam.create_role(RoleName="driver", AssumeRolePolicyDocument="{}")["Role"]["Arn"])


@pytest.fixture
def eks(role: str) -> Any:
    client = aws_client("eks")
    create_cluster(client, role)
    return client


def install(eks: Any, **more: Any) -> dict[str, Any]:
    settings = {"addonVersion": VERSION, **more}
    return dict(eks.create_addon(clusterName="one", addonName=DRIVER, **settings)["addon"])


def described(eks: Any) -> dict[str, Any]:
    return dict(eks.describe_addon(clusterName="one", addonName=DRIVER)["addon"])


def test_an_add_on_puts_its_objects_into_the_cluster(eks: Any, cluster: Cluster, role: str) -> None:
    made = install(eks, serviceAccountRoleArn=role, tags={"a": "b"})
    assert described(eks) == made
    assert (made["status"], made["health"]["issues"], made["tags"]) == ("ACTIVE", [], {"a": "b"})
    assert cluster.objects.keys() == {ACCOUNTS, DEPLOYMENT, DRIVER_PATH}
    annotations = cluster.objects[ACCOUNTS]["metadata"]["annotations"]
    assert annotations == {"eks.amazonaws.com/role-arn": role}
    assert eks.list_addons(clusterName="one")["addons"] == [DRIVER]


def test_its_images_are_those_of_eks_and_its_version(eks: Any, cluster: Cluster) -> None:
    install(eks)
    assert cluster.objects[DEPLOYMENT]["spec"]["image"] == (
        f"602401143452.dkr.ecr.{REGION}.amazonaws.com/eks/aws-efs-csi-driver:v3.4.1"
    )


def test_nothing_of_helm_is_left_in_its_objects(eks: Any, cluster: Cluster) -> None:
    install(eks)
    assert "annotations" not in cluster.objects[DRIVER_PATH]["metadata"]


def test_a_conflict_fails_the_add_on_and_changes_nothing(eks: Any, cluster: Cluster) -> None:
    cluster.foreign = {DEPLOYMENT: [".spec.image", ".spec.replicas"], ACCOUNTS: [".metadata.labels"]}
    made = install(eks)
    assert made["status"] == "CREATE_FAILED"
    assert made["health"]["issues"] == [
        {
            "code": "ConfigurationConflict",
            "message": "Conflicts found when trying to apply. Will not continue due to resolve conflicts "
            "mode. Conflicts:\nServiceAccount efs-csi-controller-sa - .metadata.labels\n"
            "Deployment.apps efs-csi-controller - .spec.image\n"
            "Deployment.apps efs-csi-controller - .spec.replicas",
        }
    ]
    assert cluster.objects == {}


def test_overwrite_takes_fields_over(eks: Any, cluster: Cluster) -> None:
    cluster.foreign = {DEPLOYMENT: [".spec.image"]}
    assert install(eks, resolveConflicts="OVERWRITE")["status"] == "ACTIVE"
    assert DEPLOYMENT in cluster.objects


def test_what_kubernetes_refuses_fails_the_add_on(eks: Any, cluster: Cluster) -> None:
    cluster.invalid = "field is immutable"
    (issue,) = install(eks, resolveConflicts="OVERWRITE")["health"]["issues"]
    assert (issue["code"], issue["message"]) == ("AdmissionRequestDenied", "field is immutable")


def test_the_configuration_reaches_the_objects(eks: Any, cluster: Cluster) -> None:
    install(eks, configurationValues='{"controller": {"replicaCount": 3}}')
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 3
    eks.update_addon(clusterName="one", addonName=DRIVER)
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 2


def test_a_configuration_that_the_schema_does_not_know_is_refused(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        install(eks, configurationValues='{"replicaCount": 3}')
    code, message = refusal(error)
    assert code == "InvalidParameterException"
    assert message.startswith("ConfigurationValue provided in request is not supported")
    assert "$.replicaCount: is not defined in the schema" in message


def test_an_update_changes_the_version_and_keeps_the_role(eks: Any, cluster: Cluster, role: str) -> None:
    install(eks, serviceAccountRoleArn=role)
    update = eks.update_addon(clusterName="one", addonName=DRIVER, addonVersion="v3.5.0-eksbuild.2")["update"]
    assert (update["status"], update["errors"]) == ("Successful", [])
    assert described(eks)["addonVersion"] == "v3.5.0-eksbuild.2"
    assert described(eks)["serviceAccountRoleArn"] == role
    assert cluster.objects[DEPLOYMENT]["spec"]["image"].endswith(":v3.5.0")


def test_a_failed_update_says_why(eks: Any, cluster: Cluster) -> None:
    install(eks)
    cluster.foreign = {DEPLOYMENT: [".spec.image"]}
    update = eks.update_addon(clusterName="one", addonName=DRIVER, addonVersion="v3.5.0-eksbuild.2")["update"]
    assert update["status"] == "Failed"
    assert update["errors"][0]["errorCode"] == "ConfigurationConflict"
    assert described(eks)["status"] == "UPDATE_FAILED"


def test_an_update_of_an_add_on_can_be_looked_up(eks: Any) -> None:
    install(eks)
    made = eks.update_addon(clusterName="one", addonName=DRIVER, resolveConflicts="OVERWRITE")["update"]
    found = eks.describe_update(name="one", updateId=made["id"], addonName=DRIVER)["update"]
    assert found == made
    assert (found["type"], found["status"]) == ("AddonUpdate", "Successful")


def test_deleting_an_add_on_takes_its_objects_away(eks: Any, cluster: Cluster) -> None:
    install(eks)
    cluster.objects[ACCOUNTS]["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    eks.delete_addon(clusterName="one", addonName=DRIVER)
    assert cluster.objects.keys() == {ACCOUNTS}  # made anew by somebody else
    assert eks.list_addons(clusterName="one")["addons"] == []


def test_a_preserved_add_on_leaves_its_objects(eks: Any, cluster: Cluster) -> None:
    install(eks)
    eks.delete_addon(clusterName="one", addonName=DRIVER, preserve=True)
    assert DEPLOYMENT in cluster.objects
    assert eks.list_addons(clusterName="one")["addons"] == []


def test_an_add_on_owns_the_associations_that_it_was_given(eks: Any, role: str) -> None:
    made = install(eks, podIdentityAssociations=[{"serviceAccount": "driver", "roleArn": role}])
    (association,) = eks.list_pod_identity_associations(clusterName="one")["associations"]
    assert made["podIdentityAssociations"] == [association["associationArn"]]
    assert association["ownerArn"] == made["addonArn"]
    with pytest.raises(ClientError) as error:
        eks.delete_pod_identity_association(clusterName="one", associationId=association["associationId"])
    assert refusal(error)[0] == "InvalidRequestException"
    eks.update_addon(clusterName="one", addonName=DRIVER, podIdentityAssociations=[])
    assert eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def test_an_add_on_that_is_refused_leaves_no_association(eks: Any, role: str) -> None:
    wanted = [
        {"serviceAccount": "driver", "roleArn": role},
        {"serviceAccount": "node", "roleArn": f"{role}2"},
    ]
    with pytest.raises(ClientError):
        install(eks, podIdentityAssociations=wanted)
    assert eks.list_addons(clusterName="one")["addons"] == []
    assert eks.list_pod_identity_associations(clusterName="one")["associations"] == []


def test_an_update_that_is_refused_changes_nothing(eks: Any) -> None:
    install(eks)
    before = described(eks)
    with pytest.raises(ClientError):
        eks.update_addon(
            clusterName="one",
            addonName=DRIVER,
            addonVersion="v3.5.0-eksbuild.2",
            configurationValues='{"replicaCount": 3}',
        )
    assert described(eks) == before


def test_an_add_on_is_installed_once(eks: Any) -> None:
    install(eks)
    with pytest.raises(ClientError) as error:
        install(eks)
    assert refusal(error) == ("ResourceInUseException", "Addon already exists.")


def test_an_add_on_that_is_not_there_is_not_found(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        described(eks)
    assert refusal(error) == (
        "ResourceNotFoundException",
        f"No addon: {DRIVER} found in cluster: one",
    )


def test_a_version_is_one_of_eks(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        install(eks, addonVersion="3.4.1")
    assert refusal(error) == ("InvalidParameterException", "Addon version specified is not supported")


def test_there_is_nothing_to_preserve_when_an_add_on_is_created(eks: Any) -> None:
    with pytest.raises(ClientError) as error:
        install(eks, resolveConflicts="PRESERVE")
    assert "preserve is not supported for operation CreateAddon" in refusal(error)[1]


def test_the_versions_of_the_driver_are_described(eks: Any) -> None:
    (addon,) = eks.describe_addon_versions(addonName=DRIVER, kubernetesVersion="1.33")["addons"]
    assert [one["addonVersion"] for one in addon["addonVersions"]] == [VERSION]
    assert eks.describe_addon_versions(addonName="other")["addons"] == []


def properties(**more: Any) -> dict[str, Any]:
    return {"ClusterName": "one", "AddonName": DRIVER, "AddonVersion": VERSION, **more}


def make(**more: Any) -> StackAddon:
    return StackAddon.make("", properties(**more), account=ACCOUNT, region=REGION)


def test_a_stack_installs_changes_and_removes_an_add_on(eks: Any, cluster: Cluster) -> None:
    made = make()
    assert made.physical_resource_id == f"one|{DRIVER}"
    assert made.get_cfn_attribute("Arn") == described(eks)["addonArn"]
    changed = properties(ConfigurationValues='{"controller": {"replicaCount": 3}}')
    made.change(changed, properties(), account=ACCOUNT, region=REGION)
    assert cluster.objects[DEPLOYMENT]["spec"]["replicas"] == 3
    made.delete(ACCOUNT, REGION)
    made.delete(ACCOUNT, REGION)  # somebody else was faster
    assert cluster.objects == {}


def test_a_stack_leaves_what_is_to_be_preserved(eks: Any, cluster: Cluster) -> None:
    make(PreserveOnDelete=True).delete(ACCOUNT, REGION)
    assert eks.list_addons(clusterName="one")["addons"] == []
    assert DEPLOYMENT in cluster.objects


def test_a_stack_shows_a_conflict_and_leaves_no_add_on(eks: Any, cluster: Cluster) -> None:
    cluster.foreign = {DEPLOYMENT: [".spec.image"]}
    with pytest.raises(EksRefusalError) as error:
        make()
    assert str(error.value) == (
        'Resource handler returned message: "ConfigurationConflict: Conflicts found when trying to apply. '
        "Will not continue due to resolve conflicts mode. Conflicts:\n"
        'Deployment.apps efs-csi-controller - .spec.image"'
    )
    assert eks.list_addons(clusterName="one")["addons"] == []


def test_a_stack_takes_over_what_is_in_conflict_when_it_says_so(eks: Any, cluster: Cluster) -> None:
    cluster.foreign = {DEPLOYMENT: [".spec.image"]}
    make(ResolveConflicts="OVERWRITE")
    assert described(eks)["status"] == "ACTIVE"
    assert DEPLOYMENT in cluster.objects


def test_a_stack_shows_why_eks_refuses(eks: Any) -> None:
    install(eks)
    with pytest.raises(EksRefusalError) as error:
        make()
    assert str(error.value) == (
        'Resource handler returned message: "Addon already exists." (Service: Eks, Status Code: 409)'
    )


def test_an_add_on_of_another_name_is_not_rehearsed(eks: Any) -> None:  # noqa: ARG001
    with pytest.raises(NotRehearsedError, match=r"^not rehearsed: the add-on vpc-cni$"):
        make(AddonName="vpc-cni")
