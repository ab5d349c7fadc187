from settings import load_environment
from settings.volume import Volume
from stacks.intent import intent_of
from tests.unit.conftest import ENVIRONMENTS
from tests.unit.stacks.file_system_environments import existing, one_zone

VOLUME = Volume.model_validate(
    {"name": "dags", "namespace": "airflow", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}
)


def test_it_has_the_classes_and_claims_of_the_environment_with_their_fields() -> None:
    intent = intent_of(load_environment("dynamic-provisioning", ENVIRONMENTS))
    assert (intent.environment, intent.driver) == ("dynamic-provisioning", "helm")
    assert intent.fixed == {
        "file_system.encryption_key": "aws-managed",
        "file_system.performance_mode": "generalPurpose",
        "file_system.availability_zone": "null",
    }
    assert [check.field for check in intent.classes] == ["storage_classes[0]"]
    (claim,) = intent.claims
    assert (claim.field, claim.name, claim.sizes) == ("claims[0]", "efs-claim-1", ["5Gi"])
    assert claim.fixed == {"storage_class": "efs-sc-1", "access_mode": "ReadWriteMany", "size": "5Gi"}


def test_it_has_the_subnets_of_the_mount_targets_that_the_stack_makes() -> None:
    assert intent_of(one_zone()).subnets == {"ap-northeast-2b": "subnet-06b29f0c4d71e8a53"}
    assert len(intent_of(existing(make_mount_targets=True)).subnets) == 4
    assert intent_of(existing(make_mount_targets=False)).subnets == {}


def test_a_volume_is_a_claim_that_nothing_of_can_change() -> None:
    environment = load_environment("airflow-seoul", ENVIRONMENTS).model_copy(update={"volumes": (VOLUME,)})
    intent = intent_of(environment)
    (claim,) = intent.claims
    assert (claim.field, claim.storage_class) == ("volumes[0]", "")
    assert claim.fixed == {
        "path": "/dags",
        "owner": "{uid: 50000, gid: 0}",
        "permissions": "755",
        "access_mode": "ReadWriteMany",
        "read_only": "false",
        "size": "1Gi",
    }
    assert [(check.field, check.name) for check in intent.volumes] == [("volumes[0]", "efs-airflow.dags")]
