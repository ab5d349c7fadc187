"""Findings of cdk-nag that stand in an ``AirflowStack``: each on one resource, with its reason."""

from settings import Environment
from settings.airflow import Airflow
from settings.airflow.roles import components_with_a_role
from stacks.acknowledged_findings import AcknowledgedFinding

KEYS = ("fernet-key", "api-secret-key", "jwt-secret")


def airflow_findings(environment: Environment, airflow: Airflow) -> list[AcknowledgedFinding]:
    """The findings that stand in an ``AirflowStack``."""
    findings = []
    if airflow.secrets.source == "generated":
        findings += [
            AcknowledgedFinding(
                rule="AwsSolutions-SMG4",
                where=f"Keys/{key}/Resource",
                reason="Airflow cannot follow a rotation by itself: another Fernet key makes every stored "
                "connection unreadable, and other signing keys end all sessions and running tasks. Keys are "
                "changed by hand, with Airflow's own rotation of the Fernet key.",
            )
            for key in KEYS
        ]
    remote = airflow.permissions.remote_logging
    if remote is not None:
        logs = f"arn:{environment.partition}:s3:::{remote.bucket}/{remote.prefix}/*"
        findings += [
            AcknowledgedFinding(
                rule=f"AwsSolutions-IAM5[Resource::{logs}]",
                where=f"Role-{component}/Role/DefaultPolicy/Resource",
                reason="Logs get their names when tasks run, long after this policy. The asterisk stands "
                "below one prefix of one bucket, which the settings name for these logs.",
            )
            for component in components_with_a_role(airflow)
        ]
    for component in components_with_a_role(airflow):
        if component == "worker":
            findings += [
                AcknowledgedFinding(
                    rule=f"AwsSolutions-IAM4[Policy::{arn}]",
                    where=f"Role-{component}/Role/Resource",
                    reason="The environment's owner names this policy of AWS for the tasks, in "
                    "airflow.permissions.task_policies; without that nothing is attached.",
                )
                for arn in airflow.permissions.task_policies
                if arn.split(":")[4] == "aws"
            ]
    return findings
