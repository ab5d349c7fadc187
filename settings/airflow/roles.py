"""The service accounts of Airflow that have a role in AWS, and the names of the roles.

The names are fixed, so that the values of the chart can be printed before, and without, a deployment.
"""

from typing import Literal

from settings.airflow import Airflow

Component = Literal["worker", "triggerer", "api-server"]
"""A component, as the chart appends it to the release in the name of its service account."""


def components_with_a_role(airflow: Airflow) -> tuple[Component, ...]:
    """Components that reach something in AWS: tasks by their policies, and whoever writes or reads logs."""
    if airflow.permissions.remote_logging is not None:
        return ("worker", "triggerer", "api-server")
    return ("worker",) if airflow.permissions.task_policies else ()


def service_account(airflow: Airflow, component: Component) -> str:
    """Name of a component's service account."""
    return f"{airflow.release}-{component}"


def role_name(environment: str, component: Component) -> str:
    """Name of a component's role in IAM, at most 64 characters."""
    return f"airflow-{environment}-{component}"


def role_arn(partition: str, account: str, environment: str, component: Component) -> str:
    """ARN of a component's role."""
    return f"arn:{partition}:iam::{account}:role/{role_name(environment, component)}"
