"""Environment variables of Airflow that the settings decide, wherever `airflow.values` could set them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from settings.faults import Fault, Path

_LOGS: Final = "remove it: the logs are written where their volume is mounted"
_DATABASE: Final = "name its secret by airflow.database.secret"
_BROKER: Final = "name its secret by airflow.broker.secret"
_RESULTS: Final = "name its secret by airflow.database.result_backend_secret"
_FERNET: Final = "name its secret by airflow.secrets.fernet_key"
_API: Final = "name its secret by airflow.secrets.api_secret_key"
_JWT: Final = "name its secret by airflow.secrets.jwt_secret"

DECIDED: Final[Mapping[str, str]] = {
    "AIRFLOW_HOME": "write airflow.values.airflowHome, below which the volume of the logs is mounted",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": _LOGS,
    "AIRFLOW__CORE__EXECUTOR": "remove it: CeleryExecutor is set",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "write airflow.workers.concurrency, by which KEDA divides",
    "AIRFLOW__CELERY__WORKER_AUTOSCALE": "write airflow.workers.concurrency, by which KEDA divides",
    "AIRFLOW__OPERATORS__DEFAULT_QUEUE": "write airflow.values.config.operators.default_queue, "
    "so that it is seen whether workers serve it",
    "AIRFLOW_CONN_AIRFLOW_DB": _DATABASE,
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _DATABASE,
    "AIRFLOW__CELERY__BROKER_URL": _BROKER,
    "AIRFLOW__CELERY__RESULT_BACKEND": _RESULTS,
    "AIRFLOW__CORE__FERNET_KEY": _FERNET,
    "AIRFLOW__API__SECRET_KEY": _API,
    "AIRFLOW__API_AUTH__JWT_SECRET": _JWT,
}
"""The variables, and what to write instead. Airflow takes a variable before anything of its configuration.

https://airflow.apache.org/docs/apache-airflow/stable/howto/set-config.html
"""

_COMPONENTS: Final[tuple[Path, ...]] = (
    (),
    ("workers", "celery"),
    ("scheduler",),
    ("triggerer",),
    ("dagProcessor",),
    ("apiServer",),
    ("migrateDatabaseJob",),
    ("createUserJob",),
)


def variable_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the variables that values of a user set; paths begin at the top of the values."""
    for component in _COMPONENTS:
        section: Any = values
        for step in component:
            section = section.get(step) if isinstance(section, Mapping) else None
        if isinstance(section, Mapping):
            yield from _listed(section.get("env"), "name", (*component, "env"))
    yield from _listed(values.get("secret"), "envName", ("secret",))
    text = values.get("extraEnv")
    if isinstance(text, str):
        for name in dict.fromkeys(re.findall(r"\bname:\s*[\"']?([A-Z0-9_]+)", text)):
            yield from _fault(name, ("extraEnv",))


def _listed(entries: Any, key: str, at: Path) -> Iterator[Fault]:
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, Mapping):
            yield from _fault(entry.get(key), (*at, index, key))


def _fault(name: Any, at: Path) -> Iterator[Fault]:
    if isinstance(name, str) and name in DECIDED:
        yield Fault(f"sets {name}, which the settings decide", DECIDED[name], at, "")
