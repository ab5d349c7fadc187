"""What is said of a wrong `airflow`: the field, the value, the cure."""

from typing import Any

import pytest
import yaml

from settings import Environment
from tests.unit.settings.conftest import Complaints, Load

AIRFLOW = """\
claims:
  - name: logs
    storage_class: efs-sc
    size: 5Gi
airflow:
"""


@pytest.fixture
def said(complaints: Complaints) -> Any:
    """What is said of an environment with this Airflow, without the file and line."""

    def said(airflow: dict[str, Any], *replacements: str) -> list[str]:
        fields = {
            "logs": {"storage_class": "efs-sc"},
            "database": {"secret": "db"},
            "broker": {"secret": "broker"},
            **airflow,
        }
        indented = "".join(f"  {line}\n" for line in yaml.safe_dump(fields).splitlines())
        lines = complaints(
            "claims:\n  - name: logs\n    storage_class: efs-sc\n    size: 5Gi\n",
            AIRFLOW + indented,
            *replacements,
        )
        return [line.split(": ", 1)[1] for line in lines]

    return said


def test_airflow_is_absent_by_default(load: Load) -> None:
    assert load().airflow is None


@pytest.mark.parametrize(
    ("airflow", "line"),
    [
        (
            {"logs": {}},
            "airflow.logs: have no place: write either storage_class: NAME or existing_claim: NAME",
        ),
        (
            {"logs": {"storage_class": "efs-sc", "existing_claim": "x"}},
            "airflow.logs: name a class and a claim: write either storage_class: NAME or "
            "existing_claim: NAME",
        ),
        (
            {"logs": {"storage_class": "gp3"}},
            'airflow.logs.storage_class: "gp3" is not a class of this file: write one of efs-sc',
        ),
        (
            {"logs": {"existing_claim": "airflow-logs"}},
            'airflow.logs.existing_claim: "airflow-logs" is the name of the claim that the chart makes: '
            "rename the claim, or write logs.storage_class",
        ),
        (
            {"database": {}},
            "airflow.database: names none: write either {secret: NAME} or {bundled: {storage_class: NAME}}",
        ),
        (
            {"database": {"bundled": {"storage_class": "efs-sc"}}},
            'airflow.database.bundled.storage_class: "efs-sc" is a class of EFS, and a database or a '
            "queue belongs "
            "on block storage: write a class such as one of the EBS CSI driver",
        ),
        (
            {"broker": {"bundled": {"storage_class": "efs-sc"}}},
            'airflow.broker.bundled.storage_class: "efs-sc" is a class of EFS, and a database or a '
            "queue belongs "
            "on block storage: write a class such as one of the EBS CSI driver",
        ),
        (
            {"broker": {"secret": "x", "bundled": {"storage_class": "gp3"}}},
            "airflow.broker: names a secret and asks for a bundled one: "
            "write either {secret: NAME} or {bundled: {storage_class: NAME}}",
        ),
        (
            {"database": {"bundled": {"storage_class": "gp3"}, "result_backend_secret": "x"}},
            'airflow.database.result_backend_secret: "x" goes with secret, but the database is bundled: '
            "remove it",
        ),
        (
            {"chart": {"version": "1.21.0"}},
            'airflow.chart.version: "1.21.0" is not a chart whose values are known here: 1.22.0 is the '
            "oldest: "
            "write 1.22.0, or a later version 1.x",
        ),
        (
            {"chart": {"version": "2.0.0"}},
            'airflow.chart.version: "2.0.0" is not a chart whose values are known here: 1.22.0 is the '
            "oldest: "
            "write 1.22.0, or a later version 1.x",
        ),
        (
            {"chart": {"digest": "sha256:1"}},
            'airflow.chart.digest: "sha256:1" is not a digest: write sha256: and the 64 hexadecimal '
            "digits that "
            "sha256sum prints for the chart's archive",
        ),
        (
            {"workers": {"minimum": 5, "maximum": 4}},
            "airflow.workers.maximum: 4 is less than minimum, 5: write a larger number",
        ),
        (
            {"workers": {"sets": [{"name": "a", "queues": ["default"]}]}},
            'airflow.workers.sets[0].queues[0]: "default" is served by queues, too: '
            "KEDA would count each of its tasks twice: keep it in one of the two",
        ),
        (
            {"workers": {"sets": [{"name": "a", "queues": ["x"]}, {"name": "a", "queues": ["y"]}]}},
            'airflow.workers.sets[1].name: "a" is the name of two sets, first of sets[0]: give each set '
            "its own name",
        ),
        (
            {"workers": {"sets": [{"name": "default", "queues": ["x"]}]}},
            'airflow.workers.sets[0].name: "default" is the name of the set that workers describes: '
            "choose another",
        ),
        (
            {"workers": {"queues": ["a'; DROP TABLE task_instance"]}},
            'airflow.workers.queues[0]: "a\'; DROP TABLE task_instance" is not a name for a queue: '
            "use letters, digits and _.-, beginning with a letter or a digit",
        ),
        (
            {"workers": {"queues": []}},
            "airflow.workers.queues: is an empty list: write the queues, such as [default]",
        ),
        (
            {"keda": {"namespace": "airflow"}},
            'airflow.keda.namespace: "airflow" is Airflow\'s own namespace: write another, such as keda',
        ),
        (
            {"secrets": {"source": "generated"}},
            "airflow.secrets.store: is missing, but source is generated: "
            "write {name: NAME} of a store of External Secrets, or source: expected",
        ),
        (
            {"secrets": {"store": {"name": "aws"}}},
            "airflow.secrets.store: is not used, because source is expected: "
            "remove it, or write source: generated",
        ),
        (
            {"secrets": {"jwt_secret": "airflow-fernet-key"}},
            'airflow.secrets.jwt_secret: "airflow-fernet-key" is also fernet_key: '
            "give each key a secret of its own",
        ),
        (
            {"dags": {"git": {"repository": "https://git.example.com/d.git"}, "claim": "dags"}},
            "airflow.dags: are in two places, git and claim: keep one of the two",
        ),
        (
            {"dags": {"git": {"repository": "https://me:secret@git.example.com/d.git"}}},
            'airflow.dags.git.repository: "https://me:secret@git.example.com/d.git" is not a repository '
            "that can be "
            "cloned, or holds a password: write https://HOST/PATH.git, without user and password, or "
            "git@HOST:PATH.git",
        ),
        (
            {"ingress": {"host": "a.example.com", "class_name": "nginx"}},
            "airflow.ingress: has no certificate: passwords would travel in clear text: "
            "write tls_secret, or the annotation alb.ingress.kubernetes.io/certificate-arn",
        ),
        (
            {
                "ingress": {
                    "host": "a.example.com",
                    "class_name": "alb",
                    "tls_secret": "tls",
                    "annotations": {"alb.ingress.kubernetes.io/scheme": "internet-facing"},
                }
            },
            'airflow.ingress.annotations.alb.ingress.kubernetes.io/scheme: "internet-facing" opens '
            "Airflow to the "
            "internet, but public is false: write internal, or public: true",
        ),
        (
            {"permissions": {"task_policies": ["arn:aws:iam::210987654321:policy/tasks"]}},
            'airflow.permissions.task_policies[0]: "arn:aws:iam::210987654321:policy/tasks" is not of '
            "account "
            "123456789012 in partition aws: name a policy of this account, or one of AWS",
        ),
        (
            {"monitoring": {"topic_arn": "arn:aws:sns:us-east-1:123456789012:alarms"}},
            'airflow.monitoring.topic_arn: "arn:aws:sns:us-east-1:123456789012:alarms" is not a topic of '
            "ap-northeast-2, where the alarms are: name a topic of ap-northeast-2",
        ),
        (
            {"values": {"env": None}},
            "airflow.values.env: is null, which CDK drops on its way to helm: "
            "write the value that is meant, or remove the key",
        ),
        (
            {"values": {"env": [{"name": "A", "value": float("inf")}]}},
            "airflow.values.env[0].value: .inf is not a finite number: write a number",
        ),
        (
            {"values": {"labels": {1: "one"}}},
            'airflow.values.labels.1: has the key 1, which is not text: quote it: "1"',
        ),
    ],
)
def test_a_fault_is_named_with_its_cure(said: Any, airflow: dict[str, Any], line: str) -> None:
    assert said(airflow) == [line]


