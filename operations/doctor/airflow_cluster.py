"""What the checks of Airflow read in its namespace."""

import base64
import binascii

from kubernetes import client as kubernetes

from operations.doctor.installation import Installation, Thing
from operations.doctor.needs import AirflowNeeds


def needs_of(installation: Installation) -> AirflowNeeds:
    """What Airflow needs; for checks that apply only where there is an Airflow."""
    assert installation.airflow is not None  # noqa: S101  # the check applies only then
    return installation.airflow


def namespace_of(installation: Installation) -> Thing | None:
    """Airflow's namespace; None where it is not there."""
    core = kubernetes.CoreV1Api(installation.api)
    return installation.read(core.read_namespace, needs_of(installation).namespace)


def secret_of(installation: Installation, name: str) -> Thing | None:
    """A Secret in it; None where it is not there."""
    core = kubernetes.CoreV1Api(installation.api)
    return installation.read(core.read_namespaced_secret, name, needs_of(installation).namespace)


def text_of(value: str) -> str:
    """The text of a Secret's value; of what is no text, words that are no URL."""
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "no text"
