from collections.abc import Callable

import pytest

from airflow_efs.file_system_policy import file_system_policy
from settings import Environment
from settings.file_system_policy import OWN_SIDS

Load = Callable[..., Environment]
Complaints = Callable[..., list[str]]

AT = "environments/prod.yaml:16: file_system.policy"
ROLE = "arn:aws:iam::123456789012:role/auditor"


def with_policy(fields: str) -> tuple[str, str]:
    return "  name: shared", f"  name: shared\n  policy: {{{fields}}}"


def with_statement(**changes: str) -> tuple[str, str]:
    fields = {
        "sid": "AuditorsRead",
        "effect": "Allow",
        "principals": f"['{ROLE}']",
        "actions": "['elasticfilesystem:ClientMount']",
    } | changes
    return with_policy(f"statements: [{{{', '.join(f'{key}: {value}' for key, value in fields.items())}}}]")


def test_root_is_squashed_by_default(load: Load) -> None:
    policy = load().file_system.policy
    assert (policy.root_access, policy.root_access_roles, policy.statements) == ("squashed", (), ())


def test_a_statement_is_read_as_it_is_written(load: Load) -> None:
    condition = "{StringEquals: {'aws:SourceVpc': [vpc-1, vpc-2]}, Bool: {'aws:SecureTransport': 'true'}}"
    (statement,) = load(*with_statement(conditions=condition)).file_system.policy.statements
    assert (statement.sid, statement.effect, statement.principals) == ("AuditorsRead", "Allow", (ROLE,))
    assert statement.conditions == {
        "StringEquals": {"aws:SourceVpc": ("vpc-1", "vpc-2")},
        "Bool": {"aws:SecureTransport": "true"},
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"sid": "Auditors-read"},
            '.sid: "Auditors-read" is not a Sid that IAM accepts: use letters and digits',
        ),
        (
            {"sid": "DenyWithoutTls"},
            '.sid: "DenyWithoutTls" is a statement that the policy has anyway: choose another name',
        ),
        ({"effect": "Permit"}, '.effect: "Permit" is not one of the choices: write Allow or Deny'),
        ({"principals": "[]"}, ".principals: is an empty list: write the ARN of a role, for one"),
        (
            {"principals": "[auditor]"},
            '.principals[0]: "auditor" is not a principal: write "*", an account id, or the ARN of a role '
            "or user",
        ),
        (
            {"principals": f"['{ROLE}', '{ROLE}']"},
            f'.principals[1]: "{ROLE}" is listed twice, first as principals[0]: remove one of the two',
        ),
        (
            {"actions": "['elasticfilesystem:ClientMout']"},
            '.actions[0]: "elasticfilesystem:ClientMout" is not an action of EFS: '
            "did you mean elasticfilesystem:ClientMount?",
        ),
        (
            {"actions": "['s3:GetObject']"},
            '.actions[0]: "s3:GetObject" is not an action of EFS: write elasticfilesystem:ACTION',
        ),
        (
            {"conditions": "{Equals: {'aws:SourceVpc': vpc-1}}"},
            '.conditions.Equals: key "Equals" is not a condition operator of IAM: '
            "write Bool, StringEquals, ArnLike, IpAddress or another of IAM's",
        ),
        (
            {"conditions": "{Bool: {'aws:SecureTransport': true}}"},
            '.conditions.Bool.aws:SecureTransport: true is true or false in YAML, not text: quote it: "true"',
        ),
        (
            {"conditions": "{StringEquals: {'aws:SourceVpc': []}}"},
            ".conditions.StringEquals.aws:SourceVpc: is an empty list: write at least one value",
        ),
        ({"conditions": "{Bool: {}}"}, ".conditions.Bool: tests nothing: write KEY: VALUE"),
        (
            {"principals": "['*']"},
            ": allows it to everybody who reaches the file system, without a condition: "
            "name roles in principals, or write conditions",
        ),
        (
            {"effect": "Deny", "principals": "['*']", "actions": "['elasticfilesystem:*']"},
            ".actions: would leave nobody who can change the policy, which EFS refuses: "
            "name the actions that are meant, or write conditions",
        ),
    ],
)
def test_a_statement_has_its_rules(complaints: Complaints, changes: dict[str, str], fault: str) -> None:
    assert complaints(*with_statement(**changes)) == [f"{AT}.statements[0]{fault}"]


@pytest.mark.parametrize(
    "action", ["Client*", "ClientRootAccess", "DescribeMountTargets", "*", "Backup", "clientmount"]
)
def test_every_action_of_efs_and_its_patterns_are_known(load: Load, action: str) -> None:
    (statement,) = load(
        *with_statement(actions=f"['elasticfilesystem:{action}']")
    ).file_system.policy.statements
    assert statement.actions == (f"elasticfilesystem:{action}",)


def test_everybody_may_be_denied_what_clients_do(load: Load) -> None:
    changes = {"effect": "Deny", "principals": "['*']", "actions": "['elasticfilesystem:ClientWrite']"}
    assert load(*with_statement(**changes)).file_system.policy.statements[0].effect == "Deny"


def test_statements_have_different_names(complaints: Complaints) -> None:
    old, new = with_statement()
    statement = new[new.index("[{") + 1 : new.rindex("]")]
    assert complaints(old, new.replace(statement, f"{statement}, {statement}")) == [
        f'{AT}.statements[1].sid: "AuditorsRead" is the name of two statements, first of statements[0]: '
        "give each its own name"
    ]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        (
            f"root_access: allowed, root_access_roles: ['{ROLE}']",
            ".root_access_roles: has no use where root_access is allowed to everybody: "
            "remove it, or write root_access: squashed",
        ),
        (
            f"root_access_roles: ['{ROLE}', '{ROLE}']",
            f'.root_access_roles[1]: "{ROLE}" is listed twice, first as root_access_roles[0]: '
            "remove one of the two",
        ),
        (
            "root_access_roles: [auditor]",
            '.root_access_roles[0]: "auditor" is not the ARN of an IAM role: '
            "write arn:aws:iam::ACCOUNT:role/NAME",
        ),
        (
            "root_access: squash",
            '.root_access: "squash" is not one of the choices: write squashed, denied or allowed',
        ),
    ],
)
def test_root_access_has_its_rules(complaints: Complaints, fields: str, fault: str) -> None:
    assert complaints(*with_policy(fields)) == [f"{AT}{fault}"]


CHINESE = ROLE.replace("arn:aws:", "arn:aws-cn:")


def test_whom_the_policy_names_is_of_the_regions_partition(complaints: Complaints) -> None:
    fault = f'"{CHINESE}" is not of partition aws: begin it with arn:aws:'
    principals = f"['123456789012', '*', '{CHINESE}']"
    assert complaints(*with_policy(f"root_access_roles: ['{ROLE}', '{CHINESE}']")) == [
        f"{AT}.root_access_roles[1]: {fault}"
    ]
    assert complaints(*with_statement(effect="Deny", principals=principals)) == [
        f"{AT}.statements[0].principals[2]: {fault}"
    ]


def test_the_names_that_are_taken_are_those_of_the_construct() -> None:
    found = {
        statement["Sid"]
        for options in (
            {"root_access": "denied", "root_access_roles": [ROLE]},
            {"iam_authorization": True},
        )
        for statement in file_system_policy(**options).to_json()["Statement"]
    }
    assert found == OWN_SIDS
