import pytest

from operations.doctor.airflow_needs import airflow_needs
from operations.doctor.needs import AirflowNeeds, KedaRelease, SecretKey, Url
from settings import Environment, load_environment
from tests.unit.airflow_environments import environment, of_matrix
from tests.unit.conftest import ENVIRONMENTS


def needs_of(settings: Environment) -> AirflowNeeds:
    needs = airflow_needs(settings)
    assert needs is not None
    return needs


def secrets_of(name: str) -> set[tuple[str, str]]:
    return {(one.name, one.key) for one in needs_of(of_matrix(name)).secrets}


def test_without_airflow_nothing_is_needed() -> None:
    assert airflow_needs(load_environment("dynamic-provisioning", ENVIRONMENTS)) is None


def test_database_broker_and_keys_are_secrets() -> None:
    assert secrets_of("least") == {
        ("airflow-database", "connection"),
        ("airflow-broker", "connection"),
        ("airflow-fernet-key", "fernet-key"),
        ("airflow-api-secret-key", "api-secret-key"),
        ("airflow-jwt-secret", "jwt-secret"),
    }


def test_only_the_database_is_a_connection_that_keda_reads() -> None:
    connections = [one for one in needs_of(of_matrix("results-elsewhere")).secrets if one.url is Url.DATABASE]
    assert connections == [SecretKey(name="db", key="connection", url=Url.DATABASE)]


def test_results_and_broker_are_urls_that_celery_reads() -> None:
    urls = {one.url: one.name for one in needs_of(of_matrix("results-elsewhere")).secrets if one.url}
    assert urls == {Url.DATABASE: "db", Url.RESULTS: "results", Url.BROKER: "airflow-broker"}


def test_keda_is_looked_for_in_its_namespace() -> None:
    assert needs_of(environment({"keda": {"namespace": "scaling"}})).keda_namespace == "scaling"


def test_the_store_of_results_is_a_secret() -> None:
    assert ("results", "connection") in secrets_of("results-elsewhere")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("git-bundle", {"connection"}),
        ("git-sync", {"GITSYNC_USERNAME", "GITSYNC_PASSWORD"}),
        ("git-sync-by-ssh", {"gitSshKey"}),
    ],
)
def test_a_private_repository_wants_the_keys_of_its_way(name: str, keys: set[str]) -> None:
    assert {key for secret, key in secrets_of(name) if secret == "git"} == keys


def test_a_first_user_and_a_certificate_are_secrets() -> None:
    assert secrets_of("ingress") >= {("airflow-admin", "password"), ("airflow-tls", "tls.crt")}


@pytest.mark.parametrize("name", ["generated-keys", "kept-keys"])
def test_keys_of_the_stack_need_external_secrets_and_no_secrets(name: str) -> None:
    assert needs_of(of_matrix(name)).external_secrets
    assert {secret for secret, _ in secrets_of(name)} == {"airflow-database", "airflow-broker"}


def test_a_trial_needs_its_block_class_and_no_connection() -> None:
    needs = needs_of(of_matrix("trial"))
    assert needs.block_classes == ("gp3",)
    assert not any(one.url is Url.DATABASE for one in needs.secrets)


def test_keda_of_the_stack_must_not_be_there_and_another_must() -> None:
    assert (needs_of(of_matrix("least")).keda, needs_of(of_matrix("least")).keda_release) == (
        False,
        KedaRelease(name="keda", namespace="keda"),
    )
    assert (needs_of(of_matrix("values-only")).keda, needs_of(of_matrix("values-only")).keda_release) == (
        True,
        None,
    )


def test_who_installs_the_chart_brings_helm() -> None:
    assert needs_of(of_matrix("least")).helm
    assert not needs_of(of_matrix("values-only")).helm


@pytest.mark.parametrize(("name", "claim"), [("existing-claim", "shared-logs"), ("dags-on-a-volume", "dags")])
def test_a_claim_that_is_named_must_be_there(name: str, claim: str) -> None:
    assert needs_of(of_matrix(name)).claims == (claim,)


def test_a_claim_that_the_environment_makes_need_not_be_there() -> None:
    volume = {"name": "dags", "namespace": "airflow", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}
    needs = needs_of(environment({"dags": {"claim": "dags"}}, volumes=[volume]))
    assert (needs.claims, needs.made_claims) == (("dags",), frozenset({"dags"}))


def test_a_claim_of_another_namespace_is_not_the_environments() -> None:
    volume = {"name": "other", "namespace": "default", "path": "/dags", "owner": {"uid": 50000, "gid": 0}}
    assert needs_of(environment({"dags": {"claim": "dags"}}, volumes=[volume])).made_claims == frozenset()
