from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils import parse_quantity

from settings import Environment
from settings.kubernetes import quantity_in_bytes, quantity_spellings

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

FILE = "environments/prod.yaml"
SIZE = "    size: 5Gi"


def test_a_claim_is_safe_by_default(load: Load) -> None:
    [claim] = load().claims
    assert (claim.namespace, claim.access_mode, claim.removal) == ("default", "ReadWriteMany", "retain")


def test_a_claim_is_of_a_class_of_the_file(complaints: Complaints) -> None:
    assert complaints("storage_class: efs-sc", "storage_class: gp3") == [
        f'{FILE}:21: claims[0].storage_class: "gp3" is not a class of this file: write one of efs-sc'
    ]


def test_a_claim_without_any_class_is_told_to_define_one(complaints: Complaints) -> None:
    classes = "storage_classes:\n  - name: efs-sc\n    base_path: /airflow\n"
    assert complaints(classes, "") == [
        f'{FILE}:18: claims[0].storage_class: "efs-sc" is not a class of this file: '
        "define the class in storage_classes"
    ]


def test_two_claims_in_one_namespace_do_not_share_a_name(complaints: Complaints) -> None:
    assert complaints(SIZE, f"{SIZE}\n  - {{name: logs, storage_class: efs-sc, size: 1Gi}}") == [
        f'{FILE}:23: claims[1].name: "logs" is the name of two claims in namespace default, first '
        f"of claims[0]: "
        "give each claim its own name"
    ]


def test_two_claims_in_two_namespaces_may_share_a_name(load: Load) -> None:
    new = f"{SIZE}\n  - {{name: logs, namespace: airflow, storage_class: efs-sc, size: 1Gi}}"
    assert [claim.namespace for claim in load(SIZE, new).claims] == ["default", "airflow"]


RANGE = "base_path: /airflow"
TWO_IDS = f"{RANGE}\n    gid_range: {{start: 1000, end: 1001}}"


def and_more_claims(count: int) -> str:
    more = [f"  - {{name: more-{number}, storage_class: efs-sc, size: 1Gi}}" for number in range(count)]
    return "\n".join([SIZE, *more])


def test_claims_do_not_want_more_group_ids_than_their_class_has(complaints: Complaints, load: Load) -> None:
    assert complaints(RANGE, TWO_IDS, SIZE, and_more_claims(2)) == [
        f"{FILE}:19: storage_classes[0].gid_range: has 2 group ids for the 3 claims of this file: widen it, "
        "or write an owner"
    ]
    assert len(load(RANGE, TWO_IDS, SIZE, and_more_claims(1)).claims) == 2


def test_with_an_owner_claims_want_no_group_ids(load: Load) -> None:
    owned = f"{TWO_IDS}\n    owner: {{uid: 1, gid: 1}}"
    assert len(load(RANGE, owned, SIZE, and_more_claims(2)).claims) == 3


@pytest.mark.parametrize("namespace", ["Airflow", "air.flow", "air_flow", "-a"])
def test_a_namespace_has_a_name_that_kubernetes_accepts(complaints: Complaints, namespace: str) -> None:
    assert complaints(SIZE, f"{SIZE}\n    namespace: {namespace}") == [
        f'{FILE}:23: claims[0].namespace: "{namespace}" is not a namespace that Kubernetes accepts: '
        "use lower-case letters, digits and -, and begin and end with a letter or a digit"
    ]


def test_a_namespace_has_at_most_63_characters(load: Load, complaints: Complaints) -> None:
    assert load(SIZE, f"{SIZE}\n    namespace: {'n' * 63}").claims[0].namespace == "n" * 63
    [line] = complaints(SIZE, f"{SIZE}\n    namespace: {'n' * 64}")
    assert line.endswith(" has 64 characters, 63 are allowed: write a shorter one")


@pytest.mark.parametrize(
    "size", ["5Gi", "1", "0.5Gi", "1e3", "1E", "1000m", "1.", ".5k", "9223372036854775807"]
)
def test_quantities_are_sizes(load: Load, size: str) -> None:
    assert load(SIZE, f'    size: "{size}"').claims[0].size == size