def test_a_cluster_that_is_too_old_for_the_chart_is_refused(said: Any) -> None:
    assert said({}, '"1.35"', '"1.29"') == [
        'cluster.version: "1.29" is too old for chart airflow 1.22.0, which needs Kubernetes 1.30: '
        'upgrade the cluster to "1.30" or later, or remove airflow'
    ]


@pytest.mark.parametrize("version", ["1.30", "1.31"])
def test_a_layer_whose_helm_is_too_old_is_refused_with_the_way_out(said: Any, version: str) -> None:
    assert said({}, '"1.35"', f'"{version}"') == [
        f'cluster.version: "{version}" gets kubectl layer v30 with Helm 3.17, but chart airflow 1.22.0 needs '
        'Helm 3.19: upgrade the cluster to "1.32" or later, or write airflow.install: values and install the '
        "chart with a Helm of your own"
    ]


def airflow_of(load: Load, install: str, version: str) -> Environment:
    text = (
        f"airflow:\n  install: {install}\n  logs: {{storage_class: efs-sc}}\n  database: {{secret: db}}\n"
        "  broker: {secret: broker}\n"
    )
    return load('"1.35"', f'"{version}"', "file_system:\n", f"{text}file_system:\n")


@pytest.mark.parametrize(("install", "version"), [("values", "1.30"), ("chart", "1.32"), ("chart", "1.37")])
def test_a_version_that_serves_is_accepted(load: Load, install: str, version: str) -> None:
    environment = airflow_of(load, install, version)
    assert environment.airflow is not None
    assert environment.airflow.install == install


def test_the_claim_of_the_logs_is_not_made_twice(complaints: Complaints) -> None:
    text = "airflow:\n  logs: {storage_class: efs-sc}\n  database: {secret: db}\n  broker: {secret: broker}\n"
    lines = complaints(
        "file_system:\n",
        f"{text}file_system:\n",
        "- name: logs\n",
        "- name: airflow-logs\n    namespace: airflow\n",
    )
    assert [line.split(": ", 1)[1] for line in lines] == [
        'claims[0].name: "airflow-logs" is the claim that the chart of Airflow makes for its logs: '
        "remove it here, or rename it and write airflow.logs.existing_claim: airflow-logs"
    ]


def test_a_claim_for_the_logs_can_be_written_from_every_node(complaints: Complaints) -> None:
    text = "airflow:\n  logs: {existing_claim: logs}\n  database: {secret: db}\n  broker: {secret: broker}\n"
    lines = complaints(
        "file_system:\n",
        f"{text}file_system:\n",
        "- name: logs\n",
        "- name: logs\n    namespace: airflow\n    access_mode: ReadWriteOnce\n",
    )
    assert [line.split(": ", 1)[1] for line in lines] == [
        'claims[0].access_mode: "ReadWriteOnce" is for the logs of Airflow, which nodes of all zones write: '
        "write ReadWriteMany"
    ]
