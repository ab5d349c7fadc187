"""Where the builds of a pipeline run, and with which variables."""

from collections.abc import Callable

import pytest

from settings import Environment
from settings.pipeline import Pipeline

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

AT = "environments/prod.yaml:22: pipeline"
SECRET = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:mirror-AbCdEf"


def builds(text: str) -> tuple[str, str]:
    return (
        "claims:",
        f"pipeline:\n  source: {{codecommit: one}}\n  environments: [prod]\n  {text}\nclaims:",
    )


def of(environment: Environment) -> Pipeline:
    assert environment.pipeline is not None
    return environment.pipeline


def test_builds_run_outside_of_a_vpc_and_without_variables_by_default(load: Load) -> None:
    made = of(load(*builds("notify: []")))
    assert (made.vpc, made.variables, made.secret_variables) == (None, {}, {})


def test_builds_run_in_subnets_of_a_vpc(load: Load) -> None:
    vpc = of(
        load(*builds("vpc: {id: vpc-12345678, subnets: [subnet-12345678], security_groups: [sg-12345678]}"))
    )
    assert vpc.vpc is not None
    assert (vpc.vpc.id, vpc.vpc.subnets) == ("vpc-12345678", ("subnet-12345678",))
    assert vpc.vpc.security_groups == ("sg-12345678",)


def many(kind: str, number: int) -> str:
    return f"[{', '.join(f'{kind}-{index:08x}' for index in range(number))}]"


@pytest.mark.parametrize(
    ("subnets", "groups", "said"),
    [
        ("[]", many("sg", 1), ".subnets: is an empty list: write at least one private subnet"),
        (many("subnet", 17), many("sg", 1), ".subnets: has 17 ids, CodeBuild takes 16: remove some"),
        (many("subnet", 1), many("sg", 6), ".security_groups: has 6 ids, CodeBuild takes 5: remove some"),
        (
            "[subnet-12345678, subnet-12345678]",
            many("sg", 1),
            '.subnets[1]: "subnet-12345678" is listed twice, first as subnets[0]: remove one of the two',
        ),
        (
            many("subnet", 1),
            "[sg-1]",
            '.security_groups[0]: "sg-1" is not a security group id: write sg- and 17 hexadecimal digits',
        ),
    ],
)
def test_a_network_that_codebuild_does_not_take_is_refused(
    complaints: Complaints, subnets: str, groups: str, said: str
) -> None:
    vpc = f"vpc: {{id: vpc-12345678, subnets: {subnets}, security_groups: {groups}}}"
    assert complaints(*builds(vpc)) == [f"{AT}.vpc{said}"]


def test_builds_have_variables(load: Load) -> None:
    mirrors = "variables: {PIP_INDEX_URL: https://mirror.example.com/pypi/simple}"
    assert of(load(*builds(mirrors))).variables == {"PIP_INDEX_URL": "https://mirror.example.com/pypi/simple"}


def test_a_mirror_with_a_path_that_has_an_at_sign_has_no_credentials(load: Load) -> None:
    made = of(load(*builds("variables: {NPM_CONFIG_REGISTRY: https://mirror.example.com/@all}")))
    assert "NPM_CONFIG_REGISTRY" in made.variables


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        (
            "PIP_INDEX_URL: https://me:hidden@mirror.example.com",
            'key "PIP_INDEX_URL" has credentials in its URL, and whoever reads the file or the project sees '
            "them: keep the URL in AWS Secrets Manager, and write its ARN in secret_variables",
        ),
        (
            "NPM_TOKEN: hidden",
            'key "NPM_TOKEN" names a secret, and whoever reads the file or the project sees it: '
            "keep it in AWS Secrets Manager, and write its ARN in secret_variables",
        ),
        (
            "CODEBUILD_SRC_DIR: here",
            'key "CODEBUILD_SRC_DIR" is a variable that CodeBuild sets: choose another name',
        ),
        ("PATH: /bin", 'key "PATH" is a variable that CodeBuild sets: choose another name'),
        (
            "PIP-INDEX: one",
            'key "PIP-INDEX" is not a name for a variable: use letters, digits and _, '
            "and begin with no digit",
        ),
        ('PIP_INDEX_URL: ""', 'key "PIP_INDEX_URL" is empty: write a value, or remove it'),
    ],
)
def test_what_is_no_variable_is_said_without_its_value(
    complaints: Complaints, variable: str, said: str
) -> None:
    name = variable.partition(":")[0]
    assert complaints(*builds(f"variables: {{{variable}}}")) == [f"{AT}.variables.{name}: {said}"]


@pytest.mark.parametrize("arn", [SECRET, f"{SECRET}:url"])
def test_a_secret_variable_names_a_secret(load: Load, arn: str) -> None:
    made = of(load(*builds(f"secret_variables: {{PIP_INDEX_URL: '{arn}'}}")))
    assert made.secret_variables == {"PIP_INDEX_URL": arn}


def test_a_secret_that_stands_in_the_file_is_refused_and_not_repeated(complaints: Complaints) -> None:
    assert complaints(*builds("secret_variables: {PIP_INDEX_URL: 'https://me:hidden@mirror'}")) == [
        f'{AT}.secret_variables.PIP_INDEX_URL: key "PIP_INDEX_URL" is not the whole ARN of a secret: '
        "write arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-6LETTERS, and :KEY where it is JSON"
    ]


def test_a_variable_is_either_secret_or_not(complaints: Complaints) -> None:
    both = f"variables: {{ONE: 1.0.0}}\n  secret_variables: {{ONE: '{SECRET}'}}"
    (line,) = complaints(*builds(both))
    assert line.endswith('pipeline.secret_variables.ONE: key "ONE" is in variables, too: keep one of the two')


@pytest.mark.parametrize(("old", "new"), [("ap-northeast-2", "us-east-1"), ("123456789012", "210987654321")])
def test_a_secret_is_of_the_account_and_region_of_the_pipeline(
    complaints: Complaints, old: str, new: str
) -> None:
    (line,) = complaints(*builds(f"secret_variables: {{PIP_INDEX_URL: '{SECRET.replace(old, new)}'}}"))
    assert line.endswith(
        "is not of account 123456789012 in region ap-northeast-2: "
        "name a secret there: CodeBuild reads no other"
    )