@pytest.mark.parametrize(
    "size", ["5 Gi", "5GB", "5gi", "five", "", "Gi", "-5Gi", "+5Gi", "5Gi ", "1e", "1_000", "\u0665Gi"]
)
def test_what_is_not_a_quantity_is_not_a_size(complaints: Complaints, size: str) -> None:
    assert complaints(SIZE, f'    size: "{size}"') == [
        f'{FILE}:22: claims[0].size: "{size}" is not a Kubernetes quantity: write a size such as 5Gi'
    ]


@pytest.mark.parametrize("size", ["0", "0Gi", "999m", "1e-3"])
def test_a_size_is_at_least_one_byte(complaints: Complaints, size: str) -> None:
    assert complaints(SIZE, f'    size: "{size}"') == [
        f'{FILE}:22: claims[0].size: "{size}" is less than one byte: write a size such as 5Gi'
    ]


@pytest.mark.parametrize("size", ["9223372036854775808", "8Ei", "1e99"])
def test_a_size_is_one_that_kubernetes_can_count(complaints: Complaints, size: str) -> None:
    assert complaints(SIZE, f'    size: "{size}"') == [
        f'{FILE}:22: claims[0].size: "{size}" is more than Kubernetes can count, 2^63 - 1 bytes: '
        "write a size such as 5Gi"
    ]


def test_an_unquoted_number_is_not_a_size(complaints: Complaints) -> None:
    assert complaints(SIZE, "    size: 5") == [
        f'{FILE}:22: claims[0].size: 5 is a number, not text: quote it: "5"'
    ]


@pytest.mark.parametrize("mode", ["ReadOnlyMany", "ReadWriteOncePod"])
def test_the_driver_knows_two_access_modes(complaints: Complaints, mode: str) -> None:
    assert complaints(SIZE, f"{SIZE}\n    access_mode: {mode}") == [
        f'{FILE}:23: claims[0].access_mode: "{mode}" is not one of the choices: write ReadWriteMany '
        f"or ReadWriteOnce"
    ]


@given(
    number=st.decimals(min_value=0, max_value=10**6, places=3),
    suffix=st.sampled_from(["", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-2"]),
)
def test_a_quantity_is_worth_what_the_kubernetes_client_says(number: Decimal, suffix: str) -> None:
    if suffix.startswith("e"):
        assert quantity_in_bytes(f"{number}{suffix}") == Decimal(f"{number}{suffix}")
    else:
        assert quantity_in_bytes(f"{number}{suffix}") == parse_quantity(f"{number}{suffix}")  # type: ignore[no-untyped-call]


ARN = "arn:aws:codeconnections:ap-northeast-2:123456789012:connection/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


def pipeline(environments: str, repository: str = "example/airflow-efs-cdk") -> tuple[str, str]:
    source = f"{{connection_arn: {ARN}, repository: {repository}}}"
    return "claims:", f"pipeline:\n  source: {source}\n  environments: {environments}\nclaims:"


def test_there_is_no_pipeline_by_default(load: Load) -> None:
    assert load().pipeline is None


def test_a_pipeline_deploys_environments_in_the_order_given(load: Load, environments: Path) -> None:
    (environments / "staging.yaml").write_text("not read", encoding="utf-8")
    made = load(*pipeline("[staging, prod]")).pipeline
    assert made is not None
    assert made.environments == ("staging", "prod")
    assert (made.source.connection_arn, made.source.branch) == (ARN, "main")


def test_a_pipeline_deploys_only_environments_that_exist(complaints: Complaints) -> None:
    assert complaints(*pipeline("[staging, prod]")) == [
        f'{FILE}:21: pipeline.environments[0]: "staging" is not an environment beside this file: choose prod'
    ]


def test_a_pipeline_deploys_to_its_own_partition_only(complaints: Complaints, environments: Path) -> None:
    (environments / "beijing.yaml").write_text("region: cn-north-1\n", encoding="utf-8")
    assert complaints(*pipeline("[prod, beijing]")) == [
        f'{FILE}:21: pipeline.environments[1]: "beijing" is in partition aws-cn, and the pipeline in aws: '
        "give it a pipeline of its own there"
    ]


def test_a_pipeline_deploys_an_environment_once(complaints: Complaints) -> None:
    assert complaints(*pipeline("[prod, prod]")) == [
        f'{FILE}:21: pipeline.environments[1]: "prod" is listed twice, first as environments[0]: '
        "remove one of the two"
    ]


@pytest.mark.parametrize("kind", ["review", "approval"])
def test_an_environment_is_not_named_like_a_stage_of_another(
    complaints: Complaints, environments: Path, kind: str
) -> None:
    (environments / f"prod-{kind}.yaml").write_text("not read", encoding="utf-8")
    assert complaints(*pipeline(f"[prod-{kind}, prod]")) == [
        f'{FILE}:21: pipeline.environments[0]: "prod-{kind}" is the name of the stage of {kind} '
        'before "prod": rename one of the two environments'
    ]


def test_an_environment_alone_may_be_named_like_a_stage(load: Load, environments: Path) -> None:
    (environments / "staging-review.yaml").write_text("not read", encoding="utf-8")
    made = load(*pipeline("[staging-review, prod]")).pipeline
    assert made is not None


def test_a_pipeline_deploys_at_least_one_environment(complaints: Complaints) -> None:
    assert complaints(*pipeline("[]")) == [
        f"{FILE}:21: pipeline.environments: is an empty list: write the environments to deploy, in "
        f"their order"
    ]


def test_a_repository_has_an_owner(complaints: Complaints) -> None:
    assert complaints(*pipeline("[prod]", repository="airflow-efs-cdk")) == [
        f'{FILE}:20: pipeline.source.repository: "airflow-efs-cdk" is not a repository: write OWNER/NAME'
    ]


def test_a_pipeline_has_no_more_environments_than_codepipeline_has_stages_for(
    complaints: Complaints, environments: Path
) -> None:
    names = [f"stage-{number}" for number in range(16)]
    for name in names:
        (environments / f"{name}.yaml").write_text("not read", encoding="utf-8")
    assert complaints(*pipeline(f"[{', '.join(names)}]")) == [
        f"{FILE}:21: pipeline.environments: names 16 environments, 15 are allowed: "
        "divide them among two pipelines"
    ]


def test_a_pipeline_tells_addresses_only(complaints: Complaints) -> None:
    old, new = pipeline("[prod]")
    (line,) = complaints(old, new.replace("\nclaims:", "\n  notify: [platform]\nclaims:"))
    assert 'pipeline.notify[0]: "platform" is not an e-mail address' in line


def test_a_pipeline_tells_an_address_once(complaints: Complaints) -> None:
    old, new = pipeline("[prod]")
    told = "\n  notify: [platform@example.com, data@example.com, platform@example.com]\nclaims:"
    assert complaints(old, new.replace("\nclaims:", told)) == [
        f'{FILE}:22: pipeline.notify[2]: "platform@example.com" is listed twice, first as notify[0]: '
        "remove one of the two"
    ]


def test_a_change_is_approved_when_it_is_risky_by_default(load: Load) -> None:
    assert (load().delivery.approval, load().delivery.role_arn) == ("when-risky", None)


def test_the_role_that_checks_is_of_the_account(complaints: Complaints) -> None:
    role = "arn:aws:iam::210987654321:role/checks"
    (line,) = complaints("claims:", f"delivery: {{role_arn: {role}}}\nclaims:")
    assert "delivery.role_arn" in line
    assert "is not of account 123456789012 in partition aws" in line


@pytest.mark.parametrize(
    ("written", "spellings"),
    [
        ("5Gi", ["5Gi"]),
        ("1024Mi", ["1024Mi", "1Gi"]),
        ("1536Mi", ["1536Mi"]),
        ("1000M", ["1000M", "1G"]),
        ("1024", ["1024"]),
        ("2000", ["2000", "2k"]),
        ("0.5Gi", ["0.5Gi", "512Mi"]),
        ("1.5", ["1.5", "1500m"]),
    ],
)
def test_a_size_is_known_in_the_spelling_of_kubernetes(written: str, spellings: list[str]) -> None:
    assert quantity_spellings(written) == spellings


def test_a_claim_is_not_adopted_by_default(load: Load) -> None:
    assert load().claims[0].adopt is False


def test_a_claim_has_labels(load: Load) -> None:
    assert load(SIZE, f"{SIZE}\n    labels: {{team: data}}").claims[0].labels == {"team": "data"}
